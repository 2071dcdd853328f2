//! What was undone does not count, and what was restored does.

use jiff::civil::date;

use super::{
    super::{CommitId, Fix, Verdict},
    built::{Built, fix},
    cell, disclosure, verdict,
};

fn fixed_on_both() -> (Built, Fix, CommitId) {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    let backport = built.commit("stable/5.2.x", "[5.2.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    (built, fix(&[main]), backport)
}

#[test]
fn a_fix_that_was_reverted_before_the_tag_is_missing() {
    let (mut built, fix, backport) = fixed_on_both();
    built.commit("stable/5.2.x", "Revert \"[5.2.x] Fixed CVE-2026-1111\"").change(50).reverts(&backport).make();
    built.tag("5.2.1", "stable/5.2.x");
    let cell = cell(&built, "5.2", &fix);
    assert_eq!(cell.verdict, Verdict::Missing);
    assert!(cell.notes.iter().any(|note| note.contains("reverts")), "{:?}", cell.notes);
}

#[test]
fn a_revert_after_the_first_tag_uncovers_the_series_again() {
    let (mut built, fix, backport) = fixed_on_both();
    built.tag("5.2.1", "stable/5.2.x");
    assert_eq!(verdict(&built, "5.2", &fix), Verdict::Covered);
    built.on(date(2026, 3, 9));
    built.commit("stable/5.2.x", "Reverted a change.").change(50).reverts(&backport).make();
    built.tag("5.2.2", "stable/5.2.x");
    assert_eq!(verdict(&built, "5.2", &fix), Verdict::Missing);
}

#[test]
fn a_revert_of_the_revert_restores_it_from_that_tag_on() {
    let (mut built, fix, backport) = fixed_on_both();
    let revert = built.commit("stable/5.2.x", "Reverted a change.").change(50).reverts(&backport).make();
    built.tag("5.2.1", "stable/5.2.x");
    built.on(date(2026, 3, 9));
    built.commit("stable/5.2.x", "Reverted the revert.").change(51).reverts(&revert).make();
    built.tag("5.2.2", "stable/5.2.x");
    let cell = cell(&built, "5.2", &fix);
    assert_eq!((cell.verdict, cell.first_tag.as_deref()), (Verdict::Covered, Some("5.2.2")));
}

#[test]
fn the_same_change_applied_again_restores_it() {
    let (mut built, fix, backport) = fixed_on_both();
    built.commit("stable/5.2.x", "Reverted a change.").change(50).reverts(&backport).make();
    built.commit("stable/5.2.x", "Checked the length, with the right encoding.").change(1).make();
    built.tag("5.2.1", "stable/5.2.x");
    let cell = cell(&built, "5.2", &fix);
    assert_eq!((cell.verdict, cell.first_tag.as_deref()), (Verdict::Covered, Some("5.2.1")));
}
