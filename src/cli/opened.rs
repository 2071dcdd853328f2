//! The store that the settings name, opened for a command that needs nothing else. The server need not run, and may.

use std::path::{Path, PathBuf};

use super::{INTERNAL, USAGE};
use crate::{
    settings::Settings,
    store::{self, SharedStore, StoreError},
};

/// Opens it; where that fails, says why on standard error and returns the exit code.
pub(super) async fn store(config: Option<&Path>) -> Result<SharedStore, u8> {
    let database = Settings::load_database(config).map_err(|problems| {
        eprintln!("embargod: {problems}");
        USAGE
    })?;
    // Opening would make a new one, and its emptiness would look like an answer.
    let path = database.strip_prefix("sqlite:").map(PathBuf::from);
    if let Some(path) = path.filter(|path| !path.exists()) {
        eprintln!("embargod: there is no database {}; name it in `database` or EMBARGOD_DATABASE", path.display());
        return Err(USAGE);
    }
    store::open(&database).await.map_err(|error| {
        eprintln!("embargod: {error}");
        USAGE
    })
}

/// Says that the store failed, and returns the exit code.
pub(super) fn failed(error: &StoreError) -> u8 {
    eprintln!("embargod: {error}");
    INTERNAL
}
