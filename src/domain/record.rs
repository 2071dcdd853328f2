//! What the program remembers: typed records that the store keeps by kind and key.
//!
//! A feature that has something to remember defines a struct, names its [`Record::KIND`] and is done; the store knows
//! only kinds, keys, versions and JSON.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A remembered thing. Must not hold embargoed text: such text goes into the sealed part of the store.
pub trait Record: Serialize + DeserializeOwned {
    /// The kind, unique in the program: `case`, `thread`.
    const KIND: &'static str;

    /// The key within the kind.
    fn key(&self) -> String;
}

/// A record as it was read, with the version to hold against when writing it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The value as it stood.
    pub value: T,
    /// The version it had; 0 for one that did not exist.
    pub version: i64,
}

/// A record to be written, as a value.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordWrite {
    /// See [`Record::KIND`].
    pub kind: String,
    /// See [`Record::key`].
    pub key: String,
    /// The version that was read; the write is refused if another has come in between. `None` overwrites.
    pub expected_version: Option<i64>,
    /// The new content.
    pub value: Value,
}

impl RecordWrite {
    /// Writes `record`, provided that it still has `version` (0 = did not exist).
    pub fn guarded<R: Record>(record: &R, version: i64) -> Self {
        Self { expected_version: Some(version), ..Self::overwriting(record) }
    }

    /// Writes `record` whatever is there.
    pub fn overwriting<R: Record>(record: &R) -> Self {
        Self {
            kind: R::KIND.to_owned(),
            key: record.key(),
            expected_version: None,
            value: serde_json::to_value(record).expect("records are plain data"),
        }
    }
}
