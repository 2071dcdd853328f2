//! Does the page on which people choose an issue form also show the private form?

use serde::Deserialize;

use super::{super::facts::Facts, Finding, answered};
use crate::domain::post::RepoName;

const ID: &str = "forms.contact_link";
const SOURCE: &str = ".github/ISSUE_TEMPLATE/config.yml";

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    contact_links: Option<Vec<ContactLink>>,
}

#[derive(Deserialize)]
struct ContactLink {
    #[serde(default)]
    url: Option<String>,
}

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(repository) = &facts.repository else {
        return Vec::new();
    };
    let Some(inside) = &repository.inside else {
        return Vec::new();
    };
    let name = &repository.name;
    let remedy = format!(
        "add to {SOURCE}: contact_links: [{{name: Report a vulnerability, url: \
         https://github.com/{name}/security/advisories/new, about: Privately, please}}]"
    );
    let found = match answered(&inside.issue_forms, ID, SOURCE) {
        Err(finding) => return vec![finding],
        Ok(None) => {
            return vec![Finding::note(
                ID,
                SOURCE,
                format!("the issue chooser of {name} shows no way to report in private"),
                remedy,
            )];
        }
        Ok(Some(found)) => found,
    };
    // the parser's message would quote the file
    let Ok(config) = serde_saphyr::from_str::<Config>(&found.text) else {
        return vec![Finding::warning(
            ID,
            SOURCE,
            format!("{} is not valid, so GitHub ignores it", found.place),
            "mend its YAML; contact_links is a list of name, url and about",
        )];
    };
    let links: Vec<_> = config.contact_links.unwrap_or_default().into_iter().filter_map(|link| link.url).collect();
    vec![if links.iter().any(|link| is_private_form(link, name)) {
        Finding::ok(ID, SOURCE, format!("the issue chooser of {name} shows the private form"))
    } else {
        Finding::warning(
            ID,
            SOURCE,
            format!("no contact link in {} leads to the private form of {name}", found.place),
            remedy,
        )
    }]
}

/// The form itself, or the security page, which shows its button.
fn is_private_form(link: &str, name: &RepoName) -> bool {
    let link = link.trim().trim_end_matches('/').to_ascii_lowercase();
    let root = format!("/{name}/security").to_ascii_lowercase();
    ["/advisories/new", "/policy", ""].iter().any(|rest| link.ends_with(&format!("{root}{rest}")))
}
