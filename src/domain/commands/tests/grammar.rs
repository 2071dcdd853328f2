//! What is read as a command, and what is said about the rest.

use proptest::prelude::*;

use super::stage::{at, policy};
use crate::domain::commands::{values::*, *};

fn read(text: &str) -> Vec<String> {
    let policy = policy();
    parse(text, &Reading { now: at("2025-09-08T09:00:00Z"), policy: &policy })
        .into_iter()
        .map(|parsed| match parsed {
            Parsed::Command(command) => format!("/{} on line {}", command.verb.name, command.line),
            Parsed::Problem { problem, .. } => problem.to_string(),
        })
        .collect()
}

#[test]
fn several_commands_stand_in_one_comment_between_words() {
    let text =
        "Thank you!\n\n/ack\n\nI think this is real.\n  /assign @cora\n/check supported yes -- see the \"matrix\"\n";
    assert_eq!(read(text), ["/ack on line 3", "/assign on line 6", "/check on line 7"]);
    assert_eq!(read("/ACK\r\n/Status\r\n"), ["/ack on line 1", "/status on line 2"]);
}

#[test]
fn nothing_fires_in_code_quotes_html_links_or_mail() {
    for text in [
        "`/ack`",
        "```\n/ack\n```",
        "~~~~\n/ack",
        "    /ack",
        "> /ack",
        "> they said\n/ack",
        "<!-- \n/ack\n-->",
        "<!-- never closed\n\n/ack",
        "<div>\n/ack\n</div>",
        "hidden <!--\n/ack\n--> here",
        "[words\n/ack](https://example.org)",
        "[label]:\n/ack",
        "please /ack",
        "- /ack",
        "# /ack",
        "Thanks.\n\n-- \n/ack",
        "On Tue, 9 Sep 2025 at 17:00, Tom <tom@example.org> wrote:\n\n/ack",
        "On Tue, 9 Sep 2025 at 17:00, Tom\n<tom@example.org> wrote:\n/ack",
        "-----Original Message-----\n/ack",
        "/etc/passwd",
        "/",
        "/ ack",
        "//ack",
        "/cc @tom",
        "/home is where it is",
    ] {
        assert!(read(text).is_empty(), "{text}: {:?}", read(text));
    }
    // Own words go on below a marked quote.
    let reply = "On Tue, 9 Sep 2025 at 17:00, Tom <tom@example.org> wrote:\n\n> /reject spam\n\n/ack";
    assert_eq!(read(reply), ["/ack on line 5"]);
}

#[test]
fn errors_say_where_what_and_what_was_meant() {
    for (text, said) in [
        ("/acept", "Line 1, column 1: expected a command that exists. Did you mean `/accept`?"),
        ("hello\n\n  /embarg until +7d", "Line 3, column 3: expected a command that exists. Did you mean `/embargo`?"),
        (
            "/embargo until 2025-10-01T13:00",
            "Line 1, column 16: expected a zone at the end of the date: Z or an offset such as +02:00.",
        ),
        ("/embargo until soon", "Line 1, column 16: expected a date such as 2025-10-01T13:00Z, +7d or `tue 14:00Z`."),
        ("/embargo until", "Line 1, column 15: expected a date such as 2025-10-01T13:00Z, +7d or `tue 14:00Z`."),
        ("/extend +7d", "Line 1, column 12: expected text behind ` -- `."),
        ("/affects 5.x.2", "Line 1, column 10: expected a series such as main or 5.2."),
        ("/accept now", "Line 1, column 9: expected nothing more; put free text behind ` -- `."),
        ("/severity high --overide -- x", "Line 1, column 16: expected a flag of this command."),
        ("/credit \"Rae", "Line 1, column 9: expected a closing quote."),
        ("/assign cora", "Line 1, column 9: expected a person such as @login."),
        ("/cwe 89", "Line 1, column 6: expected a weakness such as CWE-89."),
        (
            "/duplicate 12",
            "Line 1, column 12: expected a case such as SEC-2026-7, or an advisory such as GHSA-2222-3333-4444.",
        ),
    ] {
        assert_eq!(read(text), [said], "{text}");
    }
    let class = &read("/class sql-injektion")[0];
    assert!(class.contains("Did you mean `sql-injection`?") && class.contains("denial-of-service"), "{class}");
    let item = &read("/check suported yes")[0];
    assert!(item.contains("Did you mean `supported`?"), "{item}");
    // The whole comment is answered, also where a word is far from every verb.
    assert_eq!(read("/ack\n/frobnicate").len(), 2);
}

#[test]
fn an_error_never_repeats_what_was_written() {
    let secret = "CHANGEME-hunter2";
    for verb in Verb::all() {
        for text in [format!("/{} {secret}", verb.name), format!("/{} --{secret}", verb.name)] {
            for said in read(&text) {
                assert!(!said.contains(secret), "{text}: {said}");
            }
        }
    }
}

