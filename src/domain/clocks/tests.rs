use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::domain::{
    case::{CaseOrigin, Desk, Handling, Opening, Person},
    policy::{Weekday, parse_one},
    post::Account,
};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn policy(text: &str) -> Policy {
    parse_one("policy", text).expect("a good policy").policy
}

fn case(policy: &Policy, reported: &str, now: &str) -> Case {
    let opening = Opening {
        id: "SEC-2026-1".parse().expect("a case"),
        repository: "acme/framework".parse().expect("a name"),
        repository_id: 7,
        installation_id: 1,
        origin: CaseOrigin::Reported,
        reporter: Account { login: "rae".to_owned(), id: 10, is_bot: false },
        reported_at: at(reported),
        desk: Desk::Pending,
    };
    Case::open(opening, policy, at(now))
}

const WEEK: &[Weekday] = &[Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

fn central_europe() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
}

#[test]
fn three_working_days_pass_over_weekends_and_holidays() {
    let holidays = ["2026-12-25".parse().expect("a day")];
    let calendar = Calendar { workdays: WEEK, holidays: &holidays, zone: TimeZone::UTC };
    for (start, end) in [
        ("2026-03-02T15:00:00Z", "2026-03-05T15:00:00Z"), // Monday to Thursday
        ("2026-03-05T15:00:00Z", "2026-03-10T15:00:00Z"), // Thursday over the weekend to Tuesday
        ("2026-03-07T15:00:00Z", "2026-03-12T00:00:00Z"), // Saturday: Monday, Tuesday, Wednesday
        ("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z"), // a midnight: three whole days
        ("2026-03-06T00:00:00Z", "2026-03-11T00:00:00Z"), // Friday, Monday, Tuesday
        ("2026-12-23T12:00:00Z", "2026-12-29T12:00:00Z"), // Thursday, (holiday), Monday, Tuesday
    ] {
        assert_eq!(add_working_days(at(start), 3, &calendar), at(end), "{start}");
    }
}

#[test]
fn a_working_day_ends_at_the_same_time_of_day_though_the_clocks_change() {
    let calendar = Calendar { workdays: WEEK, holidays: &[], zone: central_europe() };
    // Summer time began on 29 March 2026: Friday 15:00 +01:00 to Wednesday 15:00 +02:00.
    assert_eq!(add_working_days(at("2026-03-27T14:00:00Z"), 3, &calendar), at("2026-04-01T13:00:00Z"));
    // And ended on 25 October 2026.
    assert_eq!(add_working_days(at("2026-10-23T13:00:00Z"), 3, &calendar), at("2026-10-28T14:00:00Z"));
    // A time of day that does not exist on the day it falls on (02:30) comes when it would have.
    let every_day = [WEEK, &[Weekday::Sat, Weekday::Sun]].concat();
    let calendar = Calendar { workdays: &every_day, holidays: &[], zone: central_europe() };
    assert_eq!(add_working_days(at("2026-03-28T01:30:00Z"), 1, &calendar), at("2026-03-29T01:30:00Z"));
}

proptest! {
    #[test]
    fn working_days_are_never_fewer_hours_than_days_on_the_wall(
        start in 1_700_000_000_i64..1_900_000_000,
        days in 1_u32..30,
        free in proptest::collection::vec(0_i32..2000, 0..20),
    ) {
        let first: Date = "2023-11-01".parse().expect("a day");
        let holidays: Vec<Date> =
            free.into_iter().map(|day| first.saturating_add(jiff::ToSpan::days(i64::from(day)))).collect();
        let calendar = Calendar { workdays: WEEK, holidays: &holidays, zone: central_europe() };
        let start = Timestamp::from_second(start).expect("in range");
        let end = add_working_days(start, days, &calendar);
        // One hour less at most, where summer time begins in between.
        let least = SignedDuration::from_hours(i64::from(days) * 24 - 1);
        prop_assert!(end.duration_since(start) >= least, "{start} {end}");
        prop_assert!(add_working_days(start, days + 1, &calendar) > end);
    }
}

#[test]
fn a_promise_in_hours_or_working_days_becomes_a_clock_that_names_its_sentence() {
    let hours = case(&policy("extends: django-2024"), "2026-03-06T15:00:00Z", "2026-03-06T15:00:00Z");
    let clock = hours.clock("acknowledgment").expect("a clock");
    assert_eq!(clock.due, at("2026-03-08T15:00:00Z"));
    let days = case(&policy("extends: django-2026"), "2026-03-06T15:00:00Z", "2026-03-06T15:00:00Z");
    let clock = days.clock("acknowledgment").expect("a clock");
    assert_eq!(clock.due, at("2026-03-11T15:00:00Z"));
    assert_eq!(
        clock.source.sentence.as_deref(),
        Some("2.5 A member of the security team acknowledges within 3 working days.")
    );
    // A number of the project's own rests on no sentence of the preset's.
    let own = policy("extends: django-2026\nacknowledgment: { within_working_days: 5 }");
    let clock =
        case(&own, "2026-03-06T15:00:00Z", "2026-03-06T15:00:00Z").clock("acknowledgment").expect("a clock").clone();
    assert_eq!((clock.source.sentence, clock.due), (None, at("2026-03-13T15:00:00Z")));
}

