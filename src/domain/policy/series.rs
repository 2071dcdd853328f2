//! `series`: the lines of releases that get security fixes.

use std::collections::BTreeMap;

use garde::Validate;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;

/// The lines of releases that get security fixes: the main branch, the latest series, and those with long-term support.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Series {
    /// The branch of development; default main.
    #[serde(default = "main_branch")]
    #[garde(custom(branch))]
    pub main: String,
    /// How the branch of a series is called; {series} stands for its number. Default stable/{series}.x.
    #[serde(default = "branches")]
    #[garde(custom(pattern(&["{series}"], &[])))]
    pub branches: String,
    /// How the tag of a release is called: {series}, then {patch} for its number in the series. The first release of a
    /// series may be tagged without .{patch}. Default {series}.{patch}.
    #[serde(default = "tags")]
    #[garde(custom(pattern(&["{series}", "{patch}"], &[])))]
    pub tags: String,
    /// How the tag of a pre-release is called: {series}, then {pre} for a1, b1, rc1. Default {series}{pre}.
    #[serde(default = "prerelease_tags")]
    #[garde(custom(pattern(&["{series}", "{pre}"], &["{patch}"])))]
    pub prerelease_tags: String,
    /// How many of the latest series are supported, 0 to 20; default 2.
    #[serde(default = "latest")]
    #[garde(range(max = 20))]
    #[schemars(range(max = 20))]
    pub latest: u8,
    /// Series with long-term support and their last day (2026-04-07), which still counts.
    #[serde(default, deserialize_with = "text::dates_by_name")]
    #[garde(length(max = 100), custom(series_numbers))]
    #[schemars(with = "BTreeMap<String, String>")]
    pub lts: BTreeMap<String, Date>,
    /// The day of a series' first final release (2025-04-02), where its tags do not tell it: tags that were lost, or made
    /// again later. Counts more than they do.
    #[serde(default, deserialize_with = "text::dates_by_name")]
    #[garde(length(max = 200), custom(series_numbers))]
    #[schemars(with = "BTreeMap<String, String>")]
    pub released: BTreeMap<String, Date>,
}

fn main_branch() -> String {
    "main".to_owned()
}

fn branches() -> String {
    "stable/{series}.x".to_owned()
}

fn tags() -> String {
    "{series}.{patch}".to_owned()
}

fn prerelease_tags() -> String {
    "{series}{pre}".to_owned()
}

fn latest() -> u8 {
    2
}

/// What `git check-ref-format` lets through, less characters that no project uses.
fn is_ref_text(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.starts_with(['/', '-', '.'])
        && !text.ends_with(['/', '.'])
        && !text.contains("..")
        && !text.contains("//")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c))
}

fn branch(text: &str, _: &()) -> garde::Result {
    if is_ref_text(text) {
        Ok(())
    } else {
        Err(garde::Error::new("is not the name of a branch; name the branch of development, such as main"))
    }
}

/// Each of `needed` exactly once, each of `allowed` at most once, nothing else in braces, and the rest fit for a ref.
fn pattern(
    needed: &'static [&'static str],
    allowed: &'static [&'static str],
) -> impl FnOnce(&String, &()) -> garde::Result {
    move |text, _| {
        let mut rest = text.clone();
        for placeholder in needed.iter().chain(allowed) {
            let count = text.matches(placeholder).count();
            if count > 1 || (count == 0 && needed.contains(placeholder)) {
                return Err(garde::Error::new(format!(
                    "does not hold {placeholder} exactly once; it must hold {}",
                    needed.join(" and ")
                )));
            }
            rest = rest.replace(placeholder, "0");
        }
        if rest.contains(['{', '}']) {
            let known: Vec<_> = needed.iter().chain(allowed).copied().collect();
            Err(garde::Error::new(format!("holds an unknown placeholder; known here: {}", known.join(", "))))
        } else if is_ref_text(&rest) {
            Ok(())
        } else {
            Err(garde::Error::new(
                "can't be the name of a branch or tag; use letters, digits, `/`, `.`, `_`, `-` and `+`",
            ))
        }
    }
}

fn series_numbers(dates: &BTreeMap<String, Date>, _: &()) -> garde::Result {
    let number = |text: &String| {
        text.len() <= 40 && text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
    };
    if dates.keys().all(number) {
        Ok(())
    } else {
        Err(garde::Error::new("names something that is not a series; use its number in quotes, such as \"4.2\""))
    }
}
