//! Looking at a store, and copying one.

use std::path::Path;

use super::{
    copy::{Refusal, copy},
    *,
};
use crate::store::conformance::{accept, at, claim, claimable, commit, decision, done, effect, enqueue, settle};

fn place(folder: &Path, name: &str) -> String {
    format!("sqlite:{}", folder.join(name).display())
}

async fn filled(database: &str) {
    let store = store::open(database).await.expect("it opens");
    for guid in ["a", "b", "c"] {
        accept(&*store, guid, "repo:1").await;
    }
    let a = claim(&*store, 1).await;
    settle(&*store, &a, 2, done()).await;
    commit(&*store, 3, enqueue([effect("e", "l")])).await;
    commit(&*store, 3, store::Commit { decision: Some(decision("post", None)), ..Default::default() }).await;
    store.link_audit(9).await.expect("it answers");
}

#[tokio::test]
async fn a_copy_holds_everything_and_the_original_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (place(folder.path(), "old.db"), place(folder.path(), "new.db"));
    filled(&old).await;
    let copied = copy(&old, &new).await.expect("it is copied");
    assert_eq!(copied.rows(), 9);
    assert_eq!(copied.to_string(), "9 rows (1 audit links, 1 decisions, 3 deliveries, 1 effects, 3 parts of bodies)");
    for database in [&old, &new] {
        let store = store::open(database).await.expect("it opens");
        assert_eq!(claimable(&*store, 5).await.as_deref(), Some("b"));
        let decisions = store.decisions(None, 9).await.expect("it answers");
        let copied = decisions.iter().filter(|decision| decision.outcome == "store_copied").count();
        assert_eq!(copied, usize::from(*database == new), "the copy says by whom it was made");
    }
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let at_name = |name: &str| place(folder.path(), name);
    filled(&at_name("old.db")).await;
    filled(&at_name("full.db")).await;
    for (from, to, refusal) in [
        ("old.db", "old.db", Refusal::OneDatabase),
        ("none.db", "new.db", Refusal::NoSource),
        ("old.db", "full.db", Refusal::TargetNotEmpty),
    ] {
        assert_eq!(copy(&at_name(from), &at_name(to)).await.err(), Some(refusal), "{from} to {to}");
    }
    assert!(!folder.path().join("none.db").exists() && !folder.path().join("new.db").exists());
    let secret = "mysql://bot:secret@db/embargod";
    for (from, to) in [(secret.to_owned(), at_name("new.db")), (at_name("old.db"), secret.to_owned())] {
        let refusal = copy(&from, &to).await.err().expect("it is refused").to_string();
        assert!(!refusal.contains("secret"), "{refusal}");
        assert!(refusal.contains("names no known kind"), "{refusal}");
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = place(folder.path(), "embargod.db");
    let absent = store::inspect(&database, at(0)).await.expect("it answers");
    assert!(!absent.exists && !absent.schema.is_current() && absent.backlog.is_none());
    assert!(!folder.path().join("embargod.db").exists());
    assert!(as_text(&absent).contains("there is no database yet"), "{}", as_text(&absent));
    let elsewhere = store::inspect(&place(folder.path(), "no/such/embargod.db"), at(0)).await.err();
    let why = elsewhere.expect("nobody makes the folder").to_string();
    assert!(why.contains("its folder does not exist; make it"), "{why}");

    filled(&database).await;
    let found = store::inspect(&database, at(9)).await.expect("it answers");
    assert!(found.schema.is_current());
    let text = as_text(&found);
    assert!(text.contains("2 waiting, the oldest since 2026-01-01T00:00:00Z; 0 parked"), "{text}");
    assert!(text.contains("1 waiting, the oldest since 2026-01-01T00:00:03Z; 0 dead"), "{text}");
    let json = as_json(&found);
    assert_eq!((&json["backend"], &json["current"], &json["newer"]), (&json!("sqlite"), &json!(true), &json!(false)));
    assert_eq!(json["applied"][0], json!({ "version": 1, "name": "initial" }));
    assert_eq!(json["backlog"]["deliveries_waiting"], json!(2));
}

#[tokio::test]
async fn an_older_schema_is_told_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    // An empty file is a database without a schema.
    std::fs::write(folder.path().join("embargod.db"), "").expect("it is written");
    let database = place(folder.path(), "embargod.db");
    let found = store::inspect(&database, at(0)).await.expect("it answers");
    assert!(found.exists && found.schema.applied.is_empty() && !found.schema.pending.is_empty());
    assert!(as_text(&found).contains("pending: 1 initial, "), "{}", as_text(&found));
    assert_eq!(copy(&database, &place(folder.path(), "new.db")).await.err(), Some(Refusal::SourceNotCurrent));
    let size = std::fs::metadata(folder.path().join("embargod.db")).expect("it is there").len();
    assert_eq!(size, 0);
}
