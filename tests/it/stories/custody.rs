//! Keys are changed, databases are lost: what was kept is there again, nothing is told to anybody else, and nothing happens
//! twice.

use std::{io::Cursor, process::Output};

use embargod::{
    backup::{BackupReader, BackupWriter, Header, restore, verify},
    clock::Clock,
    domain::{embargoed::Clearance, intake::texts},
    keys,
    sealing::{KeyFile, Keyring, Sealer, SealingKey},
};
use jiff::SignedDuration;

use crate::{
    contract,
    foreign::{
        hostile::{Hostile, Malice},
        payloads::{exploit, issue_opened_now},
        program::Operator,
    },
    kit::{CORA, Canary, MALLORY, RAE, REPO, World},
};

async fn posted(world: &World, who: &str) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, who, &title, &body).expect("posted");
    world.settle().await;
    number
}

/// Sends every delivery that GitHub knows of once more.
async fn redeliver_everything(world: &World) {
    for delivery in world.github.deliveries() {
        assert!(world.github.redeliver(delivery.id));
    }
    world.settle().await;
}

async fn sweep(world: &World) -> usize {
    let asked = world.engine.sweep_once().await.expect("GitHub answers");
    world.settle().await;
    asked
}

fn keyring(world: &World) -> Sealer {
    Sealer::new(Keyring::read(world.sealing_key()).expect("a ring"))
}

async fn backup(world: &World) -> Vec<u8> {
    let header = Header {
        key: String::new(),
        made_at: world.now(),
        program: "0.1.0".to_owned(),
        backend: "sqlite".to_owned(),
        schema: 2,
    };
    let mut writer = BackupWriter::begin(Vec::new(), header, &keyring(world)).expect("begun");
    world.store().export(&mut writer).await.expect("exported");
    writer.finish().expect("finished").0
}

async fn lose_and_restore(world: &mut World, backup: &[u8]) {
    world.lose_database().await;
    let (sealer, clearance) = (keyring(world), Clearance::grant());
    let open = || BackupReader::open(Cursor::new(backup), &sealer, &clearance).expect("its key");
    verify(open()).expect("whole").opens_with(&sealer.opening_ids()).expect("all keys are there");
    restore(open(), &**world.store(), world.clock.now()).await.expect("restored");
    world.restart().await;
}

