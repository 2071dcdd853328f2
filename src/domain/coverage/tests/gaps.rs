//! Gaps made on purpose: whatever is done to a history, a series is never called covered that is not.

use jiff::{ToSpan, civil::date};
use proptest::prelude::*;

use super::{
    super::{CommitId, TrailerKind, Verdict},
    built::{Built, bare_fix, fix},
    cell, disclosure,
};

const SUBJECT: &str = "Fixed CVE-2026-1111 -- Checked the length.";

/// What may happen on a series, in any order.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A change that has nothing to do with the fix.
    Other,
    /// The fix, with the lines of main and a trailer.
    BackportByTrailer,
    /// The fix in other surroundings, known by its subject alone.
    BackportBySubject,
    /// Another change, whose trailer names the fix.
    WrongTrailer,
    /// Another change that names another vulnerability and the fix of this one.
    TrailerOfAnother,
    /// Notes that name the vulnerability.
    Account,
    /// What `git revert` makes of the last backport.
    Revert,
    /// A revert with words of its own.
    RevertInOtherWords,
    /// A release.
    Tag,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::*;
    let step = prop::sample::select(vec![
        Other,
        BackportByTrailer,
        BackportBySubject,
        WrongTrailer,
        TrailerOfAnother,
        Account,
        Revert,
        RevertInOtherWords,
        Tag,
        Tag,
    ]);
    prop::collection::vec(step, 1..14)
}

/// Does the steps on 5.1, one a day; returns the releases that hold the content of the fix, and those that do not.
fn act(built: &mut Built, main: &CommitId, steps: &[Step]) -> Vec<(String, bool)> {
    let branch = "stable/5.1.x";
    let subject = format!("[5.1.x] {SUBJECT}");
    let mut day = disclosure();
    let mut present = false;
    let mut last: Option<(CommitId, String)> = None;
    let mut releases = Vec::new();
    for (number, step) in (0_u32..).zip(steps) {
        built.on(day);
        day = day.saturating_add(1.day());
        let other = 5_000 + number;
        match step {
            Step::Other => {
                built.commit(branch, &format!("[5.1.x] Something else, number {number}.")).change(other).make();
            }
            Step::BackportByTrailer if !present => {
                let commit = built.commit(branch, &subject).change(1).trailer(TrailerKind::BackportOf, main).make();
                (present, last) = (true, Some((commit, subject.clone())));
            }
            Step::BackportBySubject if !present => {
                let commit = built.commit(branch, &subject).change(other).lines(&[100, 101, 102, 103]).make();
                (present, last) = (true, Some((commit, subject.clone())));
            }
            Step::BackportByTrailer | Step::BackportBySubject => {}
            Step::WrongTrailer => {
                let words = format!("[5.1.x] Corrected spelling, number {number}.");
                built.commit(branch, &words).change(other).trailer(TrailerKind::CherryPickedFrom, main).make();
            }
            Step::TrailerOfAnother => {
                let words = "[5.1.x] Fixed CVE-2026-2222 -- Escaped the name.";
                built.commit(branch, words).change(other).trailer(TrailerKind::BackportOf, main).make();
            }
            Step::Account => {
                let words = "[5.1.x] Added CVE-2026-1111 to security archive.";
                built.commit(branch, words).change(other).no_code().make();
            }
            Step::Revert | Step::RevertInOtherWords => {
                let Some((undone, words)) = last.clone().filter(|_| present) else {
                    continue;
                };
                let words = match step {
                    Step::Revert => format!("Revert \"{words}\""),
                    _ => format!("[5.1.x] Took the check out again, number {number}."),
                };
                let commit = built.commit(branch, &words).change(other).reverts(&undone).make();
                (present, last) = (false, Some((commit, words)));
            }
            Step::Tag => {
                let tag = format!("5.1.{}", releases.len() + 1);
                built.tag(&tag, branch);
                releases.push((tag, present));
            }
        }
    }
    releases
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_covered_series_has_the_fix_in_that_tag_and_in_every_later_one(steps in steps(), known in any::<bool>()) {
        let mut built = Built::two_series();
        built.on(disclosure());
        let main = built.commit("main", SUBJECT).change(1).make();
        let releases = act(&mut built, &main, &steps);
        let fix = if known { fix(&[main]) } else { bare_fix() };
        let cell = cell(&built, "5.1", &fix);
        let first = releases.iter().rposition(|(_, holds)| !holds).map_or(0, |last| last + 1);
        let expected = releases.get(first).map(|(tag, _)| tag.clone());
        prop_assert_eq!(cell.verdict == Verdict::Covered, expected.is_some(), "{:?} {:?}", &releases, &cell);
        prop_assert_eq!(&cell.first_tag, &expected, "{:?}", &cell);
    }
}

