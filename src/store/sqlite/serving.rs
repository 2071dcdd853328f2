//! Who serves from the file. A server that was killed leaves claimed work behind, which would wait until its leases run
//! out; where no other server lives, the next one need not wait for that.
//!
//! Told by locks on a file beside the database, which the system takes away with the process. The database's own file is
//! left alone: SQLite locks it, and loses its locks when somebody else in the process closes it.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    statement::change,
    writer::{Verdict, Write},
};
use crate::store::{StoreError, Work, kept::micros};

// `?1` is now, in microseconds. What was claimed may be what killed the server: after its third try it waits, longer each
// time, so that others are done meanwhile; and what was claimed beside it is not counted to death with it.
const FREE_DELIVERIES: &str = "
    UPDATE deliveries INDEXED BY deliveries_running
    SET state = 'ready', lease_token = NULL, lease_until = NULL,
        not_before = CASE WHEN attempts <= 3 THEN not_before
            WHEN attempts = 4 THEN ?1 + 30000000 WHEN attempts = 5 THEN ?1 + 120000000 ELSE ?1 + 600000000 END
    WHERE state = 'running'";

const FREE_EFFECTS: &str = "
    UPDATE effects INDEXED BY effects_running
    SET state = CASE WHEN attempts <= 3 THEN 'ready' ELSE 'scheduled' END, lease_token = NULL, lease_until = NULL,
        runnable_at = CASE WHEN attempts <= 3 THEN runnable_at
            WHEN attempts = 4 THEN ?1 + 30000000 WHEN attempts = 5 THEN ?1 + 120000000 ELSE ?1 + 600000000 END
    WHERE state = 'running'";

/// What is claimed by nobody who lives.
pub(super) struct FreeAll {
    pub(super) now: Timestamp,
}

impl Write for FreeAll {
    type Answer = u64;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<u64>, StoreError> {
        let mut freed = 0;
        for statement in [FREE_DELIVERIES, FREE_EFFECTS] {
            freed += change(connection, statement, [micros(self.now)])?;
        }
        Ok(Verdict::Keep(freed as u64))
    }

    fn makes(&self, answer: &u64) -> Work {
        Work::ALL.when(*answer > 0)
    }
}

/// Being there. Others see it until it is dropped, or the process dies.
pub(super) struct Presence(File);

impl Presence {
    /// Arrives at the database at `path`; whether nobody else is there. Who is alone stays so until
    /// [`Presence::let_others_in`].
    pub(super) fn arrive(path: &Path) -> io::Result<(Self, bool)> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(beside(path))?;
        match file.try_lock() {
            Ok(()) => Ok((Self(file), true)),
            Err(TryLockError::WouldBlock) => {
                // Waits for one that has just arrived alone; it is busy for one commit.
                file.lock_shared()?;
                Ok((Self(file), false))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Others may arrive, and see that somebody is there.
    pub(super) fn let_others_in(&self) -> io::Result<()> {
        // In between another one may find itself alone; it frees what nobody has claimed yet.
        self.0.unlock()?;
        self.0.lock_shared()
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-serving");
    name.into()
}

#[cfg(test)]
pub(super) const ONCE: &[&str] = &[FREE_DELIVERIES, FREE_EFFECTS];

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Presence;
    use crate::store::{ClaimOrder, SharedStore, conformance::delivery, open};

    #[test]
    fn who_comes_first_is_alone_and_who_comes_after_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("embargod.db");
        let (first, alone) = Presence::arrive(&path).expect("it arrives");
        assert!(alone);
        first.let_others_in().expect("it opens up");
        let (second, alone) = Presence::arrive(&path).expect("it arrives");
        assert!(!alone);
        drop(first);
        let (third, alone) = Presence::arrive(&path).expect("it arrives");
        assert!(!alone, "the second is still there");
        drop((second, third));
        assert!(Presence::arrive(&path).expect("it arrives").1);
    }

    const START: &str = "2026-02-02T00:00:00Z";

    fn after(seconds: i64) -> Timestamp {
        START.parse::<Timestamp>().expect("an instant") + SignedDuration::from_secs(seconds)
    }

    async fn claimed(store: &SharedStore, now: Timestamp) -> usize {
        store.claim_deliveries(now, 120_000, 5, ClaimOrder::OldestFirst).await.expect("it answers").len()
    }

    #[tokio::test]
    async fn what_a_dead_server_had_claimed_goes_on_at_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = format!("sqlite:{}", folder.path().join("embargod.db").display());
        let killed = open(&path).await.expect("it opens");
        assert_eq!(killed.begin_serving(after(0)).await, Ok(0));
        killed.accept(delivery("a", "repo:1", 0)).await.expect("it is taken");
        assert_eq!(claimed(&killed, after(0)).await, 1);

        let beside = open(&path).await.expect("it opens");
        assert_eq!(beside.begin_serving(after(1)).await, Ok(0), "the first still lives");
        drop((killed, beside));

        let next = open(&path).await.expect("it opens");
        assert_eq!(next.begin_serving(after(1)).await, Ok(1));
        assert_eq!(claimed(&next, after(1)).await, 1, "no lease is waited for");
    }

    #[tokio::test]
    async fn what_was_under_way_at_death_after_death_waits_longer_each_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = format!("sqlite:{}", folder.path().join("embargod.db").display());
        let door = open(&path).await.expect("it opens");
        door.accept(delivery("a", "repo:1", 0)).await.expect("it is taken");
        drop(door);
        let mut now = 0;
        for wait in [0, 0, 0, 0, 30, 120, 600] {
            let server = open(&path).await.expect("it opens");
            server.begin_serving(after(now)).await.expect("it begins");
            if wait > 0 {
                assert_eq!(claimed(&server, after(now + wait - 1)).await, 0, "too early after {wait} s");
            }
            now += wait;
            assert_eq!(claimed(&server, after(now)).await, 1, "due after {wait} s");
        }
    }
}
