//! One thing goes wrong at a time, and exactly that is said.

use jiff::SignedDuration;

use super::super::facts::{Found, KeyFileState};
use super::{app, checks, complaints, delivery, findings, inside, noon, well};
use crate::{
    cli::doctor::Severity::{self, Note, Problem, Warning},
    github::{GitHubError, SettingsProblem},
};

#[test]
fn a_healthy_installation_has_nothing_but_ok() {
    let report = checks::run(&well());
    assert_eq!(report.worst(), Severity::Ok);
    assert_eq!(report.exit_code(), 0);
    let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    for id in [
        "app.key",
        "clock.skew",
        "keys.webhook_secret",
        "keys.private_key",
        "keys.sealing",
        "database",
        "mirrors",
        "webhook.reachable",
        "webhook.url",
        "webhook.deliveries",
        "installation",
        "permissions.granted",
        "permissions.events",
        "reporting.private",
        "security_page",
        "forms.contact_link",
        "policy",
    ] {
        assert!(ids.contains(&id), "{id} is checked");
    }
    assert!(report.to_string().ends_with("0 problems, 0 warnings, 0 notes, 17 ok\n"));
}

#[test]
fn every_finding_has_a_remedy_and_json_says_the_same() {
    let mut facts = well();
    facts.local.database = Err("the database is not available: locked".to_owned());
    let report = checks::run(&facts);
    assert_eq!(report.exit_code(), 1);
    let json = report.to_json();
    assert_eq!(json["worst"], "problem");
    let found = json["findings"].as_array().expect("a list");
    assert_eq!(found.len(), report.findings.len());
    assert!(found.iter().all(|finding| finding["remedy"] != "" && finding["source"] != ""));
}

#[test]
fn a_key_that_github_refuses() {
    let what = complaints(|facts| app(facts).facts = Err(GitHubError::Unauthorized));
    assert_eq!(what, [("app.key", Problem)]);
}

#[test]
fn settings_that_allow_no_question() {
    let what = complaints(|facts| {
        facts.app = Err(SettingsProblem::PrivateKey("the file is empty"));
        facts.repository = None;
    });
    assert_eq!(what, [("app.settings", Problem)]);
}

#[test]
fn clocks() {
    let with = |seconds| complaints(|facts| app(facts).clock_skew = Some(SignedDuration::from_secs(seconds)));
    assert_eq!(with(-5), []);
    assert_eq!(with(6), [("clock.skew", Warning)]);
    assert_eq!(with(-61), [("clock.skew", Problem)]);
    let found = findings(|facts| app(facts).clock_skew = Some(SignedDuration::from_secs(90)));
    assert_eq!(found[0].what, "this machine's clock is 90 s behind");
}

#[test]
fn secrets_and_keys() {
    assert_eq!(complaints(|facts| facts.local.webhook_secret_count = 0), [("keys.webhook_secret", Problem)]);
    assert_eq!(complaints(|facts| facts.local.webhook_secret_count = 2), [("keys.webhook_secret", Note)]);
    assert_eq!(
        complaints(|facts| facts.local.sealing_key.state = KeyFileState::Mode(0o644)),
        [("keys.sealing", Problem)]
    );
    assert_eq!(
        complaints(|facts| facts.local.private_key.state = KeyFileState::Missing),
        [("keys.private_key", Problem)]
    );
}

#[test]
fn webhooks_that_go_elsewhere() {
    let to = |url: &str| {
        let url = url.to_owned();
        complaints(move |facts| app(facts).hook.as_mut().expect("a config").url = url)
    };
    assert_eq!(to(""), [("webhook.url", Problem)]);
    assert_eq!(to("https://old.acme.dev/webhook"), [("webhook.url", Problem)]);
    assert_eq!(to("https://bot.acme.dev/webhook/"), []);
    assert_eq!(to("http://bot.acme.dev/webhook"), [("webhook.url", Problem), ("webhook.tls", Warning)]);
    assert_eq!(complaints(|facts| facts.local.public_url = None), [("webhook.url", Note)]);
    assert_eq!(complaints(|facts| facts.local.health = Some(Err("no connection"))), [("webhook.reachable", Warning)]);
}

#[test]
fn deliveries_that_fail() {
    let with = |deliveries| findings(|facts| app(facts).deliveries = Ok(deliveries));
    assert_eq!(with(vec![])[0].severity, Note);
    let failing = with(vec![delivery("g2", 1, 401), delivery("g1", 2, 202)]);
    assert_eq!(failing[0].severity, Problem);
    assert!(failing[0].remedy.contains("github.webhook_secrets"));
    let lost = with(vec![delivery("g2", 1, 202), delivery("g1", 2, 0)]);
    assert_eq!(lost[0].severity, Warning);
    assert!(lost[0].what.starts_with("1 of the last 2"));
    let repaired = with(vec![delivery("g1", 1, 202), delivery("g1", 2, 0)]);
    assert_eq!(repaired, []);
}

