//! The checks: pure functions from facts to findings, one subject a file.
//!
//! What flows in: [`Facts`]. What flows out: findings, each with its remedy. What a check must never do: ask anybody
//! anything, or print a secret.

mod app;
mod clock;
mod database;
mod installation;
mod issue_forms;
mod keys;
mod mirrors;
mod permissions;
mod policy;
mod reporting;
mod security_page;
mod webhook;

use super::{Facts, Finding, Report, facts::Asked};

/// A check.
pub type Check = fn(&Facts) -> Vec<Finding>;

/// All checks, in the order in which people mend things.
pub const CHECKS: &[Check] = &[
    app::check,
    clock::check,
    keys::check,
    database::check,
    mirrors::check,
    webhook::check,
    installation::check,
    permissions::check,
    reporting::check,
    security_page::check,
    issue_forms::check,
    policy::check,
];

/// Runs all checks.
pub fn run(facts: &Facts) -> Report {
    Report { findings: CHECKS.iter().flat_map(|check| check(facts)).collect() }
}

/// The answer to a question, or the finding that it could not be asked.
fn answered<'a, T>(asked: &'a Asked<T>, id: &'static str, source: &'static str) -> Result<&'a T, Finding> {
    asked.as_ref().map_err(|error| {
        Finding::warning(
            id,
            source,
            format!("could not be checked: {error}"),
            "mend what is named above and run doctor again",
        )
    })
}
