//! Each mistake is told with its place and its remedy, and several of them at once.

use super::*;

#[track_caller]
fn only_complaint(text: &str, expected: &str) {
    assert_eq!(complaints(text), [expected], "about {text:?}");
}

#[test]
fn a_misspelt_key_is_told_with_the_nearest_one() {
    only_complaint(
        "extends: minimal\nredirct:\n  mode: shield\n",
        "policy.yml:2:1: `redirct` is not a key of the policy; did you mean `redirect`?",
    );
    only_complaint(
        "redirect:\n  replyat: 0.4\n",
        "policy.yml:2:3: `redirect.replyat` is not a key of the policy; did you mean `reply_at`?",
    );
    only_complaint(
        "contact: { telephone: none }",
        "policy.yml:1:12: `contact.telephone` is not a key of the policy; known here: private_reporting, email, \
         security_page",
    );
}

#[test]
fn a_misspelt_word_is_told_with_the_nearest_one() {
    only_complaint(
        "redirect: { mode: sheild }",
        "policy.yml:1:19: `redirect.mode` is not one of observe, reply, shield; did you mean shield?",
    );
    only_complaint(
        "extends: django-2025",
        "policy.yml:1:10: `extends` is not one of django-2018, django-2024, django-2026, minimal; \
         did you mean django-2024?",
    );
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines() {
    let text = r#"extends: django-2026
redirect:
  mode: hide
  act_at: high
contct: {}
desk: { kind: repository, repository: security }
roles:
  coordinator: ["@acme/security", tom]
embargo:
  window: { days: [tue, wend], from: "13:00", to: "16:00Z" }
series:
  lts: { "4.2": 2026-04-07T10:00Z, "5.2": 2028-04-31 }
acknowledgment:
"#;
    let places: Vec<String> = complaints(text).iter().map(|line| line.split(['`', ';']).take(2).collect()).collect();
    assert_eq!(
        places,
        [
            "policy.yml:3:9: redirect.mode",
            "policy.yml:4:11: redirect.act_at",
            "policy.yml:5:1: contct",
            "policy.yml:6:39: desk.repository",
            "policy.yml:8:35: roles.coordinator[1]",
            "policy.yml:10:25: embargo.window.days[1]",
            "policy.yml:10:38: embargo.window.from",
            "policy.yml:12:17: series.lts.\"4.2\"",
            "policy.yml:12:43: series.lts.\"5.2\"",
            "policy.yml:13:15: acknowledgment",
        ]
    );
}

#[test]
fn times_need_a_zone() {
    only_complaint(
        "embargo: { window: { days: [tue], from: \"13:00\", to: \"16:00Z\" } }",
        "policy.yml:1:41: `embargo.window.from` has no zone; add \"Z\" for UTC or an offset, such as \"13:00Z\"",
    );
}

#[test]
fn a_window_starts_and_ends_on_one_day_in_one_zone() {
    let window = |from: &str, to: &str| {
        complaints(&format!("embargo: {{ window: {{ days: [tue], from: \"{from}\", to: \"{to}\" }} }}"))
    };
    assert!(window("13:00Z", "16:00Z").is_empty());
    assert!(window("13:00+02:00", "16:00+02:00").is_empty());
    assert!(window("13:00Z", "13:00Z")[0].contains("is not after `from`"));
    assert!(window("16:00Z", "13:00Z")[0].contains("is not after `from`"));
    assert!(window("13:00Z", "16:00+02:00")[0].contains("has another zone than `from`"));
    for wrong in ["24:00Z", "13:60Z", "1:00Z", "13:00z", "13:00CET", "13.00Z", "ä:00Z"] {
        assert_eq!(window(wrong, "23:59Z").len(), 1, "{wrong}");
    }
}

#[test]
fn the_bar_for_answering_is_not_above_the_bar_for_hiding() {
    only_complaint(
        "extends: minimal\nredirect: { act_at: 0.02 }",
        "policy.yml:2:21: `redirect.reply_at` (from minimal) is above `redirect.act_at`; posts are answered from a \
         lower probability than they are hidden",
    );
    assert!(complaints("redirect: { act_at: 0.4, reply_at: 0.4 }").is_empty());
    for wrong in ["0", "-0.1", "1.01", ".nan", ".inf"] {
        let told = complaints(&format!("redirect: {{ act_at: {wrong} }}"));
        assert!(told[0].contains("`redirect.act_at`"), "{wrong}: {told:?}");
    }
    assert!(complaints("redirect: { act_at: 1, reply_at: 1 }").is_empty());
}

#[test]
fn a_desk_in_a_repository_needs_the_repository() {
    only_complaint(
        "desk: { kind: repository }",
        "policy.yml:1:15: `desk.kind` needs `desk.repository`; name the private repository, such as acme/security",
    );
    assert!(complaints("desk: { kind: repository, repository: acme/security }").is_empty());
}

#[test]
fn an_acknowledgment_is_promised_in_one_way() {
    only_complaint(
        "acknowledgment:\n  within_hours: 24\n  within_working_days: 2\n",
        "policy.yml:2:17: `acknowledgment.within_hours` stands beside `within_working_days`; keep one of the two",
    );
}

#[test]
fn bounds_hold_on_both_sides() {
    for (key, good, wrong) in [
        ("embargo: { max_days: N }", ["1", "365"], ["0", "366"]),
        ("series: { latest: N }", ["0", "20"], ["-1", "21"]),
        ("notices: { prenotify_days: N }", ["0", "14"], ["-1", "15"]),
        ("clocks: { stall_days: N }", ["1", "365"], ["0", "366"]),
        ("acknowledgment: { within_hours: N }", ["1", "720"], ["0", "721"]),
        ("reports: { open_per_reporter: N }", ["0", "100"], ["-1", "101"]),
    ] {
        for number in good {
            assert!(complaints(&key.replace('N', number)).is_empty(), "{key} {number}");
        }
        for number in wrong {
            assert_eq!(complaints(&key.replace('N', number)).len(), 1, "{key} {number}");
        }
    }
}

#[test]
fn patterns_hold_their_placeholders_once() {
    for (key, pattern, good) in [
        ("branches", "stable/{series}.x", true),
        ("branches", "stable", false),
        ("branches", "{series}/{series}", false),
        ("branches", "{series} x", false),
        ("tags", "v{series}.{patch}", true),
        ("tags", "v{series}", false),
        ("tags", "{series}.{patch}.{build}", false),
        ("prerelease_tags", "{series}.{patch}{pre}", true),
        ("prerelease_tags", "{series}", false),
    ] {
        let told = complaints(&format!("series: {{ {key}: \"{pattern}\" }}"));
        assert_eq!(told.is_empty(), good, "{key}: {pattern}: {told:?}");
    }
}

#[test]
fn addresses_are_plain() {
    for good in ["security@example.org", "a.b+c@x-y.example"] {
        assert!(complaints(&format!("contact: {{ email: {good} }}")).is_empty(), "{good}");
    }
    for wrong in [
        "security",
        "@example.org",
        "a@localhost",
        "a b@example.org",
        "a@example.org](https://evil.example)",
        "\"a@exa\\nmple.org\"",
        "a@-example.org",
        "a..b@example.org",
        "<a@example.org>",
    ] {
        let quoted = serde_json::to_string(wrong).unwrap();
        assert_eq!(complaints(&format!("contact: {{ email: {quoted} }}")).len(), 1, "{wrong}");
    }
}

#[test]
fn roles_name_people_and_teams() {
    for wrong in ["tom", "@", "@acme/", "@acme/a/b", "@to m", "@tom@acme"] {
        assert_eq!(complaints(&format!("roles: {{ triager: [\"{wrong}\"] }}")).len(), 1, "{wrong}");
    }
}

#[test]
fn what_is_not_yaml_is_told_without_repeating_it() {
    let told = complaints("extends: minimal\nredirect: mode: hunter2\n");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("policy.yml:2:"), "{told:?}");
    assert!(told[0].contains("not valid YAML"), "{told:?}");
    assert!(!told[0].contains("hunter2"), "{told:?}");
}

