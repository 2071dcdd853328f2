//! Bodies of deliveries, in parts: the database copies each value that it is handed or asked for, and a body may be
//! 25 MiB.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use crate::store::kept::to_json;
use crate::{memory, store::StoreError};

/// Size of every part but the last, which is smaller. What another backend has cut may be cut otherwise, but never into
/// larger parts.
const PART_BYTES: usize = 256 * 1024;

const INSERT: &str = "INSERT INTO delivery_bodies (delivery_id, part, sealed) VALUES (?1, ?2, ?3)";

const READ_FIRST: &str = "
    SELECT b.delivery_id, b.sealed,
        (SELECT MAX(part) FROM delivery_bodies last WHERE last.delivery_id = b.delivery_id)
    FROM json_each(?1) named CROSS JOIN delivery_bodies b ON b.delivery_id = named.value AND b.part = 0";

const READ_PART: &str = "SELECT sealed FROM delivery_bodies WHERE delivery_id = ?1 AND part = ?2";

const SIZE: &str = "SELECT SUM(LENGTH(sealed)) FROM delivery_bodies WHERE delivery_id = ?1";

/// Whether a body is cut into parts, and so written by itself.
pub(super) fn is_large(body: &[u8]) -> bool {
    body.len() >= PART_BYTES
}

/// Writes the parts of a body that is large.
pub(super) async fn insert_large(
    connection: &mut SqliteConnection,
    delivery_id: i64,
    body: &[u8],
) -> Result<(), StoreError> {
    let mut rest = body;
    for number in 0_i64.. {
        let (part, after) = rest.split_at(rest.len().min(PART_BYTES));
        sqlx::query(INSERT).bind(delivery_id).bind(number).bind(part).execute(&mut *connection).await?;
        if part.len() < PART_BYTES {
            break;
        }
        rest = after;
    }
    Ok(())
}

/// Reads the bodies of deliveries, by row number. One that is not there is left out.
pub(super) async fn read_all(
    connection: &mut SqliteConnection,
    delivery_ids: &[i64],
) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
    let mut bodies = HashMap::with_capacity(delivery_ids.len());
    let mut unfinished = Vec::new();
    for row in sqlx::query(READ_FIRST).bind(to_json(&delivery_ids)?).fetch_all(&mut *connection).await? {
        let (id, last): (i64, i64) = (row.try_get(0)?, row.try_get(2)?);
        bodies.insert(id, row.try_get(1)?);
        if last > 0 {
            unfinished.push((id, last));
        }
    }
    for (id, last) in unfinished {
        let first = bodies.remove(&id).unwrap_or_default();
        bodies.insert(id, read_rest(connection, id, first, last).await?);
    }
    Ok(bodies)
}

async fn read_rest(
    connection: &mut SqliteConnection,
    delivery_id: i64,
    first: Vec<u8>,
    last: i64,
) -> Result<Vec<u8>, StoreError> {
    let size: i64 = sqlx::query_scalar(SIZE).bind(delivery_id).fetch_one(&mut *connection).await?;
    let mut body = memory::buffer(usize::try_from(size).unwrap_or_default());
    body.extend_from_slice(&first);
    drop(first);
    for number in 1..=last {
        let part: Vec<u8> =
            sqlx::query_scalar(READ_PART).bind(delivery_id).bind(number).fetch_one(&mut *connection).await?;
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[INSERT, READ_FIRST, READ_PART, SIZE];

#[cfg(test)]
mod tests {
    use super::PART_BYTES;
    use crate::store::{Store, conformance::delivery, sqlite::SqliteStore};

    #[tokio::test]
    async fn bodies_of_every_number_of_parts_come_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("embargod.db");
        let store = SqliteStore::open(&path.display().to_string()).await.expect("it opens");
        let now = "2026-02-02T00:00:00Z".parse().expect("an instant");
        for size in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 5 * PART_BYTES + 7] {
            let name = format!("body-{size}");
            let mut new = delivery(&name, &name, 0);
            new.sealed_body = (0..size).map(|n| (n % 251) as u8).collect();
            store.accept(new.clone()).await.expect("it is taken");
            let claimed = store.claim_delivery(now, 60_000).await.expect("it answers");
            let claimed = claimed.expect("one is due");
            assert!(claimed.sealed_body == new.sealed_body, "{size} bytes");
        }
    }
}
