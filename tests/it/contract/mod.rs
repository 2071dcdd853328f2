//! What outsiders say about GitHub, held against what embargod does.
//!
//! [`openapi`] checks every request that the bot sends against GitHub's published OpenAPI description, [`examples`]
//! hands out GitHub's own example payloads for the receiver, and [`hostile`] is a catalogue of requests that wish the
//! receiver ill. What flows in: the data that `cargo xtask test` installs (the environment variable
//! `EMBARGOD_CONTRACT_DIR` names its folder) and requests as tests recorded them. What flows out: complaints that name
//! an operation and a place. What it must never do: talk to the network, or pass silently where CI has no data.

use std::{
    io::Write,
    path::PathBuf,
    sync::{LazyLock, Once},
};

pub mod examples;
pub mod hostile;
mod manifest;
pub mod openapi;
mod schema;

/// Names the folder with GitHub's data.
const DIR_VARIABLE: &str = "EMBARGOD_CONTRACT_DIR";

/// The folder with GitHub's data, or `None` where it is not installed (said once, aloud).
///
/// # Panics
/// Where `CI=true` and the folder is not named or not there: a contract that nobody checks must not look green.
fn data_dir() -> Option<&'static PathBuf> {
    static DIR: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let dir = std::env::var_os(DIR_VARIABLE).map(PathBuf::from)?;
        assert!(dir.is_dir(), "{DIR_VARIABLE} names {}, which is no folder: run `cargo xtask test`", dir.display());
        Some(dir)
    });
    static SAID: Once = Once::new();
    if DIR.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{DIR_VARIABLE} is not set, and CI must not skip the contract: run `cargo xtask test`"
        );
        SAID.call_once(|| {
            // past the capture of a test's output
            let _ = writeln!(
                std::io::stderr(),
                "note: contract not checked, {DIR_VARIABLE} is not set (`cargo xtask test` sets it)"
            );
        });
    }
    DIR.as_ref()
}

/// Whether GitHub's data is installed; a test that needs it returns early where it is not.
pub fn available() -> bool {
    data_dir().is_some()
}
