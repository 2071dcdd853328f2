//! Instants as the database keeps them: microseconds since 1970 in UTC.

use jiff::Timestamp;

use crate::store::StoreError;

/// Cut down to the microsecond.
pub(super) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant that was kept.
pub(super) fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Corrupt("an instant is out of range".to_owned()))
}

/// When a lease taken at `now` runs out; a duration too large to be represented ends at the end of time.
pub(super) fn lease_end(now: Timestamp, lease_ms: i64) -> i64 {
    micros(now).saturating_add(lease_ms.saturating_mul(1000)).min(micros(Timestamp::MAX))
}
