//! Rate limits: the hourly budget of every token, and GitHub's limit on content creation.
//!
//! Sources: docs.github.com, "Rate limits for the REST API". One budget stands for all installations.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::rest::Answer;

/// The state of the limits.
#[derive(Debug)]
pub(crate) struct Limits {
    pub budget: u64,
    pub used: u64,
    pub reset: Timestamp,
    /// At most so many writes per minute; `None` is no such limit.
    pub writes_per_minute: Option<usize>,
    writes: VecDeque<Timestamp>,
}

impl Limits {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            budget: 5000,
            used: 0,
            reset: now + SignedDuration::from_hours(1),
            writes_per_minute: None,
            writes: VecDeque::new(),
        }
    }

    fn remaining(&self) -> u64 {
        self.budget.saturating_sub(self.used)
    }

    /// Counts a request, or answers why it is refused.
    pub(crate) fn count(&mut self, now: Timestamp, free: bool, write: bool) -> Option<Answer> {
        if now >= self.reset {
            self.used = 0;
            self.reset = now + SignedDuration::from_hours(1);
        }
        if free {
            return None;
        }
        if self.remaining() == 0 {
            let message = "API rate limit exceeded for installation.";
            return Some(Answer::with(403, limited(message)));
        }
        self.used += 1;
        let minute_ago = now - SignedDuration::from_mins(1);
        while self.writes.front().is_some_and(|w| *w <= minute_ago) {
            self.writes.pop_front();
        }
        if write && let Some(most) = self.writes_per_minute {
            if self.writes.len() >= most {
                return Some(secondary(403, 60));
            }
            self.writes.push_back(now);
        }
        None
    }

    /// Takes back what was counted for a request that turned out to cost nothing.
    pub(crate) fn give_back(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// The headers that every answer carries.
    pub(crate) fn headers(&self) -> [(&'static str, String); 5] {
        [
            ("x-ratelimit-limit", self.budget.to_string()),
            ("x-ratelimit-remaining", self.remaining().to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", self.reset.as_second().to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }

    /// One entry of `GET /rate_limit`.
    pub(crate) fn shown(&self, now: Timestamp) -> Value {
        let fresh = now >= self.reset;
        json!({
            "limit": self.budget,
            "used": if fresh { 0 } else { self.used },
            "remaining": if fresh { self.budget } else { self.remaining() },
            "reset": self.reset.as_second(),
        })
    }
}

fn limited(message: &str) -> Value {
    json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
    })
}

/// The answer of a secondary limit.
pub(crate) fn secondary(status: u16, retry_after_s: u64) -> Answer {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let mut answer = Answer::with(status, limited(message));
    let header = ("retry-after", retry_after_s.to_string());
    answer.headers.push(header);
    answer
}
