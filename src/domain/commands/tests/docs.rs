//! The documents that are made from the program agree with it. A test that fails shows the text to put there.

use crate::domain::{
    case::{EMBARGO, EmbargoEvent, EmbargoState, HANDLING, Handling, HandlingEvent, transition::mermaid},
    commands::*,
};

const COMMANDS: &str = include_str!("../../../../docs/commands.md");
const CASES: &str = include_str!("../../../../docs/cases.md");

/// The part between two marks.
fn between<'t>(text: &'t str, name: &str) -> &'t str {
    let begin = format!("<!-- {name}: made from the program, held by a test -->\n");
    let end = format!("<!-- end of {name} -->");
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{name} begins nowhere"));
    rest.split_once(&end).unwrap_or_else(|| panic!("{name} ends nowhere")).0
}

#[track_caller]
fn agrees(document: &str, name: &str, made: &str) {
    let written = between(document, name);
    assert!(written.trim() == made.trim(), "put this between the marks of {name}:\n{made}");
}

#[test]
fn the_reference_of_commands_is_what_the_program_knows() {
    agrees(COMMANDS, "commands", &reference());
}

#[test]
fn the_diagrams_are_what_the_program_does() {
    let handling = mermaid(HANDLING, Handling::Received, Handling::word, HandlingEvent::words);
    agrees(CASES, "handling", &format!("```mermaid\n{handling}```"));
    let embargo = mermaid(EMBARGO, EmbargoState::None, EmbargoState::word, EmbargoEvent::words);
    agrees(CASES, "embargo", &format!("```mermaid\n{embargo}```"));
}

#[test]
fn the_list_of_clocks_is_what_the_program_runs() {
    let policy = super::stage::policy();
    let mut table = "| clock | asks that | comes from |\n|---|---|---|\n".to_owned();
    for rule in crate::domain::clocks::RULES {
        table.push_str(&format!("| `{}` | {} | `{}` |\n", rule.name, rule.asks, (rule.key)(&policy)));
    }
    agrees(CASES, "clocks", &table);
}

#[test]
fn every_verb_of_the_issue_is_there_once() {
    let names: Vec<&str> = Verb::all().map(|verb| verb.name).collect();
    for name in "ack assign unassign handover need check checklist accept reject reopen duplicate upstream class severity \
                 cvss cwe affects not-affected track cve embargo extend shorten lift exploited leak exposure credit note \
                 status timeline explain help undo confirm not-security case"
        .split_whitespace()
    {
        assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name}");
    }
}
