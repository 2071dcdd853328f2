//! When failed work is tried again.

use jiff::{SignedDuration, Timestamp};

/// Waits between tries, in milliseconds; the last one repeats.
const WAITS_MS: [i64; 7] = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 14_400_000];

/// After this many tries a delivery is parked, an effect is dead; with the waits above that is about two days.
pub(super) const MOST_ATTEMPTS: u32 = 18;

/// After this many tries work that GitHub refuses is given up, unless the refusal may be mended by hand and exposed words
/// hang on it; with the waits above that is about a quarter of an hour.
pub(super) const FEW_ATTEMPTS: u32 = 6;

/// The next try after `attempt` tries.
pub(super) fn next(now: Timestamp, attempt: u32) -> Option<Timestamp> {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_MS.len() - 1);
    now.checked_add(SignedDuration::from_millis(WAITS_MS[index])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_hours_and_the_tries_span_about_two_days() {
        let start = Timestamp::UNIX_EPOCH;
        let mut now = start;
        for attempt in 1..MOST_ATTEMPTS {
            let due = next(now, attempt).expect("representable");
            assert!(due > now, "a retry waits");
            now = due;
        }
        let hours = now.duration_since(start).as_hours();
        assert!((36..72).contains(&hours), "{hours} hours");
    }
}
