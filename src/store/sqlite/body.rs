//! Bodies of deliveries, in parts: the database copies each value that it is handed or asked for, and a body may be
//! 25 MiB.

use rusqlite::{Connection, params};
use sqlx::SqlitePool;

use super::statement::{change, first};
use crate::{
    memory,
    store::{StoreError, WHOLE_BYTES, kept::Columns},
};

/// Size of every part but the last, which is smaller. What another backend has cut may be cut otherwise, but never into
/// larger parts.
const PART_BYTES: usize = 256 * 1024;

const INSERT: &str = "INSERT INTO delivery_bodies (delivery_id, part, sealed) VALUES (?1, ?2, ?3)";

const READ_PART: &str = "SELECT sealed FROM delivery_bodies WHERE delivery_id = ?1 AND part = ?2";

const LAST_PART: &str = "SELECT MAX(part) FROM delivery_bodies WHERE delivery_id = ?1";

const SIZE: &str = "SELECT SUM(LENGTH(sealed)) FROM delivery_bodies WHERE delivery_id = ?1";

/// Writes the parts of a body.
pub(super) fn insert(connection: &Connection, delivery_id: i64, body: &[u8]) -> Result<(), StoreError> {
    let mut rest = body;
    for number in 0_i64.. {
        let (part, after) = rest.split_at(rest.len().min(PART_BYTES));
        change(connection, INSERT, params![delivery_id, number, part])?;
        if part.len() < PART_BYTES {
            break;
        }
        rest = after;
    }
    Ok(())
}

/// Reads the body of a delivery, and tells its size; of one that is larger than [`WHOLE_BYTES`] the size alone. Empty where
/// there is none.
pub(super) fn read(connection: &Connection, delivery_id: i64) -> Result<(Vec<u8>, usize), StoreError> {
    let last = first(connection, LAST_PART, [delivery_id], |row| row.maybe_whole(0))?.flatten().unwrap_or_default();
    if last == 0 {
        let only = first(connection, READ_PART, params![delivery_id, 0], |row| row.bytes(0))?.unwrap_or_default();
        let size = only.len();
        return Ok((only, size));
    }
    let size = first(connection, SIZE, [delivery_id], |row| row.whole(0))?.unwrap_or_default();
    let size = usize::try_from(size).unwrap_or_default();
    if size > WHOLE_BYTES {
        return Ok((Vec::new(), size));
    }
    let mut body = Vec::with_capacity(size);
    for number in 0..=last {
        first(connection, READ_PART, params![delivery_id, number], |row| {
            body.extend_from_slice(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
            Ok(())
        })?;
    }
    Ok((body, size))
}

/// Reads a body of `size_bytes`, beside the writer.
pub(super) async fn read_large(pool: &SqlitePool, delivery_id: i64, size_bytes: usize) -> Result<Vec<u8>, StoreError> {
    let mut body = memory::buffer(size_bytes);
    for number in 0_i64.. {
        let part = sqlx::query_scalar::<_, Vec<u8>>(READ_PART).bind(delivery_id).bind(number);
        let Some(part) = part.fetch_optional(pool).await? else {
            break;
        };
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[INSERT, READ_PART, LAST_PART, SIZE];

#[cfg(test)]
mod tests {
    use super::PART_BYTES;
    use crate::store::{
        Store,
        conformance::{body_of, delivery},
        sqlite::SqliteStore,
    };

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
            let body = body_of(&store, &claimed).await;
            assert!(body == new.sealed_body && claimed.body_bytes == size, "{size} bytes");
        }
    }
}