#[tokio::test]
async fn a_restored_database_goes_on_without_doing_anything_twice() {
    let mut world = World::new().await;
    assert_eq!(sweep(&world).await, 0);
    let before = posted(&world, RAE).await;
    let (title, body) = world.harmless();
    let talk = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    world.settle().await;
    let kept = backup(&world).await;
    world.canary.must_not_be_in("the backup", &kept);

    // What the bot does now is not in the backup: later looks at the first post, a second case, an answer to a comment in
    // a thread that it had followed from its beginning.
    world.clock.advance(SignedDuration::from_mins(20));
    let after = posted(&world, MALLORY).await;
    world.github.comment(REPO, talk, MALLORY, &world.exploit_comment()).expect("posted");
    for hours in [1, 24, 24] {
        world.wait(SignedDuration::from_hours(hours)).await;
    }
    let mut endings = Vec::new();
    for number in [before, after, talk] {
        endings.push(world.ending(number).await);
    }
    let (made, cases) = (world.made(), world.cases().await);
    assert_eq!(cases.len(), 3);

    lose_and_restore(&mut world, &kept).await;
    assert_eq!(world.cases().await.len(), 1, "the backup is older");
    world.settle().await;
    world.wait(SignedDuration::from_mins(3)).await;
    assert!(sweep(&world).await > 0, "what was answered since is asked for again");
    assert_eq!(world.made(), made, "no second desk, no second comment");
    for (number, ending) in [before, after, talk].into_iter().zip(endings) {
        assert_eq!(world.ending(number).await, ending);
    }
    assert_eq!(world.said(talk).len(), 1);
    assert_eq!(world.thread(after).body(), texts::NEUTRAL_BODY);
    let outcomes: Vec<_> = world.decisions().await.into_iter().map(|decision| decision.outcome).collect();
    assert!(outcomes.contains(&"restored".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn a_backup_is_taken_in_by_an_empty_database_alone() {
    let world = World::new().await;
    posted(&world, RAE).await;
    let kept = backup(&world).await;
    let (sealer, clearance) = (keyring(&world), Clearance::grant());
    let reader = BackupReader::open(Cursor::new(&kept), &sealer, &clearance).expect("its key");
    let cases = world.cases().await;
    let refused = restore(reader, &**world.store(), world.now()).await.expect_err("refused").to_string();
    assert!(refused.contains("empty"), "{refused}");
    assert_eq!(world.cases().await, cases);
    world.finish().await;
}

#[tokio::test]
async fn nothing_of_a_damaged_backup_is_taken_in() {
    let mut world = World::new().await;
    posted(&world, RAE).await;
    let mut kept = backup(&world).await;
    let last = kept.len() - 1;
    kept[last] ^= 1;
    world.lose_database().await;
    let (sealer, clearance) = (keyring(&world), Clearance::grant());
    let reader = BackupReader::open(Cursor::new(&kept), &sealer, &clearance).expect("its key");
    let refused = restore(reader, &**world.store(), world.now()).await.expect_err("refused").to_string();
    assert!(refused.contains("altered, cut off"), "{refused}");
    assert!(world.cases().await.is_empty() && world.decisions().await.is_empty());
}

#[tokio::test]
async fn a_world_lives_on_through_a_change_of_its_key() {
    let mut world = World::new().await;
    world.words_restored = true;
    let number = posted(&world, RAE).await;
    let old = keyring(&world).sealing_id();
    let file = KeyFile::lock(world.sealing_key()).expect("locked");
    let ring = keys::begin(&**world.store(), file, world.now()).await.expect("begun");
    // a delivery that arrives while servers do not know yet
    let second = posted(&world, MALLORY).await;
    let sealer = Sealer::new(ring);
    keys::rewrap(&**world.store(), &sealer).await.expect("wrapped anew");
    world.clock.advance(keys::SETTLING);
    let finished = keys::finish(&**world.store(), &sealer, world.now()).await.expect("an answer");
    assert!(matches!(finished, keys::Finish::Done { .. }), "{finished:?}");
    let file = KeyFile::lock(world.sealing_key()).expect("locked");
    let alone = file.ring().only_current();
    file.replace(&alone).expect("replaced");
    keys::conclude(&**world.store(), &sealer, world.now()).await.expect("concluded");
    assert!(Keyring::read(world.sealing_key()).expect("a ring").find(old).is_none());

    world.restart().await;
    let made = world.made();
    redeliver_everything(&world).await;
    assert_eq!(world.made(), made, "the bot knows its own comments");
    for number in [number, second] {
        world.github.comment(REPO, number, CORA, "/not-security").expect("said");
        world.settle().await;
        assert_eq!(world.thread(number).body(), world.exploit().1, "the words are given back");
    }
    world.canary.must_not_be_in("the database", &world.database_bytes());
    world.finish().await;
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// Runs a command that should end with `code` and say `needles`; none of what it says is a secret.
fn tells(operator: &Operator, arguments: &[&str], code: i32, needles: &[&str], canary: &Canary) -> String {
    let output = operator.run(arguments);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for needle in needles {
        assert!(said.contains(needle), "{arguments:?} does not say {needle:?}: {said}");
    }
    canary.must_not_be_in(&format!("{arguments:?}"), said.as_bytes());
    if let Ok(keys) = std::fs::read_to_string(operator.path("sealing.key")) {
        let material = keys.lines().filter(|line| !line.starts_with("embargod-sealing-key"));
        material.for_each(|line| assert!(!said.contains(line), "{arguments:?} shows a key"));
    }
    said
}

/// The program itself, and a GitHub that refuses everything: two cases are opened and kept, one before and one after the key
/// was changed.
async fn two_cases_are_kept(canary: &Canary) -> Operator {
    let github = Hostile::start(Malice::EchoJson(422), true).await;
    let program = Operator::new(&github.base).serve();
    let (title, body) = exploit(canary.word());
    assert_eq!(program.deliver("issues", "guid-1", &issue_opened_now(7, &title, &body)).await, 202);
    program.digested().await;
    let rotated = program.operator.run(&["seal", "rotate"]);
    assert!(rotated.status.success(), "{}", text(&rotated));
    assert_eq!(program.deliver("issues", "guid-2", &issue_opened_now(8, &title, &body)).await, 202);
    program.digested().await;
    let stopped = program.stop();
    assert_eq!(stopped.status.code(), Some(0));
    canary.must_not_be_in("the log", &stopped.log);
    stopped.operator
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_rotates_backs_up_loses_and_restores() {
    if !contract::available() {
        return;
    }
    let canary = Canary::new();
    let mut operator = two_cases_are_kept(&canary).await;
    tells(&operator, &["serve", "--check"], 0, &[], &canary);
    tells(&operator, &["seal", "rotate"], 0, &["A rotation is under way", "Wrapped anew"], &canary);
    let status = operator.run(&["seal", "status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(status["keys"][0]["role"], "current");
    assert_eq!((&status["keys"][0]["cases"], &status["keys"][0]["deliveries"]), (&2.into(), &2.into()), "{status}");
    assert_eq!((&status["keys"][1]["cases"], &status["keys"][1]["deliveries"]), (&0.into(), &0.into()), "{status}");
    let waits = ["the old key cannot go yet", "until", "try again after that"];
    tells(&operator, &["seal", "rotate", "--finish"], 1, &waits, &canary);

    // a backup, which is no database and no text
    let made = tells(&operator, &["backup", "--out", "a.backup"], 0, &["read it back", "decisions"], &canary);
    assert!(made.contains(status["keys"][0]["key"].as_str().expect("a name")), "{made}");
    let bytes = std::fs::read(operator.path("a.backup")).expect("written");
    canary.must_not_be_in("the backup", &bytes);
    assert!(!bytes.windows(9).any(|window| window == b"SEC-2026-" || window == b"framework"));
    canary.must_not_be_in("the rotated database", &operator.database_bytes());
    tells(&operator, &["backup", "--out", "a.backup"], 2, &["exists already"], &canary);
    tells(&operator, &["backup", "--out", "no/such/a.backup"], 2, &["no/such/a.backup"], &canary);
    tells(&operator, &["backup"], 2, &["--out"], &canary);
    tells(&operator, &["backup", "verify", "--from", "a.backup"], 0, &["is whole"], &canary);
    tells(&operator, &["backup", "verify", "--from", "policy.yml"], 2, &["this is no backup"], &canary);
    std::fs::write(operator.path("cut.backup"), &bytes[..bytes.len() - 7]).expect("written");
    tells(&operator, &["backup", "verify", "--from", "cut.backup"], 1, &["altered, cut off"], &canary);

    // into the database that is there, into a damaged one, into an empty one
    let here = format!("sqlite:{}", operator.path("embargod.db").display());
    let restored = format!("sqlite:{}", operator.path("restored.db").display());
    tells(&operator, &["restore", "--from", "a.backup", "--to", &here], 2, &["--to:", "empty"], &canary);
    tells(&operator, &["restore", "--from", "cut.backup", "--to", &restored], 1, &["altered, cut off"], &canary);
    assert!(!operator.path("restored.db").exists(), "it was verified before");
    tells(&operator, &["restore", "--from", "a.backup", "--to", "mysql://h"], 2, &["--to:"], &canary);
    tells(&operator, &["restore", "--from", "a.backup", "--to", &restored], 0, &["Restored"], &canary);
    operator = operator.with("EMBARGOD_DATABASE", restored.clone());
    let listed = tells(&operator, &["case", "list"], 0, &["SEC-"], &canary);
    let case = listed.split_whitespace().find(|word| word.starts_with("SEC-")).expect("a case").to_owned();
    let shown = operator.run(&["case", "show", &case, "--evidence"]);
    assert!(text(&shown).contains(canary.word()), "{}", text(&shown));

    // another key opens none of it, and says which one would
    SealingKey::generate().write_new(&operator.path("other.key")).expect("a key");
    let needed = status["keys"][0]["key"].as_str().expect("a name");
    operator = operator.with("EMBARGOD_SEALING_KEY_PATH", "other.key");
    for arguments in [&["serve", "--check"][..], &["serve"], &["undo", &case], &["case", "show", &case, "--evidence"]] {
        tells(&operator, arguments, 2, &[&format!("key {needed} is needed"), "remedy"], &canary);
    }
    tells(&operator, &["seal", "rotate"], 2, &[&format!("key {needed} is needed")], &canary);
    tells(&operator, &["seal", "status"], 1, &["missing", "is not configured"], &canary);
    let wanted = format!("sealed under key {needed}");
    tells(&operator, &["backup", "verify", "--from", "a.backup"], 2, &[&wanted], &canary);
    let copied = operator.path("b.backup");
    tells(&operator, &["backup", "--out", &copied.display().to_string()], 0, &["warning"], &canary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_from_the_environment_or_a_command_serves_as_well() {
    if !contract::available() {
        return;
    }
    let canary = Canary::new();
    let operator = two_cases_are_kept(&canary).await;
    let keys = std::fs::read_to_string(operator.path("sealing.key")).expect("the ring");
    let file = operator.path("sealing.key").display().to_string();
    let asked =
        operator.with("EMBARGOD_SEALING_KEY_PATH", "").with("EMBARGOD_SEALING_KEY_COMMAND", format!("cat '{file}'"));
    tells(&asked, &["serve", "--check"], 0, &[], &canary);
    tells(&asked, &["seal", "status"], 0, &["the command cat", "previous"], &canary);
    let told = asked.with("EMBARGOD_SEALING_KEY_COMMAND", "").with("EMBARGOD_SEALING_KEY", keys.replace('\n', " "));
    tells(&told, &["serve", "--check"], 0, &[], &canary);
    tells(&told, &["seal", "rotate"], 0, &["Wrapped anew", "of their restart"], &canary);
    tells(&told, &["seal", "rotate", "--out", "next.key"], 2, &["a rotation is under way"], &canary);
    let both = told.with("EMBARGOD_SEALING_KEY_PATH", file);
    tells(&both, &["serve", "--check"], 2, &["named more than once", "EMBARGOD_SEALING_KEY_PATH"], &canary);
}
