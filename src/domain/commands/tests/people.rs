//! Who may say what, and what takes two.

use std::collections::{BTreeMap, BTreeSet};

use super::stage::*;
use crate::domain::{
    case::*,
    commands::{acts::*, texts::ReporterText, *},
    policy::{Principal, Roles},
    post::Permission,
};

const A: &str = "SEC-2025-1";

#[test]
fn without_lists_the_permission_on_the_repository_decides() {
    use Role::*;
    let of = |permission| roles_of("ann", permission, &BTreeMap::new(), &Roles::default());
    assert_eq!(of(Permission::None), BTreeSet::new());
    assert_eq!(of(Permission::Read), BTreeSet::new());
    assert_eq!(of(Permission::Triage), BTreeSet::from([Triager]));
    assert_eq!(of(Permission::Write), BTreeSet::from([Triager, Fixer]));
    assert_eq!(of(Permission::Maintain), BTreeSet::from([Triager, Fixer]));
    assert_eq!(of(Permission::Admin), BTreeSet::from([Triager, Fixer, Coordinator, ReleaseManager, SecurityTeam]));
}

#[test]
fn a_list_replaces_the_permission_for_its_role_and_an_empty_one_is_nobody() {
    let list = |names: &[&str]| Some(names.iter().map(|name| name.parse::<Principal>().expect("a name")).collect());
    let roles = Roles {
        coordinator: list(&["@acme/security"]),
        triager: list(&["@Tom"]),
        release_manager: list(&[]),
        ..Roles::default()
    };
    let team = |member| BTreeMap::from([(("acme".to_owned(), "security".to_owned()), member)]);
    assert_eq!(roles_of("tom", Permission::None, &team(false), &roles), BTreeSet::from([Role::Triager]));
    let cora = roles_of("cora", Permission::Admin, &team(true), &roles);
    assert_eq!(cora, BTreeSet::from([Role::Coordinator, Role::SecurityTeam, Role::Fixer]));
    let admin = roles_of("root", Permission::Admin, &team(false), &roles);
    assert!(!admin.contains(&Role::Coordinator) && !admin.contains(&Role::ReleaseManager));
    // A team of which nothing is known holds nobody.
    assert!(roles_of("cora", Permission::None, &BTreeMap::new(), &roles).is_empty());
}

#[test]
fn the_reporter_may_ask_and_note_and_say_how_they_are_named_and_nothing_else() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.does(A, "rae", "/status");
    stage.does(A, "rae", "/note -- It also works without a session.");
    stage.does(A, "rae", "/help");
    stage.does(A, "rae", "/credit \"Rae R.\"");
    assert_eq!(stage.case(A).people.credits[0].named, Some(CreditName::Name("Rae R.".to_owned())));
    stage.refused(A, "rae", "/credit @mallory");
    stage.refused(A, "rae", "/credit anonymous for @zoe");
    for said in ["/ack", "/accept", "/embargo until +7d", "/confirm 12345678", "/undo", "/timeline", "/checklist"] {
        let reply = stage.refused(A, "rae", said);
        assert!(reply.contains("This is for: "), "{reply}");
    }
    stage.refused(A, "mallory", "/status");
}

#[test]
fn help_names_only_what_one_may_use() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    let for_rae = stage.does(A, "rae", "/help").reply();
    assert!(for_rae.contains("/credit") && !for_rae.contains("/accept"), "{for_rae}");
    let for_cora = stage.does(A, "cora", "/help").reply();
    assert!(for_cora.contains("/accept"), "{for_cora}");
    let one = stage.does(A, "cora", "/help /extend").reply();
    assert!(one.contains("a second person confirms: always") && one.contains("/extend +7d"), "{one}");
}

#[test]
fn there_is_one_coordinator_and_it_belongs_to_the_project() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.refused(A, "cora", "/assign @mallory");
    stage.does(A, "sam", "/assign @cora");
    assert_eq!(stage.wanted::<InviteToDesk>(), [InviteToDesk { case: A.to_owned(), login: "cora".to_owned() }]);
    let reply = stage.refused(A, "sam", "/assign @mia");
    assert!(reply.contains("/handover @mia"), "{reply}");
    stage.does(A, "sam", "/handover @mia -- The fix waits for a review.");
    assert_eq!(stage.case(A).people.coordinator.as_ref().map(|person| person.id), Some(4));
    // Who steers a case may decide about it, without being on a list.
    stage.does(A, "mia", "/unassign");
    stage.does(A, "sam", "/assign @tom");
    stage.does(A, "tom", "/class sql-injection");
    stage.does(A, "sam", "/unassign");
    stage.refused(A, "tom", "/class sql-injection");
}

