//! How far our clock is from GitHub's.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// Differences up to this are not worth a correction: `Date` has whole seconds and the answer took its way.
const TOLERATED_MS: i64 = 5_000;

/// Marks that no answer has told the time yet.
const UNSEEN: i64 = i64::MIN;

/// The correction that GitHub's answers have taught us, and the difference that was last seen.
#[derive(Debug)]
pub(super) struct Drift {
    correction_ms: AtomicI64,
    seen_ms: AtomicI64,
}

impl Drift {
    pub(super) fn none() -> Self {
        Self { correction_ms: AtomicI64::new(0), seen_ms: AtomicI64::new(UNSEEN) }
    }

    /// `ours` as GitHub's clock would show it, as far as a correction was needed until now.
    pub(super) fn corrected(&self, ours: Timestamp) -> Timestamp {
        ours.saturating_add(self.correction()).unwrap_or(ours)
    }

    /// An instant of GitHub's in our own time.
    pub(super) fn in_our_time(&self, theirs: Timestamp) -> Timestamp {
        theirs.saturating_sub(self.correction()).unwrap_or(theirs)
    }

    /// Notes what an answer that arrived at `ours` said in its `Date`.
    pub(super) fn observe(&self, date: Timestamp, ours: Timestamp) {
        self.seen_ms.store(date.duration_since(ours).as_millis() as i64, Ordering::Relaxed);
    }

    /// GitHub's clock minus ours, as last seen; `None` before the first answer.
    pub(super) fn seen(&self) -> Option<SignedDuration> {
        match self.seen_ms.load(Ordering::Relaxed) {
            UNSEEN => None,
            ms => Some(SignedDuration::from_millis(ms)),
        }
    }

    /// Takes over GitHub's time after it has refused ours. Returns whether that changed anything, so that a second
    /// attempt makes sense.
    pub(super) fn learn(&self, date: Option<Timestamp>, ours: Timestamp) -> bool {
        let Some(date) = date else { return false };
        let difference_ms = date.duration_since(ours).as_millis() as i64;
        let known_ms = self.correction_ms.load(Ordering::Relaxed);
        if (difference_ms - known_ms).abs() <= TOLERATED_MS {
            return false;
        }
        self.correction_ms.store(difference_ms, Ordering::Relaxed);
        true
    }

    fn correction(&self) -> SignedDuration {
        SignedDuration::from_millis(self.correction_ms.load(Ordering::Relaxed))
    }
}

/// Reads an HTTP date (RFC 9110 section 5.6.7, its preferred form).
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}
