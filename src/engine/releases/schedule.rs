//! When which repository is looked at again: soon where something happens, seldom where nothing does, later where it failed.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// Pause between two looks at GitHub's lists of a repository that changes.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
/// The same of one that does not.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// Pause after the first failure; doubles with each, up to [`LONGEST`].
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(1);

#[derive(Clone, Copy, Debug)]
struct Turn {
    pause: SignedDuration,
    sweep_at: Timestamp,
    /// Not tried before; set by failures.
    not_before: Option<Timestamp>,
    failures: u32,
    mirror_fails: bool,
}

/// The turns of all repositories that were looked at by this process.
#[derive(Debug, Default)]
pub(super) struct Schedule(HashMap<u64, Turn>);

impl Schedule {
    /// Whether GitHub's lists of the repository are to be asked for now. The first time is at once.
    pub(super) fn is_due(&self, repository: u64, now: Timestamp) -> bool {
        self.0.get(&repository).is_none_or(|turn| turn.sweep_at <= now) && self.may_try(repository, now)
    }

    /// Whether a look makes sense now: the pause after a failure is over.
    pub(super) fn may_try(&self, repository: u64, now: Timestamp) -> bool {
        let turn = self.0.get(&repository);
        turn.and_then(|turn| turn.not_before).is_none_or(|not_before| not_before <= now)
    }

    /// The lists were other than they had been: a look begins, and until it is over nobody asks again.
    pub(super) fn asked(&mut self, repository: u64, now: Timestamp) {
        self.turn(repository, now).sweep_at = after(now, SHORTEST);
    }

    /// A look that was about cases alone worked; when GitHub is asked stays as it was.
    pub(super) fn works(&mut self, repository: u64) {
        if let Some(turn) = self.0.get_mut(&repository) {
            (turn.failures, turn.not_before, turn.mirror_fails) = (0, None, false);
        }
    }

    /// The lists were as they had been.
    pub(super) fn quiet(&mut self, repository: u64, now: Timestamp) {
        let pause = self.0.get(&repository).map_or(SHORTEST, |turn| (turn.pause * 2).min(LONGEST));
        let turn = self.turn(repository, now);
        turn.pause = pause;
        turn.sweep_at = after(now, pause);
    }

    /// The mirror is up to date.
    pub(super) fn done(&mut self, repository: u64, changed: bool, now: Timestamp) {
        if !changed {
            self.quiet(repository, now);
        }
        if changed {
            let turn = self.turn(repository, now);
            turn.pause = SHORTEST;
            turn.sweep_at = after(now, SHORTEST);
        }
        self.works(repository);
    }

    /// The mirror could not be brought up to date.
    pub(super) fn failed(&mut self, repository: u64, now: Timestamp) {
        self.put_off(repository, now);
        self.turn(repository, now).mirror_fails = true;
    }

    /// Something else did not work.
    pub(super) fn put_off(&mut self, repository: u64, now: Timestamp) {
        let turn = self.turn(repository, now);
        let pause = (AFTER_FAILURE * (1 << turn.failures.min(6))).min(LONGEST);
        turn.failures += 1;
        turn.not_before = Some(after(now, pause));
    }

    /// Repositories whose mirrors failed last.
    pub(super) fn failing(&self) -> usize {
        self.0.values().filter(|turn| turn.mirror_fails).count()
    }

    fn turn(&mut self, repository: u64, now: Timestamp) -> &mut Turn {
        self.0.entry(repository).or_insert(Turn {
            pause: SHORTEST,
            sweep_at: now,
            not_before: None,
            failures: 0,
            mirror_fails: false,
        })
    }
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).expect("in range")
    }

    #[test]
    fn a_quiet_repository_is_asked_for_less_and_less_and_a_busy_one_soon_again() {
        let mut schedule = Schedule::default();
        assert!(schedule.is_due(1, at(0)), "the first time is at once");
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..6 {
            schedule.quiet(1, at(now));
            let next = (now..).find(|minute| schedule.is_due(1, at(*minute))).expect("it comes");
            pauses.push(next - now);
            now = next;
        }
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        schedule.done(1, true, at(now));
        assert!(!schedule.is_due(1, at(now + 4)) && schedule.is_due(1, at(now + 5)));
    }

    #[test]
    fn a_failing_mirror_is_tried_again_after_pauses_that_grow() {
        let mut schedule = Schedule::default();
        schedule.failed(1, at(0));
        assert!(!schedule.may_try(1, at(0)) && schedule.may_try(1, at(1)));
        schedule.failed(1, at(1));
        assert!(!schedule.may_try(1, at(2)) && schedule.may_try(1, at(3)));
        assert_eq!(schedule.failing(), 1);
        schedule.done(1, true, at(3));
        assert!(schedule.may_try(1, at(3)));
        assert_eq!(schedule.failing(), 0);
    }
}
