//! What must not be told is told nowhere: posts, secrets and private identifiers are looked for in the log at its most
//! talkative level, in metrics, decisions, effects, alerts, in what commands print, and in the database's raw bytes.

use std::sync::Arc;

use embargod::{
    domain::detector::{Detector, Judgement},
    server::telemetry,
    settings::{LogFormat, Settings},
    standin::{Fault, Match},
};
use jiff::SignedDuration;

use crate::{
    contract,
    foreign::{
        hostile::{Hostile, Malice},
        payloads::{exploit, issue_opened_now},
        program::Operator,
    },
    kit::{CASES, CORA, Canary, MALLORY, REPO, SECRET, Setting, World, app_key_pem},
};

/// A login of its own: who reported is not for the log either.
const REPORTER: &str = "reporter-of-the-secrecy-story";

fn must_not_hold(place: &str, bytes: &[u8], what: &str, word: &str) {
    assert!(word.len() >= 8, "{what} is too short to be looked for");
    let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(!found, "{what} is in {place}");
}

/// Every secret of a world, with its name.
fn secrets(world: &World) -> Vec<(String, String)> {
    let mut secrets = vec![("the webhook secret".to_owned(), SECRET.to_owned())];
    let lines = app_key_pem().lines().filter(|line| !line.starts_with("---"));
    secrets.extend(lines.map(|line| ("a line of the App's key".to_owned(), line.to_owned())));
    let sealing = std::fs::read_to_string(world.sealing_key()).expect("the key");
    let material = sealing.lines().nth(1).expect("two lines");
    secrets.push(("the sealing key".to_owned(), material.to_owned()));
    let minted: Vec<_> = { world.github.requests().into_iter() }
        .filter(|request| request.path.ends_with("/access_tokens"))
        .filter_map(|request| request.response["token"].as_str().map(str::to_owned))
        .collect();
    assert!(!minted.is_empty(), "no token was handed out");
    secrets.extend(minted.into_iter().map(|token| ("a token".to_owned(), token)));
    // how every JWT begins: {"alg":
    secrets.push(("a JWT".to_owned(), "eyJhbGciOi".to_owned()));
    secrets.push(("a JWT".to_owned(), "eyJ0eXAiOi".to_owned()));
    secrets
}

/// Everything that is kept in the clear about what was done.
async fn accounts_given(world: &World) -> String {
    let effects: Vec<_> = { world.effects().await.into_iter() }
        .map(|report| {
            serde_json::json!({
                "effect": report.effect, "result": report.result, "last_error": report.last_error,
            })
        })
        .collect();
    serde_json::json!({
        "decisions": world.decisions().await,
        "effects": effects,
        "alerts": world.alerts().await,
        "cases": world.cases().await,
    })
    .to_string()
}

/// Posts in every place that a webhook can tell of.
fn post_everywhere(world: &World) {
    let github = &world.github;
    let word = world.canary.word();
    github.add_user(REPORTER);
    let (title, body) = world.exploit();
    let comment = world.exploit_comment();
    let (harmless_title, harmless) = world.harmless();
    let moved = github.open_issue(REPO, REPORTER, &title, &body);
    moved.expect("posted");
    // an edit tells the old text in `changes.from`
    let edited = github.open_issue(REPO, MALLORY, &format!("{title} again"), &harmless);
    let edited = edited.expect("posted");
    let again = github.edit_thread(REPO, edited, MALLORY, Some(&harmless_title), Some(&body));
    again.expect("edited");
    let thread = github.open_issue(REPO, MALLORY, &harmless_title, &harmless);
    let thread = thread.expect("posted");
    github.comment(REPO, thread, REPORTER, &comment).expect("posted");
    let talk = github.open_discussion(REPO, REPORTER, &title, &body);
    github.comment_discussion(REPO, talk.expect("posted"), MALLORY, &comment, None).expect("posted");
    let pull = github.open_pull_request(REPO, REPORTER, &title, &body, &format!("fix-{word}"), word);
    let pull = pull.expect("posted");
    let reviewed = github.review(REPO, pull, MALLORY, "COMMENTED", &comment);
    reviewed.expect("posted");
    let said = github.review_comment(REPO, pull, MALLORY, "src/lib.rs", &comment);
    said.expect("posted");
    let sha = github.push(REPO, "acme", "main", &[word]).expect("pushed");
    let said = github.comment_commit(REPO, &sha[0], MALLORY, &comment);
    said.expect("posted");
    // what is private from the start
    let reported = github.report_privately(REPO, REPORTER, &title, &body);
    reported.expect("reported");
    let drafted = github.draft_advisory(REPO, "acme", &title, &body);
    let ghsa = drafted.expect("drafted");
    let said = github.comment_advisory(REPO, &ghsa, "acme", &comment);
    said.expect("posted");
    let private = github.open_issue(CASES, "acme", &title, &body);
    let private = private.expect("posted");
    github.comment(CASES, private, "acme", &comment).expect("posted");
}

