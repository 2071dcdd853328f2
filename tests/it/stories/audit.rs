//! Somebody with the database's file in hand changes what the bot did: the chain tells where.

use std::{io::Write, path::Path, process::Stdio};

use embargod::{
    audit::{self, Damage, Head, Verified},
    store::{Store, sqlite::SqliteStore},
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::kit::{CORA, MALLORY, RAE, REPO, World};

/// Triggers keep honest mistakes away, and nobody else.
const WITHOUT_TRIGGERS: &str = "
    DROP TRIGGER decisions_are_never_changed; DROP TRIGGER decisions_are_never_deleted;
    DROP TRIGGER audit_links_are_never_changed; DROP TRIGGER audit_links_are_never_deleted;";

/// A world in which a few things were decided and linked.
async fn lived() -> World {
    let mut world = World::new().await;
    world.words_restored = true;
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    world.github.comment(REPO, number, CORA, "/not-security").expect("said");
    let (title, body) = world.question();
    world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    let decisions = u64::try_from(world.decisions().await.len()).expect("few");
    assert!(decisions >= 5, "{decisions} decisions are too few for what follows");
    assert_eq!(world.engine.link_audit().await.expect("the store works"), decisions);
    assert_eq!(world.engine.link_audit().await.expect("the store works"), 0, "each is linked once");
    world
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    SqliteConnection::connect_with(&options).await.expect("the file opens")
}

/// A copy of the world's database, changed by `sql`, and what a walk says about it.
async fn tampered(world: &World, sql: &'static str, noted: &[Head]) -> Verified {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("tampered.db");
    let mut original = connect(&world.database()).await;
    sqlx::query("VACUUM INTO ?1").bind(copy.to_str().expect("UTF-8")).execute(&mut original).await.expect("copied");
    let mut file = connect(&copy).await;
    sqlx::raw_sql(WITHOUT_TRIGGERS).execute(&mut file).await.expect("the triggers go");
    sqlx::raw_sql(sql).execute(&mut file).await.expect("the change is made");
    file.close().await.expect("closed");
    let store = SqliteStore::open(copy.to_str().expect("UTF-8")).await.expect("a store");
    audit::verify(&store, noted).await.expect("the store works")
}

#[tokio::test]
async fn every_sort_of_tampering_is_found_at_its_place() {
    let world = lived().await;
    let whole = audit::verify(&**world.store(), &[]).await.expect("the store works");
    assert_eq!((whole.broken, whole.unlinked), (None, 0));
    let head = audit::head(&**world.store()).await.expect("the store works");
    assert_eq!(head, whole.sound, "the head is found without a walk");
    assert_eq!(tampered(&world, "SELECT 1", &[head]).await.broken, None, "a copy is as good as the original");

    let found = [
        // an entry changed
        (
            "UPDATE decisions SET decision = replace(decision, 'issue/1', 'issue/9')
             WHERE id = (SELECT decision_id FROM audit_links WHERE position = 3)",
            3,
            Damage::Changed,
        ),
        // an entry deleted
        (
            "DELETE FROM decisions WHERE id = (SELECT decision_id FROM audit_links WHERE position = 2)",
            2,
            Damage::EntryGone,
        ),
        // a link changed
        ("UPDATE audit_links SET hash = zeroblob(32) WHERE position = 2", 2, Damage::Changed),
        ("UPDATE audit_links SET previous = zeroblob(32) WHERE position = 4", 4, Damage::NotTheNext),
        // a link deleted, with its entry
        (
            "DELETE FROM decisions WHERE id = (SELECT decision_id FROM audit_links WHERE position = 3);
             DELETE FROM audit_links WHERE position = 3",
            3,
            Damage::LinkGone,
        ),
        // the beginning cut off
        ("DELETE FROM audit_links WHERE position <= 2", 1, Damage::LinkGone),
        // two entries exchanged
        (
            "CREATE TABLE kept AS SELECT decision_id d FROM audit_links WHERE position = 2;
             UPDATE audit_links SET decision_id = -1 WHERE position = 2;
             UPDATE audit_links SET decision_id = -2 WHERE position = 3;
             UPDATE audit_links SET decision_id = (SELECT d FROM kept) + 1 WHERE position = 2;
             UPDATE audit_links SET decision_id = (SELECT d FROM kept) WHERE position = 3;",
            2,
            Damage::Changed,
        ),
        // two links exchanged, entries and all
        (
            "UPDATE audit_links SET position = -1 WHERE position = 2;
             UPDATE audit_links SET position = 2 WHERE position = 3;
             UPDATE audit_links SET position = 3 WHERE position = -1;",
            2,
            Damage::NotTheNext,
        ),
    ];
    for (sql, position, damage) in found {
        let verified = tampered(&world, sql, &[]).await;
        let broken = verified.broken.unwrap_or_else(|| panic!("not found: {sql}"));
        assert_eq!((broken.position, broken.damage), (position, damage), "{sql}");
        assert_eq!(verified.sound.position, position - 1, "what is before it is sound: {sql}");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_cut_tail_and_a_slipped_in_entry_are_told_too() {
    let world = lived().await;
    let head = audit::head(&**world.store()).await.expect("the store works");
    let cut = "
        DELETE FROM decisions WHERE id IN (SELECT decision_id FROM audit_links WHERE position > 3);
        DELETE FROM audit_links WHERE position > 3";
    let alone = tampered(&world, cut, &[]).await;
    assert_eq!((alone.sound.position, alone.broken), (3, None), "by itself it cannot be seen");
    let broken = tampered(&world, cut, &[head]).await.broken.expect("against a head that was noted it can");
    assert_eq!((broken.position, broken.damage), (head.position, Damage::EndCutOff));

    let anew = "DELETE FROM audit_links; UPDATE decisions SET decision = replace(decision, 'shielded', 'nothing')";
    let unlinked = tampered(&world, anew, &[]).await;
    assert_eq!(unlinked.unlinked, head.position, "a chain that is gone covers nothing");

    let slipped_in = "
        UPDATE audit_links SET decision_id = decision_id + 100000;
        UPDATE decisions SET id = id + 100000;
        INSERT INTO decisions (id, decided_at, decision) SELECT 5, decided_at, decision FROM decisions LIMIT 1";
    assert_eq!(tampered(&world, slipped_in, &[]).await.unlinked, 1, "what is slipped in stays out of the chain");
    world.finish().await;
}

#[tokio::test]
async fn an_operator_verifies_notes_the_head_and_exports() {
    let world = lived().await;
    let run = async |arguments: &[&str]| {
        let output = world.command(arguments).await;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, head, _) = run(&["audit", "head"]).await;
    let head = head.trim();
    assert_eq!(code, Some(0));
    let (code, answer, _) = run(&["audit", "verify", "--against", head]).await;
    assert_eq!(code, Some(0), "{answer}");
    assert!(answer.starts_with("the chain is whole: ") && answer.contains(head), "{answer}");
    let (_, json, _) = run(&["audit", "verify", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["whole"], &json["broken"]), (&true.into(), &serde_json::Value::Null));

    let (code, lines, told) = run(&["audit", "export"]).await;
    assert_eq!(code, Some(0));
    let count = lines.lines().count();
    assert_eq!(told, format!("{count} entries; the next export goes on with --since {count}\n"));
    verify_by_the_documented_script(&lines, head, true);
    verify_by_the_documented_script(&lines.replacen("shielded", "nothing", 1), head, false);
    let without_one: Vec<_> =
        lines.lines().enumerate().filter(|(index, _)| *index != 2).map(|(_, line)| line).collect();
    verify_by_the_documented_script(&without_one.join("\n"), head, false);
    let (_, rest, _) = run(&["audit", "export", "--since", "3", "--out", "rest.jsonl"]).await;
    assert!(rest.is_empty());
    let rest = std::fs::read_to_string(world.database().with_file_name("rest.jsonl")).expect("the file");
    assert_eq!(rest.lines().collect::<Vec<_>>(), lines.lines().skip(3).collect::<Vec<_>>());
    verify_by_the_documented_script(&rest, head, true);

    for (arguments, code, complaint) in [
        (vec!["audit", "export", "--out", "rest.jsonl"], 2, "name a new file"),
        (vec!["audit", "export", "--since", "-1"], 2, "--since"),
        (vec!["audit", "export", "--since", "9999"], 1, "before 9999"),
        (vec!["audit", "export", "--format", "csv"], 2, "jsonl"),
        (vec!["audit", "verify", "--against", "12"], 2, "POSITION:HASH"),
    ] {
        let (exit, _, error) = run(&arguments).await;
        assert_eq!(exit, Some(code), "{arguments:?}: {error}");
        assert!(error.contains(complaint), "{arguments:?}: {error}");
    }

    let mut file = connect(&world.database()).await;
    sqlx::raw_sql(WITHOUT_TRIGGERS).execute(&mut file).await.expect("the triggers go");
    let change = "UPDATE decisions SET decision = replace(decision, 'shielded', 'nothing')";
    sqlx::raw_sql(change).execute(&mut file).await.expect("changed");
    let (code, answer, _) = run(&["audit", "verify"]).await;
    assert_eq!(code, Some(1));
    assert!(answer.starts_with("BROKEN at position ") && answer.contains("(SEC-2026-1)"), "{answer}");
    world.finish().await;
}

/// `docs/audit.md` promises that its script needs nothing of this program.
fn verify_by_the_documented_script(lines: &str, head: &str, whole: bool) {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md")).expect("the page");
    let (_, rest) = page.split_once("```js\n").expect("a script");
    let (script, _) = rest.split_once("```").expect("its end");
    assert!(script.lines().count() <= 20, "short enough to be read");
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("verify-audit.mjs");
    std::fs::write(&saved, script).expect("written");
    let mut node = std::process::Command::new("node")
        .arg(&saved)
        .arg(head)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node runs, as for the contract tests");
    // One that has found a break reads no further.
    drop(node.stdin.take().expect("piped").write_all(lines.as_bytes()));
    let output = node.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), whole, "{said}");
}

#[tokio::test]
async fn the_head_of_any_chain_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(folder.path().join("a.db").to_str().expect("UTF-8")).await.expect("a store");
    assert_eq!(audit::head(&store).await.expect("the store works"), Head::START);
    for length in 1..=40 {
        let decision = embargod::domain::decision::DecisionRecord {
            at: "2026-11-21T12:00:00Z".parse().expect("an instant"),
            feature: "redirect".to_owned(),
            subject: format!("repo:1/issue/{length}"),
            outcome: "nothing".to_owned(),
            cause: "guid".to_owned(),
            actor: None,
            case: None,
            policy_version: String::new(),
            reasons: Vec::new(),
            effects: Vec::new(),
        };
        let commit = embargod::store::Commit { decision: Some(decision.clone()), ..Default::default() };
        store.commit(decision.at, commit).await.expect("the store works");
        embargod::store::Upkeep::link_audit(&store, 9).await.expect("the store works");
        let walked = audit::verify(&store, &[]).await.expect("the store works").sound;
        assert_eq!(audit::head(&store).await.expect("the store works"), walked);
        assert_eq!(walked.position, length);
    }
}
