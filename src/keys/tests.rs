use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use super::*;
use crate::{
    clock::{Clock, ManualClock},
    domain::embargoed::Clearance,
    sealing::{KeyFile, Sealer, SealingKey},
    store::{Commit, NewDelivery, SealedWrite, SharedStore, sqlite::SqliteStore},
};

/// An installation: a database, a key file, a clock.
struct Installation {
    folder: tempfile::TempDir,
    store: SharedStore,
    clock: ManualClock,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("embargod.db").display());
        let store: SharedStore = Arc::new(SqliteStore::open(&database).await.expect("a store"));
        let clock = ManualClock::at("2026-11-02T09:00:00Z".parse().expect("an instant"));
        SealingKey::generate().write_new(&folder.path().join("sealing.key")).expect("a key");
        Self { folder, store, clock }
    }

    fn key_path(&self) -> PathBuf {
        self.folder.path().join("sealing.key")
    }

    fn ring(&self) -> Keyring {
        Keyring::read(&self.key_path()).expect("a ring")
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A server as it starts.
    async fn server(&self) -> Server {
        let source = KeySource::File(self.key_path());
        let ring = load(&source).await.expect("keys");
        let sealer = sealer(&source, ring, &*self.store, self.now()).await.expect("the right keys");
        let keeper = Keeper::new(Arc::clone(&self.store), sealer.clone(), Arc::new(self.clock.clone()), source);
        keeper.report().await.expect("reported");
        Server { sealer, keeper }
    }

    async fn begin(&self) -> Keyring {
        let file = KeyFile::lock(&self.key_path()).expect("locked");
        begin(&*self.store, file, self.now()).await.expect("begun")
    }

    async fn finish(&self) -> Finish {
        finish(&*self.store, &Sealer::new(self.ring()), self.now()).await.expect("an answer")
    }

    /// Keeps a case's key and a text under it, and a delivery.
    async fn keep(&self, server: &Server, case: &str) {
        let (key, wrapped) = server.sealer.new_data_key(case);
        let blob =
            |name: &str, bytes| SealedWrite { owner: case.to_owned(), name: name.to_owned(), at: self.now(), bytes };
        let sealed = vec![blob("key", wrapped), blob("text", key.seal("text", case.as_bytes()))];
        self.store.commit(self.now(), Commit { sealed, ..Commit::default() }).await.expect("kept");
        let delivery = NewDelivery {
            guid: format!("delivery of {case}"),
            event: "issues".to_owned(),
            lane: case.to_owned(),
            received_at: self.now(),
            sealed_body: server.sealer.seal_delivery(&format!("delivery of {case}"), case.as_bytes().to_vec()),
        };
        self.store.accept(delivery).await.expect("kept");
    }

    /// What `sealer` reads of a case's text and delivery.
    async fn read(&self, sealer: &Sealer, case: &str) -> Result<(), SealingError> {
        let clearance = Clearance::grant();
        let wrapped = self.store.sealed(case, "key").await.expect("the store works").expect("kept");
        let text = self.store.sealed(case, "text").await.expect("the store works").expect("kept");
        let opened = sealer.unwrap(case, &wrapped.bytes)?.open("text", &text.bytes, &clearance)?;
        assert_eq!(opened.open(&clearance).as_slice(), case.as_bytes());
        let heads = self.store.body_heads(i64::MIN, 10_000, u32::MAX).await.expect("the store works");
        let body = heads.iter().find(|row| row.guid == format!("delivery of {case}")).expect("kept");
        let opened = sealer.open_delivery(&body.guid, &body.head, &clearance)?;
        assert_eq!(opened.open(&clearance).as_slice(), case.as_bytes());
        Ok(())
    }

    async fn under(&self, id: KeyId) -> Count {
        survey(&*self.store).await.expect("the store works").under.get(&id).copied().unwrap_or_default()
    }
}

struct Server {
    sealer: Sealer,
    keeper: Keeper,
}

#[tokio::test]
async fn a_fresh_database_takes_any_key_and_a_used_one_takes_its_own() {
    let installation = Installation::new().await;
    let first = installation.server().await;
    let another = Keyring::from(SealingKey::generate());
    // a server that runs counts, even before it has sealed anything
    let refused = check(&*installation.store, &another, installation.now()).await.expect_err("refused").to_string();
    assert!(
        refused.contains(&format!("key {} is what a running server seals with", first.sealer.key_id())),
        "{refused}"
    );

    installation.clock.advance(SILENCE);
    check(&*installation.store, &another, installation.now()).await.expect("nothing was sealed");

    installation.keep(&first, "SEC-2026-1").await;
    let KeysError::Mismatch(mismatch) =
        check(&*installation.store, &another, installation.now()).await.expect_err("refused")
    else {
        panic!("another trouble")
    };
    let told = mismatch.problem("sealing.key").to_string();
    for needle in [
        format!("key {} is needed for 1 cases and 1 deliveries", first.sealer.key_id()),
        format!("configured: {}", another.current().key_id()),
        "remedy".to_owned(),
    ] {
        assert!(told.contains(&needle), "{needle} is missing in {told}");
    }
    check(&*installation.store, &installation.ring(), installation.now()).await.expect("its own key");
}

