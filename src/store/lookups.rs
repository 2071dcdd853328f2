//! Looking up records for many who ask at one time: all that wait are looked up together, by one question or at least
//! without a change of threads for each.
//!
//! Who asks after a write has ended finds it: a question is put only after it was queued.

use tokio::sync::{mpsc, oneshot};

use super::{StoreError, StoredRecord};

/// Records that are looked up together, at most.
const TOGETHER: usize = 256;

/// A record, where there is one.
pub(super) type Found = Result<Option<StoredRecord>, StoreError>;

/// One record that somebody wants.
pub(super) struct Wanted {
    pub(super) kind: String,
    pub(super) key: String,
    caller: oneshot::Sender<Found>,
}

/// Tells all who wait what was found, in their order.
pub(super) fn answer(wanted: Vec<Wanted>, found: Result<Vec<Found>, StoreError>) {
    let all = match found {
        Ok(found) => found,
        Err(error) => wanted.iter().map(|_| Err(error.clone())).collect(),
    };
    for (wanted, found) in wanted.into_iter().zip(all) {
        // Who went away does not need to know.
        let _ = wanted.caller.send(found);
    }
}

/// Where those stand who want records. Whoever looks up ends when it is dropped.
pub(super) struct Lookups {
    queue: mpsc::Sender<Wanted>,
}

/// The other end: what is to be looked up.
pub(super) struct Questions {
    queue: mpsc::Receiver<Wanted>,
}

/// Both ends.
pub(super) fn open() -> (Lookups, Questions) {
    let (asking, queue) = mpsc::channel(TOGETHER);
    (Lookups { queue: asking }, Questions { queue })
}

impl Lookups {
    /// See [`super::Store::record`].
    pub(super) async fn record(&self, kind: &str, key: &str) -> Found {
        let gone = || StoreError::Unavailable("the store is closed".to_owned());
        let (caller, found) = oneshot::channel();
        let wanted = Wanted { kind: kind.to_owned(), key: key.to_owned(), caller };
        self.queue.send(wanted).await.map_err(|_| gone())?;
        found.await.map_err(|_| gone())?
    }
}

impl Questions {
    /// What waits; waits until there is something. `None` when nobody is left to ask.
    pub(super) async fn next(&mut self) -> Option<Vec<Wanted>> {
        let first = self.queue.recv().await?;
        Some(self.with_waiting(first))
    }

    /// The same, holding up the thread.
    pub(super) fn next_blocking(&mut self) -> Option<Vec<Wanted>> {
        let first = self.queue.blocking_recv()?;
        Some(self.with_waiting(first))
    }

    fn with_waiting(&mut self, first: Wanted) -> Vec<Wanted> {
        let mut wanted = vec![first];
        while wanted.len() < TOGETHER
            && let Ok(next) = self.queue.try_recv()
        {
            wanted.push(next);
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn what_waits_is_asked_at_one_time_and_told_in_order() {
        let (lookups, mut questions) = open();
        let answering = async {
            let wanted = questions.next().await.expect("somebody asks");
            let keys: Vec<_> = wanted.iter().map(|wanted| wanted.key.clone()).collect();
            assert_eq!(keys, ["a", "b", "a"]);
            let found = keys.into_iter().map(|key| match key.as_str() {
                "a" => Ok(Some(StoredRecord { key, version: 1, value: Value::Null })),
                _ => Err(StoreError::Corrupt("unreadable".to_owned())),
            });
            answer(wanted, Ok(found.collect()));
            let wanted = questions.next().await.expect("somebody asks again");
            answer(wanted, Err(StoreError::Unavailable("gone".to_owned())));
        };
        let asking = async {
            let (a, b, again) =
                tokio::join!(lookups.record("k", "a"), lookups.record("k", "b"), lookups.record("k", "a"));
            assert_eq!(a.as_ref().map(|found| found.as_ref().map(|it| it.version)), Ok(Some(1)));
            assert!(matches!(b, Err(StoreError::Corrupt(_))), "one that is unreadable spoils no other");
            assert_eq!(again, a);
            let (c, d) = tokio::join!(lookups.record("k", "c"), lookups.record("k", "d"));
            assert!(matches!((c, d), (Err(StoreError::Unavailable(_)), Err(StoreError::Unavailable(_)))));
        };
        tokio::join!(asking, answering);
    }

    #[tokio::test]
    async fn who_asks_where_nobody_answers_any_more_is_told() {
        let (lookups, questions) = open();
        drop(questions);
        assert!(matches!(lookups.record("k", "a").await, Err(StoreError::Unavailable(_))));
    }
}
