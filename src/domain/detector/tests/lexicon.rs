//! The lexicon and the weights fit together.

use std::collections::HashSet;

use crate::domain::detector::features::STRUCTURES;
use crate::domain::detector::lexicon::{concepts, expand, patterns_of, translated};
use crate::domain::detector::matching::{BUDGET_BYTES, Matcher};
use crate::domain::detector::text::segment;

/// The concepts found in a body, in prose or code.
fn found_in(body: &str) -> Vec<&'static str> {
    let matcher = Matcher::compile().expect("the lexicon compiles");
    let found = matcher.find(&segment("", body));
    let names = matcher.names().iter().zip(found);
    names.filter(|(_, found)| found.anywhere()).map(|(name, _)| *name).collect()
}

#[test]
fn names_are_unique_and_translations_have_their_concept() {
    let mut names = HashSet::new();
    for name in concepts().map(|(_, concept)| concept.name).chain(STRUCTURES.iter().map(|structure| structure.name)) {
        assert!(names.insert(name), "{name} twice");
    }
    for name in translated() {
        assert!(names.contains(name), "{name} is translated but does not exist");
    }
}

#[test]
fn every_expression_compiles() {
    let matcher = Matcher::compile().expect("the lexicon compiles");
    assert_eq!(matcher.broken(), Vec::<&str>::new());
}

#[test]
fn every_pattern_is_lower_case_and_spelt_out() {
    let mut looked_at = 0;
    for (_, concept) in concepts() {
        assert!(!concept.says.is_empty() && !concept.patterns.is_empty());
        for pattern in patterns_of(concept) {
            looked_at += 1;
            let expanded = expand(pattern);
            assert!(!expanded.contains("{v") && !expanded.contains("{a") && !expanded.contains("{s"), "{expanded}");
            assert_eq!(pattern, pattern.to_lowercase(), "text is lower case, so patterns must be");
        }
    }
    assert!(looked_at > 500);
}

#[test]
fn words_must_meet_in_one_sentence() {
    assert!(found_in("The pickle comes from an untrusted source.").contains(&"deserialisation"));
    assert!(!found_in("We love pickle very much. The source is untrusted.").contains(&"deserialisation"));
}

#[test]
fn a_gap_has_an_order_and_a_length() {
    assert!(found_in("Anyone can delete it.").contains(&"outsider_can"));
    assert!(!found_in("Can this be explained to anyone?").contains(&"attacker_can"));
    assert!(found_in("An attacker with a normal account can read it.").contains(&"attacker_can"));
    assert!(
        !found_in("An attacker is one of the many things that nobody in this old town can see.")
            .contains(&"attacker_can")
    );
}

#[test]
fn words_start_where_words_start() {
    assert!(found_in("There is an rce here.").contains(&"code_execution"));
    assert!(!found_in("The source is a resource.").contains(&"code_execution"));
}

#[test]
fn alternatives_that_begin_with_a_sign_are_found_too() {
    assert!(found_in("One can upload shell.php files without a check.").contains(&"file_upload"));
}

#[test]
fn a_text_made_to_be_slow_ends_soon_and_hides_only_what_comes_late() {
    let words = concepts().flat_map(|(_, concept)| patterns_of(concept)).collect::<Vec<_>>().join(" ");
    let body = words.repeat(1 + 60_000 / words.len());
    let matcher = Matcher::compile().expect("the lexicon compiles");
    let segments = segment("SQL injection by a crafted request", &body);
    assert!(matcher.work(&segments) <= BUDGET_BYTES);
    let found = matcher.find(&segments);
    let names = matcher.names().iter().zip(found);
    assert!(names.filter(|(_, found)| found.title).any(|(name, _)| *name == "crafted_input"));
}