#[test]
fn half_of_a_fix_in_two_steps_is_not_enough() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", SUBJECT).change(1).make();
    let half = built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.tag("5.1.1", "stable/5.1.x");
    built.on(date(2026, 3, 10));
    built.commit("stable/5.1.x", "[5.1.x] Fixed a crash with long lengths.").change(70).mentioning(&half).make();
    built.tag("5.1.2", "stable/5.1.x");
    let cell = cell(&built, "5.1", &fix(&[main]));
    assert_eq!(cell.first_tag.as_deref(), Some("5.1.2"), "the second names the first: {cell:?}");
}

#[test]
fn a_backport_of_two_commits_in_one_is_whole() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let first = built.commit("main", "Checked the length of names.").change(1).make();
    let second = built.commit("main", "Checked the width of names.").change(2).make();
    let lines: Vec<u32> = (100..110).chain(200..210).collect();
    built
        .commit("stable/5.1.x", "[5.1.x] Checked the length of names.")
        .change(60)
        .lines(&lines)
        .trailer(TrailerKind::BackportOf, &first)
        .make();
    built.tag("5.1.1", "stable/5.1.x");
    let cell = cell(&built, "5.1", &fix(&[first, second]));
    assert_eq!(cell.first_tag.as_deref(), Some("5.1.1"), "{cell:?}");
}

#[test]
fn a_revert_that_no_release_holds_is_told_and_the_release_counts() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", SUBJECT).change(1).make();
    let backport = built.commit("stable/5.1.x", &format!("[5.1.x] {SUBJECT}")).change(1).make();
    built.tag("5.1.1", "stable/5.1.x");
    built.on(date(2026, 3, 12));
    built.commit("stable/5.1.x", "Took it out.").change(9).reverts(&backport).make();
    let cell = cell(&built, "5.1", &fix(&[main]));
    assert_eq!((cell.verdict, cell.first_tag.as_deref()), (Verdict::Covered, Some("5.1.1")));
    assert!(cell.notes.iter().any(|note| note.contains("the next one will lack it")), "{:?}", cell.notes);
}

#[test]
fn content_that_comes_back_in_several_commits_restores_the_fix() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", SUBJECT).change(1).make();
    let backport = built.commit("stable/5.1.x", &format!("[5.1.x] {SUBJECT}")).change(1).make();
    built.commit("stable/5.1.x", "Took it out.").change(9).reverts(&backport).make();
    built.commit("stable/5.1.x", "First part again.").change(10).lines(&[100, 101, 102, 103]).make();
    built.tag("5.1.1", "stable/5.1.x");
    built.on(date(2026, 3, 12));
    let rest = [104, 105, 106, 107, 108, 109];
    built.commit("stable/5.1.x", "The rest again, and more.").change(11).lines(&rest).make();
    built.tag("5.1.2", "stable/5.1.x");
    assert_eq!(cell(&built, "5.1", &fix(&[main])).first_tag.as_deref(), Some("5.1.2"));
}

#[test]
fn made_by_a_merge_a_fix_is_what_the_merge_brought() {
    let mut built = Built::two_series();
    built.on(disclosure());
    built.branch("topic", "main");
    built.commit("main", "Went on meanwhile.").make();
    built.commit("topic", "Checked the length of names.").change(1).make();
    let merge = built.merge("main", "topic", "Merge pull request #7 from mia/topic");
    built.commit("stable/5.1.x", "[5.1.x] Checked all names (#8)").change(1).make();
    built.tag("5.1.1", "stable/5.1.x");
    let cell = cell(&built, "5.1", &fix(&[merge]));
    assert_eq!((cell.verdict, cell.first_tag.as_deref()), (Verdict::Covered, Some("5.1.1")), "{cell:?}");
}

#[test]
fn a_series_whose_branch_was_not_fetched_is_unknown() {
    let mut built = Built::two_series();
    built.drop_branch("stable/5.1.x");
    built.on(disclosure());
    let main = built.commit("main", SUBJECT).change(1).make();
    let cell = cell(&built, "5.1", &fix(&[main]));
    assert_eq!(cell.verdict, Verdict::Unknown);
    assert!(cell.notes.iter().any(|note| note.contains("no branch stable/5.1.x")), "{:?}", cell.notes);
}

#[test]
fn a_recorded_commit_that_was_never_fetched_is_unknown_and_one_that_was_dropped_is_missing() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", SUBJECT).change(1).make();
    let gone = CommitId([0xcd; 20]);
    let mut fix = fix(&[main]);
    fix.series.insert("5.1".to_owned(), vec![gone.to_string()]);
    assert_eq!(cell(&built, "5.1", &fix).verdict, Verdict::Unknown, "the branch here ends before the disclosure");
    built.history.unreached.push(gone);
    assert_eq!(cell(&built, "5.1", &fix).verdict, Verdict::Missing, "it is here, and nothing reaches it");
}
