//! Fixes found without a list, and what is left alone.

use jiff::civil::date;

use super::{
    super::{Account, Confidence, ListedCommit, Proposal, Scan, SeriesLines},
    built::Built,
    disclosure,
};

fn scan(built: &Built) -> Vec<Proposal> {
    let lines = SeriesLines::of(&built.history, &built.policy);
    Scan::new(&built.history, &lines, None, true).proposals()
}

/// The same change on main and both series, released on the day.
fn everywhere(subject: &str) -> Built {
    let mut built = Built::two_series();
    built.on(disclosure());
    for branch in ["main", "stable/5.2.x", "stable/5.1.x"] {
        built.commit(branch, subject).change(1).make();
    }
    built.tag("5.2.1", "stable/5.2.x").tag("5.1.1", "stable/5.1.x");
    built
}

#[test]
fn a_subject_that_names_a_vulnerability_is_a_sure_fix_with_all_its_commits() {
    let built = everywhere("Fixed CVE-2026-1111 -- Checked the length.");
    let found = scan(&built);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id.as_str(), found[0].date), ("CVE-2026-1111", disclosure()));
    assert_eq!(found[0].confidence, Confidence::Sure);
    assert_eq!(found[0].main.len(), 1);
    assert_eq!(found[0].series.keys().collect::<Vec<_>>(), ["5.1", "5.2"]);
}

#[test]
fn what_speaks_of_security_and_is_released_everywhere_on_one_day_is_likely() {
    let built = everywhere("Fixed a denial of service in the parser.");
    let found = scan(&built);
    assert_eq!(found.len(), 1);
    assert!(found[0].id.starts_with("unnamed-2026-03-03-"), "{}", found[0].id);
    assert_eq!(found[0].confidence, Confidence::Likely);
    assert!(found[0].why.iter().any(|why| why.contains("5.1.1, 5.2.1")), "{:?}", found[0].why);
}

#[test]
fn ordinary_backports_archives_and_translations_are_left_alone() {
    for subject in [
        "Fixed #1234 -- Drew the border on the left.",
        "Added CVE-2026-1111 to security archive.",
        "Updated translations from security team.",
        "Reverted \"Fixed a denial of service in the parser.\"",
    ] {
        assert_eq!(scan(&everywhere(subject)), [], "{subject}");
    }
}

#[test]
fn a_backport_to_one_series_that_changes_only_tests_is_left_alone() {
    let mut built = Built::two_series();
    built.on(disclosure()).commit("stable/5.2.x", "Fixed CVE-2026-1111 -- Tested the length.").no_code().make();
    assert_eq!(scan(&built), []);
}

#[test]
fn the_same_subject_years_later_is_another_change() {
    let mut built = everywhere("Fixed a denial of service in the parser.");
    built.on(date(2027, 3, 3));
    for branch in ["main", "stable/5.2.x", "stable/5.1.x"] {
        built.commit(branch, "Fixed a denial of service in the parser.").change(9).make();
    }
    built.tag("5.2.2", "stable/5.2.x").tag("5.1.2", "stable/5.1.x");
    let days: Vec<_> = scan(&built).iter().map(|proposal| proposal.date).collect();
    assert_eq!(days, [disclosure(), date(2027, 3, 3)]);
}

#[test]
fn a_document_gives_a_quiet_fix_its_id() {
    let mut built = everywhere("Drew borders more carefully.");
    assert_eq!(scan(&built), []);
    let commit =
        built.history.references.iter().find(|reference| reference.name == "refs/tags/5.1.1").expect("the tag");
    let name = built.history.commit(commit.commit).id.to_string();
    built.history.accounts = vec![Account {
        path: "docs/security.txt".to_owned(),
        ids: vec!["CVE-2026-2222".to_owned()],
        commits: vec![ListedCommit { label: Some("5.1".to_owned()), name }],
        ..Account::default()
    }];
    let found = scan(&built);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, "CVE-2026-2222");
    assert_eq!(
        found[0].series.keys().collect::<Vec<_>>(),
        ["5.1", "5.2"],
        "the rest of the change is found by its subject"
    );
    let lines = SeriesLines::of(&built.history, &built.policy);
    assert_eq!(Scan::new(&built.history, &lines, None, false).proposals(), []);
}

#[test]
fn nothing_from_before_the_day_is_proposed() {
    let built = everywhere("Fixed CVE-2026-1111 -- Checked the length.");
    let lines = SeriesLines::of(&built.history, &built.policy);
    let since = |day| Scan::new(&built.history, &lines, Some(day), true).proposals().len();
    assert_eq!((since(disclosure()), since(date(2026, 3, 4))), (1, 0));
}