#[test]
fn a_code_holds_for_somebody_else_for_half_an_hour_and_for_one_state() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.accept();
    stage.does(A, "cora", "/embargo until 2025-10-01T13:00Z");
    let extend = "/extend 2025-10-02T13:00Z -- A test fails.";

    // The same person.
    let code = stage.waits(A, "mia", extend);
    let reply = stage.refused(A, "mia", &format!("/confirm {code}"));
    assert!(reply.contains("second person"), "{reply}");
    // Somebody who could not have given it.
    stage.refused(A, "finn", &format!("/confirm {code}"));
    // Another code.
    stage.refused(A, "sam", "/confirm 00000000");
    // Too late, by a second; in time, by a second.
    stage.set("2025-09-08T09:30:00Z");
    let reply = stage.refused(A, "sam", &format!("/confirm {code}"));
    assert!(reply.contains("30 minutes"), "{reply}");
    let code = stage.waits(A, "mia", extend);
    // The state moves.
    stage.does(A, "cora", "/cwe CWE-89");
    let reply = stage.refused(A, "sam", &format!("/confirm {code}"));
    assert!(reply.contains("has changed since"), "{reply}");
    // A note is no change of state.
    let code = stage.waits(A, "mia", extend);
    stage.does(A, "tom", "/note -- Still looking.");
    // Whoever gave it must still belong to the project.
    stage.gone.push("mia".to_owned());
    let reply = stage.refused(A, "sam", &format!("/confirm {code}"));
    assert!(reply.contains("no longer belongs"), "{reply}");
    stage.gone.clear();
    stage.set("2025-09-08T09:59:59Z");
    let result = stage.does(A, "sam", &format!("/confirm {code}"));
    assert!(
        result.reasons.iter().any(|reason| reason.text == "/extend by mia, confirmed by sam"),
        "{:?}",
        result.reasons
    );
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-10-02T13:00:00Z")));
    // A code is good for once.
    stage.refused(A, "sam", &format!("/confirm {code}"));
}

#[test]
fn what_would_be_refused_anyway_fetches_nobody() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.accept();
    stage.refused(A, "cora", "/extend +7d -- No embargo is there.");
    stage.refused(A, "cora", "/lift");
    assert!(stage.case(A).pending.is_empty());
}

#[test]
fn what_was_accepted_is_rejected_by_two() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.accept();
    stage.does(A, "cora", "/embargo until 2025-10-01T13:00Z");
    stage.both_do(A, "cora", "sam", "/reject invalid -- It needs shell access, codename Xylophone.");
    let case = stage.case(A);
    assert_eq!(case.handling, Handling::Rejected);
    assert_eq!((case.embargo.state, case.embargo.cause), (EmbargoState::Exited, Some(ExitCause::Abandoned)));
    // What stands behind the dashes stays inside.
    let sent = stage.wanted::<SendToReporter>();
    let rejected = sent.last().expect("told");
    assert_eq!(
        rejected,
        &SendToReporter {
            case: A.to_owned(),
            text: ReporterText::Rejected { reason: RejectReason::Invalid },
            note: None
        }
    );
    let stored = format!("{:?}{}", stage.effects, serde_json::to_string(case).expect("plain data"));
    assert!(!stored.contains("Xylophone"), "free text is sealed");
    assert_eq!(
        stage
            .lines
            .values()
            .filter(|line| line.open(&crate::domain::embargoed::Clearance::grant()).contains("Xylophone"))
            .count(),
        2
    );
    stage.refused(A, "cora", "/accept");
    stage.does(A, "sam", "/reopen -- It works over the network after all.");
    assert_eq!(stage.case(A).handling, Handling::Triage);
}

