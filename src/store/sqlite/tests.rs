//! The suite on SQLite, and what only SQLite has.

use std::sync::Arc;

use async_trait::async_trait;

use super::*;
use crate::store::{
    SharedStore,
    conformance::{Place, conformance_suite},
};

mod suite {
    use super::*;
    conformance_suite!(Folder::new());
}

/// A database in a temporary folder.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn database(&self) -> String {
        format!("sqlite:{}", self.0.path().join("embargod.db").display())
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&self) -> SharedStore {
        let store = SqliteStore::open(&self.database()).await;
        Arc::new(store.expect("it opens"))
    }
}
