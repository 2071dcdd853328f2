//! Is the App installed where it should be?

use super::{super::facts::Facts, Finding, answered};
use crate::github::InstallationFacts;

const ID: &str = "installation";
const LIST: &str = "GET /app/installations";
const OF_REPOSITORY: &str = "GET /repos/{owner}/{repo}/installation";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Ok(app) = &facts.app else {
        return Vec::new();
    };
    let install = match &app.facts {
        Ok(app) => format!("install it at {}/installations/new", app.html_url),
        Err(_) => "install it from the App's public page".to_owned(),
    };
    if let Some(repository) = &facts.repository {
        let name = &repository.name;
        return vec![match answered(&repository.installation, ID, OF_REPOSITORY) {
            Err(finding) => finding,
            Ok(None) => Finding::problem(
                ID,
                OF_REPOSITORY,
                format!("the App is not installed in {name}, or does not see it"),
                install,
            ),
            Ok(Some(found)) => one(found, &name.to_string(), OF_REPOSITORY),
        }];
    }
    match answered(&app.installations, ID, LIST) {
        Err(finding) => vec![finding],
        Ok(found) if found.items.is_empty() => {
            vec![Finding::problem(ID, LIST, "the App is installed nowhere", install)]
        }
        Ok(found) => found.items.iter().map(|found| one(found, &found.account.login, LIST)).collect(),
    }
}

fn one(found: &InstallationFacts, place: &str, source: &'static str) -> Finding {
    match found.suspended_at {
        None => Finding::ok(ID, source, format!("the App is installed in {place}")),
        Some(since) => Finding::problem(
            ID,
            source,
            format!("the installation in {place} is suspended since {since}"),
            format!("unsuspend it at {}", found.html_url),
        ),
    }
}
