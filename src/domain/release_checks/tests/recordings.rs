//! What maintainers say, what advisories say, and whether a case is ready.

use super::*;
use crate::domain::record::Versioned;

fn said(known: &mut Versioned<RecordedFix>, recording: Recording) -> Result<String, String> {
    let recorded = record(known, recording, "operator:cora", at(1))?;
    known.value = serde_json::from_value(recorded.write.value).expect("a record");
    known.version += 1;
    Ok(recorded.said)
}

fn nothing() -> Versioned<RecordedFix> {
    Versioned { value: RecordedFix::new("SEC-2026-1", 7), version: 0 }
}

fn fix(series: &str, commit: &str) -> Recording {
    Recording::Fix { series: series.to_owned(), commit: commit.to_owned() }
}

fn not_affected(series: &str) -> Recording {
    Recording::NotAffected { series: series.to_owned(), why: "the code came later".parse().expect("a reason") }
}

#[test]
fn a_fix_is_a_set_of_commits_and_the_last_word_counts() {
    let mut known = nothing();
    for commit in ["ABCDEF1", "abcdef1", "abcdef2"] {
        said(&mut known, fix("5.1", commit)).expect("recorded");
    }
    let commits: Vec<_> = known.value.commits().collect();
    assert_eq!(commits, ["abcdef1", "abcdef2"]);
    let words = said(&mut known, not_affected("5.1")).expect("recorded");
    assert!(words.ends_with("the commits recorded for it are dropped"), "{words}");
    assert!(known.value.names_no_commit());
    let words = said(&mut known, fix("5.1", "abcdef1")).expect("recorded");
    assert!(words.ends_with("no longer called not affected"), "{words}");
    assert!(known.value.not_affected.is_empty());
    said(&mut known, Recording::Forget { series: "5.1".to_owned() }).expect("recorded");
    assert!(known.value.names_no_commit());
}

#[test]
fn what_is_said_keeps_who_and_when_and_tells_the_log_no_commit() {
    let mut known = nothing();
    let words = said(&mut known, fix("main", "abcdef1")).expect("recorded");
    assert!(!words.contains("abcdef1"));
    let recorded = &known.value.series["main"][0];
    assert_eq!((recorded.by.as_str(), recorded.at), ("operator:cora", at(1)));
    let fix = known.value.fix("SEC-2026-1", jiff::civil::date(2026, 11, 1), "main");
    assert_eq!(fix.main, Some(vec!["abcdef1".to_owned()]));
    assert!(fix.series.is_empty(), "what is recorded for main is not recorded for a series as well");
}

#[test]
fn nonsense_is_refused() {
    let mut known = nothing();
    for recording in
        [fix("5.1", "abc"), fix("5.1", "main"), fix("5.1", &"a".repeat(41)), fix("5 1", "abcdef1"), fix("", "abcdef1")]
    {
        assert!(said(&mut known, recording.clone()).is_err(), "{recording:?}");
    }
}

#[test]
fn saying_it_again_changes_nothing() {
    let mut known = nothing();
    said(&mut known, not_affected("5.1")).expect("recorded");
    let again = record(&known, not_affected("5.1"), "operator:tom", at(2)).expect("recorded");
    assert!(!again.changed);
}

#[test]
fn an_advisory_names_commits_of_its_own_repository() {
    let text = "Fixed in https://github.com/acme/framework/commit/ABCDEF0123 and \
                [this](https://github.com/acme/framework/pull/3/commits/1234567), not in \
                https://github.com/acme/other/commit/7654321 nor https://github.com/acme/framework/commit/abcdef0123.";
    assert_eq!(commits_named_in(text, &mirrored().repository), ["abcdef0123", "1234567"]);
    assert_eq!(commits_named_in("no link", &mirrored().repository), Vec::<String>::new());
}

#[test]
fn an_advisory_claims_the_versions_that_it_calls_patched() {
    let mut advisory = advisory();
    assert!(advisory.claims("5.1.1") && advisory.claims("v5.1.1") && !advisory.claims("5.1"));
    advisory.patched = vec![Patched::new("framework", ">= 5.1.1; v5.0.1")];
    assert!(advisory.claims("5.1.1") && advisory.claims("5.0.1"));
}

#[test]
fn a_case_is_ready_when_every_series_has_its_word() {
    let mut known = nothing();
    let cells = vec![
        cell("main", Verdict::Unknown, None),
        cell("5.0", Verdict::Missing, None),
        cell("5.1", Verdict::NotTaggedYet, None),
    ];
    let matrix = CaseCoverage::new("SEC-2026-1", at(0), cells);
    let missing = |known: &Versioned<RecordedFix>, matrix: Option<&CaseCoverage>| -> Vec<String> {
        let proof = Proof { recorded: known.value.clone(), matrix: matrix.cloned(), prepared: None };
        proof.not_ready().into_iter().map(|one| one.series).collect()
    };
    assert_eq!(missing(&known, Some(&matrix)), ["main", "5.0"]);
    said(&mut known, fix("main", "abcdef1")).expect("recorded");
    said(&mut known, not_affected("5.0")).expect("recorded");
    assert_eq!(missing(&known, Some(&matrix)), Vec::<String>::new());
    assert_eq!(missing(&known, None), [""], "nobody has looked");
    let trouble = CaseCoverage { trouble: Some("the mirror fails".to_owned()), ..matrix };
    assert_eq!(missing(&known, Some(&trouble)), ["5.1"], "what was proved is unknown, what was said still stands");
    assert!(trouble.cells().iter().all(|cell| cell.verdict == Verdict::Unknown));
}
