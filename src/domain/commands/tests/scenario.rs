//! The scripted scenario, as far as commands, clocks and states carry it: from the first report to the archive, and the
//! ways on which it goes wrong.

use super::stage::*;
use crate::domain::{
    case::*,
    clocks::{ClockState, Moment, Rung},
    commands::{acts::*, texts::ReporterText},
    policy::SeverityLevel,
};

const A: &str = "SEC-2025-1";
const B: &str = "SEC-2025-2";
const C: &str = "SEC-2025-3";

/// Steps 1 to 5: reported, answered, evaluated, accepted.
fn accepted() -> Stage {
    let mut stage = Stage::new(policy(), "2025-09-08T09:00:00Z");
    stage.report(A, "rae");

    // 1. The clock for an answer runs.
    let clock = stage.case(A).clock("acknowledgment").expect("a clock").clone();
    assert_eq!((clock.due, clock.state), (at("2025-09-10T09:00:00Z"), ClockState::Running));
    assert_eq!(clock.source.key, "acknowledgment.within_hours");
    assert!(clock.source.sentence.expect("Django says so").contains("48 hours"));

    // 3. Half of the time is gone; then a person answers.
    stage.set("2025-09-09T09:00:00Z");
    let told = stage.tick(A).told;
    assert_eq!(
        told.iter().map(|told| (told.clock.as_str(), told.rung)).collect::<Vec<_>>(),
        [("acknowledgment", Rung::Desk)]
    );
    assert_eq!(stage.tick(A).told, [], "nobody is told twice");
    stage.set("2025-09-09T17:00:00Z");
    stage.refused(A, "mallory", "/ack");
    stage.does(A, "tom", "/ack Thank you, I could reproduce it.");
    let clock = stage.case(A).clock("acknowledgment").expect("a clock");
    assert_eq!((clock.state, clock.met_at), (ClockState::Met, Some(at("2025-09-09T17:00:00Z"))));
    let sent = &stage.wanted::<SendToReporter>()[0];
    assert_eq!(sent.text, ReporterText::Acknowledged);
    assert!(stage.lines.contains_key(sent.note.as_ref().expect("own words")));

    // 4. The checklist, with one item left unknown.
    stage.set("2025-09-09T17:30:00Z");
    stage.does(
        A,
        "tom",
        "/check supported yes\n/check production_grade yes\n/check best_practice yes\n/check not_ai_generated yes\n\
         /check not_upstream yes\n/check not_third_party unknown\n/check not_main_only yes",
    );
    let reply = stage.refused(A, "cora", "/accept");
    assert!(reply.contains("`not_third_party` is unknown"), "{reply}");
    assert!(reply.contains("No class") && reply.contains("/affects"), "{reply}");
    stage.does(A, "tom", "/check not_third_party yes -- It is our own module.");
    stage.does(A, "cora", "/class sql-injection");
    assert_eq!(severity(stage.case(A), &stage.policy).level, Some(SeverityLevel::High));
    let reply = stage.refused(A, "cora", "/severity low");
    assert!(reply.contains("--override"), "{reply}");

    // 5. Only supported series are affected.
    let reply = stage.refused(A, "cora", "/affects main 5.2 5.1 4.2 4.1");
    assert!(reply.contains("Unsupported on 2025-09-09: 4.1."), "{reply}");
    assert!(reply.contains("main, 5.2, 5.1, 4.2; pre-release, patch but no release: 6.0"), "{reply}");
    assert!(reply.contains("`/affects 4.2 5.1 5.2 main`"), "{reply}");
    stage.does(A, "cora", "/affects main 6.0 5.2 5.1 4.2");
    stage.does(A, "cora", "/accept");
    assert_eq!(stage.case(A).handling, Handling::Accepted);
    stage
}

