//! Whatever somebody writes: an answer, with places inside the text.

use proptest::prelude::*;

use super::*;

fn check(text: &str) -> Result<(), TestCaseError> {
    match parse_one("policy.yml", text) {
        Ok(effective) => {
            let redirect = &effective.policy.redirect;
            let (act_at, reply_at) = (redirect.act_at.probability(), redirect.reply_at.probability());
            prop_assert!(0.0 < reply_at);
            prop_assert!(reply_at <= act_at);
            prop_assert!(act_at <= 1.0);
            prop_assert!((1..=365).contains(&effective.policy.embargo.max_days));
        }
        Err(error) => {
            prop_assert!(!error.problems.is_empty());
            let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() as u64;
            for problem in &error.problems {
                prop_assert!((1..=lines + 1).contains(&problem.line), "{problem:?}");
                prop_assert!(!problem.remedy.is_empty());
                problem.draw(&miette::GraphicalReportHandler::new());
            }
        }
    }
    Ok(())
}

/// Texts out of the words of policies, which get further than arbitrary ones.
fn almost_a_policy() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "extends",
        "minimal",
        "django-2026",
        "redirect",
        "mode",
        "shield",
        "act_at",
        "reply_at",
        "a_miss_is_worth",
        "prior",
        "auto",
        "allow",
        "titles",
        "contact",
        "email",
        "a@b.c",
        "desk",
        "kind",
        "repository",
        "roles",
        "triager",
        "@tom",
        "embargo",
        "window",
        "days",
        "tue",
        "from",
        "\"13:00Z\"",
        "to",
        "\"16:00\"",
        "max_days",
        "series",
        "releases",
        "lts",
        "\"4.2\"",
        "4.2",
        "2026-04-07",
        "latest",
        "acknowledgment",
        "within_hours",
        "severity",
        "classes",
        "evaluation",
        "checklist",
        "id",
        "question",
        ": ",
        ": ",
        ": ",
        ":\n  ",
        "\n",
        "\n",
        "\n  ",
        "- ",
        "{ ",
        " }",
        "[",
        "]",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "null",
        "~",
        "0.5",
        "-1",
        "1e400",
        ".nan",
        "true",
        "!!str ",
        "!x ",
        "|\n  ",
        "# ",
        "---\n",
        "\"",
        "'",
        "\t",
        "\u{feff}",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_gets_an_answer(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn almost_policies_get_an_answer(text in almost_a_policy()) {
        check(&text)?;
    }

    #[test]
    fn a_key_with_a_typing_mistake_is_never_accepted(position in 0usize..8, letter in "[a-z]") {
        let mut key = "redirect".to_owned();
        key.replace_range(position..=position, &letter);
        prop_assume!(key != "redirect");
        let told = complaints(&format!("{key}: {{ mode: shield }}\n"));
        prop_assert_eq!(told.len(), 1);
        prop_assert!(told[0].contains("did you mean `redirect`?"));
    }

    #[test]
    fn a_policy_reads_back_from_its_own_json(
        act_at in 0.5f64..=1.0,
        days in 1u32..=365,
        mode in prop::sample::select(vec!["observe", "reply", "shield"]),
    ) {
        let text = format!(
            "extends: django-2026\nredirect: {{ mode: {mode}, act_at: {act_at:?} }}\nembargo: {{ max_days: {days} }}\n"
        );
        let first = policy(&text);
        prop_assert_eq!(policy(&first.canonical_json()), first);
    }
}
