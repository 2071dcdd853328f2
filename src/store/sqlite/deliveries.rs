//! The inbox: accepting, claiming and settling deliveries.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::{
    body,
    commit::apply,
    instant::{instant, lease_end, micros},
    writer::{Verdict, Write},
};
use crate::store::{
    Acceptance, CLAIMED_BYTES, ClaimOrder, ClaimedDelivery, Commit, Lease, NewDelivery, Settled, Settlement, StoreError,
};

const INSERT: &str = "
    INSERT INTO deliveries (guid, event, lane, received_at, turn)
    VALUES (?1, ?2, ?3, ?4, CASE WHEN EXISTS (
        SELECT 1 FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?3 AND state IN ('ready', 'running')
    ) THEN 0 ELSE 1 END)
    ON CONFLICT (guid) DO NOTHING";

const RELEASE_EXPIRED: &str = "
    UPDATE deliveries INDEXED BY deliveries_running
    SET state = 'ready', lease_token = NULL, lease_until = NULL
    WHERE state = 'running' AND lease_until <= ?1";

const CLAIM_OLDEST: &str = "
    UPDATE deliveries
    SET state = 'running', attempts = attempts + 1, lease_token = ?2, lease_until = ?3
    WHERE id = (
        SELECT id FROM deliveries INDEXED BY deliveries_turn
        WHERE turn = 1 AND state = 'ready' AND not_before <= ?1
        ORDER BY id LIMIT 1
    )
    RETURNING id, guid, event, lane, received_at, attempts";

const CLAIM_NEWEST: &str = "
    UPDATE deliveries
    SET state = 'running', attempts = attempts + 1, lease_token = ?2, lease_until = ?3
    WHERE id = (
        SELECT id FROM deliveries INDEXED BY deliveries_turn
        WHERE turn = 1 AND state = 'ready' AND not_before <= ?1
        ORDER BY id DESC LIMIT 1
    )
    RETURNING id, guid, event, lane, received_at, attempts";

const LATER: &str = "
    UPDATE deliveries
    SET state = 'ready', not_before = ?4, attempts = attempts - 1, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

// Each settlement is fenced: it reaches its row only by the token of a lease that has not run out.
const RETRY: &str = "
    UPDATE deliveries
    SET state = 'ready', not_before = ?4, last_error = ?5, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const LANE: &str = "SELECT lane FROM deliveries WHERE id = ?1";

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

const PASS_TURN: &str = "
    UPDATE deliveries SET turn = 1
    WHERE id = (
        SELECT id FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?1 AND state IN ('ready', 'running')
        ORDER BY id LIMIT 1
    )";

/// See [`crate::store::Store::accept`].
pub(super) struct Accept(pub(super) NewDelivery);

#[async_trait]
impl Write for Accept {
    type Answer = Acceptance;

    // Nothing in it can fail for one delivery alone, and a savepoint each would cost the fast path a third of its speed.
    const UNDOABLE: bool = false;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Acceptance>, StoreError> {
        let delivery = &mut self.0;
        let inserted = sqlx::query(INSERT)
            .bind(std::mem::take(&mut delivery.guid))
            .bind(std::mem::take(&mut delivery.event))
            .bind(std::mem::take(&mut delivery.lane))
            .bind(micros(delivery.received_at))
            .execute(&mut *connection)
            .await?;
        if inserted.rows_affected() == 0 {
            return Ok(Verdict::Keep(Acceptance::Duplicate));
        }
        let body = std::mem::take(&mut delivery.sealed_body);
        body::insert(connection, inserted.last_insert_rowid(), &body).await?;
        Ok(Verdict::Keep(Acceptance::Fresh))
    }

    fn makes_work(&self, answer: &Acceptance) -> bool {
        *answer == Acceptance::Fresh
    }

    fn size_bytes(&self) -> usize {
        self.0.sealed_body.len()
    }
}

/// See [`crate::store::Store::claim_deliveries`].
pub(super) struct Claim {
    pub(super) now: Timestamp,
    pub(super) lease_ms: i64,
    pub(super) most: u32,
    pub(super) order: ClaimOrder,
}

#[async_trait]
impl Write for Claim {
    type Answer = Vec<ClaimedDelivery>;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Self::Answer>, StoreError> {
        let now = micros(self.now);
        let until = lease_end(self.now, self.lease_ms);
        sqlx::query(RELEASE_EXPIRED).bind(now).execute(&mut *connection).await?;
        let claim = match self.order {
            ClaimOrder::OldestFirst => CLAIM_OLDEST,
            ClaimOrder::NewestFirst => CLAIM_NEWEST,
        };
        let mut claimed = Vec::new();
        let mut size_bytes = 0;
        while claimed.len() < self.most as usize && size_bytes < CLAIMED_BYTES {
            let token = Uuid::new_v4().to_string();
            let row =
                sqlx::query(claim).bind(now).bind(token.as_str()).bind(until).fetch_optional(&mut *connection).await?;
            let Some(row) = row else {
                break;
            };
            let id: i64 = row.try_get(0)?;
            let sealed_body = body::read(connection, id).await?;
            size_bytes += sealed_body.len();
            claimed.push(ClaimedDelivery {
                lease: Lease { id, token, until: instant(until)? },
                guid: row.try_get(1)?,
                event: row.try_get(2)?,
                lane: row.try_get(3)?,
                received_at: instant(row.try_get(4)?)?,
                sealed_body,
                attempt: row.try_get(5)?,
            });
        }
        Ok(Verdict::Keep(claimed))
    }

    fn makes_work(&self, answer: &Self::Answer) -> bool {
        // One worker found something: another may, too.
        !answer.is_empty()
    }
}

/// See [`crate::store::Store::settle_delivery`].
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
        let now = micros(self.now);
        let (statement, leaves_lane) = match &self.settlement {
            Settlement::Retry { .. } => (sqlx::query(RETRY), false),
            Settlement::Later { .. } => (sqlx::query(LATER), false),
            Settlement::Aside { .. } => (sqlx::query(ASIDE), true),
            Settlement::Done(_) | Settlement::GivenUp { .. } => (sqlx::query(FINISH), true),
        };
        let lane: Option<String> = if leaves_lane {
            sqlx::query_scalar(LANE).bind(self.lease.id).fetch_optional(&mut *connection).await?
        } else {
            None
        };
        let statement = statement.bind(self.lease.id).bind(self.lease.token.as_str()).bind(now);
        let settled = match &self.settlement {
            Settlement::Retry { at, error } | Settlement::Aside { at, error } => {
                statement.bind(micros(*at)).bind(error.as_str())
            }
            Settlement::Later { at } => statement.bind(micros(*at)),
            Settlement::Done(_) => statement.bind("done").bind(None::<String>),
            Settlement::GivenUp { error } => statement.bind("parked").bind(error.as_str()),
        }
        .execute(&mut *connection)
        .await?;
        if settled.rows_affected() == 0 {
            return Ok(Verdict::Undo(Settled::LeaseLost));
        }
        if let Some(lane) = lane {
            sqlx::query(PASS_TURN).bind(lane).execute(&mut *connection).await?;
        }
        apply(connection, self.now, std::mem::take(&mut self.commit)).await
    }

    fn makes_work(&self, answer: &Settled) -> bool {
        *answer == Settled::Committed
    }
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[
    INSERT,
    RELEASE_EXPIRED,
    CLAIM_OLDEST,
    CLAIM_NEWEST,
    body::READ,
    body::SIZE,
    RETRY,
    LATER,
    LANE,
    ASIDE,
    FINISH,
    PASS_TURN,
];
