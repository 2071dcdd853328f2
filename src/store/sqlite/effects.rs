//! The outbox: enqueueing, claiming and settling effects.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    commit::{apply, from_json, to_json},
    instant::{instant, lease_end, micros},
    writer::{Verdict, Write},
};
use crate::{
    domain::effect::{Effect, Urgency},
    store::{ClaimedEffect, Commit, EffectReport, EffectState, Lease, Settled, Settlement, StoreError},
};

const INSERT: &str = "
    INSERT INTO effects
        (key, kind, lane, urgency, case_key, effect, state, runnable_at, enqueued_at, caused_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?7 > ?8 THEN 'scheduled' ELSE 'ready' END, ?7, ?8, ?9)
    ON CONFLICT (key) DO NOTHING";

const INSERT_PREDECESSOR: &str = "
    INSERT INTO effect_predecessors (effect_id, after_key) VALUES (?1, ?2)
    ON CONFLICT (effect_id, after_key) DO NOTHING";

const DROP: &str = "
    UPDATE effects SET state = 'dropped', finished_at = ?2
    WHERE key = ?1 AND state IN ('scheduled', 'ready')";

const RELEASE_EXPIRED: &str = "
    UPDATE effects INDEXED BY effects_running
    SET state = 'ready', lease_token = NULL, lease_until = NULL
    WHERE state = 'running' AND lease_until <= ?1";

const PROMOTE_DUE: &str = "
    UPDATE effects INDEXED BY effects_scheduled
    SET state = 'ready'
    WHERE state = 'scheduled' AND runnable_at <= ?1";