#[tokio::test]
async fn a_database_from_before_the_ledger_is_probed() {
    let installation = Installation::new().await;
    let sealer = Sealer::new(installation.ring());
    let (_, bytes) = sealer.new_data_key("SEC-2026-1");
    let owner = "SEC-2026-1".to_owned();
    let sealed = vec![SealedWrite { owner, name: "key".to_owned(), at: installation.now(), bytes }];
    installation.store.commit(installation.now(), Commit { sealed, ..Commit::default() }).await.expect("kept");
    let another = Keyring::from(SealingKey::generate());
    let refused = check(&*installation.store, &another, installation.now()).await;
    assert!(matches!(refused, Err(KeysError::Mismatch(_))));
    check(&*installation.store, &installation.ring(), installation.now()).await.expect("its own key");
}

#[tokio::test]
async fn two_servers_go_through_a_rotation_without_losing_anything() {
    let installation = Installation::new().await;
    let (ada, bob) = (installation.server().await, installation.server().await);
    installation.keep(&ada, "SEC-2026-1").await;
    let old = ada.sealer.sealing_id();
    let mark = ada.sealer.mark("thread", "repo:1#2");

    let ring = installation.begin().await;
    let new = ring.current().id();
    assert_eq!(ring.ids(), [new, old]);
    ada.keeper.look().await.expect("the new ring");
    assert_eq!(ada.sealer.sealing_id(), new);
    installation.keep(&ada, "SEC-2026-2").await;

    // Bob has not looked yet: he seals with the old key, and opens what Ada sealed all the same.
    installation.read(&bob.sealer, "SEC-2026-2").await.expect("the file is looked into");
    assert_eq!(bob.sealer.sealing_id(), old);
    installation.keep(&bob, "SEC-2026-3").await;
    installation.read(&ada.sealer, "SEC-2026-3").await.expect("the old key still opens");

    let rewrapped = rewrap(&*installation.store, &Sealer::new(ring)).await.expect("wrapped anew");
    assert_eq!(rewrapped.done, Count { cases: 2, deliveries: 2 });
    assert!(rewrapped.settled && rewrapped.damaged.is_empty());
    assert_eq!(installation.under(old).await, Count::default());

    let Finish::NotYet(Waiting::Servers(servers)) = installation.finish().await else { panic!("bob is not asked") };
    assert_eq!(servers.len(), 1);
    installation.keep(&bob, "SEC-2026-4").await;
    bob.keeper.look().await.expect("the new ring");
    assert_eq!(bob.sealer.sealing_id(), new);
    let since = installation.now();
    assert_eq!(
        installation.finish().await,
        Finish::NotYet(Waiting::Until(since.checked_add(SETTLING).expect("in range")))
    );

    installation.clock.advance(SETTLING);
    let sealer = Sealer::new(installation.ring());
    let finished = finish(&*installation.store, &sealer, installation.now()).await.expect("an answer");
    let Finish::Done { unneeded, rewrapped } = finished else { panic!("{finished:?}") };
    assert_eq!(unneeded, [old]);
    assert_eq!(rewrapped.done, Count { cases: 1, deliveries: 1 }, "what Bob had added");
    let file = KeyFile::lock(&installation.key_path()).expect("locked");
    let alone = file.ring().only_current();
    file.replace(&alone).expect("replaced");
    conclude(&*installation.store, &sealer, installation.now()).await.expect("concluded");
    for server in [&ada, &bob] {
        server.keeper.look().await.expect("the ring of one");
        assert_eq!(server.sealer.opening_ids(), [new]);
    }

    // Whoever starts now knows the new key alone.
    let eve = installation.server().await;
    for case in ["SEC-2026-1", "SEC-2026-2", "SEC-2026-3", "SEC-2026-4"] {
        installation.read(&eve.sealer, case).await.expect("it opens");
    }
    assert_eq!(eve.sealer.mark("thread", "repo:1#2"), mark, "the bot knows its own comments");
    let decisions = installation.store.decisions(None, 10).await.expect("the store works");
    let outcomes: Vec<_> = decisions.iter().map(|decision| decision.outcome.as_str()).collect();
    assert_eq!(outcomes, ["rotation_begun", "rotation_finished"]);
}