#[test]
fn no_line_repeats_a_value() {
    let told = complaints(
        "extends: hunter2\nredirect: { mode: hunter2, act_at: hunter2 }\ncontact: { email: hunter2 }\n\
         desk: { repository: hunter2 }\nroles: { fixer: [hunter2] }\nembargo: { blackout: [hunter2] }\n\
         series: { main: \"hunter2 \", lts: { \"1\": hunter2 } }\nacknowledgment: { zone: hunter2 }\n",
    );
    assert!(told.len() >= 7, "{told:?}");
    assert!(!told.concat().contains("hunter2"), "{told:?}");
}

#[test]
fn keys_and_sections_need_a_value() {
    only_complaint("redirect:\n", "policy.yml:1:9: `redirect` has no value; give one, or remove the line");
    only_complaint(
        "extends: minimal\nextends: minimal\n",
        "policy.yml:2:1: `extends` is given twice; keep one of the two",
    );
    only_complaint(
        "- minimal\n",
        "policy.yml:1:1: the policy is not a section; give keys with values, indented below it",
    );
    only_complaint(
        "contact: { email: 12 }",
        "policy.yml:1:19: `contact.email` is read as a number or a truth value; put it in quotes, if it is meant",
    );
}

#[test]
fn a_second_document_is_refused() {
    assert_eq!(complaints("extends: minimal\n---\nextends: minimal\n").len(), 1);
}

