//! A backup into an empty store.

use std::{collections::BTreeMap, io::BufRead};

use async_trait::async_trait;
use jiff::Timestamp;

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
/// counts as tried once more than is known, and no thread as followed without a gap: both make it look before it creates.
///
/// # Errors
/// As [`verify`]; [`BackupError::Store`] also where the store is not empty.
pub async fn restore<R: BufRead + Send>(
    from: BackupReader<'_, R>,
    into: &dyn Store,
    now: Timestamp,
) -> Result<u64, BackupError> {
    let mut rows = Rows { from, now, next: None, last_decision: Some(0), trouble: None };
    let imported = into.import(&mut rows).await;
    match rows.trouble {
        Some(trouble) => Err(trouble),
        None => Ok(imported?),
    }
}

/// The rows of a backup, with one decision more, that it was restored: all or nothing is there.
struct Rows<'c, R> {
    from: BackupReader<'c, R>,
    now: Timestamp,
    /// Read, but the decision comes before it.
    next: Option<PortableRow>,
    /// Row number of the last decision; `None` once ours is behind it.
    last_decision: Option<i64>,
    /// Why there are no more rows; the store only learns that.
    trouble: Option<BackupError>,
}

impl<R: BufRead + Send> Rows<'_, R> {
    fn read(&mut self) -> Result<Option<PortableRow>, BackupError> {
        let row = match self.next.take() {
            Some(row) => Some(row),
            None => self.from.next_row()?.map(doubtful),
        };
        match (&row, self.last_decision) {
            (Some(PortableRow::Decision { id, .. }), Some(_)) => self.last_decision = Some(*id),
            // Decisions come before links, and are the last where there are none.
            (Some(PortableRow::Link { .. }) | None, Some(last)) => {
                self.last_decision = None;
                self.next = row;
                return Ok(Some(self.decision(last + 1)));
            }
            _ => {}
        }
        Ok(row)
    }

    fn decision(&self, id: i64) -> PortableRow {
        let text = format!("the database was restored from a backup of {}", self.from.header().made_at);
        let decision = decision(self.now, "restored", "embargod restore", text);
        let entry = serde_json::to_string(&decision).expect("plain data");
        PortableRow::Decision { id, entry }
    }
}

/// The row without certainties that do not survive a gap.
fn doubtful(mut row: PortableRow) -> PortableRow {
    match &mut row {
        PortableRow::Effect(effect) => effect.attempts += 1,
        PortableRow::Record { kind, value, .. } if kind == PostRecord::KIND => {
            if let Some(seen_new) = value.get_mut("seen_new") {
                *seen_new = false.into();
            }
        }
        _ => {}
    }
    row
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
