//! Bodies that are large, in parts: the driver copies whatever it is handed or asked for, up to two times, and a body may be
//! 25 MiB.

use sqlx::{PgConnection, PgPool};

use super::error::Failed;
use crate::{memory, store::WHOLE_BYTES};

/// A body that is larger than this goes in parts of this size, the last one smaller.
pub(super) const PART_BYTES: usize = WHOLE_BYTES;

const BRING: &str = "INSERT INTO arriving_parts (guid, part, sealed) VALUES ($1, $2, $3)";

const TAKE_AWAY: &str = "DELETE FROM arriving_parts WHERE guid = $1";

/// A part of a delivery's body: from which byte, the first being 1, and how many.
pub(super) const PART: &str = "SELECT substring(sealed_body FROM $2 FOR $3) FROM deliveries WHERE id = $1";

/// Whether a body goes in parts.
pub(super) fn is_large(body: &[u8]) -> bool {
    body.len() > PART_BYTES
}

/// Brings a body into the table of arriving parts, which this transaction alone sees.
pub(super) async fn bring(connection: &mut PgConnection, guid: &str, body: &[u8]) -> Result<(), Failed> {
    for (number, part) in (0_i64..).zip(body.chunks(PART_BYTES)) {
        sqlx::query(BRING).bind(guid).bind(number).bind(part).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Removes what was brought, once it has been put together.
pub(super) async fn take_away(connection: &mut PgConnection, guid: &str) -> Result<(), Failed> {
    sqlx::query(TAKE_AWAY).bind(guid).execute(connection).await?;
    Ok(())
}

/// Reads the body of a delivery that has `size_bytes`. Its first part may be sealed anew meanwhile, with other bytes of the
/// same meaning, and is read as a whole.
pub(super) async fn read(pool: &PgPool, id: i64, size_bytes: usize) -> Result<Vec<u8>, Failed> {
    let mut body = memory::buffer(size_bytes);
    for from in (1..=size_bytes).step_by(PART_BYTES) {
        let part: Option<Vec<u8>> = sqlx::query_scalar(PART)
            .bind(id)
            .bind(i32::try_from(from).unwrap_or(i32::MAX))
            .bind(PART_BYTES as i32)
            .fetch_one(pool)
            .await?;
        body.extend_from_slice(&part.unwrap_or_default());
    }
    Ok(body)
}