#[test]
fn large_and_exploding_texts_are_refused() {
    let large = format!("# {}\n", "x".repeat(MAX_BYTES));
    assert!(complaints(&large)[0].contains("larger than 65536 bytes"));

    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let alias = format!("*a{}", n - 1);
        let items = vec![alias; 9].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{items}]\n"));
    }
    assert!(complaints(&bomb)[0].contains("too many values"));

    let tower = format!("a: {}{}", "[".repeat(3000), "]".repeat(3000));
    assert_eq!(complaints(&tower).len(), 1);
}

#[test]
fn a_file_full_of_mistakes_gets_a_bounded_answer() {
    let text: String = (0..2000).map(|n| format!("wrong{n}: 1\n")).collect();
    assert_eq!(complaints(&text).len(), 50);
}

#[test]
fn a_mistake_is_drawn_with_its_line_and_remedy() {
    let error = parse_one("policy.yml", "redirect:\n  mode: sheild\n").unwrap_err();
    let drawn = error.problems[0].draw(&miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none()));
    for part in ["[policy.yml:2:9]", "mode: sheild", "did you mean shield?"] {
        assert!(drawn.contains(part), "{part} in\n{drawn}");
    }
}

#[test]
fn snippets_stay_out_of_debug_output() {
    let error = parse_one("policy.yml", "redirect:\n  mode: sheild # why\n").unwrap_err();
    assert!(!format!("{error:?}").contains("# why"));
}

#[test]
fn a_cost_that_is_none_is_told_with_its_place_and_what_to_write() {
    only_complaint(
        "redirect: { reply_at: { a_miss_is_worth: 0 } }",
        "policy.yml:1:42: `redirect.reply_at` has a worth out of range; give a number above 0 and at most 10000, such as 20",
    );
    only_complaint(
        "redirect:\n  reply_at: { a_mis_is_worth: 20 }",
        "policy.yml:2:13: `redirect.reply_at` has a key that is no cost; write a_miss_is_worth or a_false_alarm_is_worth",
    );
    only_complaint(
        "redirect:\n  reply_at: { a_miss_is_worth: 20, a_false_alarm_is_worth: 20 }",
        "policy.yml:2:13: `redirect.reply_at` gives two costs; keep a_miss_is_worth or a_false_alarm_is_worth",
    );
    only_complaint(
        "redirect:\n  reply_at: { a_miss_is_worth: many }",
        "policy.yml:2:32: `redirect.reply_at.a_miss_is_worth` is not a number; give a number, without quotes",
    );
    only_complaint(
        "redirect: { act_at: { a_miss_is_worth: 20 } }",
        "policy.yml:1:21: `redirect.reply_at` (from minimal) is above `redirect.act_at`; posts are answered from a \
         lower probability than they are hidden",
    );
}

#[test]
fn a_pattern_or_a_prior_that_would_hold_for_nearly_everything_is_refused() {
    only_complaint(
        "redirect: { allow: { titles: [\"*\"] } }",
        "policy.yml:1:31: `redirect.allow.titles[0]` says too little; give 3 characters or more beside `*`, or set \
         `redirect.mode: observe` to leave all posts alone",
    );
    only_complaint(
        "redirect: { prior: 0.5 }",
        "policy.yml:1:20: `redirect.prior` is out of range; give auto, or a share from 0.0001 to 0.2, such as 0.004",
    );
    only_complaint(
        "redirect: { prior: often }",
        "policy.yml:1:20: `redirect.prior` is no prior; write auto, or a share of all posts such as 0.004",
    );
}
