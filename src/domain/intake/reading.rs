//! What a post names that somebody else is responsible for, or that the policy allows.
//!
//! Whoever may open a post's words asks; the answer holds places in the policy and ids of vulnerabilities, never other words.

use crate::domain::{
    coverage::named_ids,
    policy::{Redirect, matches},
};

/// So much of a body is searched for names, in bytes: whoever writes about a dependency names it early.
const SEARCHED_BYTES: usize = 16 * 1024;

/// Most ids that are looked into. A post with more is a list.
const MOST_IDS: usize = 50;

/// What a post names. Its words are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Ids of vulnerabilities (`CVE-2024-1`, `GHSA-…`), in upper case, each once, at most 50.
    pub ids: Vec<String>,
    /// Which of the policy's `redirect.dependencies` it names first, by place in that list.
    pub dependency: Option<usize>,
    /// Which of the policy's `redirect.allow.titles` its title matches, by place in that list.
    pub allowed_title: Option<usize>,
}

/// Reads it out of a post's words.
pub fn named(title: &str, body: &str, redirect: &Redirect) -> Named {
    let start = body.floor_char_boundary(SEARCHED_BYTES);
    let body = &body[..start];
    let mut ids = named_ids(title);
    ids.extend(named_ids(body));
    ids.sort();
    ids.dedup();
    ids.truncate(MOST_IDS);
    let dependency = if redirect.dependencies.is_empty() {
        None
    } else {
        let text = format!("{title}\n{body}").to_lowercase();
        redirect.dependencies.iter().position(|name| holds_word(&text, &name.to_lowercase()))
    };
    let allowed_title = redirect.allow.titles.iter().position(|pattern| matches(pattern, title.trim()));
    Named { ids, dependency, allowed_title }
}

/// Whether `text` holds `word` with nothing of a name before or behind it.
fn holds_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(word).any(|(place, _)| {
        let before = text[..place].chars().next_back();
        let after = text[place + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::parse_one;

    fn redirect(text: &str) -> Redirect {
        parse_one("policy.yml", &format!("extends: minimal\nredirect: {{ {text} }}")).expect("valid").policy.redirect
    }

    #[test]
    fn ids_are_read_from_title_and_body_once_each() {
        let found = named("About cve-2021-44228", "See CVE-2021-44228 and GHSA-jfh8-c2jp-5v3q.", &redirect(""));
        assert_eq!(found.ids, ["CVE-2021-44228", "GHSA-JFH8-C2JP-5V3Q"]);
    }

    #[test]
    fn a_dependency_is_named_by_its_whole_name() {
        let redirect = redirect("dependencies: [log4j, OpenSSL]");
        let which = |body: &str| named("Scanner", body, &redirect).dependency;
        assert_eq!(which("We use openssl 3.0."), Some(1));
        assert_eq!(which("LOG4J!"), Some(0));
        assert_eq!(which("log4jx, x-openssl and open ssl"), None);
    }

    #[test]
    fn what_is_behind_the_searched_part_is_not_looked_at_and_no_letter_is_cut() {
        let long = "ä".repeat(SEARCHED_BYTES) + " CVE-2021-44228";
        assert!(named("", &long, &redirect("")).ids.is_empty());
        assert!(named("", &format!("x{long}"), &redirect("")).ids.is_empty());
    }
}
