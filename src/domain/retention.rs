//! How long what GitHub delivered is kept. What is kept for ever, and why, is in `docs/retention.md`.

use jiff::{SignedDuration, Timestamp};

/// How long sealed bodies of deliveries are kept, and how long their GUIDs are remembered. Both count from the instant at
/// which a delivery was over; one that waits or is parked is kept whatever its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    bodies_days: u32,
    deliveries_days: u32,
}

impl Retention {
    /// Two weeks, to look into what went wrong.
    pub const DEFAULT_BODIES_DAYS: u32 = 14;

    /// A little more than a year.
    pub const DEFAULT_DELIVERIES_DAYS: u32 = 400;

    /// Longest time that either may be kept, in days.
    pub const MOST_DAYS: u32 = 3_650;

    /// A GUID is remembered for so many days at least. GitHub repeats deliveries of the last three days ("Redelivering
    /// webhooks"), and one that was forgotten would be handled a second time.
    pub const LEAST_DELIVERIES_DAYS: u32 = 4;

    /// Keeps bodies for `bodies_days` (1 to 3,650) and GUIDs for `deliveries_days` (4 to 3,650, not less than the bodies).
    ///
    /// # Errors
    /// Which bound does not hold.
    pub fn new(bodies_days: u32, deliveries_days: u32) -> Result<Self, OutOfBounds> {
        if !(1..=Self::MOST_DAYS).contains(&bodies_days) {
            return Err(OutOfBounds::Bodies);
        }
        if !(Self::LEAST_DELIVERIES_DAYS..=Self::MOST_DAYS).contains(&deliveries_days) {
            return Err(OutOfBounds::Deliveries);
        }
        if deliveries_days < bodies_days {
            return Err(OutOfBounds::ForgottenBeforeTheirBodies);
        }
        Ok(Self { bodies_days, deliveries_days })
    }

    /// Bodies of deliveries that were over before this instant are dropped.
    pub fn bodies_until(self, now: Timestamp) -> Timestamp {
        days_before(now, self.bodies_days)
    }

    /// Deliveries that were over before this instant are forgotten.
    pub fn deliveries_until(self, now: Timestamp) -> Timestamp {
        days_before(now, self.deliveries_days)
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { bodies_days: Self::DEFAULT_BODIES_DAYS, deliveries_days: Self::DEFAULT_DELIVERIES_DAYS }
    }
}

/// Why a retention cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfBounds {
    /// Bodies: 1 to 3,650 days.
    Bodies,
    /// GUIDs: 4 to 3,650 days.
    Deliveries,
    /// A forgotten delivery has no body.
    ForgottenBeforeTheirBodies,
}

/// A day is 24 hours. Before the beginning of representable time there is nothing to forget.
fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_over_for_so_many_days_goes() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let rule = Retention::new(14, 400).expect("within bounds");
        assert_eq!(rule, Retention::default());
        assert_eq!(rule.bodies_until(now).to_string(), "2026-11-07T12:00:00Z");
        assert_eq!(rule.deliveries_until(now).to_string(), "2025-10-17T12:00:00Z");
        assert_eq!(rule.bodies_until(Timestamp::MIN), Timestamp::MIN, "the beginning of time is no panic");
    }

    #[test]
    fn a_guid_outlives_its_body_and_githubs_memory() {
        assert_eq!(Retention::new(0, 400), Err(OutOfBounds::Bodies));
        assert_eq!(Retention::new(3_651, 3_651), Err(OutOfBounds::Bodies));
        assert_eq!(Retention::new(1, 3), Err(OutOfBounds::Deliveries));
        assert_eq!(Retention::new(1, 3_651), Err(OutOfBounds::Deliveries));
        assert_eq!(Retention::new(30, 29), Err(OutOfBounds::ForgottenBeforeTheirBodies));
        for (bodies, deliveries) in [(1, 4), (3_650, 3_650), (30, 30)] {
            assert!(Retention::new(bodies, deliveries).is_ok(), "{bodies} {deliveries}");
        }
    }
}
