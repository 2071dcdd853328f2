//! The scripted scenario on both desks, from the first report to the last clock, as far as cases, clocks and commands go.
//!
//! What flows in: people's acts with the dates of a real release; between every two steps the process dies and another one
//! starts. What flows out: assertions about each step, and about what must hold after every one of them ([`stage`]). What it
//! must never do: reach into a case by another door than people have.

use embargod::{
    audit,
    domain::{
        case::{CaseOrigin, EmbargoState, ExitCause, Handling, severity_word},
        clocks::ClockState,
        intake::texts::{NEUTRAL_BODY, NEUTRAL_TITLE},
    },
};
use jiff::Timestamp;

use crate::kit::{MALLORY, RAE, REPO};

mod stage;

use stage::{At, OWNER, Stage};

/// Rae's report.
const A: &str = "SEC-2025-1";
/// Zoe's, of the same matter.
const SECOND: &str = "SEC-2025-2";
/// Of a public issue.
const B: &str = "SEC-2025-3";
/// Of main alone.
const MAIN: &str = "SEC-2025-4";
/// The one whose release is postponed.
const POSTPONED: &str = "SEC-2025-5";

/// Every question of the checklist of Django's policy of 2024.
const ITEMS: [&str; 7] = [
    "supported",
    "production_grade",
    "best_practice",
    "not_ai_generated",
    "not_upstream",
    "not_third_party",
    "not_main_only",
];

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn checks() -> String {
    ITEMS.map(|item| format!("/check {item} yes\n")).concat()
}

#[tokio::test]
async fn at_the_advisory() {
    play(At::Advisory).await;
}

#[tokio::test]
async fn at_an_issue_of_the_private_repository() {
    play(At::Issue).await;
}

async fn play(at: At) {
    let mut stage = Stage::new(at).await;
    reported_and_answered(&mut stage).await;
    evaluated_and_accepted(&mut stage).await;
    found_again_and_posted_in_public(&mut stage).await;
    under_embargo(&mut stage).await;
    main_only(&mut stage).await;
    exploited(&mut stage).await;
    leaked(&mut stage).await;
    postponed_and_released(&mut stage).await;
    settled(stage).await;
}

/// Steps 1 to 3.
async fn reported_and_answered(stage: &mut Stage) {
    // 1. A private report: a case, a clock, a receipt that stops nothing, and nothing in public.
    stage.goes_on_at("2025-09-08T09:00:00Z").await;
    let (title, body) = stage.world.exploit();
    let reported_at = stage.world.now();
    stage.world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    stage.looks().await;
    let case = stage.case(A).await;
    assert_eq!((case.origin, case.handling), (CaseOrigin::Reported, Handling::Received));
    let clock = case.clock("acknowledgment").expect("the clock").clone();
    assert_eq!((clock.due, clock.state), (reported_at + jiff::SignedDuration::from_hours(48), ClockState::Running));
    let told = stage.told_reporter(A).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("automatic receipt") && told[0].contains("2025-09-10"), "{}", told[0]);

    // 2. The same once more: no second case.
    stage.goes_on_at("2025-09-08T09:05:00Z").await;
    for delivery in stage.world.github.deliveries() {
        assert!(stage.world.github.redeliver(delivery.id));
    }
    stage.looks().await;
    assert_eq!(stage.world.cases().await.len(), 1);

    // 3. Half of the time is gone: a reminder at the desk. A stranger's word in public counts for nothing; tom answers.
    stage.goes_on_at("2025-09-09T09:10:00Z").await;
    let reminders: Vec<String> = stage.said(A).await;
    let reminders: Vec<&String> = reminders.iter().filter(|text| text.contains("(clock `acknowledgment`)")).collect();
    assert_eq!(reminders.len(), 1, "{reminders:?}");
    assert!(reminders[0].contains("`/ack`"), "{}", reminders[0]);
    stage.goes_on_at("2025-09-09T17:00:00Z").await;
    let (title, body) = stage.world.harmless();
    let thread = stage.world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    stage.world.github.comment(REPO, thread, MALLORY, "/ack").expect("said");
    stage.looks().await;
    assert_eq!(stage.case(A).await.handling, Handling::Received);
    assert!(stage.world.said(thread).is_empty());
    stage.does(A, "tom", "/ack Thank you, I could reproduce it.").await;
    let case = stage.case(A).await;
    let clock = case.clock("acknowledgment").expect("the clock");
    assert_eq!((case.handling, clock.state), (Handling::Acknowledged, ClockState::Met));
    let told = stage.told_reporter(A).await;
    assert!(
        told[1].contains("A member of the team has read it") && told[1].contains("I could reproduce it."),
        "{told:?}"
    );
}

