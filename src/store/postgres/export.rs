//! Everything that is kept, out, as it stood at one instant: read in one transaction, beside all others.

use std::pin::pin;

use futures_util::TryStreamExt;
use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgRow},
};

use super::{
    error::Failed,
    open::{connect, patient},
    parts::PART,
};
use crate::store::kept::moving;
use crate::store::{
    StoreError,
    portable::{PortableRow, RowSink},
};

/// How a row of one table is read.
type Read = fn(&PgRow) -> Result<PortableRow, StoreError>;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const DELIVERIES: &str = "
    SELECT id, guid, event, lane, received_at,
        CASE WHEN state IN ('scheduled', 'running') THEN 'ready' ELSE state END,
        not_before, attempts, last_error, finished_at
    FROM deliveries ORDER BY id";

/// Size of every part of a body but the last, which is smaller, if need be empty.
const PART_BYTES: i32 = 256 * 1024;

const FIRST_PARTS: &str = "
    SELECT id, octet_length(sealed_body), substring(sealed_body FROM 1 FOR $2)
    FROM deliveries WHERE id > $1 AND sealed_body IS NOT NULL ORDER BY id LIMIT 32";

/// The other tables, in the order of the rows' kinds.
const TABLES: &[(&str, Read)] = &[
    (
        "SELECT id, effect, CASE WHEN state IN ('scheduled', 'blocked', 'running') THEN 'ready' ELSE state END,
            runnable_at, attempts, result, last_error, enqueued_at, caused_at, finished_at
         FROM effects ORDER BY id",
        moving::effect,
    ),
    ("SELECT kind, key, version, value, written_at FROM records ORDER BY kind, key", moving::record),
    ("SELECT id, owner, name, taken_at, bytes FROM sealed_blobs ORDER BY id", moving::sealed),
    ("SELECT series, last FROM numbers ORDER BY series", moving::number),
    ("SELECT id, decision FROM decisions ORDER BY id", moving::decision),
    ("SELECT position, decision_id, previous, hash FROM audit_links ORDER BY position", moving::audit_link),
];

/// See [`crate::store::Upkeep::export`].
pub(super) async fn export(options: &PgConnectOptions, into: &mut dyn RowSink) -> Result<(), Failed> {
    let mut connection = connect(&patient(options)).await?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    table(&mut transaction, DELIVERIES, moving::delivery, into).await?;
    bodies(&mut transaction, into).await?;
    for (sql, read) in TABLES {
        table(&mut transaction, sql, *read, into).await?;
    }
    transaction.rollback().await?;
    connection.close().await?;
    Ok(())
}

async fn table(
    connection: &mut PgConnection,
    sql: &'static str,
    read: Read,
    into: &mut dyn RowSink,
) -> Result<(), Failed> {
    let mut rows = pin!(sqlx::query(sql).fetch(connection));
    while let Some(row) = rows.try_next().await? {
        into.take(read(&row)?).await?;
    }
    Ok(())
}

async fn bodies(connection: &mut PgConnection, into: &mut dyn RowSink) -> Result<(), Failed> {
    let mut after = i64::MIN;
    loop {
        let page: Vec<(i64, i32, Vec<u8>)> =
            sqlx::query_as(FIRST_PARTS).bind(after).bind(PART_BYTES).fetch_all(&mut *connection).await?;
        if page.is_empty() {
            return Ok(());
        }
        for (delivery_id, bytes, first) in page {
            after = delivery_id;
            into.take(PortableRow::BodyPart { delivery_id, part: 0, sealed: first }).await?;
            for part in 1..=bytes / PART_BYTES {
                let sealed = sqlx::query_scalar(PART)
                    .bind(delivery_id)
                    .bind(part * PART_BYTES + 1)
                    .bind(PART_BYTES)
                    .fetch_one(&mut *connection)
                    .await?;
                into.take(PortableRow::BodyPart { delivery_id, part: i64::from(part), sealed }).await?;
            }
        }
    }
}
