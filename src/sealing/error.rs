//! What can go wrong, without a word of what was sealed.

use std::path::PathBuf;

use super::KeyId;

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
    /// Another command holds the key file's lock.
    #[error("another command is changing the sealing key {}; let it end, and try again", .0.display())]
    KeyBusy(PathBuf),
    /// What the environment or a command gave is no key.
    #[error(
        "{0} holds no whole sealing key; give the two lines that `embargod seal init` wrote, or the second of them"
    )]
    TextMalformed(String),
    /// Keys of one ring must derive the same marks, or the bot would not know its own comments any more.
    #[error("{place}: keys {one} and {other} do not belong together; a successor is made by `embargod seal rotate`")]
    Strangers {
        /// Where they stand.
        place: String,
        /// One of them.
        one: KeyId,
        /// Another one.
        other: KeyId,
    },
    /// The key command did not give a key.
    #[error(
        "the key command {program} {why}; its own messages are not shown, as they may hold secrets: run it by hand"
    )]
    Command {
        /// The program, without its arguments.
        program: String,
        /// What went wrong.
        why: String,
    },
    /// Another operator's key wrapped this data key.
    #[error("sealed under key {needed}, but the configured sealing key is {configured}; configure the right one")]
    OtherKey {
        /// The key that is needed.
        needed: KeyId,
        /// The keys that are there, separated by commas.
        configured: String,
    },
    /// Too short, or of an unknown version.
    #[error("a sealed blob is not of a known format")]
    Malformed,
    /// It does not authenticate.
    #[error("a sealed blob was altered, or was sealed for another place")]
    Refused,
}
