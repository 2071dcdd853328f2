//! Severity by class under each policy, and how far it reaches.

use super::stage::*;
use crate::domain::{
    case::*,
    commands::{SeriesFacts, acts::*, texts::ReporterText},
    coverage::SeriesKind,
    policy::{Preset, SeverityLevel::*},
};

const A: &str = "SEC-2025-1";

#[test]
fn every_class_has_the_severity_of_the_policy_to_which_the_case_is_pinned() {
    let rows = [
        (&["remote-code-execution", "sql-injection"][..], [High, High, High]),
        (
            &["cross-site-scripting", "cross-site-request-forgery", "broken-authentication"],
            [Moderate, Moderate, Moderate],
        ),
        (&["denial-of-service"], [Moderate, Moderate, Low]),
        (
            &[
                "sensitive-data-exposure",
                "broken-session-management",
                "unvalidated-redirect",
                "uncommon-configuration",
                "directory-traversal",
            ],
            [Low, Low, Low],
        ),
    ];
    let presets = [Preset::Django2018, Preset::Django2024, Preset::Django2026];
    for (classes, levels) in rows {
        for class in classes {
            for (preset, level) in presets.iter().zip(levels) {
                let mut stage = Stage::with_report(policy_of(&format!("extends: {preset}")), "2025-09-08T09:00:00Z");
                stage.does(A, "cora", &format!("/class {class}"));
                assert_eq!(severity(stage.case(A), &stage.policy).level, Some(level), "{class} in {preset}");
                let written = stage.wanted::<WriteAdvisory>();
                assert_eq!(written.last().expect("written").fields.severity, Some(level));
            }
        }
    }
}

#[test]
fn of_several_classes_the_worst_counts() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.does(A, "cora", "/class sensitive-data-exposure cross-site-scripting");
    assert_eq!(severity(stage.case(A), &stage.policy).level, Some(Moderate));
    stage.does(A, "cora", "/class sensitive-data-exposure remote-code-execution cross-site-scripting");
    assert_eq!(severity(stage.case(A), &stage.policy).level, Some(High));
}

#[test]
fn a_severity_against_the_table_takes_a_reason_and_two_people() {
    let mut stage = Stage::with_report(policy_of("extends: django-2026"), "2026-09-08T09:00:00Z");
    let reply = stage.refused(A, "cora", "/severity moderate");
    assert!(reply.contains("/class"), "{reply}");
    let reply = stage.does(A, "cora", "/class denial-of-service").reply();
    assert!(reply.contains("may be raised to moderate"), "{reply}");
    stage.does(A, "cora", "/severity low");
    stage.refused(A, "cora", "/severity moderate");
    let reply = stage.refused(A, "cora", "/severity moderate --override");
    assert!(reply.contains("` -- `"), "{reply}");
    stage.both_do(A, "cora", "sam", "/severity moderate --override -- Works without a login.");
    let set = stage.case(A).assessment.severity_override.clone().expect("it is set");
    assert_eq!((set.level, set.by), (Moderate, ["cora".to_owned(), "sam".to_owned()]));
    // Other classes, another table row: the override is void.
    stage.does(A, "cora", "/class sql-injection");
    assert_eq!(severity(stage.case(A), &stage.policy).level, Some(High));
}

#[test]
fn a_policy_that_goes_by_class_alone_takes_no_override() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.does(A, "cora", "/class sql-injection");
    let reply = stage.refused(A, "cora", "/severity low --override -- It is hard.");
    assert!(reply.contains("severity.adjustable"), "{reply}");
}

#[test]
fn cvss_and_cwe_are_kept_beside_the_policys_severity() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    let reply = stage
        .does(
            A,
            "cora",
            "/class sql-injection\n/cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N\n/cwe CWE-89 cwe-564",
        )
        .reply();
    assert!(reply.contains("CVSS 5.3 (medium"), "{reply}");
    let fields = stage.wanted::<WriteAdvisory>().pop().expect("written").fields;
    assert_eq!((fields.severity, fields.cwes), (Some(High), vec!["CWE-89".to_owned(), "CWE-564".to_owned()]));
}

#[test]
fn a_series_that_ends_before_the_date_is_told() {
    let mut stage = Stage::with_report(policy(), "2026-03-10T09:00:00Z");
    let reply = stage.does(A, "cora", "/affects main 5.2 4.2").reply();
    assert!(reply.contains("4.2 may lose support on 2026-04-07"), "{reply}");
    assert!(reply.contains("6.0 is in pre-release"), "{reply}");
    stage.accept();
    let reply = stage.does(A, "cora", "/embargo until 2026-04-08T13:00Z").reply();
    assert!(reply.contains("4.2 loses support on 2026-04-07"), "{reply}");
}

