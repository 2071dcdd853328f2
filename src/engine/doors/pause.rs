//! How long to wait between two looks at one repository.

use jiff::{SignedDuration, Timestamp};

/// One look at each repository, counted as if each cost a request, takes at most this part of the hourly requests, in percent.
const PACE_PERCENT: u64 = 30;

/// So long after a change a repository is looked at more often.
const LIVELY: SignedDuration = SignedDuration::from_mins(10);

/// How much more often.
const QUICKER: i64 = 4;

/// The shortest pause, in milliseconds.
const SHORTEST_MS: i64 = 10_000;

const HOUR_MS: i64 = 3_600_000;

/// The pause: what the operator set, a quarter of it where something changed lately; but so long that one request for
/// each of `repositories` stays within a part of the installation's `limit` of requests an hour.
pub(super) fn pause(
    slowest: SignedDuration,
    repositories: usize,
    limit: u64,
    changed_at: Option<Timestamp>,
    now: Timestamp,
) -> SignedDuration {
    let lively = changed_at.is_some_and(|at| now.duration_since(at).abs() < LIVELY);
    let slowest_ms = i64::try_from(slowest.as_millis()).unwrap_or(HOUR_MS);
    let wished_ms = if lively { (slowest_ms / QUICKER).max(SHORTEST_MS).min(slowest_ms) } else { slowest_ms };
    let affordable = i64::try_from((limit * PACE_PERCENT / 100).max(1)).unwrap_or(i64::MAX);
    let needed_ms = i64::try_from(repositories).unwrap_or(i64::MAX).saturating_mul(HOUR_MS) / affordable;
    SignedDuration::from_millis(wished_ms.max(needed_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(repositories: usize, limit: u64) -> i64 {
        pause(SignedDuration::from_secs(60), repositories, limit, None, Timestamp::UNIX_EPOCH).as_secs()
    }

    #[test]
    fn it_is_what_was_set_until_the_share_of_the_budget_says_otherwise() {
        assert_eq!(quiet(1, 5_000), 60);
        assert_eq!(quiet(25, 5_000), 60, "25 each minute are the 1,500 an hour that may be spent");
        assert_eq!(quiet(50, 5_000), 120);
        assert_eq!(quiet(2_000, 12_500), 1_920, "32 minutes, as docs/scaling.md has it");
    }

    #[test]
    fn it_is_shorter_where_something_changed_lately_and_the_budget_allows_it() {
        let now = Timestamp::UNIX_EPOCH;
        let lively = |many, ago| {
            let changed_at = now.checked_sub(SignedDuration::from_mins(ago)).ok();
            pause(SignedDuration::from_secs(60), many, 5_000, changed_at, now).as_secs()
        };
        assert_eq!((lively(1, 5), lively(1, 15)), (15, 60));
        assert_eq!(lively(50, 5), 120);
    }
}
