//! By what a backport is known, and what is not believed.

use jiff::civil::date;

use super::{
    super::{EvidenceKind, TrailerKind, Verdict},
    built::{Built, bare_fix, fix},
    cell, disclosure, verdict,
};

const ID: &str = "CVE-2026-1111";

/// Main has the fix; 5.1 gets what `backport` makes, then a release.
fn with_backport(backport: impl FnOnce(&mut Built, &super::super::CommitId)) -> (Built, super::super::Fix) {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    backport(&mut built, &main);
    built.tag("5.1.1", "stable/5.1.x");
    let fix = fix(&[main]);
    (built, fix)
}

#[test]
fn a_trailer_that_names_the_fix_is_believed_when_the_subject_agrees() {
    let (built, fix) = with_backport(|built, main| {
        built
            .commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.")
            .change(2)
            .trailer(TrailerKind::BackportOf, main)
            .make();
    });
    let cell = cell(&built, "5.1", &fix);
    assert_eq!((cell.verdict, cell.first_tag.as_deref()), (Verdict::Covered, Some("5.1.1")));
    assert_eq!(cell.evidence[0].kind, EvidenceKind::Trailer);
}

#[test]
fn a_trailer_is_not_believed_where_the_subject_names_another_vulnerability() {
    let (built, fix) = with_backport(|built, main| {
        built
            .commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-2222 -- Escaped the name.")
            .change(3)
            .trailer(TrailerKind::BackportOf, main)
            .make();
    });
    let cell = cell(&built, "5.1", &fix);
    assert_eq!(cell.verdict, Verdict::Missing);
    assert!(cell.notes.iter().any(|note| note.contains("names another vulnerability")), "{:?}", cell.notes);
}

#[test]
fn a_trailer_is_not_believed_where_neither_subject_nor_lines_fit() {
    let (built, fix) = with_backport(|built, main| {
        built
            .commit("stable/5.1.x", "[5.1.x] Corrected a typo.")
            .change(4)
            .trailer(TrailerKind::CherryPickedFrom, main)
            .make();
    });
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::Missing);
}

#[test]
fn equal_changes_are_the_fix_whatever_the_subject_says() {
    let (built, fix) = with_backport(|built, _| {
        built.commit("stable/5.1.x", "[5.1.x] Checked more.").change(1).make();
    });
    let cell = cell(&built, "5.1", &fix);
    assert_eq!((cell.verdict, cell.evidence[0].kind), (Verdict::Covered, EvidenceKind::PatchId));
}

#[test]
fn release_notes_differ_from_series_to_series_and_do_not_matter() {
    let (built, fix) = with_backport(|built, _| {
        built.commit("stable/5.1.x", "[5.1.x] Checked more.").change_and_docs(1, 7).make();
    });
    let cell = cell(&built, "5.1", &fix);
    assert_eq!((cell.verdict, cell.evidence[0].kind), (Verdict::Covered, EvidenceKind::PatchIdWithoutDocs));
}

#[test]
fn an_archive_entry_names_the_vulnerability_and_mends_nothing() {
    let (built, fix) = with_backport(|built, _| {
        let subject = format!("[5.1.x] Added {ID} to security archive.");
        built.commit("stable/5.1.x", &subject).change(5).no_code().make();
    });
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::Missing);
}

#[test]
fn mostly_the_same_lines_are_a_proposal_that_a_person_confirms() {
    let (built, fix) = with_backport(|built, _| {
        let lines: Vec<u32> = (100..108).collect();
        built.commit("stable/5.1.x", "[5.1.x] Something else.").change(6).lines(&lines).make();
    });
    let cell = cell(&built, "5.1", &fix);
    assert_eq!((cell.verdict, cell.evidence[0].kind), (Verdict::Unknown, EvidenceKind::Similar));
}

#[test]
fn a_follow_up_that_changes_code_belongs_to_the_fix() {
    let (mut built, fix) = with_backport(|built, _| {
        built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    });
    built.on(date(2026, 3, 10));
    built.commit("stable/5.1.x", "[5.1.x] Refs CVE-2026-1111 -- Checked the other length.").change(9).make();
    built.tag("5.1.2", "stable/5.1.x");
    let cell = cell(&built, "5.1", &fix);
    assert_eq!(cell.first_tag.as_deref(), Some("5.1.2"), "5.1.1 holds half a fix: {cell:?}");
}

#[test]
fn a_fix_of_two_commits_is_covered_when_both_are() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let first = built.commit("main", "Checked the length.").change(1).make();
    let second = built.commit("main", "Checked the width.").change(2).make();
    built.commit("stable/5.1.x", "[5.1.x] Checked the length.").change(1).make();
    built.tag("5.1.1", "stable/5.1.x");
    let fix = fix(&[first, second]);
    let half = cell(&built, "5.1", &fix);
    assert_eq!(half.verdict, Verdict::Missing, "half a fix");
    built.commit("stable/5.1.x", "[5.1.x] Checked the width.").change(2).make();
    built.tag("5.1.2", "stable/5.1.x");
    assert_eq!(cell(&built, "5.1", &fix).first_tag.as_deref(), Some("5.1.2"));
}

#[test]
fn id_and_day_are_enough_where_subjects_name_the_vulnerability() {
    let (built, _) = with_backport(|built, _| {
        built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(8).make();
    });
    let fix = bare_fix();
    assert_eq!(verdict(&built, "5.1", &fix), Verdict::Covered);
    assert_eq!(verdict(&built, "5.2", &fix), Verdict::Missing, "nobody backported it there");
    assert_eq!(verdict(&built, "main", &fix), Verdict::Covered);
}

#[test]
fn a_message_that_names_it_below_the_subject_is_found_too() {
    let mut built = Built::two_series();
    built.on(disclosure());
    built.commit("main", "Checked the length.").change(1).naming_in_body(ID).make();
    built.commit("stable/5.2.x", "[5.2.x] Checked the length.").change(1).make();
    built.tag("5.2.1", "stable/5.2.x");
    assert_eq!(verdict(&built, "5.2", &bare_fix()), Verdict::Covered);
}

#[test]
fn a_backport_that_changes_tests_alone_is_a_question_for_a_person() {
    let (built, fix) = with_backport(|built, _| {
        built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(2).no_code().make();
    });
    let cell = cell(&built, "5.1", &fix);
    assert_eq!(cell.verdict, Verdict::Unknown);
    assert!(cell.evidence[0].detail.contains("changes no code"), "{:?}", cell.evidence);
}

#[test]
fn half_a_backport_whose_other_half_changes_tests_alone_is_a_question_for_a_person() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = [1, 2].map(|part| {
        let subject = format!("Check the length of part number {part}");
        let main = built.commit("main", &subject).change(part).make();
        let backport = built.commit("stable/5.1.x", &subject);
        let backport = if part == 1 { backport.change(part) } else { backport.change(part + 10).no_code() };
        backport.make();
        main
    });
    let cell = cell(&built, "5.1", &fix(&main));
    assert_eq!((cell.verdict, cell.commits.len()), (Verdict::Unknown, 1), "{:?}", cell.notes);
    assert!(cell.evidence.iter().any(|evidence| evidence.detail.contains("changes no code")), "{:?}", cell.evidence);
}
