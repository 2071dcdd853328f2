//! Is there a private way to report?

use super::{super::facts::Facts, Finding, answered};

const ID: &str = "reporting.private";
const SOURCE: &str = "GET /repos/{owner}/{repo}/private-vulnerability-reporting";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(repository) = &facts.repository else {
        return Vec::new();
    };
    let Some(inside) = &repository.inside else {
        return Vec::new();
    };
    let name = &repository.name;
    let private = inside.facts.as_ref().is_ok_and(|facts| facts.private);
    vec![match answered(&inside.private_reporting, ID, SOURCE) {
        Err(finding) => finding,
        Ok(Some(true)) => Finding::ok(ID, SOURCE, format!("private reporting is on in {name}")),
        Ok(None) if private => Finding::note(
            ID,
            SOURCE,
            format!("{name} is private; GitHub's form exists for public repositories"),
            "nothing, unless the repository is to become public",
        ),
        Ok(None) => Finding::warning(
            ID,
            SOURCE,
            format!("GitHub does not say whether private reporting is on in {name}"),
            "look under Settings, Advanced Security; set contact.email in the policy where there is no such form",
        ),
        Ok(Some(false)) => Finding::problem(
            ID,
            SOURCE,
            format!("private reporting is off in {name}"),
            "switch on \"Private vulnerability reporting\" under Settings, Advanced Security, or set contact.email in the \
             policy",
        ),
    }]
}