#[test]
fn a_late_comment_has_to_be_confirmed_by_anybody_who_may() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    let written = at("2025-09-08T09:00:00Z");
    stage.set("2025-09-08T09:15:00Z");
    let result = stage.hears(A, "c1", "tom", "/check supported yes", written, Edit::Never, None);
    assert_eq!(result.answers[0].outcome, Outcome::Done, "15 minutes are not late");
    stage.set("2025-09-08T09:15:01Z");
    let result = stage.hears(A, "c2", "tom", "/status\n/ack", written, Edit::Never, None);
    assert_eq!(result.answers.iter().map(|a| a.outcome).collect::<Vec<_>>(), [Outcome::Done, Outcome::Waits]);
    let code = stage.case(A).pending[0].code.clone();
    stage.does(A, "tom", &format!("/confirm {code}"));
    assert_eq!(stage.case(A).handling, Handling::Acknowledged);
}

#[test]
fn a_relative_date_counts_from_when_it_was_written() {
    let mut stage = Stage::with_report(policy_of("extends: minimal"), "2025-09-08T09:00:00Z");
    stage.does(A, "tom", "/ack");
    stage.does(A, "tom", "/check supported yes\n/check not_upstream yes");
    stage.does(A, "cora", "/class sql-injection\n/affects 5.2\n/accept\n/embargo until +7d");
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-09-15T09:00:00Z")));
    let code = stage.waits(A, "cora", "/extend +10d -- A test fails.");
    stage.set("2025-09-08T09:20:00Z");
    stage.does(A, "sam", &format!("/confirm {code}"));
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-09-18T09:00:00Z")));
}

#[test]
fn undo_takes_back_the_last_reversible_command_for_ten_minutes() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.refused(A, "cora", "/undo");
    stage.does(A, "cora", "/class sql-injection");
    stage.does(A, "cora", "/class cross-site-scripting");
    stage.set("2025-09-08T09:10:00Z");
    stage.refused(A, "finn", "/undo");
    stage.does(A, "cora", "/undo");
    assert_eq!(stage.case(A).assessment.classes.iter().collect::<Vec<_>>(), ["sql-injection"]);
    stage.refused(A, "cora", "/undo");
    stage.does(A, "cora", "/class cross-site-scripting");
    stage.set("2025-09-08T09:20:01Z");
    stage.refused(A, "cora", "/undo");
    // What the reporter was told cannot be taken back.
    stage.does(A, "cora", "/ack");
    stage.refused(A, "cora", "/undo");
}

#[test]
fn undo_sets_the_clocks_back_too() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    let idle = |stage: &Stage| stage.case(A).clock("idle_coordinator").expect("a clock").clone();
    let due = idle(&stage).due;
    stage.set("2025-09-10T09:00:00Z");
    stage.does(A, "sam", "/assign @cora");
    assert!(!idle(&stage).is_open());
    stage.set("2025-09-10T09:05:00Z");
    stage.does(A, "sam", "/undo");
    assert_eq!(stage.case(A).people.coordinator, None);
    assert!(idle(&stage).is_open());
    assert_eq!(idle(&stage).due, due, "the time that was left is left, and no new one begins");
}

#[test]
fn bots_command_nothing() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    let bot = Actor { is_bot: true, ..actor("cora") };
    let reading = Reading { now: stage.now, policy: &stage.policy };
    assert_eq!(case_asked_for("/case open", &bot, &reading), CaseAsked::Nothing);
    assert_eq!(case_asked_for("/case open", &actor("cora"), &reading), CaseAsked::Open(None));
    let named = case_asked_for("Seen by mail.\n/case open acme/framework", &actor("tom"), &reading);
    assert_eq!(named, CaseAsked::Open(Some("acme/framework".parse().expect("a name"))));
    assert!(matches!(case_asked_for("/case open", &actor("mallory"), &reading), CaseAsked::Refused(_)));
    assert!(matches!(case_asked_for("/case shut", &actor("tom"), &reading), CaseAsked::Refused(_)));
    assert_eq!(case_asked_for("hello", &actor("tom"), &reading), CaseAsked::Nothing);
    let reply = stage.refused(A, "cora", "/case open");
    assert!(reply.contains("the desk of SEC-2025-1 already"), "{reply}");
}

#[test]
fn not_security_gives_the_public_side_back_where_there_was_one() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.refused(A, "tom", "/not-security");
    stage.case_mut(A).origin = CaseOrigin::Shielded;
    stage.does(A, "tom", "/not-security");
    assert_eq!(stage.wanted::<UndoRedirect>(), [UndoRedirect { case: A.to_owned(), by: "tom".to_owned() }]);
}
