//! What is decided about a tag: for everybody, and for maintainers alone.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::domain::{
    case::{Alert, CaseId},
    decision::Decision,
    effect::Action,
    record::{Record, Versioned},
};

fn public(
    facts: &TagFacts,
    fixes: &[PublicFix<'_>],
    known: Option<&Versioned<ReleaseCheck>>,
    alerts: &[Alert],
) -> Option<Decision> {
    let mirrored = mirrored();
    decide_public(&PublicInquiry {
        was_refused: false,
        mirrored: &mirrored,
        tag: facts,
        wants_signature: true,
        fixes,
        known,
        alerts,
        seen_at: at(1),
        now: at(1),
    })
}

fn private_fix(holding: Option<Holding>) -> PrivateFix {
    PrivateFix { case: CaseId::new(2026, 1), not_before: None, holding, out_since: Some(at(0)), history_is_whole: true }
}

fn private(facts: &TagFacts, fix: &PrivateFix, alerts: &[Alert]) -> Option<Decision> {
    let mirrored = mirrored();
    decide_private(&PrivateInquiry { mirrored: &mirrored, tag: facts, fix, alerts, seen_at: at(1), now: at(1) })
}

fn written<R: Record>(decision: &Decision) -> Vec<R> {
    let of_kind = decision.records.iter().filter(|write| write.kind == R::KIND);
    of_kind.map(|write| serde_json::from_value(write.value.clone()).expect("a record")).collect()
}

fn outcome(decision: Option<Decision>) -> Option<String> {
    decision.map(|decision| decision.reasons[0].rule.clone())
}

#[test]
fn a_check_is_put_once_and_again_when_it_says_something_else() {
    let facts = tag("5.1.1", "5.1", true);
    let first = public(&facts, &[], None, &[]).expect("decided");
    let check = written::<ReleaseCheck>(&first).pop().expect("a check");
    assert_eq!((check.revision, check.text.conclusion), (1, Conclusion::Neutral));
    assert_eq!(first.effects.len(), 1);
    let known = Versioned { value: check, version: 1 };
    assert_eq!(public(&facts, &[], Some(&known), &[]), None, "nothing new");
    let advisory = advisory();
    let held = PublicFix { advisory: &advisory, holding: Holding::Held { since: "5.1.1".to_owned() } };
    let second = public(&facts, &[held], Some(&known), &[]).expect("decided");
    let check = written::<ReleaseCheck>(&second).pop().expect("a check");
    assert_eq!((check.revision, check.text.conclusion), (2, Conclusion::Success));
    assert_ne!(first.effects[0].key, second.effects[0].key);
}

#[test]
fn what_the_advisory_claims_and_the_release_lacks_is_said() {
    let facts = tag("5.1.1", "5.1", true);
    let advisory = advisory();
    let lacks = [PublicFix { advisory: &advisory, holding: Holding::Missing }];
    let text = check_of(&facts, false, &lacks);
    assert_eq!(text.conclusion, Conclusion::Failure);
    assert!(text.text.expect("a table").contains("although the advisory calls this version patched"));
    let decision = public(&facts, &lacks, None, &[]).expect("decided");
    let alerts = written::<Alert>(&decision);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].id, "release:7/5.1.1/lacks_published_fix/GHSA-2222-3333-4444");
}

#[test]
fn unknown_is_neither_good_nor_bad() {
    let advisory = advisory();
    let unknown = [PublicFix { advisory: &advisory, holding: Holding::Unknown }];
    let facts = tag("5.1.1", "5.1", true);
    assert_eq!(check_of(&facts, false, &unknown).conclusion, Conclusion::Neutral);
    assert_eq!(written::<Alert>(&public(&facts, &unknown, None, &[]).expect("decided")), []);
}

#[test]
fn an_alert_that_was_closed_stays_closed_and_one_that_is_mended_closes() {
    let facts = tag("5.1.1", "main", true);
    let decision = public(&facts, &[], None, &[]).expect("decided");
    let check = Versioned { value: written::<ReleaseCheck>(&decision).pop().expect("a check"), version: 1 };
    let mut alerts = written::<Alert>(&decision);
    assert_eq!(alerts[0].text, "the tag 5.1.1 is not on stable/5.1.x");
    alerts[0].resolved_at = Some(at(1));
    assert_eq!(public(&facts, &[], Some(&check), &alerts), None, "a maintainer has seen it");
    alerts[0].resolved_at = None;
    let mended = tag("5.1.1", "5.1", true);
    let check = Versioned { value: ReleaseCheck { commit: mended.commit.to_string(), ..check.value }, version: 1 };
    let decision = public(&mended, &[], Some(&check), &alerts).expect("decided");
    assert_eq!(written::<Alert>(&decision)[0].resolved_at, Some(at(1)));
    assert!(decision.effects.is_empty(), "the check says what it said");
}

#[test]
fn a_release_from_before_the_fix_was_out_lacks_it_without_a_word() {
    let facts = tag("5.1.1", "5.1", true);
    let mut fix = private_fix(Some(Holding::Missing));
    assert_eq!(outcome(private(&facts, &fix, &[])), Some("release.lacks_fix".to_owned()));
    fix.out_since = Some(at(2));
    assert_eq!(private(&facts, &fix, &[]), None, "it was made before");
    fix.out_since = None;
    assert_eq!(private(&facts, &fix, &[]), None, "the fix is nowhere in public yet");
    fix.holding = Some(Holding::Unknown);
    assert_eq!(private(&facts, &fix, &[]), None);
    fix.history_is_whole = false;
    assert_eq!(outcome(private(&facts, &fix, &[])), Some("release.cannot_tell".to_owned()));
    assert_eq!(private(&facts, &private_fix(None), &[]), None, "its series is not supported");
}

