//! `evaluation`: what has to be answered before a report is accepted.

use std::collections::{BTreeMap, BTreeSet};

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One question of the checklist. "Yes" speaks for accepting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct ChecklistItem {
    /// The name by which commands answer it: supported.
    #[garde(custom(item_id))]
    pub id: String,
    /// The question, for maintainers.
    #[garde(length(chars, min = 1, max = 300))]
    pub question: String,
}

/// What has to be answered before a report is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Evaluation {
    /// The questions, in the order in which they are asked. A list replaces the list of the preset.
    #[garde(length(max = 50), dive, custom(distinct))]
    pub checklist: Vec<ChecklistItem>,
    /// Where other projects take reports, by the name that commands use: python: security@example.org. Mail addresses
    /// or https addresses; shown to reporters.
    #[serde(default)]
    #[garde(length(max = 100), custom(upstream_addresses))]
    pub upstream: BTreeMap<String, String>,
}

fn item_id(text: &str, _: &()) -> garde::Result {
    let plain = text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not a name for commands; use lower-case letters, digits and `_`, such as best_practice",
        ))
    }
}

fn distinct(items: &[ChecklistItem], _: &()) -> garde::Result {
    let ids: BTreeSet<_> = items.iter().map(|item| &item.id).collect();
    if ids.len() == items.len() {
        Ok(())
    } else {
        Err(garde::Error::new("has two items with one id; give each its own"))
    }
}

fn upstream_addresses(projects: &BTreeMap<String, String>, _: &()) -> garde::Result {
    let name = |text: &str| {
        !text.is_empty()
            && text.len() <= 60
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
    };
    // The text goes to reporters, so nothing that Markdown or HTML could read as markup passes.
    let plain = |text: &str| {
        text.len() <= 254 && text.chars().all(|c| c.is_ascii_alphanumeric() || "@.:/_-+=~#?&%".contains(c))
    };
    let address = |text: &str| {
        plain(text) && (text.starts_with("https://") || text.split('@').filter(|part| !part.is_empty()).count() == 2)
    };
    if !projects.keys().all(|key| name(key)) {
        return Err(garde::Error::new(
            "names a project by something else than lower-case letters, digits, `.` and `-`; write it as in python",
        ));
    }
    if projects.values().all(|value| address(value)) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "holds something that is neither a mail address nor an https address; write it as security@example.org",
        ))
    }
}
