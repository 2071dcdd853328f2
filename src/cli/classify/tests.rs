//! Stories of `embargod classify`.

use serde_json::{Value, json};

use super::*;

fn answers(input: &str) -> Result<Vec<Value>, ClassifyError> {
    let mut output = Vec::new();
    rows(&builtin(), input.as_bytes(), &mut output)?;
    let text = String::from_utf8(output).expect("answers are UTF-8");
    Ok(text.lines().map(|line| serde_json::from_str(line).expect("each answer is JSON")).collect())
}

#[test]
fn each_row_gets_one_line_in_the_same_order_with_its_id_as_given() {
    let input = concat!(
        r#"{"id":"a-1","title":"Stored XSS in the guest book","body":"An attacker can run script in every visitor's session."}"#,
        "\n",
        r#"{"id":7,"title":"Typo in the manual","body":null,"labels":["docs"]}"#,
        "\n\n",
        r#"{"title":"Where do I download it?"}"#,
    );
    let answers = answers(input).expect("three good rows");
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&json!("a-1"), &json!(7), &Value::Null]);
    let classes: Vec<&Value> = answers.iter().map(|answer| &answer["class"]).collect();
    assert_eq!(classes, [&json!("disclosure"), &json!("ordinary"), &json!("ordinary")]);
}

#[test]
fn an_answer_has_exactly_the_published_shape() {
    let row = r#"{"id":1,"title":"SQL injection in login","body":"An attacker can read any table."}"#;
    let answer = answers(row).expect("a good row").remove(0);
    let keys = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
    let published = ["class", "id", "probabilities", "reasons", "score"].map(str::to_owned);
    assert_eq!(keys(&answer), Some(published.to_vec()));
    let probabilities = answer["probabilities"].as_object().expect("an object");
    assert_eq!(probabilities.len(), 5);
    let total: f64 = probabilities.values().filter_map(Value::as_f64).sum();
    assert!((total - 1.0).abs() < 1e-9, "probabilities add up to {total}");
    let private =
        probabilities["disclosure"].as_f64().unwrap_or(0.0) + probabilities["asks_channel"].as_f64().unwrap_or(0.0);
    assert!((answer["score"].as_f64().expect("a number") - private).abs() < 1e-9);
    let reasons = answer["reasons"].as_array().expect("an array");
    assert!(!reasons.is_empty());
    for reason in reasons {
        let published = ["feature", "text", "weight", "where"].map(str::to_owned);
        assert_eq!(keys(reason), Some(published.to_vec()));
    }
}

