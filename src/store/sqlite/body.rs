//! Bodies of deliveries, in parts: the database copies each value that it is handed or asked for, and a body may be
//! 25 MiB.

use sqlx::SqliteConnection;

use crate::{memory, store::StoreError};

/// Size of every part but the last, which is smaller.
const PART_BYTES: usize = 256 * 1024;

const INSERT: &str = "INSERT INTO delivery_bodies (delivery_id, part, sealed) VALUES (?1, ?2, ?3)";

pub(super) const READ: &str = "SELECT sealed FROM delivery_bodies WHERE delivery_id = ?1 AND part = ?2";

pub(super) const SIZE: &str = "SELECT SUM(LENGTH(sealed)) FROM delivery_bodies WHERE delivery_id = ?1";

/// Writes the body of a delivery that has none yet.
pub(super) async fn insert(connection: &mut SqliteConnection, delivery_id: i64, body: &[u8]) -> Result<(), StoreError> {
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

/// Reads the body of a delivery.
pub(super) async fn read(connection: &mut SqliteConnection, delivery_id: i64) -> Result<Vec<u8>, StoreError> {
    let mut body = Vec::new();
    for number in 0_i64.. {
        let part: Vec<u8> = sqlx::query_scalar(READ).bind(delivery_id).bind(number).fetch_one(&mut *connection).await?;
        let is_last = part.len() < PART_BYTES;
        if number == 0 && is_last {
            return Ok(part);
        }
        if number == 0 {
            let size: i64 = sqlx::query_scalar(SIZE).bind(delivery_id).fetch_one(&mut *connection).await?;
            body = memory::buffer(usize::try_from(size).unwrap_or_default());
        }
        body.extend_from_slice(&part);
        if is_last {
            break;
        }
    }
    Ok(body)
}

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
