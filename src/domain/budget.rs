//! Who may spend GitHub's hourly requests when they run short.
//!
//! One installation's requests are counted by GitHub, for a window that ends at a stated instant. The rule keeps a share
//! of them for what is more urgent: a storm of small things must not leave exposed words in public.

use jiff::{SignedDuration, Timestamp};

use super::effect::Urgency;

/// What is left of one installation's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests allowed per window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// When the window ends and all are allowed again.
    pub reset_at: Timestamp,
}

/// Whether something may start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// It may.
    Go,
    /// It may be asked for again from this instant on, which is after the present one.
    WaitUntil(Timestamp),
}

/// A window is waited for no longer than this, whatever was said about its end: GitHub's are an hour long.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(2);

/// The part of the limit, in per cent, that is kept for what is more urgent.
fn reserve_percent(urgency: Urgency) -> u64 {
    match urgency {
        Urgency::Protecting => 0,
        Urgency::Private => 10,
        Urgency::Courtesy => 25,
        Urgency::Upkeep => 50,
    }
}

/// Whether something of this urgency may spend from `budget` at `now`. What protects always may: GitHub itself says when
/// there is nothing left.
pub fn may_spend(budget: &Budget, urgency: Urgency, now: Timestamp) -> Spend {
    let kept = u128::from(budget.limit) * u128::from(reserve_percent(urgency));
    let left = u128::from(budget.remaining) * 100;
    if urgency == Urgency::Protecting || left > kept || budget.reset_at <= now {
        return Spend::Go;
    }
    wait(budget.reset_at, now)
}

/// A pause that GitHub asked an installation for: a limit on pace (a secondary limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it ends.
    pub until: Timestamp,
    /// Whether something on a public place earned it, rather than something that only maintainers see.
    pub earned_in_public: bool,
}

/// Whether something of this urgency, on a public place or not, may start at `now` although GitHub asked for `pause`.
///
/// What protects does not wait for a pause that something else earned. Nor does anything on a public place wait for one
/// that was earned in private: when the bot speaks must not tell what goes on behind.
pub fn may_break_pause(pause: &Pause, urgency: Urgency, in_public: bool, now: Timestamp) -> Spend {
    let unseen = in_public && !pause.earned_in_public;
    if urgency == Urgency::Protecting || unseen || pause.until <= now {
        return Spend::Go;
    }
    wait(pause.until, now)
}

fn wait(until: Timestamp, now: Timestamp) -> Spend {
    Spend::WaitUntil(until.min(now.saturating_add(LONGEST_WAIT).unwrap_or(until)))
}

impl Spend {
    /// The later of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::WaitUntil(one), Self::WaitUntil(another)) => Self::WaitUntil(one.max(another)),
            (Self::Go, wait) | (wait, Self::Go) => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BY_URGENCY: [Urgency; 4] = [Urgency::Protecting, Urgency::Private, Urgency::Courtesy, Urgency::Upkeep];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("representable")
    }

    fn going(remaining: u64) -> Vec<Urgency> {
        let budget = Budget { limit: 5_000, remaining, reset_at: at(3_600) };
        BY_URGENCY.into_iter().filter(|urgency| may_spend(&budget, *urgency, at(0)) == Spend::Go).collect()
    }

    #[test]
    fn the_less_urgent_stop_first() {
        assert_eq!(going(5_000), BY_URGENCY);
        assert_eq!(going(2_500), BY_URGENCY[..3]);
        assert_eq!(going(1_250), BY_URGENCY[..2]);
        assert_eq!(going(500), BY_URGENCY[..1]);
        assert_eq!(going(0), BY_URGENCY[..1]);
    }

    #[test]
    fn a_window_that_is_over_holds_nothing_back() {
        let budget = Budget { limit: 5_000, remaining: 0, reset_at: at(10) };
        assert_eq!(may_spend(&budget, Urgency::Upkeep, at(9)), Spend::WaitUntil(at(10)));
        assert_eq!(may_spend(&budget, Urgency::Upkeep, at(10)), Spend::Go);
    }

    #[test]
    fn a_pause_holds_back_all_but_what_protects() {
        let pause = Pause { until: at(60), earned_in_public: true };
        let breaking = |urgency| may_break_pause(&pause, urgency, true, at(0));
        assert_eq!(breaking(Urgency::Protecting), Spend::Go);
        assert_eq!(breaking(Urgency::Private), Spend::WaitUntil(at(60)));
        assert_eq!(may_break_pause(&pause, Urgency::Upkeep, true, at(60)), Spend::Go);
        let longer = may_spend(&Budget { limit: 100, remaining: 0, reset_at: at(90) }, Urgency::Private, at(0));
        assert_eq!(breaking(Urgency::Private).and(longer), Spend::WaitUntil(at(90)));
    }

    #[test]
    fn a_pause_that_was_earned_in_private_does_not_show_in_public() {
        let pause = Pause { until: at(60), earned_in_public: false };
        assert_eq!(may_break_pause(&pause, Urgency::Courtesy, true, at(0)), Spend::Go);
        assert_eq!(may_break_pause(&pause, Urgency::Private, false, at(0)), Spend::WaitUntil(at(60)));
    }

    proptest! {
        #[test]
        fn whoever_waits_waits_for_a_later_instant_and_what_is_more_urgent_waits_no_longer(
            limit in any::<u64>(), remaining in any::<u64>(), reset in -10_000i64..1_000_000, now in 0i64..10_000,
        ) {
            let budget = Budget { limit, remaining, reset_at: at(reset) };
            let mut earlier = at(now);
            for urgency in BY_URGENCY {
                let from = match may_spend(&budget, urgency, at(now)) {
                    Spend::Go => at(now),
                    Spend::WaitUntil(until) => {
                        prop_assert!(until > at(now) && until <= at(now + 7_200));
                        until
                    }
                };
                prop_assert!(from >= earlier);
                earlier = from;
            }
        }
    }
}
