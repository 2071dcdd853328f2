//! Preset below organisation below repository, and every value knows where it comes from.

use super::*;

fn file(name: &str, line: u64, column: u64) -> Origin {
    Origin::File { name: name.to_owned(), line, column }
}

#[test]
fn without_a_policy_nothing_is_done_in_public() {
    let none = effective(&[]).unwrap();
    assert_eq!(none.policy, Policy::observing());
    assert_eq!(none.policy.redirect.mode, Mode::Observe);
    assert_eq!(none.policy.extends, Preset::Minimal);
    assert_eq!(none.origins["redirect.mode"], Origin::BuiltIn);
}

#[test]
fn whoever_extends_a_preset_gets_answers_but_no_shield() {
    for preset in Preset::ALL {
        let policy = policy(&format!("extends: {preset}"));
        assert_eq!(policy.redirect.mode, Mode::Reply, "{preset}");
        assert_eq!(policy.redirect.act_at, Bar::Probability(DEFAULT_ACT_AT));
        assert_eq!(policy.redirect.reply_at, Bar::Probability(DEFAULT_REPLY_AT));
    }
}

#[test]
fn the_repository_overrides_the_organisation_and_both_the_preset() {
    let org = "extends: django-2018\nredirect: { mode: shield }\ncontact:\n  email: org@example.org\n\
               roles: { triager: [\"@acme/triage\", \"@tom\"] }\n";
    let repository = "extends: django-2026\ncontact:\n  email: repo@example.org\nroles: { triager: [\"@mia\"] }\n";
    let joined = effective(&[layer("org", org), layer("repo", repository)]).unwrap();

    assert_eq!(joined.policy.extends, Preset::Django2026);
    assert_eq!(joined.policy.redirect.mode, Mode::Shield);
    assert_eq!(joined.policy.contact.email.as_deref(), Some("repo@example.org"));
    assert!(joined.policy.contact.private_reporting);
    // A list is replaced, not joined: nobody keeps a role by accident.
    assert_eq!(joined.policy.roles.triager, Some(vec![Principal::User("mia".to_owned())]));

    assert_eq!(joined.origins["extends"], file("repo", 1, 10));
    assert_eq!(joined.origins["redirect.mode"], file("org", 2, 19));
    assert_eq!(joined.origins["contact.email"], file("repo", 3, 10));
    assert_eq!(joined.origins["contact.private_reporting"], Origin::Preset(Preset::Django2026));
    assert_eq!(joined.origins["acknowledgment.workdays"], Origin::BuiltIn);
}

#[test]
fn maps_are_joined_key_by_key() {
    let joined = effective(&[
        layer("org", "extends: django-2026\nseries: { lts: { \"4.2\": 2026-04-07 } }"),
        layer("repo", "series: { lts: { \"5.2\": 2028-04-30 } }"),
    ])
    .unwrap();
    let lts = &joined.policy.series.as_ref().unwrap().lts;
    assert_eq!(lts["4.2"], jiff::civil::date(2026, 4, 7));
    assert_eq!(lts["5.2"], jiff::civil::date(2028, 4, 30));
    assert_eq!(joined.origins["series.lts.\"5.2\""], file("repo", 1, 25));
}

#[test]
fn one_promise_replaces_the_other_kind_of_promise_below() {
    let hours = policy("extends: django-2026\nacknowledgment: { within_hours: 24 }");
    assert_eq!(hours.acknowledgment.within(), Within::Hours(24));
    let days = policy("extends: django-2018\nacknowledgment: { within_working_days: 2 }");
    assert_eq!(days.acknowledgment.within(), Within::WorkingDays(2));
    // Saying only which days are free leaves the promise alone.
    let free = policy("extends: django-2018\nacknowledgment: { holidays: [2026-12-25] }");
    assert_eq!(free.acknowledgment.within(), Within::Hours(48));
}

#[test]
fn every_file_is_checked_also_where_another_overrides_it() {
    let error = effective(&[
        layer("org", "redirect: { mode: hide }\n"),
        layer("repo", "redirect: { mode: reply }\ncontct: {}\n"),
    ])
    .unwrap_err();
    let files: Vec<_> = error.problems.iter().map(|problem| &*problem.file).collect();
    assert_eq!(files, ["org", "repo"]);
}

