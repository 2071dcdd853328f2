//! Errors of the database, without what they may quote.
//!
//! SQLite's own messages can hold values, paths and SQL. Only its result code goes on, with our words for it.

use crate::store::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        let unavailable = |why: &str| Self::Unavailable(why.to_owned());
        match error {
            Error::Database(error) => {
                by_result_code(error.code().and_then(|code| code.parse().ok()).unwrap_or_default())
            }
            Error::Io(error) => Self::Unavailable(format!("input or output failed ({})", error.kind())),
            Error::RowNotFound => Self::Corrupt("a row that must exist is missing".to_owned()),
            Error::ColumnNotFound(_)
            | Error::ColumnIndexOutOfBounds { .. }
            | Error::ColumnDecode { .. }
            | Error::Decode(_)
            | Error::TypeNotFound { .. } => Self::Corrupt("a column is not of the expected type".to_owned()),
            Error::PoolTimedOut => unavailable("all reading connections are busy"),
            Error::PoolClosed | Error::WorkerCrashed => unavailable("the connection is closed"),
            Error::Configuration(_) => unavailable("the name of the database is not usable"),
            Error::Migrate(error) => Self::from(*error),
            _ => unavailable("the database driver failed"),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        match error {
            Error::SqliteFailure(error, _) => by_result_code(error.extended_code),
            Error::QueryReturnedNoRows => Self::Corrupt("a row that must exist is missing".to_owned()),
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnIndex(_)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => Self::Corrupt("a column is not of the expected type".to_owned()),
            _ => Self::Unavailable("the database driver failed".to_owned()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(version) => {
                Self::Unavailable(format!("its schema (version {version}) is of a newer embargod; run that one"))
            }
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
                Self::Corrupt(format!("schema version {version} is not the one this program knows"))
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::from(error),
            _ => Self::Unavailable("its schema could not be brought up to date".to_owned()),
        }
    }
}

/// Words for SQLite's result codes (<https://www.sqlite.org/rescode.html>); the low byte is the primary code.
fn by_result_code(code: i32) -> StoreError {
    let what = match code & 0xff {
        5 | 6 => "another process holds its lock for too long",
        8 => "it is read-only; check the file's owner and mode",
        10 => "reading or writing its file failed",
        13 => "the disk is full",
        14 => "its file cannot be opened; check that the folder exists and may be written",
        18 => "a value is too large for it",
        26 => "its file is not a database; check the path",
        11 => {
            let what = format!("its file is damaged; stop embargod and restore the newest backup (code {code})");
            return StoreError::Corrupt(what);
        }
        _ => "a statement failed",
    };
    StoreError::Unavailable(format!("{what} (code {code})"))
}
