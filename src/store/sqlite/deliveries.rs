//! The inbox: claiming and settling deliveries.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    body, commit,
    statement::{all, change, first},
    writer::{Verdict, Write},
};
use crate::store::kept::{Columns, instant, lease_end, micros};
use crate::store::{ClaimOrder, ClaimedDelivery, Commit, Lease, Settled, Settlement, StoreError, Work};

const RELEASE_EXPIRED: &str = "
    UPDATE deliveries INDEXED BY deliveries_running
    SET state = 'ready', lease_token = NULL, lease_until = NULL
    WHERE state = 'running' AND lease_until <= ?1";

// Bodies may be large: no more are claimed once those before come to 32 full parts, 8 MiB; the first always is.
const CLAIM_OLDEST: &str = "
    UPDATE deliveries
    SET state = 'running', attempts = attempts + 1, lease_token = LOWER(HEX(RANDOMBLOB(16))), lease_until = ?2
    WHERE id IN (
        SELECT id FROM (
            SELECT id, SUM(full_parts) OVER (
                ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS parts_before
            FROM (
                SELECT id, (SELECT MAX(part) FROM delivery_bodies WHERE delivery_id = id) AS full_parts
                FROM deliveries INDEXED BY deliveries_turn
                WHERE turn = 1 AND state = 'ready' AND not_before <= ?1
                ORDER BY id LIMIT ?3))
        WHERE COALESCE(parts_before, 0) < 32)
    RETURNING id, lease_token, guid, event, lane, received_at, attempts";

const CLAIM_NEWEST: &str = "
    UPDATE deliveries
    SET state = 'running', attempts = attempts + 1, lease_token = LOWER(HEX(RANDOMBLOB(16))), lease_until = ?2
    WHERE id IN (
        SELECT id FROM (
            SELECT id, SUM(full_parts) OVER (
                ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS parts_before
            FROM (
                SELECT id, (SELECT MAX(part) FROM delivery_bodies WHERE delivery_id = id) AS full_parts
                FROM deliveries INDEXED BY deliveries_turn
                WHERE turn = 1 AND state = 'ready' AND not_before <= ?1
                ORDER BY id DESC LIMIT ?3))
        WHERE COALESCE(parts_before, 0) < 32)
    RETURNING id, lease_token, guid, event, lane, received_at, attempts";

const LATER: &str = "
    UPDATE deliveries
    SET state = 'ready', not_before = ?4, attempts = attempts - 1, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

// Each settlement is fenced: it reaches its row only by the token of a lease that has not run out.
const RETRY: &str = "
    UPDATE deliveries
    SET state = 'ready', not_before = ?4, last_error = ?5, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

// It is the only one of its new lane, so it keeps a turn.
const ASIDE: &str = "
    UPDATE deliveries
    SET state = 'ready', lane = 'aside:' || guid, not_before = ?4, last_error = ?5,
        lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const FINISH: &str = "
    UPDATE deliveries
    SET state = ?4, turn = 0, last_error = COALESCE(?5, last_error), finished_at = ?3,
        lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const PASS_ON: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id = (
        SELECT id FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = (SELECT lane FROM deliveries WHERE id = ?1) AND state IN ('ready', 'running')
        ORDER BY id LIMIT 1
    )";

const LANE: &str = "SELECT lane FROM deliveries WHERE id = ?1";

const PASS_TURN: &str = "
    UPDATE deliveries SET turn = 1
    WHERE id = (
        SELECT id FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?1 AND state IN ('ready', 'running')
        ORDER BY id LIMIT 1
    )";

/// See [`crate::store::Store::claim_deliveries`].
pub(super) struct Claim {
    pub(super) now: Timestamp,
    pub(super) lease_ms: i64,
    pub(super) most: u32,
    pub(super) order: ClaimOrder,
}

impl Write for Claim {
    type Answer = Vec<ClaimedDelivery>;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Self::Answer>, StoreError> {
        let (now, until) = (micros(self.now), lease_end(self.now, self.lease_ms));
        let claim = match self.order {
            ClaimOrder::OldestFirst => CLAIM_OLDEST,
            ClaimOrder::NewestFirst => CLAIM_NEWEST,
        };
        change(connection, RELEASE_EXPIRED, [now])?;
        let mut claimed = all(connection, claim, params![now, until, self.most], |row| {
            Ok(ClaimedDelivery {
                lease: Lease { id: row.whole(0)?, token: row.text(1)?, until: instant(until)? },
                guid: row.text(2)?,
                event: row.text(3)?,
                lane: row.text(4)?,
                received_at: row.instant(5)?,
                attempt: row.attempts(6)?,
                sealed_body: Vec::new(),
                body_bytes: 0,
            })
        })?;
        for delivery in &mut claimed {
            // One without its body cannot be unsealed, and is parked for that; failing here would stop every lane.
            (delivery.sealed_body, delivery.body_bytes) = body::read(connection, delivery.lease.id)?;
        }
        // The database returns what it changed in an order of its own.
        claimed.sort_by_key(|claimed| claimed.lease.id);
        if self.order == ClaimOrder::NewestFirst {
            claimed.reverse();
        }
        Ok(Verdict::Keep(claimed))
    }

    fn makes(&self, answer: &Self::Answer) -> Work {
        // One worker found something: another may, too.
        Work::DELIVERIES.when(!answer.is_empty())
    }

    fn may_fail_alone(&self) -> bool {
        false
    }
}

/// See [`crate::store::Store::settle_delivery`].
pub(super) struct Settle {
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) settlement: Settlement,
    pub(super) commit: Commit,
    pub(super) makes: Work,
}

impl Settle {
    /// Ends the lease as the settlement says; whether it was still held.
    fn end_lease(&self, connection: &Connection) -> Result<bool, StoreError> {
        let Lease { id, token, .. } = &self.lease;
        let now = micros(self.now);
        let finish = |state: &str, error: Option<&str>| {
            let held = change(connection, FINISH, params![id, token, now, state, error])? > 0;
            if held {
                change(connection, PASS_ON, [id])?;
            }
            Ok(held)
        };
        match &self.settlement {
            Settlement::Done(_) => finish("done", None),
            Settlement::GivenUp { error } => finish("parked", Some(error)),
            Settlement::Retry { at, error } => {
                Ok(change(connection, RETRY, params![id, token, now, micros(*at), error])? > 0)
            }
            Settlement::Later { at } => Ok(change(connection, LATER, params![id, token, now, micros(*at)])? > 0),
            Settlement::Aside { at, error } => {
                let lane = first(connection, LANE, [id], |row| row.text(0))?;
                let held = change(connection, ASIDE, params![id, token, now, micros(*at), error])? > 0;
                if held {
                    change(connection, PASS_TURN, [lane])?;
                }
                Ok(held)
            }
        }
    }
}

impl Write for Settle {
    type Answer = Settled;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Settled>, StoreError> {
        if self.commit.is_decision_alone() {
            // Nothing may be found to be unfit once something is written: it has no savepoint.
            let entry = self.commit.decision.as_ref().map(commit::entry).transpose()?;
            if !self.end_lease(connection)? {
                return Ok(Verdict::Undo(Settled::LeaseLost));
            }
            entry.map_or(Ok(()), |entry| commit::append(connection, entry))?;
            return Ok(Verdict::Keep(Settled::Committed));
        }
        if !self.end_lease(connection)? {
            return Ok(Verdict::Undo(Settled::LeaseLost));
        }
        commit::apply(connection, self.now, std::mem::take(&mut self.commit))
    }

    fn makes(&self, answer: &Settled) -> Work {
        self.makes.when(*answer == Settled::Committed)
    }

    fn may_fail_alone(&self) -> bool {
        !self.commit.is_decision_alone()
    }
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] =
    &[RELEASE_EXPIRED, CLAIM_OLDEST, CLAIM_NEWEST, RETRY, LATER, LANE, ASIDE, FINISH, PASS_ON, PASS_TURN];