#[test]
fn a_report_that_was_there_before_keeps_its_true_age() {
    let mut old = case(&policy("extends: django-2026"), "2026-01-05T09:00:00Z", "2026-03-06T15:00:00Z");
    assert_eq!(old.clock("resolve").expect("a clock").due, at("2026-04-05T09:00:00Z"));
    let tick = tick(&mut old, &policy("extends: django-2026"), at("2026-03-06T15:00:00Z"));
    assert!(tick.breached.contains(&"acknowledgment".to_owned()), "{tick:?}");
    // Told once, by the highest rung that is due.
    let told: Vec<Rung> =
        tick.told.iter().filter(|told| told.clock == "acknowledgment").map(|told| told.rung).collect();
    assert_eq!(told, [Rung::Page]);
}

#[test]
fn reminders_climb_from_the_desk_to_whoever_is_on_duty() {
    let policy = policy("extends: django-2024");
    let mut case = case(&policy, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    let mut climbed = Vec::new();
    while let Some(wake) = next_wake(&case).filter(|wake| *wake < at("2026-03-05T01:00:00Z")) {
        for told in tick(&mut case, &policy, wake).told {
            if told.clock == "acknowledgment" {
                climbed.push((wake.to_string(), told.rung));
            }
        }
    }
    let expected = [
        ("2026-03-03T00:00:00Z", Rung::Desk),
        ("2026-03-03T12:00:00Z", Rung::Coordinator),
        ("2026-03-04T00:00:00Z", Rung::Team),
        ("2026-03-05T00:00:00Z", Rung::Page),
    ];
    assert_eq!(climbed, expected.map(|(at, rung)| (at.to_owned(), rung)));
    // Then the team hears of it every week.
    let again = next_wake_of(&case, "acknowledgment");
    assert_eq!(again, Some((at("2026-03-12T00:00:00Z"), Some(Rung::Team))));
    // A late answer is kept as late.
    case.pass(&[Moment::Acknowledged], &policy, at("2026-03-05T02:00:00Z"));
    let clock = case.clock("acknowledgment").expect("a clock");
    assert_eq!((clock.state, clock.met_at), (ClockState::Breached, Some(at("2026-03-05T02:00:00Z"))));
    assert!(!clock.is_open());
}

fn next_wake_of(case: &Case, clock: &str) -> Option<(Timestamp, Option<Rung>)> {
    timers(case).into_iter().find(|timer| timer.clock == clock).map(|timer| (timer.at, timer.rung))
}

#[test]
fn an_answer_after_the_time_is_late_though_nobody_looked_meanwhile() {
    let policy = policy("extends: django-2024");
    let mut case = case(&policy, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    case.pass(&[Moment::Acknowledged], &policy, at("2026-03-04T00:00:01Z"));
    assert_eq!(case.clock("acknowledgment").expect("a clock").state, ClockState::Breached);
}

#[test]
fn a_question_to_the_reporter_stops_the_resolving_and_not_the_acknowledging() {
    let policy = policy("extends: django-2024");
    let mut case = case(&policy, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    case.pass(&[Moment::AskedReporter], &policy, at("2026-03-12T00:00:00Z"));
    assert_eq!(case.clock("resolve").expect("a clock").state, ClockState::Paused);
    assert_ne!(case.clock("acknowledgment").expect("a clock").state, ClockState::Paused);
    assert!(timers(&case).iter().all(|timer| timer.clock != "resolve"), "a paused clock wakes nobody");
    assert_eq!(case.clock("reporter_silence").expect("a clock").due, at("2026-03-26T00:00:00Z"));
    case.pass(&[Moment::ReporterAnswered], &policy, at("2026-03-15T00:00:00Z"));
    let clock = case.clock("resolve").expect("a clock");
    assert_eq!((clock.state, clock.due), (ClockState::Running, at("2026-06-03T00:00:00Z")));
    assert_eq!(case.clock("reporter_silence").expect("a clock").state, ClockState::Met);
}

#[test]
fn a_case_without_a_coordinator_is_brought_up_and_one_with_is_not() {
    let policy = policy("extends: django-2024");
    let mut case = case(&policy, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    assert_eq!(case.clock("idle_coordinator").expect("a clock").due, at("2026-03-05T00:00:00Z"));
    case.people.coordinator = Some(Person { login: "cora".to_owned(), id: 2 });
    case.pass(&[Moment::Assigned], &policy, at("2026-03-03T00:00:00Z"));
    assert_eq!(case.clock("idle_coordinator").expect("a clock").state, ClockState::Met);
    case.people.coordinator = None;
    case.pass(&[Moment::Unassigned], &policy, at("2026-03-10T00:00:00Z"));
    let clock = case.clock("idle_coordinator").expect("a clock");
    assert_eq!((clock.state, clock.due), (ClockState::Running, at("2026-03-13T00:00:00Z")));
}

#[test]
fn a_closed_case_asks_for_nothing_and_a_step_starts_the_stall_anew() {
    let policy = policy("extends: django-2024");
    let mut case = case(&policy, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    case.pass(&[Moment::Stepped], &policy, at("2026-03-03T00:00:00Z"));
    assert_eq!(case.clock("stall").expect("a clock").due, at("2026-04-02T00:00:00Z"));
    case.handling = Handling::Rejected;
    case.pass(&[Moment::Stepped, Moment::Acknowledged, Moment::Closed], &policy, at("2026-03-04T00:00:00Z"));
    assert_eq!(next_wake(&case), None, "{:?}", case.clocks);
}

#[test]
fn clocks_have_names_of_their_own_and_something_to_ask() {
    for rule in RULES {
        assert_eq!(RULES.iter().filter(|other| other.name == rule.name).count(), 1, "{}", rule.name);
        assert!(!rule.asks.is_empty() && !rule.ladder.is_empty(), "{}", rule.name);
    }
}
