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
    assert_eq!(run(ClassifyArgs { jsonl: Some(PathBuf::from("/nowhere/rows.jsonl")) }), USAGE);
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
