//! Commits, branches and releases that tell, and others that don't. All texts are our own.

use super::*;

fn tells(kind: Kind, title: &str, body: &str) -> bool {
    look(kind, title, body).gives_away(|_| false)
}

#[test]
fn a_commit_that_says_what_it_mends_gives_it_away() {
    for subject in [
        "Fixed SQL injection in the report filter",
        "[5.2.x] Prevented directory traversal through uploaded names",
        "Mitigated potential DoS in the date parser",
        "Security fix, details to follow",
        "Reject untrusted redirect targets",
    ] {
        assert!(tells(Kind::Commit, subject, ""), "{subject}: {:?}", look(Kind::Commit, subject, ""));
    }
}

#[test]
fn every_day_work_does_not() {
    for subject in [
        "Added a test for the date parser",
        "Bump version number for release",
        "Fixed a typo in the docs of sessions",
        "Refactored the query compiler",
        "Update translation catalogs",
        "Removed unused imports",
    ] {
        assert!(!tells(Kind::Commit, subject, ""), "{subject}: {:?}", look(Kind::Commit, subject, ""));
    }
}

#[test]
fn a_bland_subject_over_a_plain_text_gives_it_away() {
    assert!(tells(Kind::Commit, "Tweak filter", "An attacker could use SQL injection to read other users' rows."));
    assert!(!tells(Kind::Commit, "Tweak filter", "The old code was slow for long lists."));
}

#[test]
fn an_id_tells_unless_everybody_knows_it() {
    let found = look(Kind::Commit, "Fixed cve-2026-1234 -- adjusted a bound", "");
    assert_eq!(found.ids, ["CVE-2026-1234"]);
    assert!(found.gives_away(|_| false));
    assert!(!found.gives_away(|id| id == "CVE-2026-1234"));
}

#[test]
fn a_branch_is_read_word_by_word_and_a_release_by_its_text() {
    assert!(tells(Kind::Branch, "fix/sql-injection-in-filter", ""));
    assert!(tells(Kind::Branch, "security-fix_xss", ""));
    assert!(!tells(Kind::Branch, "feature/new-date-parser", ""));
    assert!(tells(Kind::Release, "5.2.1", "Fixes an XSS vulnerability in the admin."));
    assert!(!tells(Kind::Release, "5.2.1", "Fixes a crash on Windows."));
}

#[test]
fn reasons_hold_no_word_of_the_text_and_long_texts_are_cut_between_characters() {
    let found = look(Kind::Commit, "Prevented SQL injection in canary7f3a()", &"ä".repeat(9_000));
    assert!(!format!("{:?}", found.contributions).contains("canary7f3a"));
    assert!(found.contributions.windows(2).all(|pair| pair[0].weight.abs() >= pair[1].weight.abs()));
}
