//! A backup into an empty store.

use std::{collections::BTreeMap, io::BufRead};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, BackupReader, Header};
use crate::{
    domain::{intake::record::PostRecord, record::Record},
    keys::{Survey, decision},
    sealing::KeyId,
    store::{
        Store, StoreError,
        portable::{PortableRow, RowSource},
    },
};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How it begins.
    pub header: Header,
    /// Rows by kind.
    pub rows: BTreeMap<&'static str, u64>,
    /// How much in it is sealed under which key.
    pub keys: Survey,
}

/// That this database was restored: what GitHub delivered between the two instants is not in it, although it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// When the backup was made.
    pub made_at: Timestamp,
    /// When it was restored.
    pub restored_at: Timestamp,
}

impl Record for Restoration {
    const KIND: &'static str = "restoration";

    fn key(&self) -> String {
        Self::KEY.to_owned()
    }
}

impl Restoration {
    /// The record's key; the last restoration alone is kept.
    pub const KEY: &'static str = "last";
}

/// Reads a backup to its end, checking every byte.
///
/// # Errors
/// Where it is not what was written.
pub fn verify<R: BufRead>(mut from: BackupReader<'_, R>) -> Result<Contents, BackupError> {
    let mut contents = Contents { header: from.header().clone(), rows: BTreeMap::new(), keys: Survey::default() };
    while let Some(row) = from.next_row()? {
        let kind = match &row {
            PortableRow::Delivery(_) => "deliveries",
            PortableRow::BodyPart { part, sealed, .. } => {
                if *part == 0 {
                    contents.keys.add_delivery(sealed);
                }
                "parts of bodies"
            }
            PortableRow::Effect(_) => "effects",
            PortableRow::Record { .. } => "records",
            PortableRow::Sealed { name, bytes, .. } => {
                if name == "key" {
                    contents.keys.add_case(bytes);
                }
                "sealed texts and keys"
            }
            PortableRow::Number { .. } => "series of numbers",
            PortableRow::Decision { .. } => "decisions",
            PortableRow::Link { .. } => "links of the audit chain",
        };
        *contents.rows.entry(kind).or_default() += 1;
    }
    Ok(contents)
}

impl Contents {
    /// Whether `ids` open everything in it.
    ///
    /// # Errors
    /// [`BackupError::KeysMissing`] with the names of the others.
    pub fn opens_with(&self, ids: &[KeyId]) -> Result<(), BackupError> {
        let missing: Vec<String> = self.keys.missing(ids).keys().map(KeyId::to_string).collect();
        if missing.is_empty() { Ok(()) } else { Err(BackupError::KeysMissing(missing.join(", "))) }
    }
}

/// Puts a backup into an empty store, in one transaction; returns the number of rows. The file should have been verified
/// before: it is checked again on the way, and nothing is kept of one that fails.
///
/// Between the backup and its restoration the bot may have acted on what this database takes for undone. So every effect
/// that waits counts as tried before, and no thread as followed without a gap: both make it look before it creates.
///
/// # Errors
/// As [`verify`]; [`BackupError::Store`] also where the store is not empty.
pub async fn restore<R: BufRead + Send>(
    from: BackupReader<'_, R>,
    into: &dyn Store,
    now: Timestamp,
) -> Result<u64, BackupError> {
    let restoration = Restoration { made_at: from.header().made_at, restored_at: now };
    let mut rows = Rows { from, restoration, stage: Stage::Records, next: None, last_decision: 0, trouble: None };
    let imported = into.import(&mut rows).await;
    match rows.trouble {
        Some(trouble) => Err(trouble),
        None => Ok(imported?),
    }
}

/// The rows of a backup, with the mark of its restoration among the records and the decisions: all or nothing is there.
struct Rows<'c, R> {
    from: BackupReader<'c, R>,
    restoration: Restoration,
    stage: Stage,
    /// Read, but something comes before it.
    next: Option<PortableRow>,
    /// Row number of the last decision.
    last_decision: i64,
    /// Why there are no more rows; the store only learns that.
    trouble: Option<BackupError>,
}

/// What comes next that is not in the backup.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The record, behind all others.
    Records,
    /// The decision, behind all others.
    Decisions,
    /// Nothing.
    Over,
}

impl<R: BufRead + Send> Rows<'_, R> {
    fn read(&mut self) -> Result<Option<PortableRow>, BackupError> {
        let row = match self.next.take() {
            Some(row) => Some(row),
            None => self.read_doubtful()?,
        };
        if let Some(PortableRow::Decision { id, .. }) = &row {
            self.last_decision = *id;
        }
        let rank = row.as_ref().map_or(u8::MAX, rank);
        let added = match self.stage {
            Stage::Records if rank > RANK_OF_RECORDS => {
                self.stage = Stage::Decisions;
                self.record()
            }
            Stage::Decisions if rank > RANK_OF_DECISIONS => {
                self.stage = Stage::Over;
                self.decision()
            }
            _ => return Ok(row),
        };
        self.next = row;
        Ok(Some(added))
    }

    /// The next row without certainties that do not survive a gap, and without the mark of an earlier restoration.
    fn read_doubtful(&mut self) -> Result<Option<PortableRow>, BackupError> {
        while let Some(mut row) = self.from.next_row()? {
            match &mut row {
                PortableRow::Effect(effect) if effect.state == "ready" => effect.attempts = effect.attempts.max(1),
                PortableRow::Record { kind, .. } if kind == Restoration::KIND => continue,
                PortableRow::Record { kind, value, .. } if kind == PostRecord::KIND => {
                    if let Some(seen_new) = value.get_mut("seen_new") {
                        *seen_new = false.into();
                    }
                }
                _ => {}
            }
            return Ok(Some(row));
        }
        Ok(None)
    }

    fn record(&self) -> PortableRow {
        PortableRow::Record {
            kind: Restoration::KIND.to_owned(),
            key: self.restoration.key(),
            version: 1,
            value: serde_json::to_value(&self.restoration).expect("plain data"),
            written_at: self.restoration.restored_at,
        }
    }

    fn decision(&self) -> PortableRow {
        let text = format!("the database was restored from a backup of {}", self.restoration.made_at);
        let decision = decision(self.restoration.restored_at, "restored", "embargod restore", text);
        let entry = serde_json::to_string(&decision).expect("plain data");
        PortableRow::Decision { id: self.last_decision + 1, entry }
    }
}

const RANK_OF_RECORDS: u8 = 1;
const RANK_OF_DECISIONS: u8 = 3;

/// Where a row stands in the order of rows.
fn rank(row: &PortableRow) -> u8 {
    match row {
        PortableRow::Delivery(_) | PortableRow::BodyPart { .. } | PortableRow::Effect(_) => 0,
        PortableRow::Record { .. } => RANK_OF_RECORDS,
        PortableRow::Sealed { .. } | PortableRow::Number { .. } => 2,
        PortableRow::Decision { .. } => RANK_OF_DECISIONS,
        PortableRow::Link { .. } => 4,
    }
}

#[async_trait]
impl<R: BufRead + Send> RowSource for Rows<'_, R> {
    async fn next(&mut self) -> Result<Option<PortableRow>, StoreError> {
        self.read().map_err(|error| {
            let text = error.to_string();
            self.trouble = Some(error);
            StoreError::Unavailable(text)
        })
    }
}
