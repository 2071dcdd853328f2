//! Statements on a connection that a thread has for itself, each kept prepared.

use rusqlite::{Connection, Params, Row};

use crate::store::StoreError;

/// Changes rows; how many.
pub(super) fn change(connection: &Connection, sql: &'static str, values: impl Params) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

/// Reads the row, if there is one. Of several the first counts.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let found = rows.next()?.map(read).transpose()?;
    // A statement that changes something and tells about it is over only then.
    while rows.next()?.is_some() {}
    Ok(found)
}

/// Reads all rows.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}
