//! Ending deliveries that come to nothing but a decision, as most do: all of a commit together.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::LazyLock,
};

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::writer::{AtOnce, at_once};
use crate::domain::decision::DecisionRecord;
use crate::store::kept::{micros, to_json};
use crate::store::{Lease, Settled, StoreError};

// In all of them `?1` is a list of lists: number and token of the lease, now, and of the decision, if there is one, its
// instant, its case and itself.

// Only by those whose lease is held, and is about to end.
const DECIDE: &str = "
    INSERT INTO decisions (decided_at, case_key, decision)
    SELECT value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1) named
    WHERE value ->> 5 IS NOT NULL AND EXISTS (
        SELECT 1 FROM deliveries held
        WHERE held.id = named.value ->> 0 AND held.lease_token = named.value ->> 1
          AND held.state = 'running' AND held.lease_until > named.value ->> 2)";

const FINISH: &str = "
    UPDATE deliveries
    SET state = 'done', turn = 0, finished_at = named.now, lease_token = NULL, lease_until = NULL
    FROM (SELECT value ->> 0 AS id, value ->> 1 AS token, value ->> 2 AS now FROM json_each(?1)) named
    WHERE deliveries.id = named.id AND deliveries.lease_token = named.token
      AND deliveries.state = 'running' AND deliveries.lease_until > named.now
    RETURNING id";

// Where nothing was finished the turn is where it was.
const PASS_ON: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id IN (
        SELECT (
            SELECT id FROM deliveries INDEXED BY deliveries_unfinished
            WHERE lane = over.lane AND state IN ('ready', 'running') ORDER BY id LIMIT 1)
        FROM json_each(?1) named CROSS JOIN deliveries over ON over.id = named.value ->> 0)";

static ALL: AtOnce = LazyLock::new(|| [DECIDE, FINISH, PASS_ON].join(";"));

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[DECIDE, FINISH, PASS_ON];

/// One that is over.
pub(super) struct Ending {
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) decision: Option<DecisionRecord>,
}

/// Ends deliveries within the transaction that `connection` is in; says of each, in their order, what became of it.
pub(super) async fn end_all<'a>(
    connection: &mut SqliteConnection,
    endings: impl Iterator<Item = &'a Ending>,
) -> Result<Vec<Settled>, StoreError> {
    let mut waiting: Vec<(usize, &Ending)> = endings.enumerate().collect();
    let mut settled = vec![Settled::LeaseLost; waiting.len()];
    // Somebody who was too slow and the one who took over may both end a delivery: one after the other, as they came.
    while !waiting.is_empty() {
        let (mut round, mut later) = (BTreeMap::new(), Vec::new());
        for (place, ending) in waiting {
            match round.entry(ending.lease.id) {
                Entry::Vacant(free) => drop(free.insert((place, ending))),
                Entry::Occupied(_) => later.push((place, ending)),
            }
        }
        for id in end(connection, round.values().map(|(_, ending)| *ending)).await? {
            if let Some((place, _)) = round.get(&id) {
                settled[*place] = Settled::Committed;
            }
        }
        waiting = later;
    }
    Ok(settled)
}

/// Ends different deliveries; the numbers of those whose leases were held.
async fn end<'a>(
    connection: &mut SqliteConnection,
    endings: impl Iterator<Item = &'a Ending>,
) -> Result<Vec<i64>, StoreError> {
    let row = |Ending { lease, now, decision }: &'a Ending| {
        let told = decision.as_ref();
        Ok((
            lease.id,
            lease.token.as_str(),
            micros(*now),
            told.map(|decision| micros(decision.at)),
            told.and_then(|decision| decision.case.as_deref()),
            told.map(to_json).transpose()?,
        ))
    };
    let rows = endings.map(row).collect::<Result<Vec<_>, StoreError>>()?;
    let ended = at_once(&ALL).bind(to_json(&rows)?).fetch_all(connection).await?;
    Ok(ended.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}
