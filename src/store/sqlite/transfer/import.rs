//! In, whole or not at all, into a store that holds nothing yet.

use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::store::kept::{micros, to_json};
use crate::store::{
    StoreError,
    portable::{PortableDelivery, PortableEffect, PortableRow, RowSource},
    sqlite::{
        effects::{INSERT_PREDECESSORS, predecessors},
        open::BEGIN_WRITE,
    },
};

const IS_EMPTY: &str = "
    SELECT NOT (EXISTS (SELECT 1 FROM deliveries) OR EXISTS (SELECT 1 FROM effects) OR EXISTS (SELECT 1 FROM records)
        OR EXISTS (SELECT 1 FROM sealed_blobs) OR EXISTS (SELECT 1 FROM numbers) OR EXISTS (SELECT 1 FROM decisions)
        OR EXISTS (SELECT 1 FROM audit_links))";

// Rows come by their numbers, so the first unfinished one of a lane is the one whose turn it is.
const DELIVERY: &str = "
    INSERT INTO deliveries
        (id, guid, event, lane, received_at, state, turn, not_before, attempts, last_error, finished_at, discarded,
         has_body)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?6 <> 'ready' OR EXISTS (
        SELECT 1 FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?4 AND state IN ('ready', 'running')
    ) THEN 0 ELSE 1 END, ?7, ?8, ?9, ?10, ?11, 0)";

const BODY_PART: &str = "INSERT INTO delivery_bodies (delivery_id, part, sealed) VALUES (?1, ?2, ?3)";

const HAS_BODY: &str = "UPDATE deliveries SET has_body = 1 WHERE id = ?1";

const EFFECT: &str = "
    INSERT INTO effects
        (id, key, kind, lane, urgency, case_key, effect, state, runnable_at, attempts, result, last_error, enqueued_at,
         caused_at, finished_at, blocked)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, EXISTS (
        SELECT 1 FROM json_each(?16) named CROSS JOIN effects earlier ON earlier.key = named.value
        WHERE earlier.state IN ('scheduled', 'ready', 'running')))";

const RECORD: &str = "INSERT INTO records (kind, key, version, value, written_at) VALUES (?1, ?2, ?3, ?4, ?5)";

const SEALED: &str = "INSERT INTO sealed_blobs (id, owner, name, taken_at, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";

const NUMBER: &str = "INSERT INTO numbers (series, last) VALUES (?1, ?2)";

const DECISION: &str = "INSERT INTO decisions (id, decided_at, case_key, decision) VALUES (?1, ?2, ?3, ?4)";

const LINK: &str = "INSERT INTO audit_links (position, decision_id, previous, hash) VALUES (?1, ?2, ?3, ?4)";

/// See [`crate::store::Upkeep::import`].
pub(in crate::store::sqlite) async fn import(
    options: &SqliteConnectOptions,
    from: &mut dyn RowSource,
) -> Result<u64, StoreError> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
    let is_empty: bool = sqlx::query_scalar(IS_EMPTY).fetch_one(&mut *transaction).await?;
    if !is_empty {
        return Err(StoreError::Unavailable(
            "it holds something already; rows are taken in only by an empty one".to_owned(),
        ));
    }
    let mut rows = 0;
    while let Some(row) = from.next().await? {
        take(&mut transaction, row).await?;
        rows += 1;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(rows)
}

async fn take(to: &mut SqliteConnection, row: PortableRow) -> Result<(), StoreError> {
    let statement = match row {
        PortableRow::Delivery(row) => return delivery(to, row).await,
        PortableRow::Effect(row) => return effect(to, *row).await,
        PortableRow::BodyPart { delivery_id, part, sealed } => {
            if part == 0 {
                sqlx::query(HAS_BODY).bind(delivery_id).execute(&mut *to).await?;
            }
            sqlx::query(BODY_PART).bind(delivery_id).bind(part).bind(sealed)
        }
        PortableRow::Record { kind, key, version, value, written_at } => {
            sqlx::query(RECORD).bind(kind).bind(key).bind(version).bind(to_json(&value)?).bind(micros(written_at))
        }
        PortableRow::Sealed { id, owner, name, at, bytes } => {
            sqlx::query(SEALED).bind(id).bind(owner).bind(name).bind(micros(at)).bind(bytes)
        }
        PortableRow::Number { series, last } => sqlx::query(NUMBER).bind(series).bind(last),
        PortableRow::Decision { id, entry } => {
            let decision = PortableRow::decision(&entry)?;
            sqlx::query(DECISION).bind(id).bind(micros(decision.at)).bind(decision.case).bind(entry)
        }
        PortableRow::Link { position, decision_id, previous, hash } => {
            let position = i64::try_from(position).map_err(|_| unreadable())?;
            let [previous, hash] = [previous, hash].map(|text| hex::decode(text).map_err(|_| unreadable()));
            sqlx::query(LINK).bind(position).bind(decision_id).bind(previous?).bind(hash?)
        }
    };
    statement.execute(to).await?;
    Ok(())
}

fn unreadable() -> StoreError {
    StoreError::Corrupt("a link of the audit chain is unreadable".to_owned())
}

async fn delivery(to: &mut SqliteConnection, row: PortableDelivery) -> Result<(), StoreError> {
    let discarded = row.state == "dropped";
    sqlx::query(DELIVERY)
        .bind(row.id)
        .bind(row.guid)
        .bind(row.event)
        .bind(row.lane)
        .bind(micros(row.received_at))
        .bind(if discarded { "done".to_owned() } else { row.state })
        .bind(row.not_before.map_or(0, micros))
        .bind(row.attempts)
        .bind(row.last_error)
        .bind(row.finished_at.map(micros))
        .bind(discarded)
        .execute(to)
        .await?;
    Ok(())
}

async fn effect(to: &mut SqliteConnection, row: PortableEffect) -> Result<(), StoreError> {
    let effect = row.effect;
    let runnable_at = row.runnable_at.map_or(0, micros);
    // A claim turns into 'ready' what is due.
    let state = if row.state == "ready" && runnable_at > 0 { "scheduled".to_owned() } else { row.state };
    let result = if row.result == Value::Null { None } else { Some(to_json(&row.result)?) };
    let after = predecessors(&effect)?;
    sqlx::query(EFFECT)
        .bind(row.id)
        .bind(effect.key.as_str())
        .bind(effect.kind.as_str())
        .bind(effect.lane.as_str())
        .bind(effect.urgency.rank())
        .bind(effect.case.as_deref())
        .bind(to_json(&effect)?)
        .bind(state)
        .bind(runnable_at)
        .bind(row.attempts)
        .bind(result)
        .bind(row.last_error)
        .bind(micros(row.enqueued_at))
        .bind(micros(row.caused_at))
        .bind(row.finished_at.map(micros))
        .bind(after.as_deref())
        .execute(&mut *to)
        .await?;
    if let Some(after) = after {
        sqlx::query(INSERT_PREDECESSORS).bind(row.id).bind(after).execute(&mut *to).await?;
    }
    Ok(())
}
