//! What can go wrong, without a word of what was sealed.

use std::path::PathBuf;

/// Why a key file or a sealed blob was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// There is no key file.
    #[error("no sealing key at {}; make one with: embargod seal init --out {}", .0.display(), .0.display())]
    KeyMissing(PathBuf),
    /// Others than its owner may read or change the key file.
    #[error("the sealing key {} is open to others (mode {mode:03o}); close it with: chmod 600 {}", .path.display(), .path.display())]
    KeyTooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a key file, or not a whole one.
    #[error("{} is not a whole sealing key of this version of embargod; restore it from your backup", .0.display())]
    KeyMalformed(PathBuf),
    /// A key file is never overwritten.
    #[error("{} exists already and is not touched: what was sealed under a lost key is lost", .0.display())]
    KeyExists(PathBuf),
    /// Reading or writing the key file failed.
    #[error("the sealing key {} cannot be read or written ({kind}); check the folder and its owner", .path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// Another operator's key wrapped this data key.
    #[error("sealed under key {needed}, but the configured sealing key is {configured}; configure the right one")]
    OtherKey {
        /// Id of the key that is needed.
        needed: String,
        /// Id of the key that is there.
        configured: String,
    },
    /// Too short, or of an unknown version.
    #[error("a sealed blob is not of a known format")]
    Malformed,
    /// It does not authenticate.
    #[error("a sealed blob was altered, or was sealed for another place")]
    Refused,
}
