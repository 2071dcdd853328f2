//! Offices: who holds one is the session that holds its advisory lock.

use async_trait::async_trait;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::{
    error::Failed,
    open::{connect, in_time},
};
use crate::store::Leadership;

const TAKE: &str = "SELECT pg_try_advisory_lock(hashtextextended($1, 3))";

const HOLDS: &str = "
    SELECT EXISTS (
        SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
          AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 3)
    )";

/// An office on a connection of its own: the lock goes with the connection, and that with the process.
struct Office {
    name: String,
    connection: Option<PgConnection>,
}

/// Takes an office that nobody holds.
pub(super) async fn take(options: &PgConnectOptions, name: &str) -> Result<Option<Box<dyn Leadership>>, Failed> {
    let mut connection = connect(options).await?;
    let asked = async { Ok(sqlx::query_scalar(TAKE).bind(name).fetch_one(&mut connection).await?) };
    if in_time::<bool>(asked).await? {
        return Ok(Some(Box::new(Office { name: name.to_owned(), connection: Some(connection) })));
    }
    // Nothing is lost where it is not closed in good order.
    let _ = connection.close().await;
    Ok(None)
}

#[async_trait]
impl Leadership for Office {
    async fn holds(&mut self) -> bool {
        // Whoever stops waiting for the answer has lost the office: its connection is not used again.
        let Some(mut connection) = self.connection.take() else { return false };
        let asked = async { Ok(sqlx::query_scalar(HOLDS).bind(self.name.as_str()).fetch_one(&mut connection).await?) };
        let holds = in_time(asked).await.unwrap_or(false);
        if holds {
            self.connection = Some(connection);
        }
        holds
    }
}
