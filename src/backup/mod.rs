//! Backups: everything that the store keeps, in one encrypted file.
//!
//! What flows in: rows, and the operator's keys. What flows out: a file that only the holder of a key opens, and rows again
//! once the whole file was found to be what was written. What it must never do: write a row in the clear, or hand out rows of
//! a file of which not every byte was checked before.
//!
//! The file, with sizes in bytes:
//!
//! ```text
//! "embargod backup v1\n"
//! header              one line of JSON, at most 4,096: key, made_at, program, backend, schema
//! wrapped data key    73       owner "backup " + SHA-256, in hexadecimal, of everything before
//! chunks              65,565 each, the last one shorter or as long
//! ```
//!
//! Data key and chunks are as [`crate::sealing`] describes. Each file has a data key of its own. A chunk is a sealed text
//! of 65,536 bytes, the last one of 1 to 65,536; its name is its number, counted from 0, and of the last one its number
//! and ` last`. So a chunk opens in its own place of its own file alone, and an end that is no end is noticed: the STREAM
//! construction (Hoang, Reyhanitabar, Rogaway and Vizár, "Online authenticated-encryption and its nonce-reuse
//! misuse-resistance", 2015), with number and end in the associated data instead of the nonce.
//!
//! What is inside is text: [`PortableRow`](crate::store::portable::PortableRow)s as JSON, one a line. Evidence and bodies
//! stay sealed under their own keys within it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    sealing::{SealingError, WRAPPED_KEY_BYTES},
    store::StoreError,
};

mod read;
mod restore;
mod write;

#[cfg(test)]
mod tests;

pub use read::BackupReader;
pub use restore::{Contents, restore, verify};
pub use write::BackupWriter;

/// How a file begins.
const MAGIC: &str = "embargod backup v1\n";

/// How files of other versions begin as well.
const FAMILY: &str = "embargod backup ";

/// Longest header, in bytes.
const HEADER_BYTES_MAX: usize = 4_096;

/// Text of a chunk, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// A chunk as it is sealed: version, nonce and tag on top.
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + 1 + 12 + 16;

/// What stands in the clear at the beginning of a backup, protected against changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name of the sealing key that opens it.
    pub key: String,
    /// When it was begun.
    pub made_at: Timestamp,
    /// Version of the program that made it.
    pub program: String,
    /// What it was made of: `sqlite` or `postgres`.
    pub backend: String,
    /// Number of the last migration of that database.
    pub schema: i64,
}

/// Why a backup could not be written or read. Without content.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file could not be read or written.
    #[error("the backup file cannot be read or written ({0})")]
    File(std::io::ErrorKind),
    /// Something else than a backup.
    #[error("this is no backup of embargod")]
    NotABackup,
    /// Of another version of the format.
    #[error("this backup has another format than v1; use the version of embargod that made it")]
    OtherVersion,
    /// The beginning is not what was written.
    #[error("the beginning of the backup was altered or cut off; take another copy")]
    BeginningDamaged,
    /// A chunk is not what was written in its place.
    #[error(
        "the backup was altered, cut off or put together from others, at or after byte {at_byte}; take another copy"
    )]
    Damaged {
        /// Where the chunk begins.
        at_byte: u64,
    },
    /// It opens, but holds something that this version does not know.
    #[error("line {line} of the backup is unknown to this version; use the version of embargod that made it")]
    UnknownRow {
        /// Counted from 1.
        line: u64,
    },
    /// The key that opens it is not there.
    #[error("{0}")]
    Key(SealingError),
    /// Something in it is sealed under keys that are not there.
    #[error("what is in the backup also needs sealing keys {0}; put them behind the current one, and try again")]
    KeysMissing(String),
    /// The store did not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<std::io::Error> for BackupError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.kind())
    }
}

/// Owner of the data key of a file that begins so.
fn owner(beginning: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, beginning);
    format!("backup {}", hex::encode(digest))
}

fn chunk_name(index: u64, is_last: bool) -> String {
    format!("{index}{}", if is_last { " last" } else { "" })
}

/// Where a chunk begins.
fn place_of_chunk(beginning_bytes: usize, index: u64) -> u64 {
    let before = (beginning_bytes + WRAPPED_KEY_BYTES) as u64;
    before + index * SEALED_CHUNK_BYTES as u64
}
