//! Was granted what is needed, and no more?

use std::collections::BTreeMap;

use super::{super::facts::Facts, Finding};
use crate::github::InstallationFacts;

const PERMISSIONS: &str = "permissions.granted";
const SURPLUS: &str = "permissions.surplus";
const EVENTS: &str = "permissions.events";
const SOURCE: &str = "GET /app/installations, app-manifest.yml";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    // what can't be asked is told by the installation check
    let Ok(app) = &facts.app else {
        return Vec::new();
    };
    let Ok(installations) = &app.installations else {
        return Vec::new();
    };
    let asks_for = app.facts.as_ref().ok().map(|app| &app.permissions);
    installations
        .items
        .iter()
        .filter(|installation| installation.suspended_at.is_none())
        .flat_map(|installation| {
            [granted(facts, installation, asks_for), surplus(facts, installation), events(facts, installation)]
        })
        .flatten()
        .collect()
}

fn rank(access: &str) -> u8 {
    match access {
        "read" => 1,
        "write" => 2,
        "admin" => 3,
        _ => 0,
    }
}

fn covers(granted: &BTreeMap<String, String>, name: &str, access: &str) -> bool {
    rank(granted.get(name).map_or("", String::as_str)) >= rank(access)
}

fn granted(
    facts: &Facts,
    installation: &InstallationFacts,
    asks_for: Option<&BTreeMap<String, String>>,
) -> Option<Finding> {
    let place = &installation.account.login;
    let missing: Vec<_> = facts
        .needed
        .default_permissions
        .iter()
        .filter(|(name, access)| !covers(&installation.permissions, name, access))
        .collect();
    if missing.is_empty() {
        return Some(Finding::ok(PERMISSIONS, SOURCE, format!("{place} grants all permissions that are needed")));
    }
    let not_asked_for = missing.iter().any(|(name, access)| asks_for.is_some_and(|asked| !covers(asked, name, access)));
    let words: Vec<_> = missing.iter().map(|(name, access)| format!("{name}: {access}")).collect();
    let approve = format!("approve the new permissions at {}", installation.html_url);
    Some(Finding::problem(
        PERMISSIONS,
        SOURCE,
        format!("{place} does not grant {}", words.join(", ")),
        if not_asked_for {
            format!("ask for them on the App's settings page, under \"Permissions & events\", then {approve}")
        } else {
            approve
        },
    ))
}

fn surplus(facts: &Facts, installation: &InstallationFacts) -> Option<Finding> {
    let needed = &facts.needed.default_permissions;
    let surplus: Vec<_> = installation
        .permissions
        .iter()
        .filter(|(name, access)| !covers(needed, name, access))
        .map(|(name, access)| format!("{name}: {access}"))
        .collect();
    (!surplus.is_empty()).then(|| {
        Finding::note(
            SURPLUS,
            SOURCE,
            format!("{} grants more than is needed: {}", installation.account.login, surplus.join(", ")),
            "take what nothing else needs out of the App's permissions",
        )
    })
}

fn events(facts: &Facts, installation: &InstallationFacts) -> Option<Finding> {
    let place = &installation.account.login;
    let missing: Vec<_> = facts
        .needed
        .default_events
        .iter()
        .filter(|event| !installation.events.contains(event))
        .map(String::as_str)
        .collect();
    Some(if missing.is_empty() {
        Finding::ok(EVENTS, SOURCE, format!("{place} sends all events that are needed"))
    } else {
        Finding::problem(
            EVENTS,
            SOURCE,
            format!("{place} does not send {}; posts there go unseen", missing.join(", ")),
            "subscribe to them on the App's settings page, under \"Permissions & events\"",
        )
    })
}