/// Steps 4 and 5.
async fn evaluated_and_accepted(stage: &mut Stage) {
    // 4. One item is left open; the class makes the severity.
    stage.goes_on_at("2025-09-09T17:30:00Z").await;
    let answers = checks().replace("not_third_party yes", "not_third_party unknown");
    stage.does(A, "tom", &answers).await;
    let reply = stage.is_refused(A, "cora", "/accept").await;
    assert!(reply.contains("`not_third_party` is unknown") && reply.contains("/check not_third_party"), "{reply}");
    stage.does(A, "tom", "/check not_third_party yes -- It is our own module.").await;
    let reply = stage.does(A, "cora", "/class sql-injection").await;
    assert!(reply.contains("high"), "{reply}");
    let reply = stage.is_refused(A, "cora", "/severity low").await;
    assert!(reply.contains("--override"), "{reply}");

    // 5. Only supported series count, by the tags of the repository on that day.
    let reply = stage.is_refused(A, "cora", "/affects main 5.2 5.1 4.2 4.1").await;
    assert!(reply.contains("Unsupported on 2025-09-09: 4.1."), "{reply}");
    assert!(reply.contains("main, 5.2, 5.1, 4.2; pre-release, patch but no release: 6.0"), "{reply}");
    let reply = stage.does(A, "cora", "/affects main 5.2 5.1 4.2").await;
    assert!(reply.contains("6.0 is in pre-release"), "{reply}");
    stage.does(A, "cora", "/affects main 6.0 5.2 5.1 4.2").await;
    let reply = stage.does(A, "cora", "/accept").await;
    assert!(reply.contains("severity high") && reply.contains("/embargo until"), "{reply}");
    assert_eq!(stage.case(A).await.handling, Handling::Accepted);
    let told = stage.told_reporter(A).await;
    assert!(told[2].contains("/credit"), "{told:?}");
    // Who reads along in the advisory may say there how to be named, wherever the desk is.
    let ghsa = stage.case(A).await.ghsa().expect("an advisory").to_owned();
    stage.world.github.comment_advisory(REPO, &ghsa, RAE, "/credit \"Rae R.\"").expect("rae reads along");
    stage.a_minute_passes().await;
    let credits = serde_json::to_string(&stage.case(A).await.people.credits).expect("plain data");
    assert!(credits.contains("Rae R."), "{credits}");
}