#[test]
fn dates_need_a_zone_and_become_absolute() {
    let now = at("2025-09-08T09:00:30Z"); // a Monday
    for (text, meant) in [
        ("2025-10-01T13:00Z", "2025-10-01T13:00:00Z"),
        ("2025-10-01T13:00:10Z", "2025-10-01T13:00:10Z"),
        ("2025-10-01t13:00z", "2025-10-01T13:00:00Z"),
        ("2025-10-01T13:00+02:00", "2025-10-01T11:00:00Z"),
        ("2025-10-01T00:30-09:30", "2025-10-01T10:00:00Z"),
        ("+7d", "2025-09-15T09:01:00Z"),
        ("+36h", "2025-09-09T21:01:00Z"),
        ("+2w", "2025-09-22T09:01:00Z"),
    ] {
        assert_eq!(date(text, now), Ok(at(meant)), "{text}");
    }
    for text in ["2025-10-01T13:00", "2025-10-01T13:00CET"] {
        assert_eq!(date(text, now), Err(Expected::Zone), "{text}");
    }
    for text in
        ["2025-10-01", "2025-02-30T13:00Z", "2025-10-01T25:00Z", "+7", "+d", "+99999d", "7d", "tomorrow", "", "+-7d"]
    {
        assert!(date(text, now).is_err(), "{text}");
    }
    assert_eq!(weekday("tue", "14:00Z", now), Ok(at("2025-09-09T14:00:00Z")));
    assert_eq!(weekday("mon", "14:00Z", now), Ok(at("2025-09-08T14:00:00Z")));
    assert_eq!(weekday("Monday", "08:00Z", now), Ok(at("2025-09-15T08:00:00Z")));
    assert_eq!(weekday("tue", "01:00+03:00", now), Ok(at("2025-09-08T22:00:00Z")));
    assert_eq!(weekday("tue", "14:00", now), Err(Expected::Zone));
    // Both writings of a weekday in a command.
    assert_eq!(read("/extend tue 14:00Z -- x"), ["/extend on line 1"]);
    assert_eq!(read("/extend \"tue 14:00Z\" -- x"), ["/extend on line 1"]);
}

#[test]
fn ids_are_read_strictly_and_written_one_way() {
    let policy = policy();
    assert_eq!(cve("cve-2025-12345"), Ok("CVE-2025-12345".to_owned()));
    for text in ["CVE-2025-123", "CVE-25-1234", "CVE-2025-", "CVE-2025-1234x", "CVE-2025-12345678901234567890"] {
        assert!(cve(text).is_err(), "{text}");
    }
    assert_eq!(ghsa("ghsa-2222-3333-4444"), Ok("GHSA-2222-3333-4444".to_owned()));
    assert!(ghsa("GHSA-1111-3333-4444").is_err());
    assert_eq!(series("5.2.x", &policy), Ok("5.2".to_owned()));
    assert_eq!(series("MAIN", &policy), Ok("main".to_owned()));
    assert!(series("5.", &policy).is_err());
    assert_eq!(user("@cora,"), Ok("cora".to_owned()));
    assert!(user("@acme/team").is_err());
    assert_eq!(cwe("cwe-89"), Ok(89));
    assert!(cwe("CWE-0").is_err());
}

#[test]
fn cvss_is_scored_by_both_versions() {
    for (vector, score, rating) in [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0, "none"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, "critical"),
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 4.8, "medium"),
    ] {
        let scored = cvss(vector).expect(vector);
        assert!((scored.score - score).abs() < 0.05, "{vector}: {}", scored.score);
        assert_eq!((scored.rating, scored.vector.as_str()), (rating, vector));
    }
    for vector in
        ["CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:N", "9.8", ""]
    {
        assert!(cvss(vector).is_err(), "{vector}");
    }
}

#[test]
fn a_comment_is_read_within_bounds() {
    let many = "/note -- x\n".repeat(MOST_COMMANDS + 5);
    let read_many = read(&many);
    assert_eq!(read_many.len(), MOST_COMMANDS + 1);
    assert!(read_many[MOST_COMMANDS].contains("fewer commands"), "{}", read_many[MOST_COMMANDS]);
    let long = format!("/ack\n{}", "x".repeat(LONGEST));
    assert_eq!(
        read(&long),
        ["Line 1, column 1: expected a shorter comment; commands in comments this long are not read."]
    );
    assert!(read(&"x".repeat(LONGEST + 1)).is_empty());
}

#[test]
fn every_example_of_the_help_is_understood() {
    let policy = policy();
    let mut seen = 0;
    for verb in Verb::all() {
        assert!(!verb.examples.is_empty(), "{}", verb.name);
        assert!(verb.usage.starts_with(&format!("/{}", verb.name)), "{}", verb.usage);
        for example in verb.examples {
            let parsed = parse(example, &Reading { now: at("2025-09-08T09:00:00Z"), policy: &policy });
            match parsed.as_slice() {
                [Parsed::Command(command)] => assert_eq!(command.verb.name, verb.name, "{example}"),
                [Parsed::Problem { problem, .. }] => panic!("{example}: {problem}"),
                other => panic!("{example}: {} commands", other.len()),
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

fn near_commands() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = Verb::all().map(|verb| verb.name).collect();
    let word = prop_oneof![
        Just("--".to_owned()),
        Just("2025-10-01T13:00Z".to_owned()),
        Just("\"open".to_owned()),
        Just("> ".to_owned()),
        Just("```\n".to_owned()),
        Just("<!--".to_owned()),
        Just("On 1 wrote:\n".to_owned()),
        proptest::sample::select(names).prop_map(|name| format!("\n/{name}")),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ];
    proptest::collection::vec(word, 0..30).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![any::<String>(), near_commands()]) {
        let policy = policy();
        let parsed = parse(&text, &Reading { now: at("2025-09-08T09:00:00Z"), policy: &policy });
        prop_assert!(parsed.len() <= MOST_COMMANDS + 1);
        for line in &parsed {
            let written = text.lines().nth(line.line() - 1).unwrap_or_default();
            prop_assert!(written.trim_start().starts_with('/'), "{written}");
        }
    }

    #[test]
    fn what_is_quoted_never_fires(text in near_commands()) {
        let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
        prop_assert_eq!(read(&quoted), Vec::<String>::new());
    }
}
