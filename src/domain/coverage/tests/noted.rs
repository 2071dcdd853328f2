//! Fixes that only a release note names.

use super::{
    super::{EvidenceKind, Verdict},
    built::{Built, bare_fix},
    cell, disclosure, verdict,
};

const NOTE: &str = "Release note for CVE-2026-1111";

/// On main and on both series the fix is followed by a note; `before` stands before it, `between` in between.
fn noted(before: [&str; 3], between: &str) -> Built {
    let mut built = Built::two_series();
    built.on(disclosure());
    for (branch, before) in ["main", "stable/5.1.x", "stable/5.2.x"].into_iter().zip(before) {
        built.commit(branch, before).make();
        built.commit(branch, "Check the length of names").change(1).make();
        built.commit(branch, between).no_code().make();
        built.commit(branch, NOTE).no_code().make();
    }
    built.tag("5.1.1", "stable/5.1.x");
    built
}

#[test]
fn what_stands_before_the_note_on_every_line_is_the_fix() {
    let built = noted(["Grew", "Mended a typo", "Updated translations"], "Fill in release date");
    let cell = cell(&built, "5.1", &bare_fix());
    assert_eq!((cell.verdict, cell.first_tag.as_deref(), cell.commits.len()), (Verdict::Covered, Some("5.1.1"), 1));
    assert_eq!(cell.evidence[0].kind, EvidenceKind::Id, "{:?}", cell.evidence);
    assert_eq!(verdict(&built, "main", &bare_fix()), Verdict::Covered);
    assert_eq!(verdict(&built, "5.2", &bare_fix()), Verdict::NotTaggedYet);
}

#[test]
fn two_commits_before_every_note_are_both_the_fix() {
    let built = noted(["Check the length of paths"; 3], "Fill in release date");
    assert_eq!(cell(&built, "5.2", &bare_fix()).commits.len(), 2);
}

#[test]
fn what_stands_before_one_note_only_proves_nothing() {
    let mut built = Built::two_series();
    built.on(disclosure());
    built.commit("main", "Check the length of names").change(1).make();
    built.commit("main", NOTE).no_code().make();
    built.commit("stable/5.1.x", "Mended a typo").change(2).make();
    built.commit("stable/5.1.x", NOTE).no_code().make();
    for series in ["main", "5.1"] {
        assert_eq!(verdict(&built, series, &bare_fix()), Verdict::Unknown, "{series}");
    }
}

#[test]
fn the_fix_of_another_vulnerability_is_not_taken_for_it() {
    let built = noted(["Grew", "Mended a typo", "Updated translations"], "Release note for CVE-2026-2222");
    assert_eq!(verdict(&built, "5.1", &bare_fix()), Verdict::Unknown, "the other note claims what stands before it");
}
