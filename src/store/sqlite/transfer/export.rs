//! Out, as it stood at one instant: everything is read in one transaction, beside the writer.

use std::pin::pin;

use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use crate::store::{
    StoreError,
    portable::{PortableDelivery, PortableEffect, PortableRow, RowSink},
    sqlite::{commit::from_json, instant::instant},
};

/// How a row of one table is read.
type Read = fn(&SqliteRow) -> Result<PortableRow, StoreError>;

/// Every table, in the order of the rows' kinds.
const TABLES: &[(&str, Read)] = &[
    (
        "SELECT id, guid, event, lane, received_at,
            CASE WHEN discarded = 1 THEN 'dropped' WHEN state = 'running' THEN 'ready' ELSE state END,
            not_before, attempts, last_error, finished_at
         FROM deliveries ORDER BY id",
        delivery,
    ),
    ("SELECT delivery_id, part, sealed FROM delivery_bodies ORDER BY delivery_id, part", body_part),
    (
        "SELECT id, effect, CASE WHEN state IN ('scheduled', 'running') THEN 'ready' ELSE state END,
            runnable_at, attempts, result, last_error, enqueued_at, caused_at, finished_at
         FROM effects ORDER BY id",
        effect,
    ),
    ("SELECT kind, key, version, value, written_at FROM records ORDER BY kind, key", record),
    ("SELECT id, owner, name, taken_at, bytes FROM sealed_blobs ORDER BY id", sealed),
    ("SELECT series, last FROM numbers ORDER BY series", number),
    ("SELECT id, decision FROM decisions ORDER BY id", decision),
    ("SELECT position, decision_id, previous, hash FROM audit_links ORDER BY position", link),
];

/// See [`crate::store::Upkeep::export`].
pub(in crate::store::sqlite) async fn export(
    options: &SqliteConnectOptions,
    into: &mut dyn RowSink,
) -> Result<(), StoreError> {
    let options = options.clone().pragma("query_only", "ON");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut transaction = connection.begin().await?;
    for (query, read) in TABLES {
        let mut rows = pin!(sqlx::query(*query).fetch(&mut *transaction));
        while let Some(row) = rows.try_next().await? {
            into.take(read(&row)?).await?;
        }
    }
    transaction.rollback().await?;
    connection.close().await?;
    Ok(())
}

fn delivery(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    let not_before: i64 = row.try_get(6)?;
    let finished_at: Option<i64> = row.try_get(9)?;
    Ok(PortableRow::Delivery(PortableDelivery {
        id: row.try_get(0)?,
        guid: row.try_get(1)?,
        event: row.try_get(2)?,
        lane: row.try_get(3)?,
        received_at: instant(row.try_get(4)?)?,
        state: row.try_get(5)?,
        not_before: (not_before != 0).then(|| instant(not_before)).transpose()?,
        attempts: row.try_get(7)?,
        last_error: row.try_get(8)?,
        finished_at: finished_at.map(instant).transpose()?,
    }))
}

fn body_part(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::BodyPart { delivery_id: row.try_get(0)?, part: row.try_get(1)?, sealed: row.try_get(2)? })
}

fn effect(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    let runnable_at: i64 = row.try_get(3)?;
    let result: Option<&str> = row.try_get(5)?;
    let finished_at: Option<i64> = row.try_get(9)?;
    Ok(PortableRow::Effect(Box::new(PortableEffect {
        id: row.try_get(0)?,
        effect: from_json(row.try_get(1)?)?,
        state: row.try_get(2)?,
        runnable_at: (runnable_at != 0).then(|| instant(runnable_at)).transpose()?,
        attempts: row.try_get(4)?,
        result: result.map_or(Ok(Value::Null), from_json)?,
        last_error: row.try_get(6)?,
        enqueued_at: instant(row.try_get(7)?)?,
        caused_at: instant(row.try_get(8)?)?,
        finished_at: finished_at.map(instant).transpose()?,
    })))
}

fn record(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Record {
        kind: row.try_get(0)?,
        key: row.try_get(1)?,
        version: row.try_get(2)?,
        value: from_json(row.try_get(3)?)?,
        written_at: instant(row.try_get(4)?)?,
    })
}

fn sealed(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Sealed {
        id: row.try_get(0)?,
        owner: row.try_get(1)?,
        name: row.try_get(2)?,
        at: instant(row.try_get(3)?)?,
        bytes: row.try_get(4)?,
    })
}

fn number(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Number { series: row.try_get(0)?, last: row.try_get(1)? })
}

fn decision(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Decision { id: row.try_get(0)?, entry: row.try_get(1)? })
}

fn link(row: &SqliteRow) -> Result<PortableRow, StoreError> {
    let hex = |column: usize| -> Result<String, StoreError> { Ok(hex::encode(row.try_get::<&[u8], _>(column)?)) };
    Ok(PortableRow::Link {
        position: row.try_get::<i64, _>(0)?.unsigned_abs(),
        decision_id: row.try_get(1)?,
        previous: hex(2)?,
        hash: hex(3)?,
    })
}