#[tokio::test]
async fn two_rewrappings_at_once_do_the_work_once() {
    let installation = Installation::new().await;
    let server = installation.server().await;
    for number in 1..=60 {
        installation.keep(&server, &format!("SEC-2026-{number}")).await;
    }
    let old = server.sealer.sealing_id();
    let sealer = Sealer::new(installation.begin().await);
    let (one, other) = tokio::join!(rewrap(&*installation.store, &sealer), rewrap(&*installation.store, &sealer));
    let (one, other) = (one.expect("done"), other.expect("done"));
    assert!(one.settled && other.settled);
    assert_eq!((one.done.cases + other.done.cases, one.done.deliveries + other.done.deliveries), (60, 60));
    assert_eq!(installation.under(old).await, Count::default());
    let alone = Sealer::new(installation.ring().only_current());
    for number in 1..=60 {
        installation.read(&alone, &format!("SEC-2026-{number}")).await.expect("it opens");
    }
    let again = rewrap(&*installation.store, &sealer).await.expect("done");
    assert_eq!(again.done, Count::default(), "nothing is left to do");
}

#[tokio::test]
async fn what_arrives_under_the_old_key_after_it_left_the_file_is_still_saved() {
    let installation = Installation::new().await;
    let late = installation.server().await;
    installation.begin().await;
    let both = Sealer::new(installation.ring());
    let file = KeyFile::lock(&installation.key_path()).expect("locked");
    let alone = file.ring().only_current();
    file.replace(&alone).expect("replaced");
    installation.keep(&late, "SEC-2026-1").await;
    let saved = conclude(&*installation.store, &both, installation.now()).await.expect("concluded");
    assert_eq!(saved.done, Count { cases: 1, deliveries: 1 });
    installation.read(&Sealer::new(alone), "SEC-2026-1").await.expect("it opens");
}

#[tokio::test]
async fn an_altered_key_is_named_and_does_not_hold_up_the_others() {
    let installation = Installation::new().await;
    let server = installation.server().await;
    installation.keep(&server, "SEC-2026-1").await;
    installation.keep(&server, "SEC-2026-2").await;
    let page = installation.store.sealed_page("key", i64::MIN, 10).await.expect("the store works");
    let mut altered = page[0].bytes.clone();
    altered[40] ^= 1;
    assert!(installation.store.replace_sealed(page[0].id, &page[0].bytes, &altered).await.expect("the store works"));
    let sealer = Sealer::new(installation.begin().await);
    let rewrapped = rewrap(&*installation.store, &sealer).await.expect("done");
    assert_eq!(rewrapped.damaged, ["SEC-2026-1"]);
    assert_eq!(rewrapped.done, Count { cases: 1, deliveries: 2 });
    assert!(rewrapped.settled);
}

#[tokio::test]
async fn a_key_taken_out_by_hand_while_needed_stays_in_memory() {
    let installation = Installation::new().await;
    let server = installation.server().await;
    installation.keep(&server, "SEC-2026-1").await;
    let old = server.sealer.sealing_id();
    let file = KeyFile::lock(&installation.key_path()).expect("locked");
    let successor = file.ring().with_successor().only_current();
    file.replace(&successor).expect("replaced");
    server.keeper.look().await.expect("the ledger tells");
    assert_eq!(server.sealer.sealing_id(), old, "not sealed with a key whose ring does not open what is there");
    installation.read(&server.sealer, "SEC-2026-1").await.expect("from memory");
}

#[tokio::test]
async fn a_key_of_another_installation_is_never_taken_up() {
    let installation = Installation::new().await;
    let server = installation.server().await;
    let old = server.sealer.sealing_id();
    std::fs::remove_file(installation.key_path()).expect("removed");
    SealingKey::generate().write_new(&installation.key_path()).expect("a key");
    let refused = server.keeper.look().await.expect_err("refused").to_string();
    assert!(refused.contains("do not belong together"), "{refused}");
    assert_eq!(server.sealer.opening_ids(), [old]);
}

#[tokio::test]
async fn only_one_command_changes_the_file_at_a_time() {
    let installation = Installation::new().await;
    let file = KeyFile::lock(&installation.key_path()).expect("locked");
    let refused = KeyFile::lock(&installation.key_path()).err();
    assert_eq!(refused, Some(SealingError::KeyBusy(installation.key_path())));
    drop(file);
    assert!(KeyFile::lock(&installation.key_path()).is_ok());
}
