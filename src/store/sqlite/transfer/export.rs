//! Out, as it stood at one instant: everything is read in one transaction, beside the writer.

use std::pin::pin;

use futures_util::TryStreamExt;
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use crate::store::kept::moving;
use crate::store::{
    StoreError,
    portable::{PortableRow, RowSink},
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
        moving::delivery,
    ),
    ("SELECT delivery_id, part, sealed FROM delivery_bodies ORDER BY delivery_id, part", moving::body_part),
    (
        "SELECT id, effect, CASE WHEN state IN ('scheduled', 'running') THEN 'ready' ELSE state END,
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