async fn keeps_silent(faults: &[(Match, Fault)]) {
    let mut world = World::new().await;
    world.losses_expected = true;
    for (hits, fault) in faults {
        world.github.fault(hits.clone(), fault.clone());
    }
    post_everywhere(&world);
    world.settle().await;
    for hours in [1, 24, 72] {
        world.wait(SignedDuration::from_hours(hours)).await;
    }
    world.github.clear_faults();
    let (log, database) = (world.logged(), world.database_bytes());
    let accounts = accounts_given(&world).await;
    assert!(accounts.contains("SEC-2026-1"), "nothing was decided");
    world.canary.must_not_be_in("the accounts", accounts.as_bytes());
    world.canary.must_not_be_in("the log", &log);
    world.canary.must_not_be_in("the database", &database);
    must_not_hold("the log", &log, "the reporter", REPORTER);
    for (what, secret) in secrets(&world) {
        must_not_hold("the log", &log, &what, &secret);
        must_not_hold("the database", &database, &what, &secret);
        must_not_hold("the accounts", accounts.as_bytes(), &what, &secret);
    }
    let public = world.github.public_transcript()["changes_by_bot"].to_string();
    let advisories = world.github.advisories(REPO).expect("the repository");
    assert!(advisories.len() >= 2);
    for advisory in advisories {
        must_not_hold("the log", &log, "a draft's number", &advisory.ghsa_id);
        must_not_hold("public", public.as_bytes(), "a draft's number", &advisory.ghsa_id);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_while_all_goes_well() {
    keeps_silent(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_while_much_goes_wrong() {
    let at = |path: &str, method: &str| Match::path(path).method(method);
    keeps_silent(&[
        (at("/security-advisories", "POST").times(2), Fault::Unprocessable422),
        (at("/security-advisories", "POST").times(3), Fault::BadGateway502),
        (at("/security-advisories", "PATCH"), Fault::GarbageBody),
        (at("/issues/", "PATCH").times(3), Fault::BadGateway502),
        (at("/comments", "POST").times(2), Fault::DropAnswerAfterDoing),
        (at("/lock", "PUT").times(2), Fault::HeaderlessForbidden403),
        (at("/permission", "GET").times(2), Fault::Status(500)),
        (at("/graphql", "POST").times(3), Fault::GarbageBody),
    ])
    .await;
}

/// A detector with a bug that quotes what it was given.
struct Panics;

impl Detector for Panics {
    fn judge(&self, title: &str, body: &str) -> Judgement {
        panic!("cannot judge {title:?}: {body}");
    }

    fn version(&self) -> &str {
        "panics"
    }
}

async fn a_world_that_panics(word: Option<String>) -> World {
    let setting = Setting { detector: Arc::new(Panics), ..Setting::default() };
    let mut world = World::with(setting).await;
    world.losses_expected = true;
    let _telemetry = telemetry::start("trace", LogFormat::Text, None);
    let (title, body) = world.exploit();
    let body = format!("{body} {}", word.unwrap_or_default());
    let posted = world.github.open_issue(REPO, MALLORY, &title, &body);
    posted.expect("posted");
    world.settle().await;
    world
}

/// Runs in a process of its own, started by the test below: the hook for panics belongs to the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_process_that_panics() {
    let Ok(word) = std::env::var("EMBARGOD_TEST_WORD") else {
        return;
    };
    let world = a_world_that_panics(Some(word)).await;
    let backlog = world.store().backlog(world.now()).await.expect("the store");
    assert_eq!(backlog.deliveries_parked, 1);
    let log = String::from_utf8(world.logged()).expect("text");
    let place = "tests/it/stories/secrecy.rs";
    assert!(log.contains(place), "the log does not say where:\n{log}");
    world.canary.must_not_be_in("the log", log.as_bytes());
    world.finish().await;
}

#[test]
fn a_panic_tells_where_and_not_what() {
    let canary = Canary::new();
    let child = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "stories::secrecy::in_a_process_that_panics", "--nocapture"])
        .env("EMBARGOD_TEST_WORD", canary.word())
        .output()
        .expect("it runs");
    let said = [child.stdout, child.stderr].concat();
    let shown = String::from_utf8_lossy(&said).replace(canary.word(), "CANARY");
    assert!(child.status.success(), "{shown}");
    assert!(shown.contains("1 passed"), "{shown}");
    canary.must_not_be_in("what a panicking process says", &said);
}

/// The real binary, against a GitHub whose every refusal repeats what it was sent.
async fn echoes(malice: Malice) {
    if !contract::available() {
        return;
    }
    let github = Hostile::start(malice.clone(), true).await;
    let program = Operator::new(&github.base).serve();
    let canary = Canary::new();
    let (title, body) = exploit(canary.word());
    let payload = issue_opened_now(7, &title, &body);
    assert_eq!(program.deliver("issues", "guid-1", &payload).await, 202);
    program.digested().await;
    // edit, lock, desk and comment were refused at least once, and that was written down
    github.wait_for(8).await;
    let metrics = program.metrics().await;
    program.is_healthy().await;
    canary.must_not_be_in("the metrics", metrics.as_bytes());
    let stopped = program.stop();
    assert_eq!(stopped.status.code(), Some(0));
    let operator = &stopped.operator;
    canary.must_not_be_in(&format!("the log of {malice:?}"), &stopped.log);
    canary.must_not_be_in("the database", &operator.database_bytes());
    must_not_hold("the log", &stopped.log, "a token", "ghs_hostiletoken0123456789");
    must_not_hold("the log", &stopped.log, "a JWT", "eyJ0eXAiOi");
    must_not_hold("the log", &stopped.log, "the webhook secret", SECRET);

    let listed = operator.run(&["case", "list", "--json"]);
    let cases: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let case = cases[0]["case"].as_str().expect("a case").to_owned();
    for arguments in [
        vec!["case", "list"],
        vec!["case", "list", "--json"],
        vec!["case", "show", &case],
        vec!["case", "show", &case, "--json"],
        vec!["case", "explain", &case],
        vec!["case", "explain", &case, "--json"],
    ] {
        let told = operator.run(&arguments);
        let all = [told.stdout, told.stderr].concat();
        assert!(told.status.success(), "{arguments:?}");
        assert!(!all.is_empty());
        canary.must_not_be_in(&format!("{arguments:?} after {malice:?}"), &all);
    }
    let opened = operator.run(&["case", "show", &case, "--evidence"]);
    let words = String::from_utf8_lossy(&opened.stdout).into_owned();
    assert!(words.contains(&body) && words.contains(&title), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_repeats_the_words_is_not_repeated() {
    for status in [422, 400, 403] {
        echoes(Malice::EchoJson(status)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_repeats_the_words_is_not_repeated() {
    for status in [502, 409, 200] {
        echoes(Malice::EchoPage(status)).await;
    }
}

fn printed(operator: &Operator, arguments: &[&str]) -> Vec<u8> {
    let told = operator.run(arguments);
    assert_eq!(told.status.code(), Some(2), "{arguments:?} should complain");
    [told.stdout, told.stderr].concat()
}

#[test]
fn complaints_about_settings_show_no_secret() {
    let canary = Canary::new();
    let word = canary.word();
    for (index, text) in [
        format!("[github]\nwebhook_secrets = [\"{word}\"\nx"),
        format!("[github]\nwebhook_secrets = \"{word}"),
        format!("[github]\nwebhook_secrets = {{ a = \"{word}\" }}"),
        format!("[github]\nwebhook_secrets = [[\"{word}\"]]"),
        format!("[github]\nwebhook_secret = \"{word}\""),
        format!("webhook_secrets = \"{word}\""),
        format!("[github]\nwebhook_secrets = {word}"),
        format!("[github]\nwebhook_secrets = \"a\"\nwebhook_secrets = \"{word}\""),
        format!("database = \"postgres://embargod:{word}@db.example/embargod\""),
        format!("database = \"mysql://embargod:{word}@db.example/embargod\""),
    ]
    .into_iter()
    .enumerate()
    {
        let mut operator = Operator::new("http://127.0.0.1:9");
        std::fs::write(operator.path("embargod.toml"), &text).expect("written");
        if text.contains("database") {
            operator = operator.with("EMBARGOD_DATABASE", "");
        }
        for arguments in [vec!["serve", "--check"], vec!["serve"]] {
            let said = printed(&operator, &arguments);
            canary.must_not_be_in(&format!("the complaint about text {index}"), &said);
        }
        if text.contains("database") {
            let told = operator.run(&["case", "list"]);
            let said = [told.stdout, told.stderr].concat();
            canary.must_not_be_in(&format!("`case list` with text {index}"), &said);
        }
    }
}

/// People paste the key itself where its path belongs.
#[test]
fn a_key_in_place_of_its_path_is_not_shown() {
    let line = app_key_pem().lines().nth(1).expect("a line");
    for name in ["EMBARGOD_GITHUB_PRIVATE_KEY_PATH", "EMBARGOD_SEALING_KEY_PATH"] {
        let operator = Operator::new("http://127.0.0.1:9").with(name, app_key_pem());
        let said = printed(&operator, &["serve", "--check"]);
        must_not_hold("the complaint", &said, "the key", line);
    }
}

#[test]
fn settings_have_no_debug_form_that_shows_a_secret() {
    let canary = Canary::new();
    let operator = Operator::new("http://127.0.0.1:9");
    let word = canary.word();
    let file = operator.path("other.toml");
    let text = format!(
        "database = \"postgres://embargod:{word}@db.example/embargod\"\n[github]\napp_id = 7\nprivate_key_path = \
         \"app.pem\"\nwebhook_secrets = [\"{word}\"]\n[sealing]\nkey_path = \"sealing.key\"\n"
    );
    std::fs::write(&file, text).expect("written");
    let settings = Settings::load(Some(&file)).expect("complete");
    let shown = format!("{settings:?} {settings:#?}");
    assert!(shown.contains("127.0.0.1:3000"), "{shown}");
    canary.must_not_be_in("the debug form", shown.as_bytes());
    let line = app_key_pem().lines().nth(1).expect("a line");
    must_not_hold("the debug form", shown.as_bytes(), "the key", line);
}

/// The tests above would also pass if nothing were ever posted, moved or logged: a maintainer sees that it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_words_are_where_they_belong() {
    let world = World::new().await;
    post_everywhere(&world);
    world.settle().await;
    let drafts = world.github.advisories(REPO).expect("the repository");
    let kept = drafts.iter().filter(|draft| draft.description.contains(world.canary.word()));
    assert!(kept.count() >= 4);
    assert!(String::from_utf8_lossy(&world.logged()).contains("redirect decided"));
    assert_ne!(CORA, REPORTER);
}
