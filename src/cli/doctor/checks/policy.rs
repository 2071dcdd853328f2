//! Is there a policy, and is it valid?

use super::{super::facts::Facts, Finding, answered};

const ID: &str = "policy";
const SOURCE: &str = ".github/embargod.yml";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(repository) = &facts.repository else {
        return Vec::new();
    };
    let Some(inside) = &repository.inside else {
        return Vec::new();
    };
    let name = &repository.name;
    let found = match answered(&inside.policy, ID, SOURCE) {
        Err(finding) => return vec![finding],
        Ok(found) => found,
    };
    vec![match found {
        None if facts.local.has_default_policy => {
            Finding::ok(ID, SOURCE, format!("{name} has no policy of its own; the default policy holds"))
        }
        None => Finding::note(
            ID,
            SOURCE,
            format!("{name} has no policy, so it is only observed"),
            "add .github/embargod.yml with `extends: django-2026` and `redirect: {mode: reply}` to begin with",
        ),
        Some(policy) => match &policy.verdict {
            Ok(about) => Finding::ok(ID, SOURCE, format!("{} is valid: {about}", policy.place)),
            Err(errors) => Finding::problem(
                ID,
                SOURCE,
                format!("{} is not valid: {}", policy.place, errors.join("; ")),
                "mend it; until then the last valid policy stays in force. `embargod policy check FILE` shows the lines",
            ),
        },
    }]
}
