use super::*;
use crate::domain::{
    commands::acts::SendToReporter,
    effect::Action,
    policy::{DeskKind, parse_one},
};

const AT: &str = "2025-09-08T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn policy() -> Policy {
    parse_one("policy", "extends: django-2024").expect("a good policy").policy
}

fn sighting(state: AtGitHub) -> Sighting {
    Sighting {
        repository: "acme/framework".parse().expect("a name"),
        repository_id: 7,
        installation_id: 1,
        ghsa: "GHSA-2222-3333-4444".to_owned(),
        url: "https://example.org/a".to_owned(),
        state,
        reporter: Account { login: "rae".to_owned(), id: 10, is_bot: false },
        created_at: at(AT),
        changed_at: at(AT),
    }
}

fn taken(
    sighting: &Sighting,
    case: Option<&Case>,
    known: Option<AtGitHub>,
    policy: &Policy,
    now: &str,
) -> Option<Taken> {
    let case = case.map(|case| Versioned { value: case.clone(), version: 1 });
    let id: CaseId = "SEC-2025-1".parse().expect("a case");
    let known = known.map(|state| Versioned {
        value: KnownAdvisory { ghsa: sighting.ghsa.clone(), case: id.clone(), state },
        version: 1,
    });
    take(&Inquiry {
        sighting,
        known: known.as_ref(),
        case: case.as_ref(),
        origin: CaseOrigin::Reported,
        policy,
        next_case: id,
        now: at(now),
    })
}

fn case_in(taken: &Taken) -> Case {
    let write = taken.decision.records.iter().find(|write| write.kind == Case::KIND).expect("a case is written");
    serde_json::from_value(write.value.clone()).expect("its own record")
}

fn kinds(taken: &Taken) -> Vec<&str> {
    taken.decision.effects.iter().map(|effect| effect.kind.as_str()).collect()
}

#[test]
fn a_report_opens_a_case_with_a_receipt_and_a_draft_without() {
    let report = taken(&sighting(AtGitHub::Triage), None, None, &policy(), AT).expect("news");
    assert_eq!(kinds(&report), [SendToReporter::KIND]);
    let draft = taken(&sighting(AtGitHub::Draft), None, None, &policy(), AT).expect("news");
    assert!(kinds(&draft).is_empty(), "a maintainer who drafts needs no receipt");
    let mut silent = policy();
    silent.acknowledgment.receipt = false;
    let report = taken(&sighting(AtGitHub::Triage), None, None, &silent, AT).expect("news");
    assert!(kinds(&report).is_empty(), "the policy may do without");
}

#[test]
fn a_report_that_is_found_too_late_keeps_its_age_and_gets_no_receipt() {
    let taken = taken(&sighting(AtGitHub::Triage), None, None, &policy(), "2025-09-20T09:00:00Z").expect("news");
    assert!(kinds(&taken).is_empty(), "it would promise what was broken already");
    assert_eq!(case_in(&taken).age_since(), at(AT));
}

#[test]
fn the_policy_chooses_the_desk_and_the_advisory_stays_with_the_case() {
    let mut elsewhere = policy();
    elsewhere.desk.kind = DeskKind::Repository;
    elsewhere.desk.repository = Some("acme/cases".parse().expect("a name"));
    let taken = taken(&sighting(AtGitHub::Triage), None, None, &elsewhere, AT).expect("news");
    let case = case_in(&taken);
    assert_eq!((&case.desk, case.ghsa()), (&Desk::Pending, Some("GHSA-2222-3333-4444")));
    assert_eq!(kinds(&taken), [OpenDesk::KIND, SendToReporter::KIND]);
    let value = serde_json::to_value(&case).expect("plain data");
    assert!(is_advisory_of(&value, "GHSA-2222-3333-4444") && !is_advisory_of(&value, "GHSA-5555-6666-7777"));
}

#[test]
fn what_is_known_or_over_opens_nothing() {
    assert!(taken(&sighting(AtGitHub::Published), None, None, &policy(), AT).is_none());
    assert!(taken(&sighting(AtGitHub::Closed), None, None, &policy(), AT).is_none());
    let opened = case_in(&taken(&sighting(AtGitHub::Triage), None, None, &policy(), AT).expect("news"));
    let again = taken(&sighting(AtGitHub::Triage), Some(&opened), Some(AtGitHub::Triage), &policy(), AT);
    assert!(again.is_none());
}

#[test]
fn published_before_its_time_is_a_leak_and_moves_the_desk_where_there_is_another() {
    let opened = case_in(&taken(&sighting(AtGitHub::Triage), None, None, &policy(), AT).expect("news"));
    let published = taken(&sighting(AtGitHub::Published), Some(&opened), Some(AtGitHub::Triage), &policy(), AT);
    let published = published.expect("news");
    assert_eq!(published.decision.outcome, "advisory_leaked");
    assert_eq!(kinds(&published), [RaiseAlert::KIND]);
    assert!(case_in(&published).exposure.public.is_some());
    let mut beside = policy();
    beside.desk.repository = Some("acme/cases".parse().expect("a name"));
    let moved = taken(&sighting(AtGitHub::Published), Some(&opened), Some(AtGitHub::Triage), &beside, AT);
    assert_eq!(kinds(&moved.expect("news")), [RaiseAlert::KIND, MoveDesk::KIND]);
}

#[test]
fn closed_by_hand_is_told_as_long_as_the_case_is_open() {
    let mut case = case_in(&taken(&sighting(AtGitHub::Triage), None, None, &policy(), AT).expect("news"));
    let told = taken(&sighting(AtGitHub::Closed), Some(&case), Some(AtGitHub::Triage), &policy(), AT).expect("news");
    assert_eq!(kinds(&told), [TellDesk::KIND]);
    case.handling = Handling::Rejected;
    let told = taken(&sighting(AtGitHub::Closed), Some(&case), Some(AtGitHub::Triage), &policy(), AT).expect("news");
    assert!(kinds(&told).is_empty());
}
