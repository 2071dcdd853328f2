//! How common posts that belong in private are in one repository, learnt from what maintainers say in public.
//!
//! The odds of a post are its words' odds times the odds of the repository. Of the posts that the bot answered, maintainers
//! refuse more where reports are rarer, so the share that they refuse tells by how much.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::{policy::Prior, reason::Reason, record::Record};

/// Share of posts that belong in private for which the detector is calibrated (the trainer's `PREVALENCE`,
/// `xtask/trainer/src/validate.rs`).
pub const BASE_SHARE: f64 = 0.004;

/// Share of its public answers that is expected to be needless, by the measured curves.
const EXPECTED_REFUSED: f64 = 0.5;

/// The expectation weighs as much as so many posts, so that one refusal moves little.
const EXPECTATION_POSTS: f64 = 4.0;

/// What is learnt lowers the log-odds by so much at most.
const MOST_LEARNT: f64 = 1.5;

/// A policy's own share moves the log-odds by so much at most.
const MOST_GIVEN: f64 = 3.0;

/// What was learnt fades to nothing over so many days after the last refusal: projects change.
const FADES_DAYS: i64 = 180;

/// What maintainers of a repository have said in public about the bot's public answers. Reckoned anew at each refusal.
/// Nothing that is said at a desk counts here (ADR 0015).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The repository's number.
    pub repository_id: u64,
    /// Posts that were answered or taken out of sight in public.
    pub told: u64,
    /// Those of them that a maintainer refused in public, by `/not-security`.
    pub refused: u64,
    /// When one was refused last.
    pub at: Timestamp,
}

impl Record for Tally {
    const KIND: &'static str = "redirect_tally";

    fn key(&self) -> String {
        Self::key_of(self.repository_id)
    }
}

impl Tally {
    /// The key of a repository's tally.
    pub fn key_of(repository_id: u64) -> String {
        format!("repo:{repository_id}")
    }
}

/// By how much a repository's prior moves the log-odds, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shift {
    /// The policy names the share.
    Given(f64),
    /// Learnt.
    Learnt {
        /// By how much; never above 0.
        log_odds: f64,
        /// See [`Tally::told`].
        told: u64,
        /// See [`Tally::refused`].
        refused: u64,
    },
}

impl Shift {
    /// By how much the log-odds move.
    pub fn log_odds(self) -> f64 {
        match self {
            Self::Given(log_odds) | Self::Learnt { log_odds, .. } => log_odds,
        }
    }

    pub(super) fn reason(self) -> Reason {
        let text = match self {
            Self::Given(log_odds) => format!("the policy says how common such posts are here ({log_odds:+.2})"),
            Self::Learnt { log_odds, told, refused } => {
                format!("maintainers refused {refused} of {told} answers here in public ({log_odds:+.2})")
            }
        };
        Reason::new("context.prior", text).from_source("redirect.prior")
    }
}

/// The shift that follows from policy and tally; `None` where nothing is to be moved.
///
/// `auto` only ever lowers: that nobody refuses is no proof that all was right, and silence must not make the bot bolder.
pub fn shift(prior: Option<Prior>, tally: Option<&Tally>, now: Timestamp) -> Option<Shift> {
    match prior? {
        Prior::Share(share) => {
            let log_odds = (log_odds(share) - log_odds(BASE_SHARE)).clamp(-MOST_GIVEN, MOST_GIVEN);
            (log_odds != 0.0).then_some(Shift::Given(log_odds))
        }
        Prior::Auto => {
            let tally = tally?;
            let log_odds = learnt(tally.told, tally.refused) * freshness(now.duration_since(tally.at));
            (log_odds < 0.0).then_some(Shift::Learnt { log_odds, told: tally.told, refused: tally.refused })
        }
    }
}

/// The log-odds that so many refusals teach, from -1.5 to 0: the odds of being right, by a Beta estimate of the share that is
/// refused, against the odds that were expected.
pub fn learnt(told: u64, refused: u64) -> f64 {
    // Counts are small; as floats they stay exact.
    let (told, refused) = (told.max(refused) as f64, refused as f64);
    let share = (refused + EXPECTED_REFUSED * EXPECTATION_POSTS) / (told + EXPECTATION_POSTS);
    (log_odds(1.0 - share) - log_odds(1.0 - EXPECTED_REFUSED)).clamp(-MOST_LEARNT, 0.0)
}

fn freshness(age: SignedDuration) -> f64 {
    let span = SignedDuration::from_hours(24 * FADES_DAYS).as_secs_f64();
    (1.0 - age.as_secs_f64() / span).clamp(0.0, 1.0)
}

fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + days * 86_400).expect("in range")
    }

    fn tally(told: u64, refused: u64) -> Tally {
        Tally { repository_id: 12, told, refused, at: at(0) }
    }

    fn auto(told: u64, refused: u64, days: i64) -> f64 {
        shift(Some(Prior::Auto), Some(&tally(told, refused)), at(days)).map_or(0.0, Shift::log_odds)
    }

    #[test]
    fn one_refusal_moves_little_and_many_move_no_further_than_the_bound() {
        assert!((-0.5..0.0).contains(&auto(1, 1, 0)), "{}", auto(1, 1, 0));
        assert!((-1.2..-1.0).contains(&auto(4, 4, 0)), "{}", auto(4, 4, 0));
        assert_eq!(auto(500, 500, 0), -MOST_LEARNT);
    }

    #[test]
    fn as_many_refusals_as_expected_move_nothing_and_silence_never_makes_bolder() {
        assert_eq!(auto(40, 20, 0), 0.0);
        assert_eq!(auto(40, 0, 0), 0.0);
        assert_eq!(shift(Some(Prior::Auto), None, at(0)), None);
        assert_eq!(shift(None, Some(&tally(9, 9)), at(0)), None);
    }

    #[test]
    fn what_was_learnt_fades() {
        let fresh = auto(4, 4, 0);
        assert!((auto(4, 4, 90) - fresh / 2.0).abs() < 1e-9);
        assert_eq!(auto(4, 4, 180), 0.0);
        assert_eq!(auto(4, 4, 10_000), 0.0);
        // A clock that went back teaches nothing more.
        assert_eq!(auto(4, 4, -10), fresh);
    }

    #[test]
    fn a_share_given_by_the_policy_is_held_against_the_one_that_the_detector_is_made_for() {
        let of = |share| shift(Some(Prior::Share(share)), None, at(0)).map_or(0.0, Shift::log_odds);
        assert_eq!(of(BASE_SHARE), 0.0);
        assert!((1.5..1.7).contains(&of(0.02)), "{}", of(0.02));
        assert!(of(0.0001) < -2.9);
    }

    proptest! {
        #[test]
        fn any_counts_stay_within_the_bounds(told in 0_u64..5_000, refused in 0_u64..5_000, days in -400_i64..400) {
            let log_odds = auto(told, refused, days);
            prop_assert!((-MOST_LEARNT..=0.0).contains(&log_odds));
            prop_assert!(auto(told, refused + 1, days) <= log_odds, "a further refusal never makes bolder");
        }
    }
}
