//! Accepting deliveries.

use rusqlite::{Connection, params};

use super::{body, statement::change};
use crate::store::kept::micros;
use crate::store::{Acceptance, NewDelivery, StoreError};

// The first unfinished one of a lane has the turn.
const INSERT: &str = "
    INSERT INTO deliveries (guid, event, lane, received_at, turn)
    VALUES (?1, ?2, ?3, ?4, NOT EXISTS (
        SELECT 1 FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?3 AND state IN ('ready', 'running')))
    ON CONFLICT (guid) DO NOTHING";

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[INSERT];

/// Writes a delivery within the transaction that `connection` is in, unless its GUID is known.
pub(super) fn accept(connection: &Connection, new: &NewDelivery) -> Result<Acceptance, StoreError> {
    let values = params![new.guid, new.event, new.lane, micros(new.received_at)];
    if change(connection, INSERT, values)? == 0 {
        return Ok(Acceptance::Duplicate);
    }
    body::insert(connection, connection.last_insert_rowid(), &new.sealed_body)?;
    Ok(Acceptance::Fresh)
}
