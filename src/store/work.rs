//! Calling those who wait for work, and telling them of which sort it is: who performs effects need not look because a
//! delivery arrived.

use std::{
    ops::BitOr,
    sync::atomic::{AtomicU8, Ordering},
};

use tokio::sync::Notify;

/// What there may be to claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work(u8);

impl Work {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Deliveries.
    pub const DELIVERIES: Self = Self(1);
    /// Effects.
    pub const EFFECTS: Self = Self(2);
    /// Both.
    pub const ALL: Self = Self(3);

    /// Whether there may be deliveries.
    pub fn has_deliveries(self) -> bool {
        self.0 & Self::DELIVERIES.0 != 0
    }

    /// Whether there may be effects.
    pub fn has_effects(self) -> bool {
        self.0 & Self::EFFECTS.0 != 0
    }

    /// Itself if `condition` holds, else nothing.
    pub(super) fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    /// As it is written to other processes.
    pub(super) fn bits(self) -> u8 {
        self.0
    }

    /// What another process wrote; what is not understood may be anything.
    pub(super) fn from_bits(bits: u8) -> Self {
        if bits <= Self::ALL.0 { Self(bits) } else { Self::ALL }
    }
}

impl BitOr for Work {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Collects what there may be to claim until somebody asks. Several who wait at one time share what there is.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pending: AtomicU8,
    called: Notify,
}

impl Calls {
    /// Wakes who waits, or the next who comes to wait.
    pub(super) fn call(&self, work: Work) {
        if work != Work::NONE {
            self.pending.fetch_or(work.0, Ordering::AcqRel);
            self.called.notify_one();
        }
    }

    /// Waits until there is something.
    pub(super) async fn wait(&self) -> Work {
        loop {
            self.called.notified().await;
            let work = Work(self.pending.swap(0, Ordering::AcqRel));
            if work != Work::NONE {
                return work;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_came_before_one_waits_is_told_together_and_once() {
        let calls = Calls::default();
        calls.call(Work::NONE);
        assert_eq!(calls.wait().now_or_never(), None);
        calls.call(Work::DELIVERIES);
        calls.call(Work::EFFECTS);
        assert_eq!(calls.wait().now_or_never(), Some(Work::ALL));
        assert_eq!(calls.wait().now_or_never(), None);
        calls.call(Work::EFFECTS);
        assert_eq!(calls.wait().now_or_never(), Some(Work::EFFECTS));
    }
}
