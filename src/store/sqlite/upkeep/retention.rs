//! Removing what is over: never what waits, runs or is parked.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::store::kept::micros;
use crate::store::{
    StoreError, Work,
    sqlite::{
        statement::change,
        writer::{Verdict, Write},
    },
};

// Both statements choose the same deliveries: the second takes them out of the choice.
const DELETE_BODIES: &str = "
    DELETE FROM delivery_bodies WHERE delivery_id IN (
        SELECT id FROM deliveries INDEXED BY deliveries_over
        WHERE state = 'done' AND has_body = 1 AND finished_at < ?1
        ORDER BY finished_at, id LIMIT ?2)";

const REMEMBER_IT: &str = "
    UPDATE deliveries SET has_body = 0 WHERE id IN (
        SELECT id FROM deliveries INDEXED BY deliveries_over
        WHERE state = 'done' AND has_body = 1 AND finished_at < ?1
        ORDER BY finished_at, id LIMIT ?2)";

// A body that is still there goes with its delivery.
const FORGET: &str = "
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries INDEXED BY deliveries_over
        WHERE state = 'done' AND has_body IN (0, 1) AND finished_at < ?1
        LIMIT ?2)";

/// See [`crate::store::Upkeep::drop_bodies`].
pub(super) struct DropBodies {
    pub(super) finished_before: Timestamp,
    pub(super) most: u32,
}

impl Write for DropBodies {
    type Answer = u32;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<u32>, StoreError> {
        let before = micros(self.finished_before);
        change(connection, DELETE_BODIES, params![before, self.most])?;
        let dropped = change(connection, REMEMBER_IT, params![before, self.most])?;
        Ok(Verdict::Keep(count(dropped)))
    }

    fn makes(&self, _answer: &u32) -> Work {
        Work::NONE
    }
}

/// See [`crate::store::Upkeep::forget_deliveries`].
pub(super) struct Forget {
    pub(super) finished_before: Timestamp,
    pub(super) most: u32,
}

impl Write for Forget {
    type Answer = u32;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<u32>, StoreError> {
        let forgotten = change(connection, FORGET, params![micros(self.finished_before), self.most])?;
        Ok(Verdict::Keep(count(forgotten)))
    }

    fn makes(&self, _answer: &u32) -> Work {
        Work::NONE
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// What retention asks; a test looks at how it is planned.
#[cfg(test)]
pub(in crate::store::sqlite) const ASKED: &[&str] = &[DELETE_BODIES, REMEMBER_IT, FORGET];
