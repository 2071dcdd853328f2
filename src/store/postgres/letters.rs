//! Changes by hand to what was given up: trying again, or taking off the list. Each with the decision that stands behind
//! it, in one transaction under the lock of the lane.

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

use super::{commit::append_decision, deliveries, effects, error::Failed};
use crate::store::kept::{micros, reports};
use crate::{
    domain::decision::DecisionRecord,
    store::{DeliveryReport, EffectReport, EffectState, Touched},
};

// The states are written out, so that the small indexes over unfinished and dead effects serve.
const READY: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state IN ('scheduled', 'blocked', 'ready') ORDER BY id LIMIT $1";

const RUNNING: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'running' ORDER BY id LIMIT $1";

const DONE: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'done' ORDER BY id LIMIT $1";

const DEAD: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'dead' ORDER BY id LIMIT $1";

const DROPPED: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'dropped' ORDER BY id LIMIT $1";

const PARKED: &str = "
    SELECT guid, event, lane, received_at, attempts, last_error, finished_at, sealed_body IS NOT NULL
    FROM deliveries WHERE state = 'parked' ORDER BY id LIMIT $1";

const LOCK_EFFECT: &str = "SELECT pg_advisory_xact_lock(hashtextextended(lane, 2)) FROM effects WHERE key = $1";

const LOCK_DELIVERY: &str = "SELECT pg_advisory_xact_lock(hashtextextended(lane, 1)) FROM deliveries WHERE guid = $1";

const REVIVE_EFFECT: &str = "
    UPDATE effects
    SET state = 'ready', turn = 0, runnable_at = $2, attempts = 1, result = NULL, finished_at = NULL
    WHERE key = $1 AND state IN ('dead', 'dropped')
    RETURNING lane";

// One whose lease ran out waits, though no claim has said so yet.
const DISCARD_EFFECT: &str = "
    UPDATE effects
    SET state = 'dropped', turn = 0, finished_at = $2, lease_token = NULL, lease_until = NULL
    WHERE key = $1
      AND (state IN ('scheduled', 'blocked', 'ready', 'dead') OR (state = 'running' AND lease_until <= $2))
    RETURNING lane";

// A lane is served in the order of row numbers, so going behind what waits takes a new one.
const REVIVE_DELIVERY: &str = "
    UPDATE deliveries
    SET id = nextval(pg_get_serial_sequence('deliveries', 'id')), state = 'scheduled', turn = 0, not_before = $2,
        attempts = 1, finished_at = NULL
    WHERE guid = $1 AND state = 'parked' AND sealed_body IS NOT NULL
    RETURNING lane";

const DISCARD_DELIVERY: &str = "
    UPDATE deliveries SET state = 'dropped', finished_at = $2
    WHERE guid = $1 AND state = 'parked'
    RETURNING lane";

const EFFECT_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM effects WHERE key = $1)";

const DELIVERY_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE guid = $1)";

/// Who is there in one state, oldest first.
pub(super) async fn effects_in(pool: &PgPool, state: EffectState, limit: u32) -> Result<Vec<EffectReport>, Failed> {
    let statement = match state {
        EffectState::Ready => READY,
        EffectState::Running => RUNNING,
        EffectState::Done => DONE,
        EffectState::Dead => DEAD,
        EffectState::Dropped => DROPPED,
    };
    let rows = sqlx::query(statement).bind(i64::from(limit)).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::effect).collect::<Result<_, _>>()?)
}

pub(super) async fn parked_deliveries(pool: &PgPool, limit: u32) -> Result<Vec<DeliveryReport>, Failed> {
    let rows = sqlx::query(PARKED).bind(i64::from(limit)).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::parked_delivery).collect::<Result<_, _>>()?)
}

/// A change that somebody makes by hand.
#[derive(Clone, Copy)]
pub(super) enum ByHand {
    ReviveEffect,
    DiscardEffect,
    ReviveDelivery,
    DiscardDelivery,
}

/// Makes the change to what is called `name`. Where it is repeated, because the answer was lost, it finds nothing to do.
pub(super) async fn change(
    pool: &PgPool,
    what: ByHand,
    name: &str,
    now: Timestamp,
    by: &DecisionRecord,
) -> Result<Touched, Failed> {
    let (lock, statement, exists) = match what {
        ByHand::ReviveEffect => (LOCK_EFFECT, REVIVE_EFFECT, EFFECT_EXISTS),
        ByHand::DiscardEffect => (LOCK_EFFECT, DISCARD_EFFECT, EFFECT_EXISTS),
        ByHand::ReviveDelivery => (LOCK_DELIVERY, REVIVE_DELIVERY, DELIVERY_EXISTS),
        ByHand::DiscardDelivery => (LOCK_DELIVERY, DISCARD_DELIVERY, DELIVERY_EXISTS),
    };
    let mut transaction = pool.begin().await?;
    sqlx::query(lock).bind(name).execute(&mut *transaction).await?;
    let lane: Option<String> =
        sqlx::query_scalar(statement).bind(name).bind(micros(now)).fetch_optional(&mut *transaction).await?;
    let Some(lane) = lane else {
        let is_known: bool = sqlx::query_scalar(exists).bind(name).fetch_one(&mut *transaction).await?;
        transaction.rollback().await?;
        return Ok(if is_known { Touched::NotInThatState } else { Touched::Unknown });
    };
    pass_on(&mut transaction, what, name, &lane).await?;
    append_decision(&mut transaction, by).await?;
    transaction.commit().await?;
    Ok(Touched::Changed)
}

/// Lets others go on, and gives the turn to whoever is first in the lane now.
async fn pass_on(connection: &mut PgConnection, what: ByHand, name: &str, lane: &str) -> Result<(), Failed> {
    let pass_turn = match what {
        ByHand::ReviveEffect | ByHand::DiscardEffect => effects::PASS_TURN,
        ByHand::ReviveDelivery | ByHand::DiscardDelivery => deliveries::PASS_TURN,
    };
    if matches!(what, ByHand::DiscardEffect) {
        sqlx::query(effects::UNBLOCK).bind(vec![name]).execute(&mut *connection).await?;
    }
    sqlx::query(pass_turn).bind(vec![lane]).execute(connection).await?;
    Ok(())
}
