//! What is kept, in a form that every backend writes and reads: for moving from one to another, and for backups.
//!
//! Ciphertext stays ciphertext; leases are not carried over, so running work waits again. Rows come in the order of the
//! variants below, and within each by their row number, which is kept.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StoreError;
use crate::domain::{decision::DecisionRecord, effect::Effect};

/// One row of something. No `Debug`: records may name people.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum PortableRow {
    /// A delivery; its body follows in parts.
    Delivery(PortableDelivery),
    /// A part of a delivery's body, at most 256 KiB.
    BodyPart {
        /// Row number of the delivery.
        delivery_id: i64,
        /// From 0.
        part: i64,
        /// Ciphertext.
        #[serde(with = "base64_bytes")]
        sealed: Vec<u8>,
    },
    /// An effect.
    Effect(Box<PortableEffect>),
    /// A record.
    Record {
        /// See [`crate::domain::record::RecordWrite::kind`].
        kind: String,
        /// See [`crate::domain::record::RecordWrite::key`].
        key: String,
        /// See [`super::StoredRecord::version`].
        version: i64,
        /// Its content.
        value: Value,
        /// When it was written last.
        written_at: Timestamp,
    },
    /// A sealed blob.
    Sealed {
        /// Row number.
        id: i64,
        /// See [`super::SealedWrite::owner`].
        owner: String,
        /// See [`super::SealedWrite::name`].
        name: String,
        /// See [`super::SealedWrite::at`].
        at: Timestamp,
        /// Ciphertext.
        #[serde(with = "base64_bytes")]
        bytes: Vec<u8>,
    },
    /// The last number handed out of a series.
    Number {
        /// The series.
        series: String,
        /// The number.
        last: i64,
    },
    /// A decision, with its bytes as they were written, which the audit chain is over.
    Decision {
        /// Row number.
        id: i64,
        /// [`DecisionRecord`] as JSON.
        entry: String,
    },
    /// A link of the audit chain.
    Link {
        /// See [`super::AuditLink::position`].
        position: u64,
        /// Row number of the decision.
        decision_id: i64,
        /// Lower-case hexadecimal.
        previous: String,
        /// Lower-case hexadecimal.
        hash: String,
    },
}

/// See [`PortableRow::Delivery`].
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PortableDelivery {
    /// Row number.
    pub id: i64,
    /// See [`super::NewDelivery::guid`].
    pub guid: String,
    /// See [`super::NewDelivery::event`].
    pub event: String,
    /// See [`super::NewDelivery::lane`].
    pub lane: String,
    /// See [`super::NewDelivery::received_at`].
    pub received_at: Timestamp,
    /// `ready`, `done`, `parked` or `dropped`.
    pub state: String,
    /// Not before this instant.
    pub not_before: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it did not work, the last time.
    pub last_error: Option<String>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// See [`PortableRow::Effect`].
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PortableEffect {
    /// Row number.
    pub id: i64,
    /// What is to be done.
    pub effect: Effect,
    /// `ready` (also those that wait for their instant), `done`, `dead` or `dropped`.
    pub state: String,
    /// Not before this instant.
    pub runnable_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// What it made.
    pub result: Value,
    /// Why it did not work, the last time.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// See [`super::ClaimedEffect::caused_at`].
    pub caused_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

impl PortableRow {
    /// The columns of a decision that stand beside its bytes: when, and about which case.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the bytes are no decision.
    pub fn decision(entry: &str) -> Result<DecisionRecord, StoreError> {
        serde_json::from_str(entry).map_err(|_| StoreError::Corrupt("a decision is unreadable".to_owned()))
    }
}

/// Where exported rows go.
#[async_trait]
pub trait RowSink: Send {
    /// Takes one row.
    async fn take(&mut self, row: PortableRow) -> Result<(), StoreError>;
}

/// Where imported rows come from.
#[async_trait]
pub trait RowSource: Send {
    /// The next row; `None` at the end.
    async fn next(&mut self) -> Result<Option<PortableRow>, StoreError>;
}

mod base64_bytes {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))
    }
}
