//! Looking for advisories: GitHub tells of reports and publications alone, and may fail to; so the lists are read.
//!
//! What flows in: the repositories that the App sees, their lists of advisories, those that changed last first. What flows
//! out: deliveries of our own, sealed and durable, which take the way of all others. What it must never do: decide, log
//! GitHub's number of an advisory that is not public, or spend more than its share of an installation's requests.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{installations::Installed, recovery::Spending};

mod marks;
mod pause;
mod poll;

pub(super) use poll::PollAdvisories;
pub use poll::Polled;

/// At most so much of an installation's hourly requests, in percent (docs/scaling.md). A list that has not changed costs
/// nothing; this is the bound where all of them change, or GitHub names no answers.
const SHARE_PERCENT: u64 = 20;

/// After so long the list of repositories is asked for again.
const ROSTER_AGE: SignedDuration = SignedDuration::from_hours(1);

/// What is remembered between two rounds. Losing it costs some requests, nothing else.
pub struct Memory(Mutex<Polling>);

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(Polling { roster: None, spending: Spending::up_to(SHARE_PERCENT), turns: HashMap::new() }))
    }
}

struct Polling {
    roster: Option<Roster>,
    spending: Spending,
    /// By repository.
    turns: HashMap<u64, Turn>,
}

struct Roster {
    asked_at: Timestamp,
    groups: Vec<Installed>,
}

#[derive(Clone)]
struct Turn {
    /// When it was looked at last.
    at: Timestamp,
    /// When something had changed there last.
    changed_at: Option<Timestamp>,
    /// GitHub's name for the list of which nothing is left to do: the same list again costs nothing.
    etag: Option<String>,
}