#[test]
fn a_bad_row_is_named_by_its_line_and_never_quoted() {
    for bad in [
        r#"{"id":2,"title":"hunter2""#,
        "hunter2",
        r#"["hunter2"]"#,
        r#"{"title":{"a":"hunter2"}}"#,
        r#"{"title":"hunter2","body":17}"#,
    ] {
        let input = format!("{}\n{bad}\n", r#"{"id":1}"#);
        let error = answers(&input).expect_err("the second line is bad");
        assert_eq!(error.exit_code(), USAGE);
        let told = error.to_string();
        assert!(told.starts_with("line 2: ") && told.contains("each line must be one object"), "{told}");
        assert!(!told.contains("hunter2"), "the text is quoted: {told}");
    }
}

#[test]
fn rows_before_a_bad_one_are_answered() {
    let mut output = Vec::new();
    let outcome = rows(&builtin(), "{\"id\":1}\nnot json\n".as_bytes(), &mut output);
    assert!(outcome.is_err());
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn a_file_that_is_not_there_is_an_input_error() {
    assert_eq!(
        run(ClassifyArgs {
            jsonl: Some(PathBuf::from("/nowhere/rows.jsonl")),
            explain: false,
            kind: None,
            known: KnownArgs::default()
        }),
        USAGE
    );
}

#[test]
fn the_first_line_on_standard_input_is_the_title() {
    let post =
        "Where can I report a vulnerability privately?\r\nI found a security issue and there is no SECURITY.md.\n";
    let mut output = Vec::new();
    one_post(&builtin(), post.as_bytes(), &mut output, false).expect("a good post");
    let answer: Value = serde_json::from_slice(&output).expect("one JSON line");
    assert_eq!(answer["class"], "asks_channel");
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count(), 1);

    let mut words = Vec::new();
    one_post(&builtin(), post.as_bytes(), &mut words, true).expect("a good post");
    let words = String::from_utf8(words).expect("UTF-8");
    assert!(words.starts_with("class    asks_channel\n"), "{words}");
    assert!(words.contains("linear-2"), "{words}");
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let error = rows(&builtin(), r#"{"id":1}"#.as_bytes(), &mut Closed).expect_err("nobody reads");
    assert_eq!(error.exit_code(), FINE);
}

#[test]
fn bytes_that_are_no_text_are_survived() {
    let mut output = Vec::new();
    assert!(rows(&builtin(), &b"\xff\xfe{}\n"[..], &mut output).is_err());
    assert!(one_post(&builtin(), &b"\xff\xfe\n\x00"[..], &mut output, false).is_ok());
}

fn known(policy: &str) -> explain::Circumstances {
    explain::Circumstances {
        association: Association::None,
        is_bot: false,
        labels: Vec::new(),
        changed_files: Vec::new(),
        policy: parse_one("policy.yml", policy).expect("a valid policy").policy,
        now: "2026-11-21T12:00:00Z".parse().expect("an instant"),
    }
}

const REPORT: (&str, &str) =
    ("SQL injection in the report filter", "Steps:\n\nAn unauthenticated attacker can read the whole user table.\n");

fn page(post: (&str, &str), known: &explain::Circumstances, marking: explain::Marking) -> String {
    explain::page(&builtin(), post, known, marking)
}

#[test]
fn an_explained_post_is_shown_with_carets_below_what_speaks() {
    let shown = page(REPORT, &known("extends: minimal\nredirect: { mode: shield }"), explain::Marking::Carets);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "  SQL injection in the report filter");
    assert!(lines[1].trim_start().chars().all(|c| c == '^' || c == ' ' || c.is_ascii_digit()), "{shown}");
    assert!(lines[1].contains('^') && lines[1].len() <= lines[0].len(), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours");
    for part in ["  An unauthenticated attacker", "\nclass    disclosure\n", "\nbecause  ", " would "] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn on_a_terminal_marks_are_colours_and_the_post_cannot_command_it() {
    let hostile = ("SQL injection \u{1b}[2Jin the \u{202e}report filter", "An attacker can read all rows.\u{7}\r\n");
    let shown = page(hostile, &known("extends: minimal"), explain::Marking::Colours);
    assert!(shown.contains("\u{1b}[4m"), "{shown:?}");
    assert!(!shown.contains("\u{1b}[2J") && !shown.contains('\u{202e}') && !shown.contains('\u{7}'), "{shown:?}");
    let plain = page(hostile, &known("extends: minimal"), explain::Marking::Carets);
    assert!(!plain.contains('\u{1b}') && !plain.contains('\r'));
}

#[test]
fn the_policy_and_what_is_known_besides_decide_what_would_be_done() {
    let mut circumstances = known("extends: minimal\nredirect: { mode: shield, allow: { labels: [ctf] } }");
    circumstances.labels = vec!["CTF".to_owned()];
    let shown = page(REPORT, &circumstances, explain::Marking::Carets);
    assert!(shown.contains("would leave it alone") && shown.contains("`redirect.allow.labels[0]`"), "{shown}");
    circumstances.labels.clear();
    circumstances.is_bot = true;
    let shown = page(REPORT, &circumstances, explain::Marking::Carets);
    assert!(shown.contains("besides  the words") && shown.contains("a bot or App wrote it (-2.00)"), "{shown}");
}

#[test]
fn long_lines_are_broken_and_long_bodies_shown_where_they_are_marked() {
    let long = format!("{}An attacker can read the whole user table.{}", "word ".repeat(60), "\nline".repeat(200));
    let shown = page((REPORT.0, &long), &known("extends: minimal"), explain::Marking::Carets);
    let post: Vec<&str> = shown.lines().take_while(|line| !line.starts_with("class")).collect();
    assert!(post.iter().all(|line| line.chars().count() <= 98), "{shown}");
    assert!(shown.contains("lines without a mark)"), "{shown}");
    let wide = "\u{6f22}\u{5b57}".repeat(300);
    let shown = page((&wide, &wide), &known("extends: minimal"), explain::Marking::Carets);
    assert_eq!(shown.matches('\u{6f22}').count(), 600, "nothing of it is lost");
}

#[test]
fn a_commit_is_asked_whether_it_gives_a_fix_away() {
    let mut output = Vec::new();
    let rows = "{\"id\":1,\"title\":\"Fixed SQL injection in filters\"}\n{\"id\":2,\"title\":\"Added tests\"}\n";
    giveaway::rows(TextKind::Commit, rows.as_bytes(), &mut output).expect("good rows");
    let text = String::from_utf8(output).expect("UTF-8");
    let told: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!([&told[0]["gives_away"], &told[1]["gives_away"]], [&json!(true), &json!(false)]);
    let mut words = Vec::new();
    giveaway::one(TextKind::Branch, "fix-xss-in-admin".as_bytes(), &mut words, true).expect("a good name");
    assert!(String::from_utf8(words).expect("UTF-8").starts_with("would give a fix away"));
}
