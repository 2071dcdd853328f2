//! The outbox: enqueueing, claiming and settling effects.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    commit::apply,
    statement::{all, change},
    writer::{Verdict, Write},
};
use crate::store::kept::{Columns, instant, lease_end, micros, to_json};
use crate::{
    domain::effect::{Effect, Urgency},
    store::{ClaimedEffect, Commit, Lease, Settled, Settlement, StoreError, Work},
};

// One whose predecessors come later is blocked by them when they do; triggers see to all of that.
const INSERT: &str = "
    INSERT INTO effects
        (key, kind, lane, urgency, case_key, effect, state, runnable_at, enqueued_at, caused_at, blocked)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?7 > ?8 THEN 'scheduled' ELSE 'ready' END, ?7, ?8, ?9, EXISTS (
        SELECT 1 FROM json_each(?10) named CROSS JOIN effects earlier ON earlier.key = named.value
        WHERE earlier.state IN ('scheduled', 'ready', 'running')))
    ON CONFLICT (key) DO NOTHING";

pub(super) const INSERT_PREDECESSORS: &str = "
    INSERT INTO effect_predecessors (effect_id, after_key) SELECT ?1, value FROM json_each(?2) WHERE TRUE
    ON CONFLICT (effect_id, after_key) DO NOTHING";

const DROP: &str = "
    UPDATE effects SET state = 'dropped', finished_at = ?2
    WHERE key = ?1 AND state IN ('scheduled', 'ready')";

// What a claim finds changed since the last one, in one statement: leases that ran out, instants that have come, and
// instants that lie ahead again because the clock was set back. Those that have come are taken in portions: a hundred
// thousand timers of one instant must not hold up everybody else's commits. Each urgency has its own portion, so that none
// keeps a more urgent one waiting.
const PREPARE: &str = "
    UPDATE effects
    SET state = CASE WHEN runnable_at > ?1 THEN 'scheduled' ELSE 'ready' END, lease_token = NULL, lease_until = NULL
    WHERE id IN (
        SELECT id FROM effects INDEXED BY effects_running WHERE state = 'running' AND lease_until <= ?1
        UNION ALL
        SELECT id FROM effects INDEXED BY effects_timed WHERE state = 'ready' AND runnable_at > 0 AND runnable_at > ?1
        UNION ALL
        SELECT id FROM (
            SELECT id FROM effects INDEXED BY effects_due
            WHERE state = 'scheduled' AND urgency = 0 AND runnable_at <= ?1 ORDER BY runnable_at LIMIT 500)
        UNION ALL
        SELECT id FROM (
            SELECT id FROM effects INDEXED BY effects_due
            WHERE state = 'scheduled' AND urgency = 1 AND runnable_at <= ?1 ORDER BY runnable_at LIMIT 500)
        UNION ALL
        SELECT id FROM (
            SELECT id FROM effects INDEXED BY effects_due
            WHERE state = 'scheduled' AND urgency = 2 AND runnable_at <= ?1 ORDER BY runnable_at LIMIT 500)
        UNION ALL
        SELECT id FROM (
            SELECT id FROM effects INDEXED BY effects_due
            WHERE state = 'scheduled' AND urgency = 3 AND runnable_at <= ?1 ORDER BY runnable_at LIMIT 500)
    )";

const CLAIM: &str = "
    UPDATE effects
    SET state = 'running', attempts = attempts + 1, lease_token = LOWER(HEX(RANDOMBLOB(16))), lease_until = ?1
    WHERE id IN (
        SELECT effect_id FROM effect_heads INDEXED BY effect_heads_order
        WHERE urgency <= ?3 ORDER BY urgency, effect_id LIMIT ?2)
    RETURNING id, lease_token, effect, enqueued_at, caused_at, attempts";

const LATER: &str = "
    UPDATE effects
    SET state = CASE WHEN ?4 > ?3 THEN 'scheduled' ELSE 'ready' END, runnable_at = ?4, attempts = attempts - 1,
        lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

// Each settlement is fenced: it reaches its row only by the token of a lease that has not run out.
const RETRY: &str = "
    UPDATE effects
    SET state = CASE WHEN ?4 > ?3 THEN 'scheduled' ELSE 'ready' END, runnable_at = ?4, last_error = ?5,
        lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const DONE: &str = "
    UPDATE effects
    SET state = 'done', result = ?4, finished_at = ?3, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const DEAD: &str = "
    UPDATE effects
    SET state = 'dead', last_error = ?4, finished_at = ?3, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

