//! The settings of the server: `embargod.toml` and the environment, which wins.
//!
//! What flows in: the file's text, the environment. What flows out: [`Settings`], complete and checked, or a list of
//! every [`Problem`] with its place and remedy. What it must never do: show a secret, or guess a value that protects
//! something. Names and meanings are fixed in `docs/operating.md`; scripts rely on them.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use crate::domain::retention::Retention;

mod doors;
mod file;
mod mirrors;
mod problem;
mod read;
mod work;

pub use doors::{ClientAddressHeader, DoorSettings};
pub use mirrors::MirrorSettings;
pub use problem::{Problem, Problems};
pub use work::{Role, WorkSettings};

/// GitHub's own API.
pub const GITHUB_API: &str = "https://api.github.com";

/// Everything that `embargod serve` needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Address of the public door: `POST /webhook`, `GET /healthz`, `GET /readyz`.
    pub listen: SocketAddr,
    /// Address of the operators' door: `GET /metrics`.
    pub admin_listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// Connections to PostgreSQL for work, 4 to 100.
    pub database_connections: u32,
    /// Longest time that a durable commit waits for company, in milliseconds, 0 to 1,000.
    pub ack_gather_ms: u32,
    /// Where the public reaches `listen`, without `/webhook`; for the doctor.
    pub public_url: Option<String>,
    /// Policy of repositories that have none of their own.
    pub default_policy_path: Option<PathBuf>,
    /// Slowest poll of advisories, in seconds, 1 to 86,400.
    pub poll_interval_s: u32,
    /// How often missed deliveries are looked for, in seconds, 1 to 86,400.
    pub sweep_interval_s: u32,
    /// How often what GitHub lists is compared with what was seen, in seconds, 60 to 86,400.
    pub reconcile_interval_s: u32,
    /// How long a policy that was read is trusted before it is read again, in seconds, 1 to 86,400.
    pub policy_interval_s: u32,
    /// Filter of the log, as of `tracing`.
    pub log: String,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Base address of an OpenTelemetry collector (OTLP over HTTP); traces are sent to `/v1/traces` below it. `None`: no
    /// traces.
    pub otlp_endpoint: Option<String>,
    /// How the doors tell clients apart, and how much they bear.
    pub doors: DoorSettings,
    /// How the work is shared out and tried again.
    pub work: WorkSettings,
    /// The App.
    pub github: GithubSettings,
    /// Where the sealing keys come from.
    pub sealing_key: SealingKeyFrom,
    /// How long what GitHub delivered is kept.
    pub retention: Retention,
    /// Where histories are mirrored; `None` where no folder is set.
    pub mirrors: Option<MirrorSettings>,
    /// Where a page is posted when a clock has run out and nobody has seen to it. Such addresses hold tokens.
    pub paging_url: Option<SecretString>,
}

/// Where the operator's sealing keys come from; exactly one of these is set.
#[derive(Clone, Debug)]
pub enum SealingKeyFrom {
    /// A file.
    File(PathBuf),
    /// The environment: the file's text, or its second line alone.
    Environment(SecretString),
    /// A program with its arguments that prints the file's text; never empty.
    Command(Vec<String>),
}

/// What commands need that look after the database and its keys, and ask nobody else.
#[derive(Clone, Debug)]
pub struct Custody {
    /// See [`Settings::database`].
    pub database: String,
    /// See [`Settings::sealing_key`].
    pub sealing_key: SealingKeyFrom,
}

/// The App that GitHub knows us as.
#[derive(Clone, Debug)]
pub struct GithubSettings {
    /// Base of the REST API; any URL, plain http only on loopback.
    pub api_base: String,
    /// Number of the App.
    pub app_id: u64,
    /// File of the App's private key, PEM, PKCS#1 or PKCS#8.
    pub private_key_path: PathBuf,
    /// The key that was read from there.
    pub private_key: SecretString,
    /// Secrets of which any may have signed a delivery; at least one.
    pub webhook_secrets: Vec<SecretString>,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl fmt::Debug for Settings {
    /// Without the database's address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("admin_listen", &self.admin_listen)
            .field("github", &self.github)
            .field("sealing_key", &self.sealing_key)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the settings from `config` (where given, or `embargod.toml` where that exists) and the environment.
    ///
    /// # Errors
    /// Every problem that was found, not only the first.
    pub fn load(config: Option<&Path>) -> Result<Self, Problems> {
        let file = file_text(config)?;
        read::settings(file.as_ref().map(|(path, text)| (path.as_path(), text.as_str())), &environment)
    }

    /// Reads the settings from the text of a file that is called `place`, whatever the environment says.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_text(place: &Path, text: &str) -> Result<Self, Problems> {
        read::settings(Some((place, text)), &|_| None)
    }

    /// Reads the place of the database and where the sealing keys come from, and nothing else.
    ///
    /// # Errors
    /// Every problem that was found with these.
    pub fn load_custody(config: Option<&Path>) -> Result<Custody, Problems> {
        let file = file_text(config)?;
        read::custody(file.as_ref().map(|(path, text)| (path.as_path(), text.as_str())), &environment)
    }

    /// The same settings for a process that does only this.
    ///
    /// # Errors
    /// Where the database cannot be shared.
    pub fn with_role(mut self, role: Role) -> Result<Self, Problems> {
        work::check_role(role, &self.database)?;
        self.work.role = role;
        Ok(self)
    }

    /// Reads the place of the database alone, for commands that only look.
    ///
    /// # Errors
    /// When the file cannot be read or names no database that is known.
    pub fn load_database(config: Option<&Path>) -> Result<String, Problems> {
        let file = file_text(config)?;
        read::database(file.as_ref().map(|(path, text)| (path.as_path(), text.as_str())), &environment)
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn file_text(config: Option<&Path>) -> Result<Option<(PathBuf, String)>, Problems> {
    let default = Path::new("embargod.toml");
    let Some(path) = config.or_else(|| default.exists().then_some(default)) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problems::one(
            path.display().to_string(),
            format!("cannot be read: {error}"),
            "name an existing file with --config, or leave --config out and use the environment",
        )
    })?;
    Ok(Some((path.to_owned(), text)))
}

#[cfg(test)]
mod tests;
