//! `embargod seal`: the operator's sealing key.

use std::{path::PathBuf, process::ExitCode};

use crate::sealing::SealingKey;

/// Exit code of a usage or input error.
const USAGE: u8 = 2;

/// What can be done about the sealing key.
#[derive(clap::Subcommand)]
pub enum SealCommand {
    /// Make a new sealing key, readable by you alone. Never overwrites a file.
    Init {
        /// Where to write it.
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
    },
}

/// Does it; says on standard output what to do next, and on standard error what went wrong.
pub fn run(command: SealCommand) -> ExitCode {
    match command {
        SealCommand::Init { out } => init(out),
    }
}

fn init(out: PathBuf) -> ExitCode {
    let key = SealingKey::generate();
    if let Err(error) = key.write_new(&out) {
        eprintln!("error: {error}");
        return ExitCode::from(USAGE);
    }
    let path = out.display();
    println!(
        "Wrote sealing key {} to {path}.\n\
         - Back it up, apart from the database: without it nothing that was sealed can be read again.\n\
         - Configure it: EMBARGOD_SEALING_KEY_PATH={path}, or key_path under [sealing] in embargod.toml.",
        key.key_id()
    );
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_makes_a_key_that_can_be_read_and_never_overwrites_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("sealing.key");
        let first = run(SealCommand::Init { out: out.clone() });
        assert_eq!(first, ExitCode::SUCCESS);
        let made = SealingKey::read(&out).expect("a key");

        let again = run(SealCommand::Init { out: out.clone() });
        assert_eq!(again, ExitCode::from(2));
        let kept = SealingKey::read(&out).expect("a key");
        assert_eq!(kept.key_id(), made.key_id());
    }
}
