//! Opening a database: its connections, its schema.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    error::{Failed, by_migration},
    read,
};
use crate::store::{Inspection, SchemaStatus, StoreError};

/// How long we wait for a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long we wait for an answer, longer than the database works on a statement: a network that swallows everything is
/// noticed here.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection that was idle for longer is tried before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The schema's history, oldest first. One that was released is never changed: add another.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("migrations/0001_initial.sql")),
    (2, "one round trip", include_str!("migrations/0002_one_round_trip.sql")),
    (3, "large bodies", include_str!("migrations/0003_large_bodies.sql")),
];

/// A new connection.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, Failed> {
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connection) => Ok(connection?),
        Err(_) => Err(Failed::Silence),
    }
}

/// The answer, if it comes in time. Where it does not, the connection must not be used again.
pub(super) async fn in_time<T>(asked: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    tokio::time::timeout(ANSWER_TIMEOUT, asked).await.unwrap_or(Err(Failed::Silence))
}

/// Connections for reading and for chores.
pub(super) fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(Duration::from_secs(600))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// For what may take its time, or waits for somebody else: changing a large table, moving house.
pub(super) fn patient(options: &PgConnectOptions) -> PgConnectOptions {
    let limits = [("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0"), ("lock_timeout", "60000")];
    options.clone().options(limits)
}

/// Brings the schema up to date; several processes may do so at one time.
pub(super) async fn migrate(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = connect(&patient(options)).await?;
    migrator().run_direct(None, &mut connection, false).await.map_err(by_migration)?;
    // Nothing is lost where it is not closed in good order.
    let _ = connection.close().await;
    Ok(())
}

/// The schema's history as sqlx wants it.
pub(super) fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(version, name.into(), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

const HAS_HISTORY: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations WHERE success ORDER BY version";

/// What was applied, against what is known.
pub(super) async fn schema(connection: &mut PgConnection) -> Result<SchemaStatus, Failed> {
    let has_history: bool = sqlx::query_scalar(HAS_HISTORY).fetch_one(&mut *connection).await?;
    let applied: Vec<(i64, String)> =
        if has_history { sqlx::query_as(APPLIED).fetch_all(connection).await? } else { Vec::new() };
    let has = |version: &i64| applied.iter().any(|(applied, _)| applied == version);
    let knows = |version: &i64| MIGRATIONS.iter().any(|(known, ..)| known == version);
    let pending = MIGRATIONS.iter().filter(|(version, ..)| !has(version));
    Ok(SchemaStatus {
        backend: "postgres",
        pending: pending.map(|(version, name, _)| (*version, (*name).to_owned())).collect(),
        is_newer: applied.iter().any(|(version, _)| !knows(version)),
        applied,
    })
}

/// Looks at a database, and changes nothing.
pub(super) async fn inspect(options: &PgConnectOptions, now: Timestamp) -> Result<Inspection, Failed> {
    let looking = options.clone().options([("default_transaction_read_only", "on")]);
    let mut connection = connect(&looking).await?;
    let schema = in_time(schema(&mut connection)).await?;
    let backlog = if schema.is_current() { Some(in_time(read::backlog(&mut connection, now)).await?) } else { None };
    // Nothing is lost where it is not closed in good order.
    let _ = connection.close().await;
    Ok(Inspection { exists: !schema.applied.is_empty(), schema, backlog })
}
