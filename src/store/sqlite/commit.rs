//! What one decision changes, written whole or not at all.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    effects,
    writer::{Verdict, Write},
};
use crate::store::kept::{micros, to_json};
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
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    now: Timestamp,
    commit: Commit,
) -> Result<Verdict<Settled>, StoreError> {
    for record in &commit.records {
        if !write_record(connection, now, record).await? {
            return Ok(Verdict::Undo(Settled::Conflict));
        }
    }
    for blob in commit.sealed {
        keep_sealed(connection, blob).await?;
    }
    for effect in &commit.effects {
        effects::enqueue(connection, now, commit.caused_at, effect).await?;
    }
    // After the new ones: what a commit names as dropped does not start, even where the same commit enqueues it.
    for key in &commit.dropped_effects {
        effects::drop_waiting(connection, now, key).await?;
    }
    if let Some(decision) = &commit.decision {
        append_decision(connection, decision).await?;
    }
    Ok(Verdict::Keep(Settled::Committed))
}

/// Returns false where the record is not at the version that the writer had read.
async fn write_record(
    connection: &mut SqliteConnection,
    now: Timestamp,
    record: &RecordWrite,
) -> Result<bool, StoreError> {
    let statement = match record.expected_version {
        None => sqlx::query(OVERWRITE_RECORD),
        Some(0) => sqlx::query(CREATE_RECORD),
        Some(_) => sqlx::query(UPDATE_RECORD),
    };
    let statement =
        statement.bind(record.kind.as_str()).bind(record.key.as_str()).bind(to_json(&record.value)?).bind(micros(now));
    let statement = match record.expected_version {
        Some(version) if version != 0 => statement.bind(version),
        _ => statement,
    };
    Ok(statement.execute(connection).await?.rows_affected() > 0)
}

async fn keep_sealed(connection: &mut SqliteConnection, blob: SealedWrite) -> Result<(), StoreError> {
    sqlx::query(KEEP_SEALED)
        .bind(blob.owner)
        .bind(blob.name)
        .bind(micros(blob.at))
        .bind(blob.bytes)
        .execute(connection)
        .await?;
    Ok(())
}

/// Appends to what explains everything.
pub(super) async fn append_decision(
    connection: &mut SqliteConnection,
    decision: &DecisionRecord,
) -> Result<(), StoreError> {
    sqlx::query(APPEND_DECISION)
        .bind(micros(decision.at))
        .bind(decision.case.as_deref())
        .bind(to_json(decision)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// See [`crate::store::Store::commit`].
pub(super) struct CommitAlone {
    pub(super) now: Timestamp,
    pub(super) commit: Commit,
    pub(super) makes: Work,
}

#[async_trait]
impl Write for CommitAlone {
    type Answer = Settled;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Settled>, StoreError> {
        apply(connection, self.now, std::mem::take(&mut self.commit)).await
    }

    fn makes(&self, answer: &Settled) -> Work {
        self.makes.when(*answer == Settled::Committed)
    }
}

/// See [`crate::store::Store::next_number`].
pub(super) struct NextNumber(pub(super) String);

#[async_trait]
impl Write for NextNumber {
    type Answer = i64;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<i64>, StoreError> {
        let number = sqlx::query_scalar(NEXT_NUMBER).bind(self.0.as_str()).fetch_one(connection).await?;
        Ok(Verdict::Keep(number))
    }

    fn makes(&self, _answer: &i64) -> Work {
        Work::NONE
    }
}
