//! Redelivered, edited, and edited by others.

use super::stage::*;
use crate::domain::{
    case::*,
    commands::{Consideration, Edit, Outcome},
};

const A: &str = "SEC-2025-1";

fn stage() -> Stage {
    Stage::with_report(policy(), "2025-09-08T09:00:00Z")
}

fn hears(stage: &mut Stage, text: &str, edit: Edit, before: Option<&Consideration>) -> Consideration {
    let now = stage.now;
    let log = before.and_then(|before| before.log.clone());
    stage.hears(A, "comment/1", "cora", text, now, edit, log.as_ref())
}

fn outcomes(result: &Consideration) -> Vec<Outcome> {
    result.answers.iter().map(|answer| answer.outcome).collect()
}

#[test]
fn a_redelivered_comment_runs_nothing_twice() {
    let mut stage = stage();
    let first = hears(&mut stage, "/ack\n/class sql-injection", Edit::Never, None);
    assert_eq!(outcomes(&first), [Outcome::Done, Outcome::Done]);
    let again = hears(&mut stage, "/ack\n/class sql-injection", Edit::Never, Some(&first));
    assert_eq!(outcomes(&again), []);
    assert!(!again.changed && again.effects.is_empty() && again.log.is_none());
}

#[test]
fn one_comment_considered_twice_from_one_state_is_the_same() {
    let mut one = stage();
    let mut other = stage();
    let text = "/ack\n/check supported yes -- why\n/embargo until +7d";
    let (first, second) = (hears(&mut one, text, Edit::Never, None), hears(&mut other, text, Edit::Never, None));
    assert_eq!((first.case, first.effects, first.log), (second.case, second.effects, second.log));
}

#[test]
fn a_line_that_is_added_runs_once_wherever_it_stands() {
    let mut stage = stage();
    let first = hears(&mut stage, "/ack\n/class sql-injection", Edit::Never, None);
    let edited = "/ack\n/cwe CWE-89\n/class sql-injection";
    let second = hears(&mut stage, edited, Edit::ByAuthor, Some(&first));
    assert_eq!(outcomes(&second), [Outcome::Done]);
    assert_eq!(second.answers[0].verb, Some("cwe"));
    let third = hears(&mut stage, edited, Edit::ByAuthor, Some(&second));
    assert_eq!(outcomes(&third), []);
}

#[test]
fn a_line_that_is_changed_is_ignored_and_said_so_once() {
    let mut stage = stage();
    let first = hears(&mut stage, "/class sql-injection", Edit::Never, None);
    let second = hears(&mut stage, "/class denial-of-service", Edit::ByAuthor, Some(&first));
    assert_eq!(outcomes(&second), [Outcome::Ignored]);
    assert!(second.reply().contains("Edit ignored"), "{}", second.reply());
    assert!(stage.case(A).assessment.classes.contains("sql-injection"));
    let third = hears(&mut stage, "/class denial-of-service", Edit::ByAuthor, Some(&second));
    assert_eq!(outcomes(&third), []);
    // A deleted line stays done.
    let fourth = hears(&mut stage, "never mind", Edit::ByAuthor, Some(&third));
    assert_eq!(outcomes(&fourth), []);
    assert!(stage.case(A).assessment.classes.contains("sql-injection"));
}

#[test]
fn changing_one_line_and_adding_another_does_not_smuggle_the_change_in() {
    let mut stage = stage();
    let first = hears(&mut stage, "/class sql-injection\n/cwe CWE-89", Edit::Never, None);
    let text = "/class denial-of-service\n/cwe CWE-89\n/affects main 5.2";
    let second = hears(&mut stage, text, Edit::ByAuthor, Some(&first));
    assert_eq!(outcomes(&second), [Outcome::Ignored, Outcome::Done]);
    assert!(stage.case(A).assessment.classes.contains("sql-injection"));
    assert_eq!(stage.case(A).assessment.affects.len(), 2);
}

#[test]
fn a_maintainers_comment_that_a_reporter_may_have_edited_commands_nothing() {
    let mut stage = stage();
    // rae has write on the advisory and puts a command into cora's comment.
    let result = hears(&mut stage, "Looks real to me.\n/reject spam", Edit::ByOthers, None);
    assert_eq!(outcomes(&result), [Outcome::Ignored]);
    assert!(result.reply().contains("somebody else than its author"), "{}", result.reply());
    assert_eq!(stage.case(A).handling, Handling::Received);
    // The next look at the same comment says nothing more.
    let again = hears(&mut stage, "Looks real to me.\n/reject spam", Edit::ByOthers, Some(&result));
    assert_eq!(outcomes(&again), []);
    // An edit that brings no command is nobody's business.
    let harmless = hears(&mut stage, "Looks real to me!", Edit::ByOthers, None);
    assert_eq!(outcomes(&harmless), []);
}

#[test]
fn a_record_of_the_earlier_version_is_read() {
    let old = r#"{
        "id": "SEC-2026-7", "repository": {"owner": "acme", "name": "framework"}, "repository_id": 7,
        "installation_id": 1, "origin": "shielded", "opened_at": "2026-03-02T09:00:00Z",
        "policy_version": "django-2026+f20848925e0e",
        "reporter": {"login": "rae", "id": 10, "is_bot": false}, "handling": "received",
        "exposure": {"public": "2026-03-02T08:59:00Z", "exploit_public": null, "attacked": null, "prenotified": null, "fix_public": null},
        "desk": {"kind": "advisory", "ghsa": "GHSA-2222-3333-4444", "url": "https://example.org/a"},
        "posts": []
    }"#;
    let case: Case = serde_json::from_str(old).expect("an old record");
    assert_eq!((case.handling, case.embargo.state, case.state_version), (Handling::Received, EmbargoState::None, 0));
    assert_eq!(case.age_since(), case.opened_at);
    let mut stage = stage();
    stage.cases.insert(case.id.clone(), case);
    stage.does("SEC-2026-7", "tom", "/ack");
    stage.does("SEC-2026-7", "tom", "/status");
    let kept = serde_json::to_string(stage.case("SEC-2026-7")).expect("plain data");
    assert_eq!(&serde_json::from_str::<Case>(&kept).expect("its own record"), stage.case("SEC-2026-7"));
}
