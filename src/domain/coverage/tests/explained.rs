//! Verdicts, and why.

use super::{
    super::{EvidenceKind, ExplainedCell, Explainer, Fix, SeriesLines, TrailerKind},
    built::{Built, fix},
    disclosure,
};

fn explained(built: &Built, fix: &Fix, series: &str) -> ExplainedCell {
    let lines = SeriesLines::of(&built.history, &built.policy);
    let judged = built.judge(fix);
    let all = Explainer::new(&built.history, &built.policy, &lines).explain(fix, &judged);
    let place = judged.cells.iter().position(|cell| cell.series == series).expect("a cell");
    all[place].clone()
}

#[test]
fn each_step_of_the_ladder_says_what_it_saw_and_one_decides() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built
        .commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.")
        .change(2)
        .trailer(TrailerKind::BackportOf, &main)
        .make();
    built.tag("5.1.1", "stable/5.1.x");
    let cell = explained(&built, &fix(&[main]), "5.1");
    assert_eq!(cell.counts_because, "it is supported from 2025-04-02 (5.1) as one of the latest 2");
    assert_eq!(cell.commits.len(), 1);
    assert_eq!(cell.commits[0].first_tag.as_deref(), Some("5.1.1"));
    let holds =
        |kind| cell.commits[0].steps.iter().find(|step| step.kind == kind).map(|step| (step.holds, step.decisive));
    assert_eq!(holds(EvidenceKind::Trailer), Some((true, true)));
    assert_eq!(holds(EvidenceKind::Subject), Some((true, false)));
    assert_eq!(holds(EvidenceKind::PatchId), Some((false, false)));
    assert_eq!(holds(EvidenceKind::Ancestor), Some((false, false)));
    assert_eq!(cell.remedy, None);
}

#[test]
fn an_unknown_says_what_would_make_it_known() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.history.partial = true;
    let cell = explained(&built, &fix(&[main]), "5.1");
    assert!(cell.remedy.as_deref().is_some_and(|remedy| remedy.contains("--unshallow")), "{:?}", cell.remedy);
}

#[test]
fn a_gap_says_how_it_is_closed() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    let cell = explained(&built, &fix(&[main]), "5.1");
    assert_eq!(cell.commits, []);
    assert!(cell.remedy.as_deref().is_some_and(|remedy| remedy.contains("not_affected")), "{:?}", cell.remedy);
}