// `runnable_at` is asked again: a clock that was set back must not start what it called due before.
const CLAIM: &str = "
    UPDATE effects
    SET state = 'running', attempts = attempts + 1, lease_token = ?2, lease_until = ?3
    WHERE id = (
        SELECT e.id FROM effects e INDEXED BY effects_ready
        WHERE e.state = 'ready' AND e.urgency <= ?4 AND e.runnable_at <= ?1
          AND NOT EXISTS (
            SELECT 1 FROM effects busy INDEXED BY effects_running_lane
            WHERE busy.state = 'running' AND busy.lane = e.lane)
          AND NOT EXISTS (
            SELECT 1 FROM effect_predecessors p JOIN effects before ON before.key = p.after_key
            WHERE p.effect_id = e.id AND before.state IN ('scheduled', 'ready', 'running'))
        ORDER BY e.urgency, e.id LIMIT 1
    )
    RETURNING id, effect, enqueued_at, caused_at, attempts";

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
pub(super) async fn enqueue(
    connection: &mut SqliteConnection,
    now: Timestamp,
    caused_at: Option<Timestamp>,
    effect: &Effect,
) -> Result<(), StoreError> {
    let inserted = sqlx::query(INSERT)
        .bind(effect.key.as_str())
        .bind(effect.kind.as_str())
        .bind(effect.lane.as_str())
        .bind(effect.urgency.rank())
        .bind(effect.case.as_deref())
        .bind(to_json(effect)?)
        .bind(effect.not_before.map_or(0, micros))
        .bind(micros(now))
        .bind(micros(caused_at.unwrap_or(now)))
        .execute(&mut *connection)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(());
    }
    let id = inserted.last_insert_rowid();
    // An effect that waited for itself would wait for ever.
    for before in effect.after.iter().filter(|key| **key != effect.key) {
        sqlx::query(INSERT_PREDECESSOR).bind(id).bind(before.as_str()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Drops an effect that has not started.
pub(super) async fn drop_waiting(
    connection: &mut SqliteConnection,
    now: Timestamp,
    key: &str,
) -> Result<(), StoreError> {
    sqlx::query(DROP).bind(key).bind(micros(now)).execute(connection).await?;
    Ok(())
}

/// See [`crate::store::Store::claim_effects`].
pub(super) struct Claim {
    pub(super) now: Timestamp,
    pub(super) lease_ms: i64,
    pub(super) most: u32,
    pub(super) least: Urgency,
}

#[async_trait]
impl Write for Claim {
    type Answer = Vec<ClaimedEffect>;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Self::Answer>, StoreError> {
        let now = micros(self.now);
        let until = lease_end(self.now, self.lease_ms);
        sqlx::query(RELEASE_EXPIRED).bind(now).execute(&mut *connection).await?;
        sqlx::query(PROMOTE_DUE).bind(now).execute(&mut *connection).await?;
        let mut claimed = Vec::new();
        while claimed.len() < self.most as usize {
            let token = Uuid::new_v4().to_string();
            let row = sqlx::query(CLAIM)
                .bind(now)
                .bind(token.as_str())
                .bind(until)
                .bind(self.least.rank())
                .fetch_optional(&mut *connection)
                .await?;
            let Some(row) = row else {
                break;
            };
            claimed.push(ClaimedEffect {
                lease: Lease { id: row.try_get(0)?, token, until: instant(until)? },
                effect: from_json(row.try_get(1)?)?,
                enqueued_at: instant(row.try_get(2)?)?,
                caused_at: instant(row.try_get(3)?)?,
                attempt: row.try_get(4)?,
            });
        }
        Ok(Verdict::Keep(claimed))
    }

    fn makes_work(&self, answer: &Self::Answer) -> bool {
        // One worker found something: another may, too.
        !answer.is_empty()
    }
}

/// See [`crate::store::Store::settle_effect`].
pub(super) struct Settle {
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) settlement: Settlement,
    pub(super) commit: Commit,
}

#[async_trait]
impl Write for Settle {
    type Answer = Settled;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Settled>, StoreError> {
        let fenced = |sql| sqlx::query(sql).bind(self.lease.id).bind(self.lease.token.as_str()).bind(micros(self.now));
        let settled = match &self.settlement {
            Settlement::Done(value) => fenced(DONE).bind(to_json(value)?),
            Settlement::Retry { at, error } | Settlement::Aside { at, error } => {
                fenced(RETRY).bind(micros(*at)).bind(error.as_str())
            }
            Settlement::Later { at } => fenced(LATER).bind(micros(*at)),
            Settlement::GivenUp { error } => fenced(DEAD).bind(error.as_str()),
        }
        .execute(&mut *connection)
        .await?;
        if settled.rows_affected() == 0 {
            return Ok(Verdict::Undo(Settled::LeaseLost));
        }
        apply(connection, self.now, std::mem::take(&mut self.commit)).await
    }

    fn makes_work(&self, answer: &Settled) -> bool {
        *answer == Settled::Committed
    }
}

/// Reads `effect, state, attempts, result, last_error, enqueued_at, finished_at`.
pub(super) fn report(row: &SqliteRow) -> Result<EffectReport, StoreError> {
    let result: Option<&str> = row.try_get(3)?;
    let finished_at: Option<i64> = row.try_get(6)?;
    Ok(EffectReport {
        effect: from_json(row.try_get(0)?)?,
        state: state_named(row.try_get(1)?)?,
        attempts: row.try_get(2)?,
        result: result.map_or(Ok(Value::Null), from_json)?,
        last_error: row.try_get(4)?,
        enqueued_at: instant(row.try_get(5)?)?,
        finished_at: finished_at.map(instant).transpose()?,
    })
}

fn state_named(name: &str) -> Result<EffectState, StoreError> {
    Ok(match name {
        "scheduled" | "ready" => EffectState::Ready,
        "running" => EffectState::Running,
        "done" => EffectState::Done,
        "dead" => EffectState::Dead,
        "dropped" => EffectState::Dropped,
        _ => {
            return Err(StoreError::Corrupt("an effect is in no known state".to_owned()));
        }
    })
}

/// What runs for every effect; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] =
    &[INSERT, INSERT_PREDECESSOR, DROP, RELEASE_EXPIRED, PROMOTE_DUE, CLAIM, RETRY, LATER, DONE, DEAD];
