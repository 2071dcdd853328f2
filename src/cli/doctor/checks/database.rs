//! Does the database answer?

use super::{super::facts::Facts, Finding};

const ID: &str = "database";
const SOURCE: &str = "setting database";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    vec![match &facts.local.database {
        Ok(()) => Finding::ok(ID, SOURCE, "the database answers"),
        Err(why) => Finding::problem(
            ID,
            SOURCE,
            why.clone(),
            "check that its folder exists and belongs to the server's user, or that the server named by it runs",
        ),
    }]
}
