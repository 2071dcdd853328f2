//! Accepting: deliveries that arrived together are written together.
//!
//! All statements are handed over [`at_once`], with the beginning and the end of the transaction where nothing else shares it.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use sqlx::{Row, SqliteConnection};

use super::{
    body,
    open::BEGIN_WRITE,
    writer::{AtOnce, at_once},
};
use crate::store::kept::{micros, to_json};
use crate::store::{Acceptance, NewDelivery, StoreError};

// In all of them `?1` is a list of lists: guid, event, lane, arrival, and where in `?2` the body begins, from 1, and how
// long it is; of one whose body is too large to be among them, no more than the first four.

/// Those that were there before.
const KNOWN: &str = "
    SELECT value ->> 0 FROM json_each(?1) named
    WHERE EXISTS (SELECT 1 FROM deliveries WHERE guid = named.value ->> 0)";

const INSERT: &str = "
    INSERT INTO deliveries (guid, event, lane, received_at, turn)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0 FROM json_each(?1) WHERE TRUE
    ON CONFLICT (guid) DO NOTHING";

const GIVE_TURNS: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id IN (
        SELECT (
            SELECT id FROM deliveries INDEXED BY deliveries_unfinished
            WHERE lane = named.value ->> 2 AND state IN ('ready', 'running') ORDER BY id LIMIT 1)
        FROM json_each(?1) named)";

// One that was there before has its body, or had it. An empty value arrives as null.
const INSERT_BODIES: &str = "
    INSERT INTO delivery_bodies (delivery_id, part, sealed)
    SELECT new.id, 0, COALESCE(SUBSTR(?2, value ->> 4, value ->> 5), ZEROBLOB(0))
    FROM json_each(?1) named CROSS JOIN deliveries new ON new.guid = named.value ->> 0
    WHERE value ->> 4 IS NOT NULL AND new.has_body = 1
      AND NOT EXISTS (SELECT 1 FROM delivery_bodies WHERE delivery_id = new.id)";

const ID: &str = "SELECT id FROM deliveries WHERE guid = ?1";

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[KNOWN, INSERT, GIVE_TURNS, INSERT_BODIES, ID];

static WITHIN: AtOnce = LazyLock::new(|| [KNOWN, INSERT, GIVE_TURNS, INSERT_BODIES].join(";"));
static ALONE: AtOnce = LazyLock::new(|| [BEGIN_WRITE, &WITHIN, "COMMIT"].join(";"));

/// Writes deliveries in a transaction of their own; says of each, in their order, what became of it.
///
/// After an error the connection may be left within the transaction.
pub(super) async fn accept_alone(
    connection: &mut SqliteConnection,
    deliveries: &[NewDelivery],
) -> Result<Vec<Acceptance>, StoreError> {
    let arrived = Arrived::of(deliveries);
    let known = arrived.write(connection, &ALONE).await?;
    Ok(arrived.acceptances(deliveries, &known))
}

/// The same within the transaction that `connection` is in, for bodies of every size.
pub(super) async fn accept_within(
    connection: &mut SqliteConnection,
    deliveries: &[NewDelivery],
) -> Result<Vec<Acceptance>, StoreError> {
    let arrived = Arrived::of(deliveries);
    let known = arrived.write(connection, &WITHIN).await?;
    let accepted = arrived.acceptances(deliveries, &known);
    for (new, acceptance) in deliveries.iter().zip(&accepted) {
        if *acceptance == Acceptance::Fresh && body::is_large(&new.sealed_body) {
            let id = sqlx::query_scalar(ID).bind(new.guid.as_str()).fetch_one(&mut *connection).await?;
            body::insert_large(connection, id, &new.sealed_body).await?;
        }
    }
    Ok(accepted)
}

/// Deliveries as the statements want them. Of several with one guid the first counts.
struct Arrived {
    /// Where in the list each of them is that is written.
    first: HashMap<String, usize>,
    rows: Vec<Arrival>,
    together: Vec<u8>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Arrival {
    WithBody(String, String, String, i64, usize, usize),
    BodyLater(String, String, String, i64),
}

impl Arrived {
    fn of(deliveries: &[NewDelivery]) -> Self {
        let size = deliveries.iter().filter(|new| !body::is_large(&new.sealed_body));
        let mut all = Self {
            first: HashMap::with_capacity(deliveries.len()),
            rows: Vec::with_capacity(deliveries.len()),
            together: Vec::with_capacity(size.map(|new| new.sealed_body.len()).sum()),
        };
        for (at, new) in deliveries.iter().enumerate() {
            if all.first.contains_key(&new.guid) {
                continue;
            }
            all.first.insert(new.guid.clone(), at);
            let (guid, event, lane) = (new.guid.clone(), new.event.clone(), new.lane.clone());
            let received = micros(new.received_at);
            all.rows.push(if body::is_large(&new.sealed_body) {
                Arrival::BodyLater(guid, event, lane, received)
            } else {
                let begin = all.together.len() + 1;
                all.together.extend_from_slice(&new.sealed_body);
                Arrival::WithBody(guid, event, lane, received, begin, new.sealed_body.len())
            });
        }
        all
    }

    /// Runs `statements`; which guids were there before.
    async fn write(
        &self,
        connection: &mut SqliteConnection,
        statements: &'static AtOnce,
    ) -> Result<HashSet<String>, StoreError> {
        let query = at_once(statements).bind(to_json(&self.rows)?).bind(self.together.as_slice());
        let mut known = HashSet::new();
        for row in query.fetch_all(&mut *connection).await? {
            known.insert(row.try_get(0)?);
        }
        Ok(known)
    }

    fn acceptances(&self, deliveries: &[NewDelivery], known: &HashSet<String>) -> Vec<Acceptance> {
        let of = |(at, new): (usize, &NewDelivery)| {
            let fresh = self.first.get(&new.guid) == Some(&at) && !known.contains(&new.guid);
            if fresh { Acceptance::Fresh } else { Acceptance::Duplicate }
        };
        deliveries.iter().enumerate().map(of).collect()
    }
}