/// Enqueues an effect, unless its key is known.
pub(super) fn enqueue(
    connection: &Connection,
    now: Timestamp,
    caused_at: Option<Timestamp>,
    effect: &Effect,
) -> Result<(), StoreError> {
    let after = predecessors(effect)?;
    let values = params![
        effect.key,
        effect.kind,
        effect.lane,
        effect.urgency.rank(),
        effect.case,
        to_json(effect)?,
        effect.not_before.map_or(0, micros),
        micros(now),
        micros(caused_at.unwrap_or(now)),
        after
    ];
    let is_new = change(connection, INSERT, values)? > 0;
    if let Some(after) = after.filter(|_| is_new) {
        change(connection, INSERT_PREDECESSORS, params![connection.last_insert_rowid(), after])?;
    }
    Ok(())
}

/// The keys that an effect waits for, as a JSON list. An effect that waited for itself would wait for ever.
pub(super) fn predecessors(effect: &Effect) -> Result<Option<String>, StoreError> {
    let after: Vec<_> = effect.after.iter().filter(|key| **key != effect.key).collect();
    (!after.is_empty()).then(|| to_json(&after)).transpose()
}

/// Drops an effect that has not started.
pub(super) fn drop_waiting(connection: &Connection, now: Timestamp, key: &str) -> Result<(), StoreError> {
    change(connection, DROP, params![key, micros(now)]).map(drop)
}

/// See [`crate::store::Store::claim_effects`].
pub(super) struct Claim {
    pub(super) now: Timestamp,
    pub(super) lease_ms: i64,
    pub(super) most: u32,
    pub(super) least: Urgency,
}

impl Write for Claim {
    type Answer = Vec<ClaimedEffect>;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Self::Answer>, StoreError> {
        let (now, until) = (micros(self.now), lease_end(self.now, self.lease_ms));
        change(connection, PREPARE, [now])?;
        let mut claimed = all(connection, CLAIM, params![until, self.most, self.least.rank()], |row| {
            Ok(ClaimedEffect {
                lease: Lease { id: row.whole(0)?, token: row.text(1)?, until: instant(until)? },
                effect: row.json(2)?,
                enqueued_at: row.instant(3)?,
                caused_at: row.instant(4)?,
                attempt: row.attempts(5)?,
            })
        })?;
        // The database returns what it changed in an order of its own.
        claimed.sort_by_key(|claimed| (claimed.effect.urgency, claimed.lease.id));
        Ok(Verdict::Keep(claimed))
    }

    fn makes(&self, answer: &Self::Answer) -> Work {
        // One worker found something: another may, too.
        Work::EFFECTS.when(!answer.is_empty())
    }
}

/// See [`crate::store::Store::settle_effect`].
pub(super) struct Settle {
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) settlement: Settlement,
    pub(super) commit: Commit,
}

impl Write for Settle {
    type Answer = Settled;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Settled>, StoreError> {
        let Lease { id, token, .. } = &self.lease;
        let now = micros(self.now);
        let settled = match &self.settlement {
            Settlement::Done(value) => change(connection, DONE, params![id, token, now, to_json(value)?])?,
            Settlement::Retry { at, error } | Settlement::Aside { at, error } => {
                change(connection, RETRY, params![id, token, now, micros(*at), error])?
            }
            Settlement::Later { at } => change(connection, LATER, params![id, token, now, micros(*at)])?,
            Settlement::GivenUp { error } => change(connection, DEAD, params![id, token, now, error])?,
        };
        if settled == 0 {
            return Ok(Verdict::Undo(Settled::LeaseLost));
        }
        apply(connection, self.now, std::mem::take(&mut self.commit))
    }

    fn makes(&self, answer: &Settled) -> Work {
        Work::EFFECTS.when(*answer == Settled::Committed)
    }

    fn may_fail_alone(&self) -> bool {
        !self.commit.is_empty()
    }
}

/// What runs for every effect; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[INSERT, INSERT_PREDECESSORS, DROP, PREPARE, CLAIM, RETRY, LATER, DONE, DEAD];
