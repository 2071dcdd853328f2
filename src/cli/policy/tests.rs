use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: PolicyCommand,
}

struct Answer {
    outcome: Outcome,
    output: String,
    errors: String,
}

/// Runs a command line; the file name `-` reads `input`.
fn run(line: &[&str], input: &str, terminal: bool) -> Answer {
    let line = Line::try_parse_from([&["policy"], line].concat()).expect("a good command line");
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let outcome = line
        .command
        .run_with(&mut Streams { input: &mut input.as_bytes(), output: &mut output, errors: &mut errors, terminal })
        .expect("memory can be written");
    Answer {
        outcome,
        output: String::from_utf8(output).expect("UTF-8"),
        errors: String::from_utf8(errors).expect("UTF-8"),
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("writable");
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("UTF-8")
}

#[test]
fn a_good_policy_is_named_with_its_version() {
    let answer = run(&["check", "-"], "extends: django-2026\n", false);
    assert_eq!(answer.outcome, Outcome::Fine);
    assert!(answer.output.starts_with("standard input: ok, django-2026+"), "{}", answer.output);
    assert!(answer.errors.is_empty());
}

#[test]
fn mistakes_are_one_a_line_for_scripts_and_drawn_for_people() {
    let text = "extends: minimal\nredirect: { mode: sheild }\ncontct: {}\n";
    let plain = run(&["check", "-"], text, false);
    assert_eq!(plain.outcome, Outcome::Findings);
    assert_eq!(
        plain.output.lines().collect::<Vec<_>>(),
        [
            "standard input:2:19: `redirect.mode` is not one of observe, reply, shield; did you mean shield?",
            "standard input:3:1: `contct` is not a key of the policy; did you mean `contact`?",
        ]
    );
    let drawn = run(&["check", "-"], text, true);
    assert_eq!(drawn.outcome, Outcome::Findings);
    assert!(drawn.output.contains("redirect: { mode: sheild }"), "{}", drawn.output);
}

#[test]
fn several_files_are_each_judged() {
    let (good, bad) = (file("extends: minimal\n"), file("extends: maximal\n"));
    let answer = run(&["check", path(&good), path(&bad), "--json"], "", false);
    assert_eq!(answer.outcome, Outcome::Findings);
    let verdicts: serde_json::Value = serde_json::from_str(&answer.output).expect("JSON");
    assert_eq!(verdicts[0]["ok"], true);
    assert_eq!(verdicts[1]["ok"], false);
    assert_eq!(verdicts[1]["problems"][0]["line"], 1);
    assert_eq!(verdicts[1]["problems"][0]["column"], 10);
    assert!(verdicts[1]["problems"][0]["remedy"].is_string());
}

#[test]
fn what_cannot_be_read_is_bad_input_also_beside_findings() {
    let bad = file("extends: maximal\n");
    let answer = run(&["check", "/nowhere/embargod.yml", path(&bad)], "", false);
    assert_eq!(answer.outcome, Outcome::BadInput);
    assert!(answer.errors.contains("/nowhere/embargod.yml: can't be read"), "{}", answer.errors);
    assert!(answer.output.contains("`extends`"), "{}", answer.output);

    let latin1 = file("");
    std::fs::write(latin1.path(), b"extends: minimal # caf\xe9\n").expect("writable");
    let answer = run(&["check", path(&latin1)], "", false);
    assert_eq!(answer.outcome, Outcome::BadInput);
    assert!(answer.errors.contains("UTF-8"), "{}", answer.errors);
}

#[test]
fn a_large_file_is_told_to_be_large_wherever_it_is_cut() {
    for start in ["#", "# "] {
        let answer = run(&["check", "-"], &format!("{start}{}", "é".repeat(MAX_BYTES)), false);
        assert_eq!(answer.outcome, Outcome::Findings, "{}", answer.errors);
        assert!(answer.output.contains("larger than 65536 bytes"), "{}", answer.output);
    }
}

#[test]
fn every_shown_value_names_its_origin() {
    let (org, repository) =
        (file("extends: django-2026\nredirect:\n  mode: shield\n"), file("contact:\n  email: security@example.org\n"));
    let answer = run(&["show", path(&repository), "--org", path(&org)], "", false);
    assert_eq!(answer.outcome, Outcome::Fine);
    let has = |line: &str| {
        assert!(answer.output.lines().any(|shown| shown == line), "{line}\n{}", answer.output);
    };
    has(&format!("redirect.mode: \"shield\"   # from {}:3:9", path(&org)));
    has(&format!("contact.email: \"security@example.org\"   # from {}:2:10", path(&repository)));
    has("acknowledgment.within_working_days: 3   # from django-2026");
    has("acknowledgment.zone: \"Z\"   # from built in");
    assert!(answer.output.lines().skip(1).all(|line| line.contains("   # from ")));
}

#[test]
fn without_a_file_the_policy_of_repositories_without_one_is_shown() {
    let answer = run(&["show"], "", false);
    assert!(answer.output.contains("redirect.mode: \"observe\"   # from built in"));
}

#[test]
fn shown_json_holds_policy_and_origins() {
    let answer = run(&["show", "-", "--json"], "extends: minimal\n", false);
    let shown: serde_json::Value = serde_json::from_str(&answer.output).expect("JSON");
    assert_eq!(shown["policy"]["redirect"]["mode"], "reply");
    assert_eq!(shown["origins"]["redirect.mode"]["preset"], "minimal");
    assert_eq!(shown["origins"]["extends"]["file"]["line"], 1);
}

#[test]
fn a_policy_with_mistakes_is_not_shown() {
    let answer = run(&["show", "-"], "extends: maximal\n", false);
    assert_eq!(answer.outcome, Outcome::Findings);
    assert_eq!(answer.output.lines().count(), 1);
}

#[test]
fn the_schema_is_json() {
    let answer = run(&["schema"], "", false);
    let schema: serde_json::Value = serde_json::from_str(&answer.output).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}