/// Steps 6 to 9.
async fn found_again_and_posted_in_public(stage: &mut Stage) {
    // 6. A second finder.
    stage.goes_on_at("2025-09-10T08:00:00Z").await;
    let (title, body) = stage.world.exploit();
    stage.world.github.report_privately(REPO, "zoe", &title, &body).expect("the form is on");
    stage.looks().await;
    let reply = stage.does(SECOND, "cora", "/duplicate SEC-2025-1").await;
    assert!(reply.contains("2 people have found"), "{reply}");
    assert_eq!(stage.case(SECOND).await.handling, Handling::Duplicate);
    let finders: Vec<String> =
        stage.case(A).await.people.credits.into_iter().filter_map(|credit| credit.finder).collect();
    assert_eq!(finders, [RAE, "zoe"]);
    assert!(stage.told_reporter(SECOND).await.last().is_some_and(|text| text.contains("We know of this already")));

    // 7. A public issue: hidden by constant words, public until a person decides.
    stage.goes_on_at("2025-09-10T10:00:00Z").await;
    let (title, body) = stage.world.exploit();
    let number = stage.world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    stage.looks().await;
    let thread = stage.world.thread(number);
    assert_eq!((thread.title.as_str(), thread.body()), (NEUTRAL_TITLE, NEUTRAL_BODY));
    assert!(thread.locked && !thread.open);
    let constant = stage.world.said(number);
    assert_eq!(constant.len(), 1);
    let case = stage.case(B).await;
    assert!(case.is_exposed() && case.exposure_ruling.is_none());
    let reply = stage.is_refused(B, "cora", "/embargo until 2025-10-01T13:00Z").await;
    assert!(reply.contains("it is public") && reply.contains("/exposure vague"), "{reply}");
    stage.does(B, "cora", "/exposure vague -- One sentence without a place.").await;
    let case = stage.case(B).await;
    assert!(!case.is_exposed() && case.exposure.public.is_some(), "what was seen is not unseen");

    // 8. More of it by an edit: hidden again, told at the desk, no second comment.
    stage.goes_on_at("2025-09-10T10:05:00Z").await;
    let (_, body) = stage.world.exploit();
    stage
        .world
        .github
        .edit_thread(REPO, number, MALLORY, None, Some(&format!("{body}\n\nMore: it works.")))
        .expect("hers");
    stage.looks().await;
    assert_eq!(stage.world.thread(number).body(), NEUTRAL_BODY);
    assert_eq!(stage.world.said(number), constant);
    assert!(stage.case(B).await.is_exposed(), "new words are not covered by an old ruling");
    assert!(stage.said(B).await.iter().any(|text| text.contains("another text of this kind")));
    stage.does(B, "cora", "/exposure vague -- The script does not run.").await;

    // 9. Low, by its class.
    stage.does(B, "tom", &format!("/ack\n{}", checks())).await;
    stage.does(B, "cora", "/class directory-traversal\n/affects main 5.2 5.1 4.2\n/accept").await;
    let case = stage.case(B).await;
    let policy = stage.world.engine.shop().policies.of_case(stage.world.engine.shop(), &case).await.expect("kept");
    let level = embargod::domain::case::severity(&case, &policy).level.map(severity_word);
    assert_eq!(level, Some("low"));
}

/// Steps 10 and 11.
async fn under_embargo(stage: &mut Stage) {
    // 10. Ids, and one date in the window.
    for (id, cve) in [(A, "CVE-1900-0001"), (B, "CVE-1900-0002")] {
        stage.does(id, "cora", "/cve reserve").await;
        let reply = stage.is_refused(id, "cora", "/embargo until 2025-10-04T13:00Z").await;
        assert!(reply.contains("Saturday") && reply.contains("2025-10-07T13:00Z"), "{reply}");
        stage.does(id, "cora", "/embargo until 2025-10-01T13:00Z").await;
        assert_eq!(stage.case(id).await.embargo.state, EmbargoState::Active);
        stage.does(id, "cora", &format!("/cve {cve}")).await;
    }

    // 11. A suspicion starts a clock of an hour and ends nothing; a person decides.
    stage.goes_on_at("2025-09-12T10:00:00Z").await;
    let suspected_at = stage.world.now();
    stage.does(A, "sam", "/leak suspected -- A message on a fork's branch.").await;
    let clock = stage.case(A).await.clock("leak_decision").expect("the clock").clone();
    assert!(clock.due.duration_since(suspected_at) >= jiff::SignedDuration::from_hours(1));
    assert!(clock.due.duration_since(suspected_at) < jiff::SignedDuration::from_mins(62));
    stage.does(A, "cora", "/leak not-observed -- The fork is private.").await;
    let case = stage.case(A).await;
    assert_eq!(case.clock("leak_decision").map(|clock| clock.state), Some(ClockState::Met));
    assert_eq!(case.embargo.state, EmbargoState::Active);
}

