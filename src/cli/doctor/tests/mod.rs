//! Stories about installations that are well or unwell.

mod gathering;
mod pages;
mod subjects;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::facts::{
    AppSide, CheckedPolicy, Facts, Found, KeyFile, KeyFileState, LocalFacts, MirrorFacts, RepositoryInside,
    RepositorySide,
};
use super::{Finding, Severity, checks};
use crate::{
    cli::setup::manifest::AppManifest,
    domain::post::Account,
    github::{AppFacts, DeliverySummary, HookConfig, InstallationFacts, Listing, RepositoryFacts},
    store::Backlog,
};

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a constant instant")
}

fn key(mode: u32) -> KeyFile {
    KeyFile { path: Some(PathBuf::from("/etc/embargod/some.key")), state: KeyFileState::Mode(mode) }
}

fn delivery(guid: &str, minutes_ago: i64, status_code: u16) -> DeliverySummary {
    DeliverySummary {
        id: 1,
        guid: guid.to_owned(),
        delivered_at: noon() - SignedDuration::from_mins(minutes_ago),
        redelivery: false,
        status_code,
        status: String::new(),
        event: "issues".to_owned(),
        action: None,
        installation_id: None,
        repository_id: None,
    }
}

fn installation() -> InstallationFacts {
    let needed = AppManifest::embedded();
    InstallationFacts {
        id: 7,
        account: Account { login: "acme".to_owned(), id: 1, is_bot: false },
        account_is_organisation: true,
        html_url: "https://github.com/organizations/acme/settings/installations/7".to_owned(),
        sees_all_repositories: true,
        permissions: needed.default_permissions,
        events: needed.default_events,
        suspended_at: None,
    }
}

/// Facts about an installation in which all is well.
fn well() -> Facts {
    let needed = AppManifest::embedded();
    Facts {
        local: LocalFacts {
            public_url: Some("https://bot.acme.dev/".to_owned()),
            health: Some(Ok(200)),
            webhook_secret_count: 1,
            private_key: key(0o600),
            sealing_key: key(0o640),
            sealing_key_usable: Ok(()),
            database: Ok(Backlog::default()),
            has_default_policy: false,
            mirrors: Some(MirrorFacts { git: Ok("2.47.3".to_owned()), folder: Ok(()) }),
        },
        app: Ok(AppSide {
            facts: Ok(AppFacts {
                id: 42,
                slug: "watch".to_owned(),
                name: "Watch".to_owned(),
                html_url: "https://github.com/apps/watch".to_owned(),
                permissions: needed.default_permissions.clone(),
                events: needed.default_events.clone(),
            }),
            hook: Ok(HookConfig {
                url: "https://bot.acme.dev/webhook".to_owned(),
                content_type: "json".to_owned(),
                insecure_ssl: false,
            }),
            deliveries: Ok(vec![delivery("g1", 1, 202)]),
            installations: Ok(Listing {
                items: vec![installation()],
                complete: true,
            }),
            clock_skew: Some(SignedDuration::from_secs(1)),
        }),
        repository: Some(RepositorySide {
            name: "acme/web".parse().expect("a constant name"),
            installation: Ok(Some(installation())),
            inside: Some(RepositoryInside {
                facts: Ok(RepositoryFacts {
                    id: 12,
                    name: "acme/web".parse().expect("a constant name"),
                    private: false,
                    html_url: String::new(),
                    default_branch: "main".to_owned(),
                    owner_is_organisation: true,
                    archived: false,
                    has_discussions: true,
                    permissions: None,
                }),
                private_reporting: Ok(Some(true)),
                security_page: Ok(Some(page("Report it to security@acme.dev, please."))),
                issue_forms: Ok(Some(Found {
                    place: "acme/web .github/ISSUE_TEMPLATE/config.yml".to_owned(),
                    text: "contact_links:\n  - name: Security\n    url: https://github.com/Acme/web/security/advisories/new\n"
                        .to_owned(),
                })),
                policy: Ok(Some(CheckedPolicy {
                    place: "acme/web .github/embargod.yml".to_owned(),
                    verdict: Ok("django-2026, shield".to_owned()),
                })),
            }),
        }),
        needed,
    }
}

fn page(text: &str) -> Found {
    Found { place: "acme/web SECURITY.md".to_owned(), text: text.to_owned() }
}

fn app(facts: &mut Facts) -> &mut AppSide {
    facts.app.as_mut().expect("good settings")
}

fn inside(facts: &mut Facts) -> &mut RepositoryInside {
    let repository = facts.repository.as_mut().expect("a repository");
    repository.inside.as_mut().expect("an installation")
}

/// What is not well after `change`: its names and severities.
fn complaints(change: impl FnOnce(&mut Facts)) -> Vec<(&'static str, Severity)> {
    let findings = findings(change).into_iter();
    findings.map(|finding| (finding.id, finding.severity)).collect()
}

fn findings(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let mut facts = well();
    change(&mut facts);
    let mut findings = checks::run(&facts).findings;
    findings.retain(|finding| finding.severity > Severity::Ok);
    findings
}
