//! What only the operator sees: files, keys, the log. For the stories that look for what must not be there.

use std::path::{Path, PathBuf};

use embargod::server::Metrics;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{APP_KEY, World, canary};

/// The App's private key.
pub fn app_key_pem() -> &'static str {
    &APP_KEY.private_pem
}

impl World {
    /// The sealing key's file.
    pub fn sealing_key(&self) -> &Path {
        &self.sealing_key
    }

    /// The database's main file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("embargod.db")
    }

    /// The raw bytes of the database's files: the main file, and what SQLite keeps beside it.
    pub fn database_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder").flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("embargod.db") {
                bytes.extend(std::fs::read(entry.path()).expect("readable"));
            }
        }
        assert!(bytes.len() > 4_096, "the database is empty: the test looks at nothing");
        bytes
    }

    /// The metrics of this process; all stories count into the same.
    pub fn metrics(&self) -> Metrics {
        canary::metrics()
    }

    /// From now on the database does not know its own tables.
    pub async fn spoil_database(&self) {
        let path = self.folder.path().join("embargod.db");
        let mut breaker = SqliteConnectOptions::new().filename(path).connect().await.expect("the database");
        sqlx::query("ALTER TABLE deliveries RENAME TO hidden").execute(&mut breaker).await.expect("renamed");
        breaker.close().await.expect("closed");
    }

    /// Everything that was logged in this process so far, at every level.
    pub fn logged(&self) -> Vec<u8> {
        canary::log()
    }
}
