//! Does the database answer, and does anything in it wait for a person?

use super::{super::facts::Facts, Finding};

const ID: &str = "database";
const SOURCE: &str = "setting database";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let backlog = match &facts.local.database {
        Ok(backlog) => backlog,
        Err(why) => {
            return vec![Finding::problem(
                ID,
                SOURCE,
                why.clone(),
                "check that its folder exists and belongs to the server's user, or that the server named by it runs",
            )];
        }
    };
    let mut findings = vec![Finding::ok(ID, SOURCE, "the database answers")];
    if backlog.effects_dead > 0 {
        findings.push(Finding::problem(
            "effects.dead",
            SOURCE,
            format!("given up for good: {}", counted(backlog.effects_dead, "effect", "effects")),
            "embargod effects list, then retry or drop each with --reason TEXT; a protecting one may mean that words are public",
        ));
    }
    if backlog.deliveries_parked > 0 {
        findings.push(Finding::problem(
            "deliveries.parked",
            SOURCE,
            format!("could not be handled: {}", counted(backlog.deliveries_parked, "delivery", "deliveries")),
            "embargod deliveries list, then retry or drop each with --reason TEXT",
        ));
    }
    findings
}

fn counted(many: u64, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}
