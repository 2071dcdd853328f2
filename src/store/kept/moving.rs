//! Rows on their way out to a backup or another database. Each function names the columns that it reads, in their order.

use super::Columns;
use crate::store::{
    StoreError,
    portable::{PortableDelivery, PortableEffect, PortableRow},
};

/// Row number, GUID, event, lane, arrival, state, not before, attempts, last error, when it was over.
pub(in crate::store) fn delivery(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Delivery(PortableDelivery {
        id: row.whole(0)?,
        guid: row.text(1)?,
        event: row.text(2)?,
        lane: row.text(3)?,
        received_at: row.instant(4)?,
        state: row.text(5)?,
        not_before: row.instant_unless_zero(6)?,
        attempts: row.attempts(7)?,
        last_error: row.maybe_text(8)?,
        finished_at: row.maybe_instant(9)?,
    }))
}

/// Row number of the delivery, number of the part, bytes.
pub(in crate::store) fn body_part(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::BodyPart { delivery_id: row.whole(0)?, part: row.whole(1)?, sealed: row.bytes(2)? })
}

/// Row number, effect, state, from when it may run, attempts, result, last error, when it was enqueued, when it was caused,
/// when it was over.
pub(in crate::store) fn effect(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Effect(Box::new(PortableEffect {
        id: row.whole(0)?,
        effect: row.json(1)?,
        state: row.text(2)?,
        runnable_at: row.instant_unless_zero(3)?,
        attempts: row.attempts(4)?,
        result: row.json_or_null(5)?,
        last_error: row.maybe_text(6)?,
        enqueued_at: row.instant(7)?,
        caused_at: row.instant(8)?,
        finished_at: row.maybe_instant(9)?,
    })))
}

/// Kind, key, version, value, when it was written.
pub(in crate::store) fn record(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Record {
        kind: row.text(0)?,
        key: row.text(1)?,
        version: row.whole(2)?,
        value: row.json(3)?,
        written_at: row.instant(4)?,
    })
}

/// Row number, owner, name, instant, bytes.
pub(in crate::store) fn sealed(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Sealed {
        id: row.whole(0)?,
        owner: row.text(1)?,
        name: row.text(2)?,
        at: row.instant(3)?,
        bytes: row.bytes(4)?,
    })
}

/// Series, last number.
pub(in crate::store) fn number(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Number { series: row.text(0)?, last: row.whole(1)? })
}

/// Row number, entry.
pub(in crate::store) fn decision(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Decision { id: row.whole(0)?, entry: row.text(1)? })
}

/// Position, row number of the decision, hash before, hash.
pub(in crate::store) fn audit_link(row: &impl Columns) -> Result<PortableRow, StoreError> {
    Ok(PortableRow::Link {
        position: row.count(0)?,
        decision_id: row.whole(1)?,
        previous: hex::encode(row.bytes(2)?),
        hash: hex::encode(row.bytes(3)?),
    })
}