/// Steps 6 to 10 on top: a duplicate, a second case from a public issue, ids and one date for both.
fn under_embargo() -> Stage {
    let mut stage = accepted();

    // 6. A second finder.
    stage.set("2025-09-10T08:00:00Z");
    stage.report(C, "zoe");
    stage.does(C, "cora", "/duplicate SEC-2025-1");
    assert_eq!(stage.case(C).handling, Handling::Duplicate);
    let finders: Vec<_> = stage.case(A).people.credits.iter().filter_map(|credit| credit.finder.clone()).collect();
    assert_eq!(finders, ["rae", "zoe"]);
    assert_eq!(stage.wanted::<SendToReporter>().last().expect("told").text, ReporterText::Duplicate);
    assert!(stage.case(C).clocks.iter().all(|clock| !clock.is_open()), "{:?}", stage.case(C).clocks);

    // 7. A public issue; a person finds it vague.
    stage.set("2025-09-10T10:00:00Z");
    stage.report(B, "mallory");
    let now = stage.now;
    let case = stage.case_mut(B);
    case.origin = CaseOrigin::Shielded;
    case.expose(ExposureBit::Public, now, ExitCause::PublicReport);
    let reply = stage.refused(B, "cora", "/embargo until 2025-10-01T13:00Z");
    assert!(reply.contains("it is public") && reply.contains("/exposure vague"), "{reply}");
    stage.does(B, "cora", "/exposure vague -- One sentence without a place.");
    assert_eq!(stage.case(B).known_exposure().public, None);
    assert_eq!(stage.case(B).exposure.public, Some(now), "what was seen is not unseen");

    // 8. The issue is edited: it counts as public again until somebody rules.
    stage.set("2025-09-10T10:05:00Z");
    let (policy, now) = (stage.policy.clone(), stage.now);
    stage.case_mut(B).sighted(now, &policy, now);
    assert!(stage.case(B).is_exposed());
    stage.does(B, "cora", "/exposure vague -- The script does not run.");

    // 9. The second case is low.
    let checks: String = policy.evaluation.checklist.iter().map(|item| format!("/check {} yes\n", item.id)).collect();
    stage.does(B, "tom", "/ack");
    stage.does(B, "tom", &checks);
    stage.does(B, "cora", "/class directory-traversal\n/affects main 5.2 5.1 4.2\n/accept");
    assert_eq!(severity(stage.case(B), &stage.policy).level, Some(SeverityLevel::Low));

    // 10. Ids, and one date.
    for id in [A, B] {
        stage.does(id, "cora", "/cve reserve");
        let reply = stage.refused(id, "cora", "/embargo until 2025-10-04T13:00Z");
        assert!(reply.contains("Saturday") && reply.contains("2025-10-07T13:00Z"), "{reply}");
        stage.does(id, "cora", "/embargo until 2025-10-01T13:00Z");
        assert_eq!(stage.case(id).embargo.state, EmbargoState::Active);
    }
    stage.does(A, "cora", "/cve CVE-1900-0001");
    stage.does(B, "cora", "/cve CVE-1900-0002");

    // 11. A suspicion does not end an embargo; a person decides.
    stage.set("2025-09-12T10:00:00Z");
    stage.does(A, "sam", "/leak suspected -- A message on a fork's branch.");
    assert_eq!(stage.case(A).clock("leak_decision").expect("a clock").due, at("2025-09-12T11:00:00Z"));
    stage.does(A, "cora", "/leak not-observed -- The fork is private.");
    assert_eq!(stage.case(A).clock("leak_decision").expect("a clock").state, ClockState::Met);
    assert_eq!(stage.case(A).embargo.state, EmbargoState::Active);
    stage
}

#[test]
fn two_reports_come_under_one_embargo() {
    let stage = under_embargo();
    for id in [A, B] {
        let view = serde_json::to_value(projection::CaseView::of(stage.case(id), &stage.policy)).expect("plain data");
        assert_eq!(view["handling"], "accepted");
        assert_eq!(view["embargo"]["state"], "active");
        assert_eq!(view["embargo"]["until"], "2025-10-01T13:00:00Z");
        assert_eq!(view["exposure"]["public"], serde_json::Value::Null);
    }
}

#[test]
fn step_20_attacks_end_the_embargo_and_make_the_release_urgent() {
    let mut stage = under_embargo();
    stage.set("2025-09-27T10:00:00Z");
    stage.does(A, "sam", "/exploited --evidence -- Seen in logs.");
    let case = stage.case(A);
    assert_eq!((case.embargo.state, case.embargo.cause), (EmbargoState::Exited, Some(ExitCause::Exploited)));
    assert_eq!(case.exposure.attacked, Some(stage.now));
    let plan = stage.wanted::<ReplanRelease>();
    assert_eq!(plan.last(), Some(&ReplanRelease { case: A.to_owned(), track: Track::Urgent, at: stage.now }));
    assert_eq!(stage.wanted::<TellParties>().last().expect("told").cause, Some(ExitCause::Exploited));
    let reply = stage.refused(A, "cora", "/extend 2025-10-02T13:00Z -- More time.");
    assert!(reply.contains("nothing to embargo"), "{reply}");
    // The record follows the release within a day.
    let (policy, now) = (stage.policy.clone(), stage.now);
    let case = stage.case_mut(A);
    case.move_handling(HandlingEvent::PublishByHand, &policy, &[]).expect("from accepted");
    case.expose(ExposureBit::FixPublic, now, ExitCause::Exploited);
    case.pass(&[Moment::Disclosed], &policy, now);
    assert_eq!(case.clock("cve_expected").expect("a clock").due, at("2025-09-28T10:00:00Z"));
    assert_eq!(case.clock("cve_publish").expect("a clock").due, at("2025-09-30T10:00:00Z"));
}