#[test]
fn what_an_older_release_lacks_is_mended_by_a_newer_one() {
    let newest = tag("5.1.1", "5.1", true);
    let older = TagFacts { newest: false, ..newest.clone() };
    let advisory = advisory();
    let lacks = [PublicFix { advisory: &advisory, holding: Holding::OnTheBranchOnly }];
    let decision = public(&newest, &lacks, None, &[]).expect("decided");
    let check = Versioned { value: written::<ReleaseCheck>(&decision).pop().expect("a check"), version: 1 };
    let alerts = written::<Alert>(&decision);
    let over = public(&older, &lacks, Some(&check), &alerts).expect("decided");
    assert!(written::<Alert>(&over)[0].resolved_at.is_some());
    assert_eq!(check.value.text.conclusion, Conclusion::Failure, "the check run still says what is true");
    assert_eq!(private(&older, &private_fix(Some(Holding::Missing)), &[]), None);
}

#[test]
fn a_release_with_the_fix_may_come_a_quarter_of_an_hour_before_the_instant() {
    let facts = tag("5.1.1", "5.1", true);
    let mut fix = private_fix(Some(Holding::Held { since: "5.1.1".to_owned() }));
    let mut early = |ahead: SignedDuration| {
        fix.not_before = Some(at(1) + ahead);
        outcome(private(&facts, &fix, &[])).is_some()
    };
    assert!(early(SignedDuration::from_mins(16)));
    assert!(!early(TAG_LEAD) && !early(SignedDuration::ZERO) && !early(SignedDuration::from_hours(-1)));
}

#[test]
fn a_private_finding_is_told_at_the_desk_and_resolved_when_it_is_over() {
    let facts = tag("5.1.1", "5.1", true);
    let decision = private(&facts, &private_fix(Some(Holding::Missing)), &[]).expect("decided");
    assert_eq!(decision.case.as_deref(), Some("SEC-2026-1"));
    assert_eq!(decision.effects.len(), 1);
    let alerts = written::<Alert>(&decision);
    assert_eq!(private(&facts, &private_fix(Some(Holding::Missing)), &alerts), None, "once");
    let over = private(&facts, &private_fix(Some(Holding::NotAffected)), &alerts).expect("decided");
    assert!(written::<Alert>(&over)[0].resolved_at.is_some());
    assert!(over.effects.is_empty());
}

#[test]
fn a_mirror_that_fails_makes_matrices_unknown_once() {
    let matrix = CaseCoverage::new("SEC-2026-1", at(0), vec![cell("5.1", Verdict::Covered, Some("5.1.1"))]);
    let matrices = [Versioned { value: matrix, version: 3 }];
    let decision = mirror_in_trouble(&mirrored(), "git failed: no", &matrices, None, at(1)).expect("decided");
    let unknown = written::<CaseCoverage>(&decision).pop().expect("a matrix");
    assert_eq!(unknown.cells()[0].verdict, Verdict::Unknown);
    let alert = written::<Alert>(&decision).pop().expect("an alert");
    assert_eq!(mirror_in_trouble(&mirrored(), "git failed: no", &matrices, Some(&alert), at(2)), None);
    let over = mirror_works(Some(&alert), at(3)).expect("decided");
    assert_eq!(written::<Alert>(&over)[0].resolved_at, Some(at(3)));
    assert_eq!(mirror_works(None, at(3)), None);
}

fn any_holding() -> impl Strategy<Value = Option<Holding>> {
    prop_oneof![
        Just(None),
        Just(Some(Holding::Held { since: "5.1.1".to_owned() })),
        Just(Some(Holding::NotAffected)),
        Just(Some(Holding::OnTheBranchOnly)),
        Just(Some(Holding::Missing)),
        Just(Some(Holding::Unknown)),
    ]
}

proptest! {
    /// Without a published fix every check run of every tag reads the same.
    #[test]
    fn before_disclosure_the_check_run_is_constant(
        name in prop_oneof![Just("5.1.1"), Just("5.0.1"), Just("6.0a1")],
        place in prop_oneof![Just("5.0"), Just("5.1"), Just("main"), Just("nowhere")],
        signed: bool,
        wants: bool,
    ) {
        let usual = check_of(&tag("5.1.1", "5.1", true), false, &[]);
        prop_assert_eq!(check_of(&tag(name, place, signed), wants, &[]), usual);
    }

    /// Whatever a case's fix is like: nothing of it leads to a check run, and nothing that everybody reads names the case.
    #[test]
    fn a_private_decision_never_touches_what_is_public(
        holding in any_holding(),
        not_before in proptest::option::of(-100_i64..100),
        out_since in proptest::option::of(-100_i64..100),
        history_is_whole: bool,
    ) {
        let fix = PrivateFix {
            case: CaseId::new(2026, 1),
            not_before: not_before.map(at),
            holding,
            out_since: out_since.map(at),
            history_is_whole,
        };
        if let Some(decision) = private(&tag("5.1.1", "5.1", true), &fix, &[]) {
            prop_assert!(decision.effects.iter().all(|effect| effect.kind != PutCheckRun::KIND));
            prop_assert!(decision.records.iter().all(|write| write.kind == Alert::KIND));
            prop_assert!(decision.effects.iter().all(|effect| effect.case.is_some()));
        }
    }
}
