//! Security pages that help, and such that do not.

use super::{complaints, inside, page};
use crate::cli::doctor::Severity::{self, Problem, Warning};

fn with(text: &str) -> Vec<(&'static str, Severity)> {
    complaints(|facts| inside(facts).security_page = Ok(Some(page(text))))
}

#[test]
fn a_page_that_leads_somewhere_private_is_well() {
    for text in [
        "Write to <security@acme.dev>.",
        "Use https://github.com/acme/web/security/advisories/new.",
        "Use [the form](../../security/advisories/new), not the issue tracker.",
        "Please do not open a public issue for a vulnerability; mail security@acme.dev",
        "For security problems see https://acme.dev/security. For anything else, open an issue.",
        "Don't\nfile an issue about security. See [HackerOne](https://hackerone.com/acme).",
        "We follow https://github.com/acme/policies/blob/main/disclosure.md",
        "See [our process](docs/process.md).",
        "Go to https://github.com/Acme/Web/security.",
    ] {
        assert_eq!(with(text), [], "{text}");
    }
}

#[test]
fn a_page_that_asks_for_a_public_issue() {
    for text in [
        "To report a vulnerability, please open an issue. Or mail security@acme.dev.",
        "Found a security problem?\n\nReport security bugs by creating a\nnew GitHub issue, or to security@acme.dev",
        "Vulnerabilities go to our issue tracker. security@acme.dev",
    ] {
        assert_eq!(with(text), [("security_page.public", Problem)], "{text}");
    }
}

#[test]
fn a_page_that_leads_only_to_itself() {
    for text in [
        "See our [security policy](https://github.com/acme/web/security/policy).",
        "See [here](../../security/policy) and [there](SECURITY.md).",
        "Please read https://github.com/acme/web/issues/new/choose.",
        "Thank you for helping us.",
        "",
    ] {
        assert_eq!(with(text), [("security_page.circle", Problem)], "{text}");
    }
}

#[test]
fn a_page_whose_template_was_never_filled_in() {
    assert_eq!(with("Mail security@example.com or security@acme.dev."), [("security_page.example", Problem)]);
    assert_eq!(
        with("Mail security@yourdomain.com."),
        [("security_page.example", Problem), ("security_page.circle", Problem)]
    );
    assert_eq!(
        with("See https://security.example.org/report or mail to it@acme.dev"),
        [("security_page.example", Problem)]
    );
}

#[test]
fn a_page_that_leads_to_a_form_that_is_off() {
    let what = complaints(|facts| {
        inside(facts).security_page = Ok(Some(page("https://github.com/acme/web/security/advisories/new")));
        inside(facts).private_reporting = Ok(Some(false));
    });
    assert_eq!(what, [("reporting.private", Problem), ("security_page.form", Problem)]);
}

#[test]
fn no_page_at_all() {
    assert_eq!(complaints(|facts| inside(facts).security_page = Ok(None)), [("security_page", Warning)]);
}
