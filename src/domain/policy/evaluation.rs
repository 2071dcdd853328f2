//! `evaluation`: what has to be answered before a report is accepted.

use std::collections::BTreeSet;

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
