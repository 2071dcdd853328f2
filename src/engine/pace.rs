//! How fast, how long and how often the engine works, and the bounds that every try is held to.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::{runtime::RuntimeFlavor, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Schedule, Trouble, Windows};
use crate::store::Lease;

/// How fast, how long and how often the engine works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How much is done at the same time.
    pub windows: Windows,
    /// How long a claim lasts, in milliseconds; default 120,000. Work of a process that died is done by another after it.
    pub lease_ms: i64,
    /// How long one try may take; default 90 s, and always some seconds less than its lease: a try that hangs is broken
    /// off before another can begin.
    pub longest_try: Duration,
    /// How long work under way gets after the engine was told to stop; default 10 s. What is not over then is broken off
    /// and tried again by the next process, at once.
    pub drain: Duration,
    /// When failed work is tried again.
    pub schedule: Schedule,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            windows: Windows::default(),
            lease_ms: 120_000,
            longest_try: Duration::from_secs(90),
            drain: Duration::from_secs(10),
            schedule: Schedule::default(),
        }
    }
}

/// What is left of a lease when a try is broken off: time to write down how it ended.
const SPARE: SignedDuration = SignedDuration::from_secs(10);

impl Pace {
    /// How long a try may take that begins at `now` under `lease`.
    fn time_for(&self, lease: &Lease, now: Timestamp) -> Duration {
        let held = lease.until.duration_since(now) - SPARE;
        // Negative where the lease is about to run out: then there is no time for anything.
        Duration::try_from(held).unwrap_or(Duration::ZERO).min(self.longest_try)
    }

    /// Tries `work` under `lease`: for as long as the pace allows, until `hurry`, and without letting a panic out.
    pub(super) async fn one_try<T>(
        &self,
        lease: &Lease,
        now: Timestamp,
        hurry: &CancellationToken,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let time = self.time_for(lease, now);
        let work = timeout(time, AssertUnwindSafe(work).catch_unwind());
        tokio::select! {
            tried = work => match tried {
                Ok(Ok(ended)) => ended,
                Ok(Err(_)) => {
                    Err(Trouble::Nonsense("it broke a promise of the program (a panic)".to_owned()))
                }
                Err(_) => Err(Trouble::TookTooLong(time.as_secs())),
            },
            () = hurry.cancelled() => Err(Trouble::Stopped),
        }
    }
}

/// Does what keeps a processor busy for long without keeping other tasks from it.
pub(super) fn at_leisure<T>(work: impl FnOnce() -> T) -> T {
    // A runtime of one thread has nobody to hand the others to.
    match tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(seconds: i64) -> Lease {
        let until = Timestamp::from_second(seconds).expect("representable");
        Lease { id: 1, token: "t".to_owned(), until }
    }

    #[test]
    fn a_try_ends_before_its_lease() {
        let pace = Pace::default();
        let time = |seconds| pace.time_for(&lease(seconds), Timestamp::UNIX_EPOCH);
        assert_eq!(time(120), Duration::from_secs(90));
        assert_eq!(time(60), Duration::from_secs(50));
        assert_eq!(time(3), Duration::ZERO);
        assert_eq!(time(-3), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_try_that_hangs_is_broken_off_and_a_stop_breaks_off_at_once() {
        let pace = Pace { longest_try: Duration::from_millis(1), ..Pace::default() };
        let (calm, hurry) = (CancellationToken::new(), CancellationToken::new());
        hurry.cancel();
        let hanging = || std::future::pending::<Result<(), Trouble>>();
        let now = Timestamp::UNIX_EPOCH;
        let late = pace.one_try(&lease(120), now, &calm, hanging()).await;
        assert!(matches!(late, Err(Trouble::TookTooLong(_))));
        let stopped = Pace::default().one_try(&lease(120), now, &hurry, hanging()).await;
        assert!(matches!(stopped, Err(Trouble::Stopped)));
    }

    #[tokio::test]
    async fn a_panic_is_trouble_and_not_the_end() {
        let panicking = async { panic!("on purpose") };
        let calm = CancellationToken::new();
        let tried: Result<(), _> = Pace::default().one_try(&lease(120), Timestamp::UNIX_EPOCH, &calm, panicking).await;
        assert!(matches!(tried, Err(Trouble::Nonsense(_))));
    }
}
