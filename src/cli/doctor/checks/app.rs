//! Does GitHub answer, and does it know the App?

use super::{super::facts::Facts, Finding};
use crate::github::GitHubError;

const SOURCE: &str = "GET /app";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let app = match &facts.app {
        Ok(app) => app,
        Err(problem) => {
            return vec![Finding::problem(
                "app.settings",
                "settings",
                "GitHub can't be asked with these settings",
                problem.to_string(),
            )];
        }
    };
    vec![match &app.facts {
        Ok(app) => Finding::ok(
            "app.key",
            SOURCE,
            format!(
                "GitHub accepts the private key of {} (App {}); keys of Apps do not expire, so remove those that you no \
                 longer use",
                app.name, app.id
            ),
        ),
        Err(GitHubError::Unauthorized) => Finding::problem(
            "app.key",
            SOURCE,
            "GitHub does not accept the App's private key",
            "check github.app_id; generate a new private key on the App's settings page and set github.private_key_path",
        ),
        Err(GitHubError::NotFound) => Finding::problem(
            "app.key",
            SOURCE,
            "GitHub knows no App with this number",
            "check github.app_id and github.api_base",
        ),
        Err(error) => Finding::problem(
            "app.key",
            SOURCE,
            error.to_string(),
            "check github.api_base, the network and the proxy, then run doctor again",
        ),
    }]
}
