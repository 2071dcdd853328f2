//! What only the operator sees: files, keys, the log. For the stories that look for what must not be there.

use std::path::{Path, PathBuf};

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

    /// Everything that was logged in this process so far, at every level.
    pub fn logged(&self) -> Vec<u8> {
        canary::log()
    }
}
