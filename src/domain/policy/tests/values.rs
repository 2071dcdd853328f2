//! What values mean.

use super::*;

fn window(from: &str, to: &str) -> Window {
    let text = format!("embargo: {{ window: {{ days: [tue, thu], from: \"{from}\", to: \"{to}\" }} }}");
    policy(&text).embargo.window.unwrap()
}

#[test]
fn a_window_counts_both_ends_in_its_own_zone() {
    let utc = window("13:00Z", "16:00Z");
    let inside = |window: &Window, instant: &str| window.contains(instant.parse().unwrap());
    // 2025-09-30 is a Tuesday.
    assert!(inside(&utc, "2025-09-30T13:00:00Z"));
    assert!(inside(&utc, "2025-09-30T16:00:00Z"));
    assert!(!inside(&utc, "2025-09-30T12:59:59Z"));
    assert!(!inside(&utc, "2025-09-30T16:00:01Z"));
    assert!(!inside(&utc, "2025-10-01T14:00:00Z"));

    // Early on Tuesday in Auckland it is still Monday in Greenwich.
    let early = window("08:00+13:00", "09:00+13:00");
    assert!(inside(&early, "2025-09-29T19:30:00Z"));
    assert!(!inside(&early, "2025-09-30T19:30:00Z"));
}

#[test]
fn zones_and_times_read_as_they_are_written() {
    for text in ["13:00Z", "00:00+05:30", "23:59-03:00"] {
        assert_eq!(text.parse::<ZonedTime>().unwrap().to_string(), text);
    }
    assert_eq!("+00:00".parse::<Zone>().unwrap().to_string(), "Z");
    for wrong in ["", "UTC", "+1", "+15:00", "+01:60", "Europe/Berlin", "+é1:00"] {
        assert!(wrong.parse::<Zone>().is_err(), "{wrong}");
    }
}

#[test]
fn people_and_teams_read_as_they_are_written() {
    for text in ["@tom", "@acme/security-team"] {
        assert_eq!(text.parse::<Principal>().unwrap().to_string(), text);
    }
}

#[test]
fn severities_are_ordered() {
    use SeverityLevel::{High, Low, Moderate};
    assert!(Low < Moderate && Moderate < High);
}

#[test]
fn a_role_that_is_not_listed_differs_from_an_empty_one() {
    let roles = policy("roles: { fixer: [] }").roles;
    assert_eq!(roles.fixer, Some(Vec::new()));
    assert_eq!(roles.coordinator, None);
}

#[test]
fn a_class_is_raised_only_above_its_usual_severity() {
    let raise = |class: &str, level: &str| complaints(&format!("severity: {{ raisable: {{ {class}: {level} }} }}"));
    assert!(raise("denial-of-service", "moderate").is_empty());
    assert_eq!(raise("denial-of-service", "low").len(), 1);
    assert_eq!(raise("unheard-of", "high").len(), 1);
    assert_eq!(complaints("severity: { classes: { Remote Code: high } }").len(), 1);
}

/// The keys that operators' scripts rely on, as one file.
#[test]
fn a_policy_with_every_key_that_scripts_use_is_read() {
    let policy = policy(
        r#"
extends: django-2026
redirect:
  mode: shield
contact:
  private_reporting: true
  email: security@example.org
desk:
  kind: advisory
  repository: acme/security
roles:
  coordinator: ["@acme/security"]
  triager: ["@acme/triage", "@tom"]
  release_manager: ["@mia"]
embargo:
  window: { days: [tue, wed, thu], from: "13:00Z", to: "16:00Z" }
  max_days: 90
series:
  main: main
  branches: "stable/{series}.x"
  tags: "{series}.{patch}"
  prerelease_tags: "{series}{pre}"
  latest: 2
  lts: { "4.2": 2026-04-07, "5.2": 2028-04-30 }
"#,
    );
    assert_eq!(policy.redirect.mode, Mode::Shield);
    assert_eq!(policy.desk.kind, DeskKind::Advisory);
    assert_eq!(policy.roles.triager.map(|people| people.len()), Some(2));
    assert_eq!(policy.roles.fixer, None);
    assert_eq!(policy.embargo.window.unwrap().days.len(), 3);
    assert_eq!(policy.series.unwrap().lts.len(), 2);
}