#[test]
fn installations_that_are_missing_or_suspended() {
    let repository = |facts: &mut super::Facts| facts.repository.take().expect("a repository");
    assert_eq!(
        complaints(|facts| {
            repository(facts);
            app(facts).installations.as_mut().expect("a list").items.clear();
        }),
        [("installation", Problem)]
    );
    assert_eq!(
        complaints(|facts| {
            repository(facts);
            let installations = app(facts).installations.as_mut().expect("a list");
            installations.items[0].suspended_at = Some(noon());
        }),
        [("installation", Problem)]
    );
    let found = findings(|facts| {
        let mut side = repository(facts);
        side.installation = Ok(None);
        side.inside = None;
        facts.repository = Some(side);
    });
    assert_eq!(found[0].remedy, "install it at https://github.com/apps/watch/installations/new");
}

#[test]
fn permissions_and_events() {
    let with = |change: &dyn Fn(&mut crate::github::InstallationFacts)| {
        findings(|facts| change(&mut app(facts).installations.as_mut().expect("a list").items[0]))
    };
    let weak = with(&|found| {
        found.permissions.insert("issues".to_owned(), "read".to_owned());
    });
    assert_eq!(weak[0].what, "acme does not grant issues: write");
    assert!(weak[0].remedy.starts_with("approve the new permissions at https://"));
    let surplus = with(&|found| {
        found.permissions.insert("administration".to_owned(), "write".to_owned());
        found.permissions.insert("contents".to_owned(), "write".to_owned());
    });
    assert_eq!((surplus[0].id, surplus[0].severity), ("permissions.surplus", Note));
    assert!(surplus[0].what.ends_with("administration: write, contents: write"));
    let deaf = with(&|found| found.events.retain(|event| event != "discussion"));
    assert_eq!((deaf[0].id, deaf[0].severity), ("permissions.events", Problem));
    assert!(deaf[0].what.contains("discussion"));

    let never_asked = findings(|facts| {
        let app = app(facts);
        app.facts.as_mut().expect("an app").permissions.remove("discussions");
        app.installations.as_mut().expect("a list").items[0].permissions.remove("discussions");
    });
    assert!(never_asked[0].remedy.starts_with("ask for them on the App's settings page"));
}

#[test]
fn private_reporting() {
    let with = |answer, private| {
        complaints(|facts| {
            inside(facts).private_reporting = answer;
            inside(facts).facts.as_mut().expect("facts").private = private;
        })
    };
    assert_eq!(with(Ok(Some(false)), false), [("reporting.private", Problem)]);
    assert_eq!(with(Ok(None), false), [("reporting.private", Warning)]);
    assert_eq!(with(Ok(None), true), [("reporting.private", Note)]);
    assert_eq!(with(Err(GitHubError::ServerTrouble { status: 502 }), false), [("reporting.private", Warning)]);
}

#[test]
fn issue_forms() {
    let with = |text: Option<&str>| {
        let found = text.map(|text| Found {
            place: "acme/web .github/ISSUE_TEMPLATE/config.yml".to_owned(),
            text: text.to_owned(),
        });
        complaints(|facts| inside(facts).issue_forms = Ok(found))
    };
    assert_eq!(with(None), [("forms.contact_link", Note)]);
    for text in [
        "contact_links: []",
        "blank_issues_enabled: false",
        "contact_links: [{url: 'https://acme.dev/help'}]",
        "contact_links: [{url: 'https://github.com/other/web/security/advisories/new'}]",
        "contact_links: {not: [a list",
    ] {
        assert_eq!(with(Some(text)), [("forms.contact_link", Warning)], "{text}");
    }
    for text in [
        "contact_links: [{url: 'https://github.com/acme/web/security/policy'}]",
        "contact_links: [{name: x, about: y}, {url: 'https://github.com/acme/web/security/advisories/new/'}]",
    ] {
        assert_eq!(with(Some(text)), [], "{text}");
    }
}

#[test]
fn policies() {
    assert_eq!(complaints(|facts| inside(facts).policy = Ok(None)), [("policy", Note)]);
    assert_eq!(
        complaints(|facts| {
            facts.local.has_default_policy = true;
            inside(facts).policy = Ok(None);
        }),
        []
    );
    let broken = findings(|facts| {
        let policy = inside(facts).policy.as_mut().expect("an answer");
        let policy = policy.as_mut().expect("a policy");
        policy.verdict = Err(vec!["3:9: redirect.mode: unknown".to_owned()]);
    });
    assert_eq!(broken[0].severity, Problem);
    assert!(broken[0].what.ends_with("is not valid: 3:9: redirect.mode: unknown"));
}

#[test]
fn mirrors_that_are_off_are_said_and_those_that_cannot_work_are_a_problem() {
    assert_eq!(complaints(|facts| facts.local.mirrors = None), [("mirrors", Note)]);
    let without_git = |facts: &mut super::Facts| {
        let mirrors = facts.local.mirrors.as_mut().expect("they are on");
        mirrors.git = Err("not found".to_owned());
        mirrors.folder = Err("it is read-only".to_owned());
    };
    assert_eq!(complaints(without_git), [("mirrors.git", Problem), ("mirrors", Problem)]);
}
