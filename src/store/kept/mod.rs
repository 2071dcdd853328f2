//! What both databases keep alike, read back: instants as microseconds, values as JSON, rows with the same columns.
//!
//! What flows in: a row of either database, through [`Columns`]. What flows out: the store's values. What it must never
//! do: ask a database (each backend has statements of its own), or guess what a column that cannot be read may have held.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, postgres::PgRow, sqlite::SqliteRow};

use super::StoreError;

pub(super) mod moving;
pub(super) mod reports;

/// Cut down to the microsecond.
pub(super) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant that was kept as microseconds since 1970 in UTC.
pub(super) fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Corrupt("an instant is out of range".to_owned()))
}

/// When a lease taken at `now` runs out; a duration too large to be represented ends at the end of time.
pub(super) fn lease_end(now: Timestamp, lease_ms: i64) -> i64 {
    micros(now).saturating_add(lease_ms.saturating_mul(1000)).min(micros(Timestamp::MAX))
}

/// Data as JSON.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("a value cannot be written as JSON".to_owned()))
}

/// JSON as the data it was.
pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt("a JSON value is not of the expected shape".to_owned()))
}

/// A row, whichever database it comes from.
pub(super) trait Columns {
    /// A whole number.
    fn whole(&self, column: usize) -> Result<i64, StoreError>;
    /// A whole number, or nothing.
    fn maybe_whole(&self, column: usize) -> Result<Option<i64>, StoreError>;
    /// A text.
    fn text(&self, column: usize) -> Result<String, StoreError>;
    /// A text, or nothing.
    fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError>;
    /// Bytes.
    fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError>;
    /// Yes or no.
    fn flag(&self, column: usize) -> Result<bool, StoreError>;

    /// A whole number that is never negative.
    fn count(&self, column: usize) -> Result<u64, StoreError> {
        Ok(self.whole(column)?.unsigned_abs())
    }

    /// How often something was tried.
    fn attempts(&self, column: usize) -> Result<u32, StoreError> {
        Ok(u32::try_from(self.whole(column)?).unwrap_or_default())
    }

    /// An instant.
    fn instant(&self, column: usize) -> Result<Timestamp, StoreError> {
        instant(self.whole(column)?)
    }

    /// An instant, or nothing.
    fn maybe_instant(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        self.maybe_whole(column)?.map(instant).transpose()
    }

    /// An instant that is kept as 0 where there is none.
    fn instant_unless_zero(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        match self.whole(column)? {
            0 => Ok(None),
            micros => instant(micros).map(Some),
        }
    }

    /// Data that is kept as JSON.
    fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        from_json(&self.text(column)?)
    }

    /// The same; null where there is none.
    fn json_or_null(&self, column: usize) -> Result<serde_json::Value, StoreError> {
        self.maybe_text(column)?.map_or(Ok(serde_json::Value::Null), |json| from_json(&json))
    }
}

fn unreadable(_: sqlx::Error) -> StoreError {
    StoreError::Corrupt("a column is not of the expected type".to_owned())
}

macro_rules! columns_of {
    ($row:ty) => {
        impl Columns for $row {
            fn whole(&self, column: usize) -> Result<i64, StoreError> {
                self.try_get(column).map_err(unreadable)
            }

            fn maybe_whole(&self, column: usize) -> Result<Option<i64>, StoreError> {
                self.try_get(column).map_err(unreadable)
            }

            fn text(&self, column: usize) -> Result<String, StoreError> {
                self.try_get(column).map_err(unreadable)
            }

            fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError> {
                self.try_get(column).map_err(unreadable)
            }

            fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
                self.try_get(column).map_err(unreadable)
            }

            fn flag(&self, column: usize) -> Result<bool, StoreError> {
                self.try_get(column).map_err(unreadable)
            }
        }
    };
}

columns_of!(SqliteRow);
columns_of!(PgRow);

impl Columns for rusqlite::Row<'_> {
    fn whole(&self, column: usize) -> Result<i64, StoreError> {
        Ok(self.get(column)?)
    }

    fn maybe_whole(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.get(column)?)
    }

    fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(self.get(column)?)
    }

    fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.get(column)?)
    }

    fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(self.get(column)?)
    }

    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.get(column)?)
    }
}
