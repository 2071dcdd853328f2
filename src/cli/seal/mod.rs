//! `embargod seal init|status|rotate`: the operator's sealing keys.
//!
//! What flows in: where keys and database are. What flows out: what was done and what to do next, on standard output.
//! What it must never do: show a key, or remove one that anything needs.

use std::{path::PathBuf, process::ExitCode};

use super::{FINE, INTERNAL, NO, USAGE, block_on};
use crate::{
    keys::{self, KeysError},
    sealing::{KeySource, Keyring, Sealer, SealingKey},
    settings::{Custody, Problems, Settings},
    store::{self, SharedStore},
};

mod rotate;
mod status;

#[cfg(test)]
mod tests;

/// What can be done about the sealing keys.
#[derive(clap::Subcommand)]
pub enum SealCommand {
    /// Make a new sealing key, readable by you alone. Never overwrites a file.
    Init {
        /// Where to write it.
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
    },
    /// Show which keys there are, how much is sealed under each, and which server seals with which.
    Status(status::StatusArgs),
    /// Have a new key take over while servers run: makes a successor in the key file, and wraps everything under it. The old
    /// key stays until `--finish`. May be interrupted and repeated.
    Rotate(rotate::RotateArgs),
}

/// Does it; says on standard output what to do next, and on standard error what went wrong.
pub fn run(command: SealCommand) -> ExitCode {
    ExitCode::from(match command {
        SealCommand::Init { out } => init(out),
        SealCommand::Status(args) => block_on(status::status(args)),
        SealCommand::Rotate(args) => block_on(rotate::rotate(args)),
    })
}

fn init(out: PathBuf) -> u8 {
    let key = SealingKey::generate();
    if let Err(error) = key.write_new(&out) {
        eprintln!("error: {error}");
        return USAGE;
    }
    let path = out.display();
    println!(
        "Wrote sealing key {} to {path}.\n\
         - Back it up, apart from the database: without it nothing that was sealed can be read again.\n\
         - Configure it: EMBARGOD_SEALING_KEY_PATH={path}, or key_path under [sealing] in embargod.toml.",
        key.key_id()
    );
    FINE
}

/// The database and the keys that the settings name.
pub(super) struct Kept {
    pub(super) store: SharedStore,
    pub(super) source: KeySource,
    pub(super) ring: Keyring,
}

/// Opens them.
pub(super) async fn open(config: Option<&std::path::Path>) -> Result<Kept, Problems> {
    let Custody { database, sealing_key } = Settings::load_custody(config)?;
    let source = keys::source(&sealing_key);
    let ring = keys::load(&source).await?;
    let path = database.strip_prefix("sqlite:").map(PathBuf::from);
    if let Some(path) = path.filter(|path| !path.exists()) {
        return Err(Problems::one(
            "database",
            format!("there is no database {}", path.display()),
            "name the one that is there in `database` or EMBARGOD_DATABASE",
        ));
    }
    let store = store::open(&database)
        .await
        .map_err(|error| Problems::one("database", error.to_string(), "check `database` and its permissions"))?;
    Ok(Kept { store, source, ring })
}

impl Kept {
    pub(super) fn sealer(&self) -> Sealer {
        Sealer::new(self.ring.clone())
    }

    /// Says what went wrong; the exit code for it.
    pub(super) fn failed(&self, error: &KeysError) -> u8 {
        eprintln!("embargod: {}", keys::problems(&self.source, error));
        match error {
            KeysError::Store(_) => INTERNAL,
            KeysError::Busy => NO,
            KeysError::Sealing(_) | KeysError::Mismatch(_) => USAGE,
        }
    }
}

pub(super) fn refused(problems: &Problems) -> u8 {
    eprintln!("embargod: {problems}");
    USAGE
}