#[test]
fn files_may_complete_each_other() {
    let joined = effective(&[
        layer("org", "extends: minimal\ndesk: { kind: repository }\n"),
        layer("repo", "desk: { repository: acme/security }\n"),
    ])
    .unwrap();
    assert_eq!(joined.policy.desk.kind, DeskKind::Repository);
    assert_eq!(joined.policy.desk.repository.unwrap().to_string(), "acme/security");
}

#[test]
fn a_file_that_does_not_say_what_it_extends_gets_minimal_and_a_hint() {
    let silent = parse_one("policy.yml", "redirect: { mode: shield }\n").unwrap();
    assert_eq!(silent.policy.extends, Preset::Minimal);
    assert!(silent.warnings[0].one_line().contains("add `extends`"));
    assert!(parse_one("policy.yml", "extends: minimal").unwrap().warnings.is_empty());
    // An empty file is a policy that says nothing; it is not the same as none.
    assert_eq!(policy("").redirect.mode, Mode::Reply);
    assert_eq!(policy("# nothing yet\n").redirect.mode, Mode::Reply);
}

#[test]
fn a_policy_without_a_private_channel_is_doubted() {
    let text = "extends: minimal\ncontact: { private_reporting: false, security_page: false }\n";
    let warnings = parse_one("policy.yml", text).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].one_line().starts_with("policy.yml:2:"), "{warnings:?}");
}

#[test]
fn the_version_names_the_rules_and_nothing_else() {
    let version = |text: &str| policy(text).version;
    let plain = version("extends: django-2026");
    let (preset, hash) = plain.split_once('+').unwrap();
    assert_eq!(preset, "django-2026");
    assert_eq!(hash.len(), 12);
    assert!(hash.chars().all(|c| c.is_ascii_hexdigit()));
    // Comments, order and repeated defaults change nothing; a rule does.
    assert_eq!(plain, version("# ours\nredirect: { mode: reply }\nextends: django-2026\n"));
    assert_ne!(plain, version("extends: django-2026\nredirect: { mode: shield }\n"));
    assert_ne!(Policy::observing().version, version("extends: minimal"));
}

#[test]
fn every_value_has_an_origin() {
    for preset in Preset::ALL {
        let effective = parse_one("policy.yml", &format!("extends: {preset}")).unwrap();
        for (key, _) in effective.policy.values() {
            assert!(effective.origins.contains_key(&key), "{preset}: {key}");
        }
    }
}

#[test]
fn a_cost_replaces_a_number_and_another_cost_and_is_replaced_by_a_number() {
    let bar = |org: &str, repo: &str| {
        let of = |bar: &str| format!("extends: minimal\nredirect: {{ reply_at: {bar} }}\n");
        effective(&[layer("org", &of(org)), layer("repo", &of(repo))]).unwrap().policy.redirect.reply_at
    };
    let miss = "{ a_miss_is_worth: 20 }";
    assert_eq!(bar("0.2", miss), Bar::MissIsWorth(20.0));
    assert_eq!(bar("{ a_false_alarm_is_worth: 0.1 }", miss), Bar::MissIsWorth(20.0));
    assert_eq!(bar(miss, "0.2"), Bar::Probability(0.2));
    assert!((Bar::MissIsWorth(20.0).probability() - 1.0 / 21.0).abs() < 1e-12);
    assert!((Bar::FalseAlarmIsWorth(9.0).probability() - 0.9).abs() < 1e-12);
}

#[test]
fn a_policy_with_costs_reads_back_from_its_own_json_and_one_without_keeps_its_version() {
    let costly = policy(
        "extends: minimal\nredirect: { reply_at: { a_miss_is_worth: 20 }, prior: auto, dependencies: [openssl] }",
    );
    assert_eq!(policy(&costly.canonical_json()), costly);
    let plain = policy("extends: minimal").canonical_json();
    for key in ["prior", "dependencies", "allow", "worth"] {
        assert!(!plain.contains(key), "{key}");
    }
}