/// Step 22.
async fn main_only(stage: &mut Stage) {
    stage.goes_on_at("2025-09-15T09:00:00Z").await;
    stage
        .world
        .github
        .report_privately(REPO, RAE, "Only on main", "It came with yesterday's commit.")
        .expect("the form");
    stage.looks().await;
    stage.does(MAIN, "tom", "/ack").await;
    let reply = stage.does(MAIN, "cora", "/affects main").await;
    assert!(reply.contains("mended in public"), "{reply}");
    assert_eq!(stage.case(MAIN).await.handling, Handling::PublicFix);
    stage.is_refused(MAIN, "cora", "/cve request").await;
    stage.is_refused(MAIN, "cora", "/embargo until 2025-10-01T13:00Z").await;
    assert!(stage.told_reporter(MAIN).await.last().is_some_and(|text| text.contains("mended in public")));
}

/// Step 20.
async fn exploited(stage: &mut Stage) {
    stage.goes_on_at("2025-09-27T10:00:00Z").await;
    stage.does(A, "sam", "/exploited --evidence -- Seen in logs.").await;
    let case = stage.case(A).await;
    assert_eq!((case.embargo.state, case.embargo.cause), (EmbargoState::Exited, Some(ExitCause::Exploited)));
    assert!(case.exposure.attacked.is_some());
    let reply = stage.is_refused(A, "cora", "/extend 2025-10-02T13:00Z -- More time.").await;
    assert!(reply.contains("nothing to embargo"), "{reply}");
    // Released the same day: the record follows within a day.
    let ghsa = stage.case(A).await.ghsa().expect("an advisory").to_owned();
    stage.world.github.publish_advisory(REPO, &ghsa, OWNER).expect("published");
    stage.looks().await;
    let case = stage.case(A).await;
    assert_eq!(case.handling, Handling::Released);
    let due = case.clock("cve_expected").expect("the clock").due;
    assert!(due < instant("2025-09-28T10:30:00Z"), "{due}");
    assert!(stage.world.alerts().await.iter().all(|alert| alert.id != "leak:SEC-2025-1"), "it was public before");
    stage.goes_on_at("2025-09-28T09:00:00Z").await;
    // At a published advisory nobody can comment: the desk has moved, and says so.
    assert!(matches!(stage.case(A).await.desk, embargod::domain::case::Desk::Issue { .. }));
    stage.does(A, "cora", "/cve published CVE-1900-0001").await;
    let case = stage.case(A).await;
    assert_eq!(case.clock("cve_expected").map(|clock| clock.state), Some(ClockState::Met));
}

/// Step 21.
async fn leaked(stage: &mut Stage) {
    stage.goes_on_at("2025-09-28T10:00:00Z").await;
    stage.both_do(B, "sam", "cora", "/leak https://tracker.example.org/1 -- The patch.").await;
    let case = stage.case(B).await;
    assert_eq!((case.embargo.state, case.embargo.cause), (EmbargoState::Exited, Some(ExitCause::Leaked)));
    stage.is_refused(B, "cora", "/extend 2025-10-02T13:00Z -- More time.").await;
    stage.is_refused(B, "cora", "/embargo until 2025-10-02T13:00Z").await;
    stage.is_refused(B, "cora", "/exposure vague").await;
}

/// Step 23, and the release that follows.
async fn postponed_and_released(stage: &mut Stage) {
    stage.goes_on_at("2025-09-29T09:00:00Z").await;
    let (title, body) = stage.world.exploit();
    stage.world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    stage.looks().await;
    stage.does(POSTPONED, "tom", &format!("/ack\n{}", checks())).await;
    stage.does(POSTPONED, "cora", "/class cross-site-scripting\n/affects main 5.2\n/accept\n/cve CVE-1900-0003").await;
    stage.does(POSTPONED, "cora", "/embargo until 2025-10-01T13:00Z").await;
    let in_public = stage.world.github.public_transcript();
    stage.goes_on_at("2025-10-01T12:40:00Z").await;
    stage.both_do(POSTPONED, "mia", "sam", "/extend 2025-10-02T13:00Z -- The build failed.").await;
    assert_eq!(stage.case(POSTPONED).await.embargo.until, Some(instant("2025-10-02T13:00:00Z")));
    assert!(stage.told_reporter(POSTPONED).await.last().is_some_and(|text| text.contains("2025-10-02 13:00 UTC")));
    stage.goes_on_at("2025-10-01T13:30:00Z").await;
    assert_eq!(stage.case(POSTPONED).await.embargo.state, EmbargoState::Active, "the old date is void");
    assert_eq!(stage.world.github.public_transcript(), in_public, "nothing public happened");

    stage.goes_on_at("2025-10-02T12:50:00Z").await;
    stage.both_do(POSTPONED, "cora", "mia", "/lift -- It is released now.").await;
    let ghsa = stage.case(POSTPONED).await.ghsa().expect("an advisory").to_owned();
    stage.world.github.publish_advisory(REPO, &ghsa, OWNER).expect("published");
    stage.looks().await;
    let case = stage.case(POSTPONED).await;
    assert_eq!((case.handling, case.embargo.cause), (Handling::Released, Some(ExitCause::Lifted)));
}

