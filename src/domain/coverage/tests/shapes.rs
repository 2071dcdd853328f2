//! Other projects' names, and the oddities of real histories.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::{
    super::{Account, ListedCommit, SeriesName, Verdict, series_in_branch, tag_name},
    built::{Built, bare_fix, fix},
    cell, disclosure,
};
use crate::domain::policy::Series;

fn policy(branches: &str, tags: &str, pre: &str) -> Series {
    let text = serde_json::json!({ "branches": branches, "tags": tags, "prerelease_tags": pre });
    serde_json::from_value(text).expect("a policy")
}

fn read(policy: &Series, tag: &str, known: &[&str]) -> Option<String> {
    let known: BTreeSet<SeriesName> = known.iter().filter_map(|name| SeriesName::parse(name)).collect();
    tag_name(policy, tag, &known).map(|name| format!("{} {:?}", name.series, name.version))
}

#[test]
fn tags_with_a_letter_before_and_branches_behind_a_slash_or_dash() {
    let slash = policy("release/{series}", "v{series}.{patch}", "v{series}.{patch}-{pre}");
    assert_eq!(series_in_branch(&slash, "release/1.2").map(|name| name.to_string()).as_deref(), Some("1.2"));
    assert_eq!(read(&slash, "v1.2.3", &["1.2"]).as_deref(), Some("1.2 Final(3)"));
    assert_eq!(read(&slash, "v1.2.0-rc.1", &["1.2"]).as_deref(), Some("1.2 Pre(Candidate, 1)"));
    assert_eq!(read(&slash, "v1.2.0-alpha", &["1.2"]).as_deref(), Some("1.2 Pre(Alpha, 0)"));
    assert_eq!(read(&slash, "server/v1.2.3", &["1.2"]), None, "a module's tag is not the project's");
    let dash = policy("release-{series}", "v{series}.{patch}", "v{series}.{patch}-{pre}");
    assert_eq!(series_in_branch(&dash, "release-3.5").map(|name| name.to_string()).as_deref(), Some("3.5"));
    assert_eq!(series_in_branch(&dash, "release-3.5-gke"), None);
}

#[test]
fn one_number_series_and_tags_of_languages() {
    let go = policy("release-branch.go{series}", "go{series}.{patch}", "go{series}{pre}");
    assert_eq!(read(&go, "go1.21.3", &["1.21"]).as_deref(), Some("1.21 Final(3)"));
    assert_eq!(read(&go, "go1.21rc2", &["1.21"]).as_deref(), Some("1.21 Pre(Candidate, 2)"));
    assert_eq!(read(&go, "go1.20", &["1.20"]).as_deref(), Some("1.20 Final(0)"));
    let node = policy("v{series}.x", "v{series}.{patch}", "v{series}-{pre}");
    assert_eq!(series_in_branch(&node, "v20.x").map(|name| name.to_string()).as_deref(), Some("20"));
    assert_eq!(read(&node, "v20.11", &["20"]).as_deref(), Some("20 Final(11)"));
}

#[test]
fn a_series_may_be_recorded_as_a_full_version() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Checked the length of names.").change(1).make();
    let backport = built.commit("stable/5.1.x", "Something in other words.").change(2).make();
    built.tag("5.1.11", "stable/5.1.x");
    let mut fix = fix(&[main]);
    fix.series.insert("5.1.11".to_owned(), vec![backport.to_string()]);
    assert_eq!(cell(&built, "5.1", &fix).first_tag.as_deref(), Some("5.1.11"));
}

#[test]
fn a_series_released_on_the_day_is_covered_by_its_first_release() {
    let mut built = Built::two_series();
    built.on(date(2026, 3, 1)).branch("stable/6.0.x", "main");
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.commit("stable/6.0.x", "[6.0.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.tag("6.0", "stable/6.0.x");
    assert_eq!(cell(&built, "6.0", &fix(&[main])).first_tag.as_deref(), Some("6.0"));
}

#[test]
fn main_may_need_no_fix() {
    let mut built = Built::two_series();
    built.on(disclosure());
    built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.tag("5.1.1", "stable/5.1.x");
    built.commit("main", "Refs CVE-2026-1111 -- Forwardported tests.").change(3).no_code().make();
    let fix = bare_fix();
    assert_eq!(cell(&built, "5.1", &fix).first_tag.as_deref(), Some("5.1.1"));
    assert_eq!(cell(&built, "main", &fix).verdict, Verdict::Missing, "a person records that main is not affected");
}

#[test]
fn a_name_that_is_branch_and_tag_is_the_branch() {
    let mut built = Built::two_series();
    built.tag("stable/5.1.x", "stable/5.1.x");
    built.on(disclosure());
    let main = built.commit("main", "Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    built.commit("stable/5.1.x", "[5.1.x] Fixed CVE-2026-1111 -- Checked the length.").change(1).make();
    let found = cell(&built, "5.1", &fix(&[main]));
    assert_eq!(found.verdict, Verdict::NotTaggedYet, "the tag of that name is older, and no release");
}

#[test]
fn subjects_may_carry_the_number_of_a_pull_request() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let main = built.commit("main", "Check the length of all names (#120)").change(1).make();
    built.commit("stable/5.1.x", "[5.1] Check the length of all names (#121)").change(7).lines(&[100, 901]).make();
    built.tag("5.1.1", "stable/5.1.x");
    assert_eq!(cell(&built, "5.1", &fix(&[main])).first_tag.as_deref(), Some("5.1.1"));
}

#[test]
fn a_document_that_lists_commits_is_believed_where_the_history_bears_it_out() {
    let mut built = Built::two_series();
    built.on(disclosure());
    let right = built.commit("stable/5.1.x", "Something in other words.").change(1).make();
    let another = built.commit("stable/5.2.x", "[5.2.x] Fixed CVE-2026-2222 -- Escaped the name.").change(2).make();
    built.tag("5.1.1", "stable/5.1.x").tag("5.2.1", "stable/5.2.x");
    let listed = |series: &str, commit: &super::super::CommitId| ListedCommit {
        label: Some(series.to_owned()),
        name: commit.to_string(),
    };
    built.history.accounts.push(Account {
        path: "docs/security.txt".to_owned(),
        title: "CVE-2026-1111".to_owned(),
        ids: vec!["CVE-2026-1111".to_owned()],
        commits: vec![listed("5.1", &right), listed("5.2", &another)],
        ..Account::default()
    });
    let fix = bare_fix();
    let covered = cell(&built, "5.1", &fix);
    assert_eq!((covered.verdict, covered.first_tag.as_deref()), (Verdict::Covered, Some("5.1.1")));
    assert!(covered.evidence[0].detail.contains("docs/security.txt"), "{:?}", covered.evidence);
    assert_eq!(cell(&built, "5.2", &fix).verdict, Verdict::Missing, "that commit mends another vulnerability");
}

#[test]
fn a_document_may_say_that_there_is_no_patch() {
    let mut built = Built::two_series();
    built.history.accounts.push(Account {
        path: "docs/security.txt".to_owned(),
        ids: vec!["CVE-2026-1111".to_owned()],
        says_no_patch: true,
        ..Account::default()
    });
    assert_eq!(cell(&built, "5.1", &bare_fix()).verdict, Verdict::AdvisoryOnly);
}
