//! Everything in, whole or not at all, into a store that holds nothing yet.

use serde_json::Value;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::{
    error::Failed,
    open::{connect, patient},
};
use crate::store::kept::{micros, to_json};
use crate::store::{
    StoreError,
    portable::{PortableDelivery, PortableEffect, PortableRow, RowSource},
};

// Whoever has the store open as well waits, and finds it furnished.
const ALONE: &str = "
    LOCK TABLE deliveries, effects, records, sealed_blobs, numbers, decisions, audit_links IN EXCLUSIVE MODE";

const IS_EMPTY: &str = "
    SELECT NOT (EXISTS (SELECT 1 FROM deliveries) OR EXISTS (SELECT 1 FROM effects) OR EXISTS (SELECT 1 FROM records)
        OR EXISTS (SELECT 1 FROM sealed_blobs) OR EXISTS (SELECT 1 FROM numbers) OR EXISTS (SELECT 1 FROM decisions)
        OR EXISTS (SELECT 1 FROM audit_links))";

const DELIVERY: &str = "
    INSERT INTO deliveries
        (id, guid, event, lane, received_at, state, turn, not_before, attempts, last_error, finished_at)
    VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10)";

const BODY: &str = "UPDATE deliveries SET sealed_body = $2 WHERE id = $1";

const EFFECT: &str = "
    INSERT INTO effects
        (id, key, kind, lane, urgency, case_key, effect, state, turn, runnable_at, attempts, result, last_error,
         enqueued_at, caused_at, finished_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $13, $14, $15)";

const THOSE_BEFORE: &str = "
    INSERT INTO effect_predecessors (effect_id, after_key) SELECT $1, key FROM unnest($2::text[]) AS key
    ON CONFLICT (effect_id, after_key) DO NOTHING";

const RECORD: &str = "INSERT INTO records (kind, key, version, value, written_at) VALUES ($1, $2, $3, $4, $5)";

const SEALED: &str = "INSERT INTO sealed_blobs (id, owner, name, taken_at, bytes) VALUES ($1, $2, $3, $4, $5)";

const NUMBER: &str = "INSERT INTO numbers (series, last) VALUES ($1, $2)";

const DECISION: &str = "INSERT INTO decisions (id, decided_at, case_key, decision) VALUES ($1, $2, $3, $4)";

const LINK: &str = "INSERT INTO audit_links (position, decision_id, previous, hash) VALUES ($1, $2, $3, $4)";

/// What can be said only when all rows are there: whose turn it is, and which number is next.
const AFTERWARDS: &[&str] = &[
    "UPDATE deliveries SET turn = 1 WHERE id IN (
        SELECT DISTINCT ON (lane) id FROM deliveries WHERE state IN ('scheduled', 'ready', 'running') ORDER BY lane, id)",
    "UPDATE effects SET turn = 1 WHERE id IN (
        SELECT DISTINCT ON (lane) id FROM effects WHERE state = 'ready' ORDER BY lane, urgency, id)",
    "SELECT setval(pg_get_serial_sequence('deliveries', 'id'), COALESCE(MAX(id), 0) + 1, false) FROM deliveries",
    "SELECT setval(pg_get_serial_sequence('effects', 'id'), COALESCE(MAX(id), 0) + 1, false) FROM effects",
    "SELECT setval(pg_get_serial_sequence('sealed_blobs', 'id'), COALESCE(MAX(id), 0) + 1, false) FROM sealed_blobs",
    "SELECT setval(pg_get_serial_sequence('decisions', 'id'), COALESCE(MAX(id), 0) + 1, false) FROM decisions",
    "ANALYZE",
];

/// See [`crate::store::Upkeep::import`].
pub(super) async fn import(options: &PgConnectOptions, from: &mut dyn RowSource) -> Result<u64, Failed> {
    let mut connection = connect(&patient(options)).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query(ALONE).execute(&mut *transaction).await?;
    let is_empty: bool = sqlx::query_scalar(IS_EMPTY).fetch_one(&mut *transaction).await?;
    if !is_empty {
        let why = "it holds something already; rows are taken in only by an empty one";
        return Err(StoreError::Unavailable(why.to_owned()).into());
    }
    let mut rows = 0;
    let mut body = Body::default();
    while let Some(row) = from.next().await? {
        take(&mut transaction, row, &mut body).await?;
        rows += 1;
    }
    body.write(&mut transaction).await?;
    for sql in AFTERWARDS {
        sqlx::query(*sql).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(rows)
}

/// The body whose parts are coming in.
#[derive(Default)]
struct Body {
    delivery_id: Option<i64>,
    sealed: Vec<u8>,
}

impl Body {
    async fn write(&mut self, to: &mut PgConnection) -> Result<(), Failed> {
        if let Some(delivery_id) = self.delivery_id.take() {
            let sealed = std::mem::take(&mut self.sealed);
            sqlx::query(BODY).bind(delivery_id).bind(sealed).execute(to).await?;
        }
        Ok(())
    }
}

async fn take(to: &mut PgConnection, row: PortableRow, body: &mut Body) -> Result<(), Failed> {
    if let PortableRow::BodyPart { delivery_id, sealed, .. } = row {
        if body.delivery_id != Some(delivery_id) {
            body.write(to).await?;
            body.delivery_id = Some(delivery_id);
        }
        body.sealed.extend(sealed);
        return Ok(());
    }
    body.write(to).await?;
    let statement = match row {
        PortableRow::Delivery(row) => return delivery(to, row).await,
        PortableRow::Effect(row) => return effect(to, *row).await,
        PortableRow::BodyPart { .. } => return Ok(()),
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

async fn delivery(to: &mut PgConnection, row: PortableDelivery) -> Result<(), Failed> {
    let not_before = row.not_before.map_or(0, micros);
    sqlx::query(DELIVERY)
        .bind(row.id)
        .bind(row.guid)
        .bind(row.event)
        .bind(row.lane)
        .bind(micros(row.received_at))
        .bind(waiting(row.state, not_before))
        .bind(not_before)
        .bind(i64::from(row.attempts))
        .bind(row.last_error)
        .bind(row.finished_at.map(micros))
        .execute(to)
        .await?;
    Ok(())
}

/// A claim turns into 'ready' what is due.
fn waiting(state: String, from: i64) -> String {
    if state == "ready" && from > 0 { "scheduled".to_owned() } else { state }
}

async fn effect(to: &mut PgConnection, row: PortableEffect) -> Result<(), Failed> {
    let effect = row.effect;
    let runnable_at = row.runnable_at.map_or(0, micros);
    let result = if row.result == Value::Null { None } else { Some(to_json(&row.result)?) };
    sqlx::query(EFFECT)
        .bind(row.id)
        .bind(effect.key.as_str())
        .bind(effect.kind.as_str())
        .bind(effect.lane.as_str())
        .bind(effect.urgency.rank())
        .bind(effect.case.as_deref())
        .bind(to_json(&effect)?)
        .bind(waiting(row.state, runnable_at))
        .bind(runnable_at)
        .bind(i64::from(row.attempts))
        .bind(result)
        .bind(row.last_error)
        .bind(micros(row.enqueued_at))
        .bind(micros(row.caused_at))
        .bind(row.finished_at.map(micros))
        .execute(&mut *to)
        .await?;
    let before: Vec<&str> = effect.after.iter().filter(|key| **key != effect.key).map(String::as_str).collect();
    if !before.is_empty() {
        sqlx::query(THOSE_BEFORE).bind(row.id).bind(before).execute(to).await?;
    }
    Ok(())
}
