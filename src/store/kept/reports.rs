//! Rows that are asked for while the store works. Each function names the columns that it reads, in their order.

use super::Columns;
use crate::store::{
    AuditLink, Backlog, BodyHead, DeliveryReport, EffectReport, EffectState, Sealed, SealedPage, StoreError,
    StoredRecord,
};

/// Key, version, value.
pub(in crate::store) fn record(row: &impl Columns) -> Result<StoredRecord, StoreError> {
    Ok(StoredRecord { key: row.text(0)?, version: row.whole(1)?, value: row.json(2)? })
}

/// Name, instant, bytes.
pub(in crate::store) fn sealed(row: &impl Columns) -> Result<Sealed, StoreError> {
    Ok(Sealed { name: row.text(0)?, at: row.instant(1)?, bytes: row.bytes(2)? })
}

/// Row number, owner, name, bytes.
pub(in crate::store) fn sealed_page(row: &impl Columns) -> Result<SealedPage, StoreError> {
    Ok(SealedPage { id: row.whole(0)?, owner: row.text(1)?, name: row.text(2)?, bytes: row.bytes(3)? })
}

/// Row number of the delivery, GUID, first bytes.
pub(in crate::store) fn body_head(row: &impl Columns) -> Result<BodyHead, StoreError> {
    Ok(BodyHead { delivery_id: row.whole(0)?, guid: row.text(1)?, head: row.bytes(2)? })
}

/// Effect, state, attempts, result, last error, when it was enqueued, when it was over.
pub(in crate::store) fn effect(row: &impl Columns) -> Result<EffectReport, StoreError> {
    Ok(EffectReport {
        effect: row.json(0)?,
        state: state_named(&row.text(1)?)?,
        attempts: row.attempts(2)?,
        result: row.json_or_null(3)?,
        last_error: row.maybe_text(4)?,
        enqueued_at: row.instant(5)?,
        finished_at: row.maybe_instant(6)?,
    })
}

/// A state as either backend writes it: how what waits is sorted is a backend's own business.
fn state_named(name: &str) -> Result<EffectState, StoreError> {
    Ok(match name {
        "scheduled" | "blocked" | "ready" => EffectState::Ready,
        "running" => EffectState::Running,
        "done" => EffectState::Done,
        "dead" => EffectState::Dead,
        "dropped" => EffectState::Dropped,
        _ => return Err(StoreError::Corrupt("an effect is in no known state".to_owned())),
    })
}

/// GUID, event, lane, arrival, attempts, last error, when it was over, whether it has a body.
pub(in crate::store) fn parked_delivery(row: &impl Columns) -> Result<DeliveryReport, StoreError> {
    Ok(DeliveryReport {
        guid: row.text(0)?,
        event: row.text(1)?,
        lane: row.text(2)?,
        received_at: row.instant(3)?,
        attempts: row.attempts(4)?,
        last_error: row.maybe_text(5)?,
        finished_at: row.maybe_instant(6)?,
        has_body: row.flag(7)?,
    })
}

/// Position, hash before, entry, hash.
pub(in crate::store) fn audit_link(row: &impl Columns) -> Result<AuditLink, StoreError> {
    Ok(AuditLink { position: row.count(0)?, previous: hash(row, 1)?, entry: row.text(2)?, hash: hash(row, 3)? })
}

fn hash(row: &impl Columns, column: usize) -> Result<[u8; 32], StoreError> {
    let wrong = |_| StoreError::Corrupt("a link of the audit chain is not of 32 bytes".to_owned());
    row.bytes(column)?.try_into().map_err(wrong)
}

/// Deliveries that wait, the oldest of them, those that were parked; effects that wait, the oldest, those that are dead.
pub(in crate::store) fn backlog(row: &impl Columns) -> Result<Backlog, StoreError> {
    Ok(Backlog {
        deliveries_waiting: row.count(0)?,
        oldest_delivery_at: row.maybe_instant(1)?,
        deliveries_parked: row.count(2)?,
        effects_waiting: row.count(3)?,
        oldest_effect_at: row.maybe_instant(4)?,
        effects_dead: row.count(5)?,
    })
}
