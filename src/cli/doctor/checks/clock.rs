//! Is our clock right?

use super::{super::facts::Facts, Finding};

const ID: &str = "clock.skew";
const SOURCE: &str = "Date of GitHub's answers";

/// What the whole seconds of `Date` and the answer's way explain.
const UNREMARKABLE_S: i64 = 5;

/// Our tokens are backdated by this much; beyond it GitHub refuses them at first.
const TOLERATED_S: i64 = 60;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(skew) = facts.app.as_ref().ok().and_then(|app| app.clock_skew) else {
        return Vec::new();
    };
    let seconds = skew.as_secs();
    let direction = if seconds > 0 { "behind" } else { "ahead" };
    let what = format!("this machine's clock is {} s {direction}", seconds.abs());
    let remedy = "set the clock by NTP (chrony, systemd-timesyncd); deadlines and tokens depend on it";
    vec![if seconds.abs() <= UNREMARKABLE_S {
        Finding::ok(ID, SOURCE, "this machine's clock agrees with GitHub's")
    } else if seconds.abs() <= TOLERATED_S {
        Finding::warning(ID, SOURCE, what, remedy)
    } else {
        Finding::problem(ID, SOURCE, what, remedy)
    }]
}
