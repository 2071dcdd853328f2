//! Dates, windows, consent, and how an embargo ends.

use super::stage::*;
use crate::domain::{
    case::{transition::step, *},
    clocks::ClockState,
    commands::acts::*,
};

const A: &str = "SEC-2025-1";

fn dated() -> Stage {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.accept();
    stage.does(A, "cora", "/embargo until 2025-10-01T13:00Z");
    stage
}

#[test]
fn a_date_lies_ahead_in_the_window_within_the_limit_and_on_no_blackout_day() {
    let policy = policy_of(
        r#"
extends: django-2024
embargo:
  window: { days: [tue, wed, thu], from: "13:00+02:00", to: "16:00+02:00" }
  blackout: [2025-10-07]
"#,
    );
    let mut stage = Stage::with_report(policy, "2025-09-08T09:00:00Z");
    stage.refused(A, "cora", "/embargo until 2025-10-01T12:00Z"); // not accepted yet
    stage.accept();
    for (date, why) in [
        ("2025-09-02T12:00Z", "has passed"),
        ("2025-10-04T12:00Z", "Saturday"),
        ("2025-10-01T10:59Z", "at 12:59"),
        ("2025-10-01T14:01Z", "at 16:01"),
        ("2025-10-07T12:00Z", "embargo.blackout"),
        ("2025-12-09T12:00Z", "until 2025-12-07 09:00 UTC"),
    ] {
        let reply = stage.refused(A, "cora", &format!("/embargo until {date}"));
        assert!(reply.contains(why), "{date}: {reply}");
    }
    stage.does(A, "cora", "/embargo until 2025-10-01T16:00+02:00");
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-10-01T14:00:00Z")));
    let clock = stage.case(A).clock("embargo_end").expect("a clock");
    assert_eq!((clock.due, clock.state), (at("2025-10-01T14:00:00Z"), ClockState::Running));
    let reply = stage.refused(A, "cora", "/embargo until 2025-10-02T12:00Z");
    assert!(reply.contains("/extend") && reply.contains("/shorten"), "{reply}");
}

#[test]
fn the_limit_counts_from_the_report_and_is_passed_only_on_purpose() {
    let mut stage = dated();
    let far = "2025-12-09T13:00Z"; // 92 days after the report
    let reply = stage.refused(A, "cora", &format!("/extend {far} -- Needs a redesign."));
    assert!(reply.contains("90 days"), "{reply}");
    stage.both_do(A, "cora", "sam", &format!("/extend {far} --beyond-limit -- Needs a redesign."));
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-12-09T13:00:00Z")));
}

#[test]
fn later_is_extended_and_earlier_is_shortened() {
    let mut stage = dated();
    stage.refused(A, "cora", "/extend 2025-09-30T13:00Z -- Earlier.");
    stage.refused(A, "cora", "/shorten 2025-10-02T13:00Z -- Later.");
    stage.both_do(A, "cora", "sam", "/shorten 2025-09-30T13:00Z -- All is ready.");
    // With evidence one person suffices, and the window does not bind.
    stage.does(A, "cora", "/shorten 2025-09-27T10:00Z --evidence -- Somebody asks in a forum.");
    assert_eq!(stage.case(A).embargo.until, Some(at("2025-09-27T10:00:00Z")));
    stage.refused(A, "cora", "/shorten 2025-09-01T10:00Z --evidence -- The past is no date.");
}

#[test]
fn parties_are_asked_and_silence_is_a_no() {
    let mut stage = dated();
    stage.case_mut(A).embargo.parties.push(Party { name: "distro".to_owned(), agrees: Some(true) });
    stage.both_do(A, "cora", "sam", "/extend 2025-10-02T13:00Z -- A test fails.");
    let embargo = &stage.case(A).embargo;
    assert_eq!((embargo.state, embargo.until), (EmbargoState::Revising, Some(at("2025-10-01T13:00:00Z"))));
    assert!(stage.wanted::<TellParties>().last().expect("asked").asked);
    stage.refused(A, "cora", "/extend 2025-10-07T13:00Z -- Even later.");
    // Nobody answers for a week.
    stage.set("2025-09-15T09:00:00Z");
    stage.tick(A);
    let embargo = &stage.case(A).embargo;
    assert_eq!((embargo.state, embargo.until), (EmbargoState::Active, Some(at("2025-10-01T13:00:00Z"))));
    // Asked again, they agree.
    stage.both_do(A, "cora", "sam", "/extend 2025-10-02T13:00Z -- A test fails.");
    assert!(stage.case_mut(A).embargo.answered("distro", Some(true)));
    let embargo = &stage.case(A).embargo;
    assert_eq!((embargo.state, embargo.until), (EmbargoState::Active, Some(at("2025-10-02T13:00:00Z"))));
}

#[test]
fn an_end_that_passes_without_a_release_ends_the_embargo() {
    let mut stage = dated();
    stage.set("2025-10-01T12:59:59Z");
    assert!(!stage.tick(A).embargo_expired);
    stage.set("2025-10-01T13:00:00Z");
    let tick = stage.tick(A);
    assert!(tick.embargo_expired && tick.breached.contains(&"embargo_end".to_owned()), "{tick:?}");
    assert_eq!(stage.case(A).embargo.cause, Some(ExitCause::Expired));
    stage.refused(A, "cora", "/extend 2025-10-02T13:00Z -- Too late.");
}

#[test]
fn what_is_seen_in_public_under_an_embargo_is_for_people_to_judge() {
    let mut stage = dated();
    let (policy, now) = (stage.policy.clone(), stage.now);
    stage.case_mut(A).sighted(now, &policy, now);
    assert_eq!(stage.case(A).embargo.state, EmbargoState::Active);
    assert!(stage.case(A).leak_suspected_at.is_some());
    stage.set("2025-09-08T10:00:00Z");
    let told: Vec<_> = stage.tick(A).told.into_iter().filter(|told| told.clock == "leak_decision").collect();
    assert_eq!(told[0].rung, crate::domain::clocks::Rung::Page);
}

#[test]
fn lifting_takes_two_and_is_for_ever() {
    let mut stage = dated();
    stage.both_do(A, "cora", "sam", "/lift -- Everybody agreed.");
    assert_eq!(stage.case(A).embargo.cause, Some(ExitCause::Lifted));
    let reply = stage.refused(A, "cora", "/embargo until 2025-10-02T13:00Z");
    assert!(reply.contains("no second one"), "{reply}");
}

#[test]
fn going_public_takes_two_and_no_embargo() {
    let mut stage = dated();
    stage.refused(A, "cora", "/track public -- It is minor.");
    stage.both_do(A, "cora", "sam", "/lift");
    stage.both_do(A, "cora", "sam", "/track public -- It is minor.");
    assert_eq!(stage.case(A).assessment.track, Some(Track::Public));
}

#[test]
fn answers_of_parties_move_along_the_table() {
    for state in [EmbargoState::Proposed, EmbargoState::Revising] {
        for (agrees, event) in
            [(Some(true), EmbargoEvent::Agree), (Some(false), EmbargoEvent::Decline), (None, EmbargoEvent::Decline)]
        {
            let until = Some(at("2025-10-01T13:00:00Z"));
            let parties = vec![Party { name: "distro".to_owned(), agrees: None }];
            let mut embargo = Embargo { state, until, parties, ..Embargo::default() };
            assert!(embargo.answered("distro", agrees));
            assert_eq!(step(EMBARGO, state, event, |_| true), Ok(embargo.state));
        }
    }
}