#[test]
fn step_21_a_leak_takes_two_people_and_there_is_no_way_back() {
    let mut stage = under_embargo();
    stage.set("2025-09-28T10:00:00Z");
    let code = stage.waits(A, "sam", "/leak https://tracker.example.org/1 -- The patch.");
    assert_eq!(stage.case(A).embargo.state, EmbargoState::Active, "one person ends nothing");
    stage.does(A, "cora", &format!("/confirm {code}"));
    let case = stage.case(A);
    assert_eq!((case.embargo.state, case.embargo.cause), (EmbargoState::Exited, Some(ExitCause::Leaked)));
    assert_eq!(case.assessment.track, Some(Track::Urgent));
    stage.refused(A, "cora", "/extend 2025-10-02T13:00Z -- More time.");
    stage.refused(A, "cora", "/embargo until 2025-10-02T13:00Z");
    stage.refused(A, "cora", "/exposure vague");
}

#[test]
fn step_22_main_only_is_mended_in_public_and_gets_no_id() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.does(A, "tom", "/ack");
    let reply = stage.does(A, "cora", "/affects main").reply();
    assert!(reply.contains("mended in public"), "{reply}");
    assert_eq!(stage.case(A).handling, Handling::PublicFix);
    stage.refused(A, "cora", "/undo"); // the reporter was told
    stage.refused(A, "cora", "/cve request");
    stage.refused(A, "cora", "/embargo until 2025-10-01T13:00Z");
    // A release is affected after all.
    stage.does(A, "cora", "/affects main 5.2");
    assert_eq!((stage.case(A).handling, &stage.case(A).verdict), (Handling::Triage, &None));
}

#[test]
fn step_23_a_release_is_postponed_by_two_people() {
    let mut stage = under_embargo();
    stage.set("2025-10-01T12:40:00Z");
    stage.both_do(A, "mia", "sam", "/extend 2025-10-02T13:00Z -- The build failed.");
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-10-02T13:00:00Z")));
    assert_eq!(stage.case(A).clock("embargo_end").expect("a clock").due, at("2025-10-02T13:00:00Z"));
    let told = stage.wanted::<SendToReporter>();
    assert_eq!(told.last().expect("told").text, ReporterText::EmbargoDated { until: at("2025-10-02T13:00:00Z") });
    stage.set("2025-10-01T13:00:00Z");
    assert!(!stage.tick(A).embargo_expired, "the old date is void");
}

#[test]
fn step_24_the_record_is_published_and_the_case_is_archived() {
    let mut stage = under_embargo();
    stage.set("2025-10-01T13:00:00Z");
    let (policy, now) = (stage.policy.clone(), stage.now);
    let case = stage.case_mut(A);
    assert_eq!(case.move_handling(HandlingEvent::BeginFix, &policy, &[]), Ok(()));
    assert_eq!(case.move_handling(HandlingEvent::Freeze, &policy, &[transition::Need::PatchesFrozen]), Ok(()));
    let both = [transition::Need::SecondPerson, transition::Need::Rehearsed];
    assert_eq!(case.move_handling(HandlingEvent::Go, &policy, &both), Ok(()));
    assert!(!stage.tick(A).embargo_expired, "a release under way lifts the embargo itself");
    let case = stage.case_mut(A);
    case.embargo.exit(ExitCause::Lifted, now);
    case.expose(ExposureBit::FixPublic, now, ExitCause::Lifted);
    case.move_handling(HandlingEvent::Finish, &policy, &[transition::Need::AllStepsDone]).expect("the last step");
    case.pass(&[Moment::EmbargoOver, Moment::Disclosed], &policy, now);
    let unsettled = case.move_handling(HandlingEvent::Archive, &policy, &[]);
    assert_eq!(unsettled, Err(transition::NoStep::Unmet(vec![transition::Need::CveSettled])));
    stage.set("2025-10-02T09:00:00Z");
    stage.does(A, "cora", "/cve published CVE-1900-0001");
    let clock = stage.case(A).clock("cve_publish").expect("a clock");
    assert_eq!((clock.state, clock.met_at), (ClockState::Met, Some(stage.now)));
    let case = stage.case_mut(A);
    assert_eq!(case.move_handling(HandlingEvent::Archive, &policy, &[]), Ok(()));
    assert_eq!(case.handling, Handling::Archived);
    assert!(case.clocks.iter().all(|clock| !clock.is_open()), "{:?}", case.clocks);
}

#[test]
fn somebody_who_never_read_the_docs_gets_through_by_the_answers_alone() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    // Whoever can do everything begins with a guess and then takes what the answers name.
    let mut said = "/accept".to_owned();
    let mut path = Vec::new();
    for _ in 0..40 {
        let result = stage.says(A, "cora", &said);
        path.push(said.clone());
        if stage.case(A).handling == Handling::Accepted {
            return;
        }
        let next = result.answers[0].next.first().unwrap_or_else(|| panic!("{path:?} {}", result.reply())).clone();
        let command = next.split('`').nth(1).expect("a command").to_owned();
        said = command
            .replace("yes|no|unknown", "yes")
            .replace(" -- evidence", "")
            .replace("@login", "@cora")
            .replace("NAME", "sql-injection")
            .replace("SERIES…", "5.2");
        // A command that only shows something is followed by what it was about.
        if said == "/checklist" {
            said = "/accept".to_owned();
        }
    }
    panic!("{path:#?}");
}