#[test]
fn the_pinned_series_stay_though_the_world_moves_on() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.accept();
    stage.set("2025-12-03T09:00:00Z");
    stage.series.supported.remove("5.1");
    stage.series.supported.insert("6.0".to_owned(), SeriesKind::Supported);
    stage.does(A, "cora", "/affects main 5.1");
    assert_eq!(stage.case(A).support_day(stage.now).to_string(), "2025-09-08");
    stage.does(A, "cora", "/not-affected 4.2 vulnerable_code_not_present -- Came with 5.0.");
    stage.refused(A, "cora", "/not-affected 5.1 component_not_present");
    stage.refused(A, "cora", "/not-affected 4.1 component_not_present");
}

#[test]
fn a_series_that_loses_support_before_the_decision_is_named() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.does(A, "tom", "/ack");
    let checks: Vec<String> =
        stage.policy.evaluation.checklist.iter().map(|item| format!("/check {} yes", item.id)).collect();
    stage.does(A, "tom", &checks.join("\n"));
    stage.does(A, "cora", "/class sql-injection\n/affects main 5.1");
    stage.series.supported.remove("5.1");
    let reply = stage.refused(A, "cora", "/accept");
    assert!(reply.contains("No longer supported: 5.1"), "{reply}");
}

#[test]
fn without_a_series_section_only_main_is_known() {
    let policy = policy_of("extends: minimal");
    let facts = SeriesFacts::on("2026-01-01".parse().expect("a day"), &policy, None);
    assert_eq!(facts.words(), "main");
    // Without a history, what the policy names with a date is known until that date.
    let policy = super::stage::policy();
    let facts = SeriesFacts::on("2026-04-07".parse().expect("a day"), &policy, None);
    assert_eq!(facts.words(), "main, 5.2, 4.2");
    let facts = SeriesFacts::on("2026-04-08".parse().expect("a day"), &policy, None);
    assert_eq!(facts.words(), "main, 5.2");
}

#[test]
fn a_fault_of_the_standard_library_is_sent_to_its_own_team() {
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    let reply = stage.does(A, "tom", "/check not_upstream no -- tarfile.").reply();
    assert!(reply.contains("/upstream PROJECT"), "{reply}");
    let reply = stage.refused(A, "cora", "/upstream pyton");
    assert!(reply.contains("Did you mean `python`?"), "{reply}");
    stage.does(A, "cora", "/upstream python");
    let sent = stage.wanted::<SendToReporter>().pop().expect("told");
    assert!(matches!(&sent.text, ReporterText::Upstream { address, .. } if address == "security@python.org"));
    assert!(sent.text.render(None).contains("security@python.org"));
    assert_eq!(stage.case(A).handling, Handling::Upstream);
    let met = stage.case(A).clock("acknowledgment").expect("a clock").met_at;
    assert_eq!(met, Some(stage.now), "a decision is an answer of a person");
}

#[test]
fn every_reason_to_reject_has_its_text_and_no_text_takes_internal_notes() {
    for reason in RejectReason::ALL {
        let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
        stage.does(A, "cora", &format!("/reject {} -- Xylophone.", reason.word()));
        let text = stage.wanted::<SendToReporter>().pop().expect("told").text;
        let words = text.render(Some("Xylophone"));
        assert!(words.len() > 60 && !words.contains("Xylophone"), "{words}");
    }
    assert!(ReporterText::Acknowledged.render(Some("My words.")).ends_with("\n\nMy words."));
}

#[test]
fn duplicates_keep_every_finder_and_nobodys_wish_is_lost() {
    let mut people = People {
        credits: vec![Credit { finder: Some("rae".to_owned()), named: Some(CreditName::Anonymous) }],
        ..People::default()
    };
    people.join_credits(&[
        Credit { finder: Some("Rae".to_owned()), named: Some(CreditName::Login("rae".to_owned())) },
        Credit { finder: Some("zoe".to_owned()), named: None },
    ]);
    assert_eq!(people.credits.len(), 2);
    assert_eq!(people.credits[0].named, Some(CreditName::Anonymous));
    let mut stage = Stage::with_report(policy(), "2025-09-08T09:00:00Z");
    stage.refused(A, "cora", "/duplicate SEC-2025-1");
    stage.refused(A, "cora", "/duplicate SEC-2025-9");
    stage.report("SEC-2025-2", "zoe");
    stage.case_mut("SEC-2025-2").repository_id = 8;
    let reply = stage.refused(A, "cora", "/duplicate SEC-2025-2");
    assert!(reply.contains("no such case"), "a case elsewhere does not even exist: {reply}");
}
