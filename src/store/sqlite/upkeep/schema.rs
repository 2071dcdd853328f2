//! What the schema is, also of a database that must not be touched.

use std::{collections::HashSet, path::Path};

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use crate::store::{
    Inspection, SchemaStatus, StoreError,
    sqlite::{open, read},
};

const HAS_HISTORY: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'";

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations WHERE success ORDER BY version";

pub(super) async fn status(connection: &mut SqliteConnection) -> Result<SchemaStatus, StoreError> {
    let has_history: Option<i64> = sqlx::query_scalar(HAS_HISTORY).fetch_optional(&mut *connection).await?;
    let mut applied = Vec::new();
    if has_history.is_some() {
        for row in sqlx::query(APPLIED).fetch_all(&mut *connection).await? {
            applied.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    Ok(against_known(applied))
}

fn against_known(applied: Vec<(i64, String)>) -> SchemaStatus {
    let known: HashSet<i64> = applied.iter().map(|(version, _)| *version).collect();
    let pending = open::MIGRATIONS.iter().filter(|(version, ..)| !known.contains(version));
    SchemaStatus {
        backend: "sqlite",
        pending: pending.map(|(version, name, _)| (*version, (*name).to_owned())).collect(),
        is_newer: known.iter().any(|version| open::MIGRATIONS.iter().all(|(ours, ..)| ours != version)),
        applied,
    }
}

/// Looks at the database at `path`, and changes nothing: neither creates it nor brings its schema up to date.
pub(in crate::store) async fn inspect(path: &Path, now: Timestamp) -> Result<Inspection, StoreError> {
    if !path.exists() {
        // The file is made by whoever opens it, the folder by nobody.
        if path.parent().is_some_and(|folder| folder != Path::new("") && !folder.is_dir()) {
            return Err(StoreError::Unavailable("its folder does not exist; make it, or correct the path".to_owned()));
        }
        return Ok(Inspection { exists: false, schema: against_known(Vec::new()), backlog: None });
    }
    let pool = open::onlooker(path);
    let schema = status(&mut *pool.acquire().await?).await?;
    let readable = schema.is_current();
    let backlog = if readable { Some(read::backlog(&pool, now).await?) } else { None };
    pool.close().await;
    Ok(Inspection { exists: true, schema, backlog })
}
