//! The presets say what the policies of their dates said.

use super::*;
use SeverityLevel::{High, Low, Moderate};

fn preset(preset: Preset) -> Policy {
    policy(&format!("extends: {preset}"))
}

#[test]
fn every_preset_is_a_whole_policy_without_doubts() {
    for name in Preset::ALL {
        let effective = parse_one("policy.yml", &format!("extends: {name}")).unwrap();
        assert!(effective.warnings.is_empty(), "{name}");
        assert_eq!(effective.policy.extends, name);
    }
}

#[test]
fn acknowledgment_was_48_hours_and_is_3_working_days_since_2025() {
    use Within::{Hours, WorkingDays};
    for (name, within, words) in [
        (Preset::Django2018, Hours(48), "48 hours"),
        (Preset::Django2024, Hours(48), "48 hours"),
        (Preset::Django2026, WorkingDays(3), "3 working days"),
    ] {
        let acknowledgment = preset(name).acknowledgment;
        assert_eq!(acknowledgment.within(), within);
        assert_eq!(acknowledgment.within().to_string(), words);
    }
}

#[test]
fn denial_of_service_was_moderate_and_is_low_but_may_be_raised() {
    let of = |name| {
        let severity = preset(name).severity;
        let class = "denial-of-service";
        let raisable = severity.raisable.get(class).copied();
        (severity.classes[class], raisable, severity.adjustable)
    };
    assert_eq!(of(Preset::Django2018), (Moderate, None, false));
    assert_eq!(of(Preset::Django2024), (Moderate, None, false));
    assert_eq!(of(Preset::Django2026), (Low, Some(Moderate), true));
}

#[test]
fn the_other_classes_kept_their_severity() {
    for name in [Preset::Django2018, Preset::Django2024, Preset::Django2026] {
        let classes = preset(name).severity.classes;
        for (class, level) in [
            ("remote-code-execution", High),
            ("sql-injection", High),
            ("cross-site-scripting", Moderate),
            ("cross-site-request-forgery", Moderate),
            ("broken-authentication", Moderate),
            ("sensitive-data-exposure", Low),
            ("directory-traversal", Low),
            ("broken-session-management", Low),
            ("unvalidated-redirect", Low),
            ("uncommon-configuration", Low),
        ] {
            assert_eq!(classes[class], level, "{name}: {class}");
        }
        assert_eq!(classes.len(), 11, "{name}");
    }
}

#[test]
fn notices_go_out_a_week_before_and_requests_are_answered_in_30_days() {
    for name in [Preset::Django2018, Preset::Django2024, Preset::Django2026] {
        let policy = preset(name);
        assert_eq!(policy.notices.prenotify_days, 7);
        assert_eq!(policy.notices.announce_days, 7);
        assert_eq!(policy.notices.request_reply_days, 30);
        assert!(policy.notices.oss_security);
        assert_eq!(policy.series.unwrap().latest, 2);
        assert_eq!(policy.clocks.resolve_days, 90);
    }
}

#[test]
fn the_checklist_grew() {
    let ids = |name| -> Vec<String> {
        let checklist = preset(name).evaluation.checklist;
        checklist.into_iter().map(|item| item.id).collect()
    };
    assert_eq!(ids(Preset::Django2018), ["supported", "not_main_only"]);
    assert_eq!(
        ids(Preset::Django2024),
        [
            "supported",
            "production_grade",
            "best_practice",
            "not_ai_generated",
            "not_upstream",
            "not_third_party",
            "not_main_only"
        ]
    );
    for id in ids(Preset::Django2024) {
        assert!(ids(Preset::Django2026).contains(&id), "{id}");
    }
}

#[test]
fn bulk_reports_are_held_and_tools_asked_for_since_2026() {
    let reports = |name| preset(name).reports;
    assert_eq!(reports(Preset::Django2024).open_per_reporter, 0);
    assert_eq!(reports(Preset::Django2026).open_per_reporter, 1);
    assert!(!reports(Preset::Django2024).ask_for_tools);
    assert!(reports(Preset::Django2026).ask_for_tools);
}
