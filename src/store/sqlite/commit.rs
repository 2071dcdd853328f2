//! What one decision changes, written whole or not at all.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    effects,
    statement::{change, first},
    writer::{Verdict, Write},
};
use crate::store::kept::{Columns, micros, to_json};
use crate::{
    domain::{decision::DecisionRecord, record::RecordWrite},
    store::{Commit, SealedWrite, Settled, StoreError, Work},
};

const OVERWRITE_RECORD: &str = "
    INSERT INTO records (kind, key, version, value, written_at) VALUES (?1, ?2, 1, ?3, ?4)
    ON CONFLICT (kind, key) DO UPDATE
    SET version = records.version + 1, value = excluded.value, written_at = excluded.written_at";

const CREATE_RECORD: &str = "
    INSERT INTO records (kind, key, version, value, written_at) VALUES (?1, ?2, 1, ?3, ?4)
    ON CONFLICT (kind, key) DO NOTHING";

const UPDATE_RECORD: &str = "
    UPDATE records SET version = version + 1, value = ?3, written_at = ?4
    WHERE kind = ?1 AND key = ?2 AND version = ?5";

const KEEP_SEALED: &str = "
    INSERT INTO sealed_blobs (owner, name, taken_at, bytes) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (owner, name) DO NOTHING";

const APPEND_DECISION: &str = "INSERT INTO decisions (decided_at, case_key, decision) VALUES (?1, ?2, ?3)";

const NEXT_NUMBER: &str = "
    INSERT INTO numbers (series, last) VALUES (?1, 1)
    ON CONFLICT (series) DO UPDATE SET last = numbers.last + 1
    RETURNING last";

/// Writes all of `commit`, or asks for everything to be undone because a record has changed.
pub(super) fn apply(connection: &Connection, now: Timestamp, commit: Commit) -> Result<Verdict<Settled>, StoreError> {
    for record in &commit.records {
        if !write_record(connection, now, record)? {
            return Ok(Verdict::Undo(Settled::Conflict));
        }
    }
    for blob in &commit.sealed {
        keep_sealed(connection, blob)?;
    }
    for effect in &commit.effects {
        effects::enqueue(connection, now, commit.caused_at, effect)?;
    }
    // After the new ones: what a commit names as dropped does not start, even where the same commit enqueues it.
    for key in &commit.dropped_effects {
        effects::drop_waiting(connection, now, key)?;
    }
    if let Some(decision) = &commit.decision {
        append_decision(connection, decision)?;
    }
    Ok(Verdict::Keep(Settled::Committed))
}

/// Returns false where the record is not at the version that the writer had read.
fn write_record(connection: &Connection, now: Timestamp, record: &RecordWrite) -> Result<bool, StoreError> {
    let RecordWrite { kind, key, .. } = record;
    let (value, now) = (to_json(&record.value)?, micros(now));
    let written = match record.expected_version {
        None => change(connection, OVERWRITE_RECORD, params![kind, key, value, now])?,
        Some(0) => change(connection, CREATE_RECORD, params![kind, key, value, now])?,
        Some(version) => change(connection, UPDATE_RECORD, params![kind, key, value, now, version])?,
    };
    Ok(written > 0)
}

fn keep_sealed(connection: &Connection, blob: &SealedWrite) -> Result<(), StoreError> {
    change(connection, KEEP_SEALED, params![blob.owner, blob.name, micros(blob.at), blob.bytes]).map(drop)
}

/// Appends to what explains everything.
pub(super) fn append_decision(connection: &Connection, decision: &DecisionRecord) -> Result<(), StoreError> {
    append(connection, entry(decision)?)
}

/// Instant, case and JSON of a decision.
pub(super) type Entry<'a> = (i64, Option<&'a str>, String);

/// A decision as it is appended; what comes after it has nothing left that cannot be written.
pub(super) fn entry(decision: &DecisionRecord) -> Result<Entry<'_>, StoreError> {
    Ok((micros(decision.at), decision.case.as_deref(), to_json(decision)?))
}

pub(super) fn append(connection: &Connection, entry: Entry<'_>) -> Result<(), StoreError> {
    change(connection, APPEND_DECISION, entry).map(drop)
}

/// See [`crate::store::Store::commit`].
pub(super) struct CommitAlone {
    pub(super) now: Timestamp,
    pub(super) commit: Commit,
    pub(super) makes: Work,
}

impl Write for CommitAlone {
    type Answer = Settled;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Settled>, StoreError> {
        apply(connection, self.now, std::mem::take(&mut self.commit))
    }

    fn makes(&self, answer: &Settled) -> Work {
        self.makes.when(*answer == Settled::Committed)
    }
}

/// See [`crate::store::Store::next_number`].
pub(super) struct NextNumber(pub(super) String);

impl Write for NextNumber {
    type Answer = i64;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<i64>, StoreError> {
        let number = first(connection, NEXT_NUMBER, [&self.0], |row| row.whole(0))?;
        Ok(Verdict::Keep(number.ok_or(rusqlite::Error::QueryReturnedNoRows)?))
    }

    fn makes(&self, _answer: &i64) -> Work {
        Work::NONE
    }
}
