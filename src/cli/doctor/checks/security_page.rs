//! Does the security page lead people somewhere private?
//!
//! The usual mistakes: it asks for a public issue, it links only to itself (GitHub's "Report a vulnerability" shows the page
//! that links to "Report a vulnerability"), or nobody replaced the template's address.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    super::facts::{Facts, Found, RepositoryInside},
    Finding, answered,
};
use crate::domain::post::RepoName;

const ID: &str = "security_page";
const SOURCE: &str = "SECURITY.md";

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)\bhttps?://[^\s<>()\[\]"'`]+|\]\(([^)\s]+)\)"#).expect("a constant pattern"));

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b[a-z0-9._%+-]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)\b").expect("a constant pattern"));

static PUBLIC_ISSUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(open|opening|create|creating|file|filing|submit|submitting|raise|raising)\s+(an?\s+|the\s+)?(new\s+|public\s+|regular\s+|github\s+)*(issue|ticket)\b|\bissue tracker\b")
        .expect("a constant pattern")
});

static NEGATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(not|never|avoid|instead of|rather than|without|refrain|other than|non-security)\b|n['’]t\b")
        .expect("a constant pattern")
});

/// Addresses that RFC 2606 and RFC 6761 reserve for examples.
static EXAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(^|\.)(example\.(com|org|net)|example|invalid|test|localhost)$|^(your-?(domain|company|org|project))\.",
    )
    .expect("a constant pattern")
});

/// A way out of the page.
enum Way {
    /// GitHub's private form of this repository, or a page with its button.
    Form,
    /// The page itself.
    Circle,
    /// An address that nobody reads.
    Example,
    /// Anything else: a mailbox, another page.
    Elsewhere,
}

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(repository) = &facts.repository else {
        return Vec::new();
    };
    let Some(inside) = &repository.inside else {
        return Vec::new();
    };
    match answered(&inside.security_page, ID, SOURCE) {
        Err(finding) => vec![finding],
        Ok(None) => vec![Finding::warning(
            ID,
            SOURCE,
            format!("{} has no SECURITY.md, nor has its owner's .github repository", repository.name),
            "add SECURITY.md with the link of the private form, so that people find it before they post",
        )],
        Ok(Some(page)) => judge(page, &repository.name, inside),
    }
}

fn judge(page: &Found, name: &RepoName, inside: &RepositoryInside) -> Vec<Finding> {
    let place = &page.place;
    let form = format!("https://github.com/{name}/security/advisories/new");
    let mut findings = Vec::new();
    if asks_for_public_issues(&page.text) {
        findings.push(Finding::problem(
            "security_page.public",
            SOURCE,
            format!("{place} seems to ask for a public issue"),
            format!("ask for a private report instead: {form}"),
        ));
    }
    let ways = ways(&page.text, name);
    if ways.iter().any(|way| matches!(way, Way::Example)) {
        findings.push(Finding::problem(
            "security_page.example",
            SOURCE,
            format!("{place} names an address that exists only in examples"),
            "replace it by an address that somebody reads",
        ));
    }
    let has_form = ways.iter().any(|way| matches!(way, Way::Form));
    let form_is_off = matches!(inside.private_reporting, Ok(Some(false)));
    if has_form && form_is_off {
        findings.push(Finding::problem(
            "security_page.form",
            SOURCE,
            format!("{place} links to the private form, which is switched off"),
            "switch on \"Private vulnerability reporting\" under Settings, Advanced Security",
        ));
    }
    let leads_out = has_form || ways.iter().any(|way| matches!(way, Way::Elsewhere));
    if !leads_out {
        let circle = ways.iter().any(|way| matches!(way, Way::Circle));
        findings.push(Finding::problem(
            "security_page.circle",
            SOURCE,
            if circle {
                format!("{place} leads only back to itself")
            } else {
                format!("{place} names no way to report")
            },
            format!("name the private form, {form}, or a mailbox"),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ID, SOURCE, format!("{place} leads to a private channel")));
    }
    findings
}

/// A sentence that asks for an issue and has no "not" in it.
fn asks_for_public_issues(text: &str) -> bool {
    // lines of one paragraph belong together
    text.split("\n\n")
        .flat_map(|paragraph| {
            let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            joined.split_inclusive(['.', '!', '?', ';']).map(str::to_owned).collect::<Vec<_>>()
        })
        .any(|sentence| {
            let about_security =
                ["vulnerab", "security", "exploit"].iter().any(|word| sentence.to_lowercase().contains(word));
            about_security && PUBLIC_ISSUE.is_match(&sentence) && !NEGATION.is_match(&sentence)
        })
}

fn ways(text: &str, name: &RepoName) -> Vec<Way> {
    let links = LINK.captures_iter(text).filter_map(|found| {
        let link = found.get(1).or_else(|| found.get(0))?.as_str();
        link_way(link.trim_end_matches(['.', ',', ';', ':', '*', '_']), name)
    });
    let mailboxes = ADDRESS
        .captures_iter(text)
        .map(|found| if EXAMPLE.is_match(&found[1]) { Way::Example } else { Way::Elsewhere });
    links.chain(mailboxes).collect()
}

fn link_way(link: &str, name: &RepoName) -> Option<Way> {
    let link = link.to_lowercase();
    if link.starts_with('#') || link.starts_with("mailto:") {
        // mailboxes are found by their own pattern
        return None;
    }
    let (host, path) = match link.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", link.as_str()),
    };
    if EXAMPLE.is_match(host) {
        return Some(Way::Example);
    }
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    let own = name.to_string().to_lowercase();
    // `../../security/policy` is how templates link to the repository they are copied into
    let inside = path.strip_prefix(&own).unwrap_or(path).trim_start_matches(['.', '/']);
    let is_own = host.is_empty() || path.starts_with(&format!("{own}/")) || path == own;
    Some(match inside {
        // the tab and its list show the form's button
        "security/advisories/new" | "security/advisories" | "security" if is_own => Way::Form,
        _ if !is_own => Way::Elsewhere,
        ""
        | "security"
        | "security/policy"
        | "security/advisories"
        | "security.md"
        | "issues"
        | "issues/new"
        | "issues/new/choose" => Way::Circle,
        inside if inside.ends_with("/security.md") => Way::Circle,
        _ => Way::Elsewhere,
    })
}
