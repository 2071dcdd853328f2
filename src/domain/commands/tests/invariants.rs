//! What holds after every step, whatever people say in whatever order.

use jiff::SignedDuration;
use proptest::{prelude::*, sample::select};

use super::stage::*;
use crate::domain::{
    case::*,
    clocks::{Moment, next_wake},
    commands::{Outcome, acts::*},
    effect::Action,
};

const A: &str = "SEC-2025-1";
const B: &str = "SEC-2025-2";
const SECRET: &str = "Xylophone";

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// Somebody says a line.
    Says(&'static str, &'static str, String),
    /// Somebody confirms what waits longest.
    Confirms(&'static str, &'static str),
    /// Hours pass, and clocks are looked at when they are due.
    Passes(u32),
    /// The reporter writes something that is no command.
    ReporterWrites(&'static str),
    /// More of it is seen in public.
    Sighted(&'static str),
    /// Things that later features and GitHub do to the handling.
    Moves(&'static str, HandlingEvent),
    /// A fix gets out.
    FixGetsOut(&'static str),
}

fn line() -> impl Strategy<Value = String> {
    let whole = vec![
        "/ack",
        "/ack Xylophone",
        "/assign @cora",
        "/assign @mallory",
        "/unassign",
        "/handover @sam -- Xylophone",
        "/need info -- Xylophone",
        "/check supported yes",
        "/check supported no -- Xylophone",
        "/check not_main_only no",
        "/accept",
        "/reject invalid -- Xylophone",
        "/reject spam",
        "/reopen -- Xylophone",
        "/duplicate SEC-2025-1",
        "/duplicate SEC-2025-2",
        "/upstream python --shadow",
        "/upstream python",
        "/class sql-injection",
        "/class denial-of-service",
        "/severity low --override -- Xylophone",
        "/severity moderate --override -- Xylophone",
        "/affects main 5.2",
        "/affects main",
        "/affects 4.1",
        "/not-affected 4.2 vulnerable_code_not_present -- Xylophone",
        "/track public -- Xylophone",
        "/track urgent -- Xylophone",
        "/cve request",
        "/cve CVE-2025-11111",
        "/cve reject",
        "/cve published",
        "/embargo until tue 14:00Z",
        "/embargo until +20d",
        "/extend +30d -- Xylophone",
        "/extend wed 14:00Z --beyond-limit -- Xylophone",
        "/shorten tue 14:00Z -- Xylophone",
        "/shorten +1d --evidence -- Xylophone",
        "/lift -- Xylophone",
        "/exploited --evidence -- Xylophone",
        "/leak https://xylophone.example -- Xylophone",
        "/leak suspected -- Xylophone",
        "/leak not-observed -- Xylophone",
        "/exposure vague -- Xylophone",
        "/exposure full",
        "/exposure exploit",
        "/credit anonymous for @rae",
        "/credit \"Z. Oe\" for @zoe",
        "/credit remove @rae",
        "/note -- Xylophone",
        "/status",
        "/undo",
        "/not-security",
    ];
    let checks = "supported production_grade best_practice not_ai_generated not_upstream not_third_party not_main_only"
        .split(' ')
        .map(|item| format!("/check {item} yes"))
        .collect::<Vec<_>>()
        .join("\n");
    let straight =
        format!("/ack\n{checks}\n/class sql-injection\n/affects main 5.2\n/accept\n/embargo until tue 14:00Z");
    prop_oneof![8 => select(whole).prop_map(str::to_owned), 1 => Just(checks), 1 => Just(straight)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let person = || select(vec!["tom", "cora", "cora", "sam", "sam", "mia", "finn", "rae", "mallory"]);
    let case = || select(vec![A, A, B]);
    let events = vec![
        HandlingEvent::BeginFix,
        HandlingEvent::Freeze,
        HandlingEvent::Thaw,
        HandlingEvent::Withdraw,
        HandlingEvent::Go,
        HandlingEvent::Abort,
        HandlingEvent::Finish,
        HandlingEvent::PublishByHand,
        HandlingEvent::Archive,
    ];
    prop_oneof![
        12 => (case(), person(), line()).prop_map(|(case, person, line)| Happening::Says(case, person, line)),
        5 => (case(), person()).prop_map(|(case, person)| Happening::Confirms(case, person)),
        2 => (0_u32..400).prop_map(Happening::Passes),
        1 => case().prop_map(Happening::ReporterWrites),
        1 => case().prop_map(Happening::Sighted),
        3 => (case(), select(events)).prop_map(|(case, event)| Happening::Moves(case, event)),
        1 => case().prop_map(Happening::FixGetsOut),
    ]
}

fn play(stage: &mut Stage, happening: &Happening) {
    let (policy, now) = (stage.policy.clone(), stage.now);
    match happening {
        Happening::Says(case, person, line) => {
            let result = stage.says(case, person, line);
            for answer in &result.answers {
                assert!(!answer.text.is_empty(), "an answer says something");
                if answer.outcome == Outcome::Refused {
                    assert!(answer.text.iter().all(|text| !text.is_empty()), "{line}");
                }
            }
            assert!(!result.reply().contains(SECRET), "free text never comes back: {line}");
            if !result.answers.is_empty() {
                assert!(!result.reasons.is_empty() || result.answers.iter().all(|answer| answer.verb.is_none()));
            }
        }
        Happening::Confirms(case, person) => {
            if let Some(code) = stage.case(case).pending.first().map(|pending| pending.code.clone()) {
                stage.says(case, person, &format!("/confirm {code}"));
            }
        }
        Happening::Passes(hours) => {
            let end = now.checked_add(SignedDuration::from_hours(i64::from(*hours))).expect("in range");
            for case in [A, B] {
                while let Some(wake) = next_wake(stage.case(case)).filter(|wake| *wake <= end) {
                    stage.now = wake.max(now);
                    stage.tick(case);
                }
            }
            stage.now = end;
        }
        Happening::ReporterWrites(case) => {
            let case = stage.case_mut(case);
            case.people.asked_reporter_at = None;
            case.pass(&[Moment::ReporterAnswered], &policy, now);
        }
        Happening::Sighted(case) => stage.case_mut(case).sighted(now, &policy, now),
        Happening::Moves(case, event) => {
            let case = stage.case_mut(case);
            let before = Standing::of(case);
            let known = [
                transition::Need::PatchesFrozen,
                transition::Need::SecondPerson,
                transition::Need::Rehearsed,
                transition::Need::NothingPublic,
                transition::Need::AllStepsDone,
            ];
            if case.move_handling(*event, &policy, &known).is_ok() {
                match case.handling {
                    Handling::Released => {
                        case.embargo.exit(ExitCause::Lifted, now);
                        case.expose(ExposureBit::FixPublic, now, ExitCause::Lifted);
                        case.pass(&[Moment::EmbargoOver, Moment::Disclosed], &policy, now);
                    }
                    Handling::Withdrawn | Handling::Archived => case.pass(&[Moment::Closed], &policy, now),
                    _ => {}
                }
            }
            case.settle(&before, now);
        }
        Happening::FixGetsOut(case) => {
            let case = stage.case_mut(case);
            if case.expose(ExposureBit::FixPublic, now, ExitCause::Leaked) {
                case.pass(&[Moment::EmbargoOver], &policy, now);
            }
        }
    }
}

fn bits(exposure: Exposure) -> [Option<jiff::Timestamp>; 5] {
    [exposure.public, exposure.exploit_public, exposure.attacked, exposure.prenotified, exposure.fix_public]
}

/// Everything that holds of one case after a step, seen with what it was before.
fn holds(stage: &Stage, before: &Case, after: &Case, happening: &Happening) {
    let embargo = &after.embargo;
    // I1: nothing public, exploited or with a public exploit is under embargo.
    assert!(!(after.is_exposed() && embargo.state.is_running()), "{happening:?}: {embargo:?} {:?}", after.exposure);
    // I2: an embargo has an absolute end, and once over it stays over.
    assert!(!embargo.state.is_running() || embargo.until.is_some(), "{happening:?}: {embargo:?}");
    assert_eq!(embargo.state == EmbargoState::Exited, embargo.cause.is_some(), "{happening:?}: {embargo:?}");
    if before.embargo.state == EmbargoState::Exited {
        assert_eq!(before.embargo, *embargo, "{happening:?}: the end is the end");
    }
    // I4: what is accepted affects a part of what was supported when it was, and more than main.
    if let (true, Some(Verdict::Accepted { supported, .. })) = (after.handling.is_in_work(), &after.verdict) {
        let affects = &after.assessment.affects;
        assert!(!affects.is_empty() && !after.assessment.is_main_only(), "{happening:?}: {affects:?}");
        assert!(affects.iter().all(|series| supported.contains(series)), "{happening:?}: {affects:?} {supported:?}");
    }
    assert!(!after.handling.is_in_work() || after.verdict.is_some(), "{happening:?}");
    if after.handling == Handling::PublicFix {
        assert!(!embargo.state.is_running() && after.exposure.prenotified.is_none(), "{happening:?}");
    }
    // I9: what was set by two was set by two.
    if let Some(set) = &after.assessment.severity_override {
        assert_ne!(set.by[0], set.by[1]);
    }
    // I10: there is a next instant, unless nothing is left to do.
    let owes = after.handling != Handling::Released || after.assessment.has_open_cve();
    let left = !after.handling.is_closed() && owes;
    if left {
        assert!(next_wake(after).is_some(), "{happening:?}: {:?} {:?}", after.handling, after.clocks);
    }
    // I11: what was seen stays seen, and first seen moves only back.
    for (old, new) in bits(before.exposure).into_iter().zip(bits(after.exposure)) {
        assert!(old.is_none() || new.is_some_and(|new| Some(new) <= old), "{happening:?}");
    }
    // Versions count up, and every change of what commands decide about counts.
    assert!(after.state_version >= before.state_version);
    assert!(after.pending.len() <= MOST_PENDING);
    let mut names: Vec<&str> = after.clocks.iter().map(|clock| clock.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), after.clocks.len(), "one clock of a name");
    // The record holds no free text, and reads back as it is.
    let kept = serde_json::to_string(after).expect("plain data");
    assert!(!kept.contains(SECRET) && !kept.contains("xylophone"), "{happening:?}");
    assert_eq!(&serde_json::from_str::<Case>(&kept).expect("its own record"), after);
    // Both views can be drawn.
    assert!(card::render(after, &stage.policy, None, stage.now).contains(after.id.as_str()));
    projection::CaseView::of(after, &stage.policy);
}

/// Steps that take two people, which nobody may bring about alone.
fn takes_two(before: &Case, after: &Case) -> bool {
    let cause = after.embargo.cause.filter(|_| before.embargo.cause.is_none());
    let accepted = before.handling.is_in_work() || before.handling == Handling::PublicFix;
    let later = matches!((before.embargo.until, after.embargo.until), (Some(old), Some(new)) if new > old);
    let given_back = |case: &Case| case.assessment.cve.iter().filter(|cve| cve.state == CveState::Rejected).count();
    matches!(cause, Some(ExitCause::Leaked | ExitCause::Lifted))
        || (accepted && after.handling == Handling::Rejected)
        || (later && before.embargo.state.is_running())
        || given_back(after) > given_back(before)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn whatever_people_say_in_whatever_order(story in proptest::collection::vec(happening(), 1..60)) {
        let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
        stage.report(B, "zoe");
        for happening in &story {
            let before = stage.cases.clone();
            play(&mut stage, happening);
            for (id, after) in &stage.cases {
                holds(&stage, &before[id], after, happening);
                if let Happening::Says(_, who, line) = happening {
                    prop_assert!(!takes_two(&before[id], after), "{who} alone: {line}");
                    // I12: nobody who found it is lost, but by the command for that.
                    let lost = before[id].people.credits.len() > after.people.credits.len();
                    prop_assert!(!lost || line.contains("/credit remove") || line.contains("/undo"), "{line}");
                    // Outsiders change nothing.
                    prop_assert!(*who != "mallory" || before[id] == *after, "{line}");
                }
                // Two people behind a confirmation are two.
                if let Happening::Confirms(case, who) = happening
                    && id.as_str() == *case
                    && takes_two(&before[id], after)
                {
                    prop_assert_ne!(before[id].pending[0].by.id, actor(who).id);
                }
            }
        }
        let keys: std::collections::BTreeSet<_> = stage.effects.iter().map(|effect| effect.key.as_str()).collect();
        prop_assert_eq!(keys.len(), stage.effects.len(), "no act is wanted twice");
        let stored = serde_json::to_string(&stage.effects).expect("plain data");
        prop_assert!(!stored.contains(SECRET), "acts hold no free text");
        let public = stage.effects.iter().any(|effect| effect.kind == "say_constant" || effect.kind == "redact_post");
        prop_assert!(!public, "no command speaks in public");
        prop_assert!(stage.effects.iter().all(|effect| effect.kind != WriteAdvisory::KIND || effect.case.is_some()));
    }
}

#[test]
fn the_stories_get_far() {
    // The property above is worth little if no story gets beyond a refusal.
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..150 {
        let story = proptest::collection::vec(happening(), 30..60).new_tree(&mut runner).expect("a story").current();
        let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
        stage.report(B, "zoe");
        for happening in &story {
            play(&mut stage, happening);
            for case in stage.cases.values() {
                seen.insert(case.handling.word().to_owned());
                seen.insert(format!("embargo {}", case.embargo.state.word()));
                seen.extend(case.embargo.cause.map(|cause| format!("cause {}", cause.word())));
            }
        }
    }
    for state in Handling::ALL {
        assert!(seen.contains(state.word()), "{} is never reached: {seen:?}", state.word());
    }
    for state in
        ["embargo active", "embargo exited", "cause lifted", "cause exploited", "cause leaked", "cause expired"]
    {
        assert!(seen.contains(state), "{state} is never reached: {seen:?}");
    }
}

#[test]
fn tables_leave_nobody_behind_and_say_nothing_twice() {
    for (place, line) in HANDLING.iter().enumerate() {
        let same = HANDLING.iter().skip(place + 1).any(|other| (other.from, other.event) == (line.from, line.event));
        assert!(!same, "{line:?} has a second line");
        assert_ne!(line.from, line.to);
    }
    for state in Handling::ALL {
        assert!(
            state == Handling::Received || HANDLING.iter().any(|line| line.to == state),
            "{state:?} is never reached"
        );
        let ends = state == Handling::Archived;
        assert_eq!(HANDLING.iter().all(|line| line.from != state), ends, "{state:?}");
    }
    assert!(EMBARGO.iter().all(|line| line.from != EmbargoState::Exited), "an embargo's end is its end");
    for line in EMBARGO.iter().filter(|line| line.to == EmbargoState::Active && line.event != EmbargoEvent::Decline) {
        assert!(line.needs.contains(&transition::Need::NotExposed), "{line:?}");
    }
}
