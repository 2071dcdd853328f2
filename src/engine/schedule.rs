//! When failed work is tried again, as the operator set it.

use jiff::{SignedDuration, Timestamp};

/// When failed work is tried again, and when it is given up.
///
/// There is no chance in it: how many are tried at once is bounded by the engine's places, so tries that fall on one
/// instant do no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Waits between tries, in milliseconds; the last one repeats. 1 to 20 of them, each from 100 to 86,400,000.
    pub waits_ms: Vec<i64>,
    /// After so many tries a delivery is parked, an effect is dead; 3 to 100. The usual waits and tries span about two
    /// days.
    pub most_attempts: u32,
    /// After so many tries work that GitHub refuses is given up, unless the refusal may be mended by hand and exposed
    /// words hang on it; 1 to `most_attempts`. The usual waits span about a quarter of an hour.
    pub attempts_when_refused: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            waits_ms: vec![1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 14_400_000],
            most_attempts: 18,
            attempts_when_refused: 6,
        }
    }
}

impl Schedule {
    /// The next try after `attempt` tries.
    pub(super) fn next(&self, now: Timestamp, attempt: u32) -> Option<Timestamp> {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait_ms = self.waits_ms.get(index).or(self.waits_ms.last())?;
        now.checked_add(SignedDuration::from_millis(*wait_ms)).ok()
    }
}

/// A delivery that waits longer than this for its next try does not hold back those behind it.
const LONGEST_HOLD: SignedDuration = SignedDuration::from_secs(10);

/// A delivery that has failed so often does not hold back those behind it, however short the waits are.
const MOST_HOLDING_TRIES: u32 = 3;

/// Whether a delivery that is to be tried again at `at` keeps its place in its lane, so that those behind it wait. Order is
/// kept through a short trouble; a long one (an outage, an exhausted budget, something about this very delivery) must not
/// keep the next disclosure exposed.
pub(super) fn keeps_its_place(now: Timestamp, at: Timestamp, attempt: u32) -> bool {
    at.duration_since(now) <= LONGEST_HOLD && attempt < MOST_HOLDING_TRIES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_waits_grow_to_hours_and_the_tries_span_about_two_days() {
        let schedule = Schedule::default();
        let start = Timestamp::UNIX_EPOCH;
        let mut now = start;
        for attempt in 1..schedule.most_attempts {
            let due = schedule.next(now, attempt).expect("representable");
            assert!(due > now, "a retry waits");
            now = due;
        }
        let hours = now.duration_since(start).as_hours();
        assert!((36..72).contains(&hours), "{hours} hours");
    }

    proptest! {
        #[test]
        fn whatever_the_schedule_a_lane_is_held_for_less_than_half_a_minute(
            waits_ms in proptest::collection::vec(100i64..=86_400_000, 1..=20),
        ) {
            let schedule = Schedule { waits_ms, ..Schedule::default() };
            let mut now = Timestamp::UNIX_EPOCH;
            for attempt in 1..=schedule.most_attempts {
                let at = schedule.next(now, attempt).expect("representable");
                if !keeps_its_place(now, at, attempt) {
                    break;
                }
                now = at;
            }
            prop_assert!(now.duration_since(Timestamp::UNIX_EPOCH) < SignedDuration::from_secs(30));
        }
    }
}
