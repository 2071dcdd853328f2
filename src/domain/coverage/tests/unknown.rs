//! What this history cannot tell is said to be unknown.

use jiff::civil::date;

use super::{
    super::{Verdict, worst},
    built::{Built, bare_fix, fix},
    cell, disclosure, verdict,
};

#[test]
fn a_cut_history_says_unknown_where_a_whole_one_says_missing() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    let fix = fix(&[main]);
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::Missing);
    built.history.partial = true;
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::Unknown);
}

#[test]
fn a_fix_that_nobody_can_find_is_unknown() {
    let built = Built::two_series();
    assert_eq!(verdict(&built, "5.1", &bare_fix()), Verdict::Unknown);
    let mut recorded = fix(&[]);
    recorded.main = Some(vec!["00000000000000000000000000000000000000aa".to_owned()]);
    let cell = cell(&built, "5.1", &recorded);
    assert_eq!(cell.verdict, Verdict::Unknown);
    assert!(cell.notes[0].contains("not in this history"), "{:?}", cell.notes);
}

#[test]
fn on_the_branch_and_in_no_release_is_not_tagged_yet() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    let fix = fix(&[main]);
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::NotTaggedYet);
    built.on(date(2026, 4, 20)).commit("stable/5.1.x", "Went on").make();
    built.tag("5.1.1", "stable/5.1.x");
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::NotTaggedYet, "a tag seven weeks late is too late");
    let late = built.judge_at(&fix, Some(date(2026, 4, 21)));
    assert_eq!(late.cells.iter().find(|cell| cell.series == "5.1").map(|cell| cell.verdict), Some(Verdict::Covered));
    built.drop_tag("5.1.1");
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::NotTaggedYet);
}

#[test]
fn an_old_series_whose_branch_is_gone_is_judged_by_its_releases() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.tag("5.1.1", "stable/5.1.x");
    built.drop_branch("stable/5.1.x");
    assert_eq!(verdict(&built, "5.1", &fix(&[main])), Verdict::Covered);
}

#[test]
fn a_branch_that_became_a_tag_is_the_branch_and_no_release() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.tag("stable/5.1.x", "stable/5.1.x");
    built.drop_branch("stable/5.1.x");
    assert_eq!(verdict(&built, "5.1", &fix(&[main])), Verdict::NotTaggedYet);
}

#[test]
fn a_recorded_reason_stands_for_a_series_that_is_not_affected() {
    let built = Built::two_series();
    let mut fix = bare_fix();
    fix.not_affected.insert("5.1".to_owned(), "the code came with 5.2".to_owned());
    let cell = cell(&built, "5.1", &fix);
    assert_eq!(cell.verdict, Verdict::NotAffected);
    assert_eq!(cell.notes, ["the code came with 5.2"]);
}

#[test]
fn a_recorded_commit_of_another_series_proves_nothing() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Checked the length.").change(1).make();
    let on_52 = built.commit("stable/5.2.x", "[5.2.x] Checked the length.").change(1).make();
    built.tag("5.2.1", "stable/5.2.x");
    let mut fix = fix(&[main]);
    fix.series.insert("5.1".to_owned(), vec![on_52.to_string()]);
    let cell = cell(&built, "5.1", &fix);
    assert_eq!(cell.verdict, Verdict::Missing);
    assert!(cell.notes.iter().any(|note| note.contains("not on this series but on 5.2")), "{:?}", cell.notes);
}

#[test]
fn no_commit_recorded_anywhere_is_an_advisory_alone() {
    let built = Built::two_series();
    let coverage = super::super::Coverage { fixes: vec![built.judge(&fix(&[]))] };
    assert_eq!(worst(&coverage), Some(Verdict::AdvisoryOnly));
}
