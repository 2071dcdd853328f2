//! The files of a registration: made whole or not at all, open to their owner alone, and never over another file.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{SealingKeyMaker, SetupArgs, SetupProblem, WebhookSecret};
use crate::github::{DEFAULT_API_BASE, NewApp};

/// The App's private key.
pub(super) const PRIVATE_KEY: &str = "private-key.pem";
/// The webhook secret, also in the settings.
pub(super) const WEBHOOK_SECRET: &str = "webhook-secret";
/// The key that seals evidence.
pub(super) const SEALING_KEY: &str = "sealing.key";
/// The settings.
pub(super) const SETTINGS: &str = "embargod.toml";
/// All of them.
pub(super) const ALL: [&str; 4] = [PRIVATE_KEY, WEBHOOK_SECRET, SEALING_KEY, SETTINGS];

const DATABASE: &str = "embargod.db";
const MADE_SECRET_BYTES: usize = 32;

/// The folder that the files go to.
pub(super) struct Folder(PathBuf);

/// `embargod.toml`.
#[derive(Serialize)]
struct Settings<'a> {
    listen: &'a str,
    admin_listen: &'a str,
    database: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<&'a str>,
    github: GitHubSection<'a>,
    sealing: SealingSection,
}

#[derive(Serialize)]
struct GitHubSection<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_base: Option<&'a str>,
    app_id: u64,
    private_key_path: String,
    webhook_secrets: [&'a str; 1],
}

#[derive(Serialize)]
struct SealingSection {
    key_path: String,
}

impl Folder {
    /// Makes the folder if need be and sees that nothing stands in the way and that it can be written: once the App is
    /// registered it is too late to find out, because GitHub shows the key only once.
    pub(super) fn prepare(path: &Path) -> Result<Self, SetupProblem> {
        let failed = |error: std::io::Error| SetupProblem::Write(path.to_owned(), error.kind());
        std::fs::create_dir_all(path).map_err(failed)?;
        let folder = Self(path.canonicalize().map_err(failed)?);
        for name in ALL {
            let file = folder.path(name);
            if file.symlink_metadata().is_ok() {
                return Err(SetupProblem::Exists(file));
            }
        }
        tempfile::tempfile_in(&folder.0).map_err(failed)?;
        Ok(folder)
    }

    /// The path of a file in it; of the folder for an empty name.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.0.clone(),
            name => self.0.join(name),
        }
    }

    /// Writes all files, the settings last. The private key is first: it can't be had again.
    pub(super) fn write(
        &self,
        app: &NewApp,
        args: &SetupArgs,
        make_sealing_key: SealingKeyMaker<'_>,
    ) -> Result<WebhookSecret, SetupProblem> {
        self.create(PRIVATE_KEY, app.private_key.expose_secret())?;
        let given = app.webhook_secret.clone().filter(|secret| !secret.expose_secret().is_empty());
        let (secret, origin) = match given {
            Some(secret) => (secret, WebhookSecret::FromGitHub),
            None => (make_secret(), WebhookSecret::MadeHere),
        };
        self.create(WEBHOOK_SECRET, secret.expose_secret())?;
        make_sealing_key(&self.path(SEALING_KEY)).map_err(SetupProblem::SealingKey)?;
        self.create(SETTINGS, &self.settings(app, args, &secret))?;
        Ok(origin)
    }

    fn settings(&self, app: &NewApp, args: &SetupArgs, secret: &SecretString) -> Zeroizing<String> {
        let absolute = |name| self.path(name).to_string_lossy().into_owned();
        let api_base = args.api_base.as_str().trim_end_matches('/');
        let public_url = args.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/'));
        let settings = Settings {
            listen: "127.0.0.1:3000",
            admin_listen: "127.0.0.1:3001",
            database: format!("sqlite:{}", absolute(DATABASE)),
            public_url,
            github: GitHubSection {
                api_base: (api_base != DEFAULT_API_BASE).then_some(api_base),
                app_id: app.id,
                private_key_path: absolute(PRIVATE_KEY),
                webhook_secrets: [secret.expose_secret()],
            },
            sealing: SealingSection { key_path: absolute(SEALING_KEY) },
        };
        let text = toml::to_string(&settings).expect("settings are plain data");
        Zeroizing::new(format!(
            "# Settings of `embargod serve`. Every key can also be set in the environment, which wins.\n{text}"
        ))
    }

    /// Makes a file that only its owner may read. It appears under its name when it is whole and durable, and never in
    /// the place of another.
    fn create(&self, name: &str, text: &str) -> Result<(), SetupProblem> {
        let path = self.path(name);
        let failed = |error: std::io::Error| SetupProblem::Write(path.clone(), error.kind());
        // tempfile's files have mode 0600
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(SetupProblem::Exists(path)),
            Err(error) => Err(failed(error.error)),
        }
    }
}

fn make_secret() -> SecretString {
    let mut bytes = Zeroizing::new([0; MADE_SECRET_BYTES]);
    aws_lc_rs::rand::fill(bytes.as_mut_slice()).expect("the operating system has randomness");
    SecretString::from(hex::encode(bytes.as_slice()))
}