/// Step 24: the last clock, the chain, and what anybody could have seen.
async fn settled(mut stage: Stage) {
    stage.goes_on_at("2025-10-04T13:30:00Z").await;
    let clock = stage.case(POSTPONED).await.clock("cve_publish").expect("the clock").clone();
    assert_eq!(clock.state, ClockState::Running);
    stage.does(POSTPONED, "cora", "/cve published").await;
    stage.goes_on_at("2025-10-09T13:30:00Z").await;
    let case = stage.case(POSTPONED).await;
    assert_eq!(case.clock("cve_publish").map(|clock| clock.state), Some(ClockState::Met));
    assert!(case.clocks.iter().all(|clock| !clock.is_open()), "{:?}", case.clocks);

    stage.world.engine.link_audit().await.expect("the store works");
    let chain = audit::verify(&**stage.world.store(), &[]).await.expect("the store works");
    assert_eq!((chain.broken, chain.unlinked), (None, 0));

    // In public the bot did what it does about every such post, and nothing else.
    let writes: Vec<String> = stage.world.github.public_transcript()["changes_by_bot"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| change["change"]["what"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(!writes.is_empty() && writes.len() <= 8, "{writes:?}");
    // A hash chain, a store, a log: none holds a word of a report; `finish` looks for it.
    stage.world.finish().await;
}

#[tokio::test]
async fn somebody_who_never_read_the_docs_gets_through_by_cards_and_replies_alone() {
    for at in [At::Advisory, At::Issue] {
        let mut stage = Stage::new(at).await;
        stage.goes_on_at("2025-09-08T09:00:00Z").await;
        let (title, body) = stage.world.exploit();
        stage.world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
        stage.looks().await;
        // The card stands there before anybody said anything. Whatever is read last names what comes next.
        let mut read = stage.said(A).await.into_iter().find(|text| text.contains("**Next**")).expect("a card");
        let mut path = Vec::new();
        while stage.case(A).await.embargo.state != EmbargoState::Active {
            assert!(path.len() < 30, "{path:#?}");
            let said = first_command(&read).unwrap_or_else(|| panic!("no way on: {path:#?}\n{read}"));
            path.push(said.clone());
            let reply = stage.says(A, "cora", &said).await;
            assert!(!reply.is_empty(), "{said} was not answered");
            read = reply;
        }
        stage.world.finish().await;
    }
}

/// The first command that a text names, with its blanks filled in as somebody would who knows the matter.
fn first_command(text: &str) -> Option<String> {
    let next = text.find("next: `/").map(|at| at + 7).or_else(|| text.find("`/ack`").map(|at| at + 1))?;
    let command = text.get(next..)?.split('`').next()?;
    let command = command.split(", or ").next()?.split(", such as ").next()?;
    Some(
        command
            .replace("yes|no|unknown", "yes")
            .replace(" -- evidence", "")
            .replace("@login", "@cora")
            .replace("NAME", "sql-injection")
            .replace("main SERIES…", "main 5.2")
            .replace("SERIES…", "main 5.2")
            .replace("DATE", "2025-10-01T13:00Z"),
    )
}
