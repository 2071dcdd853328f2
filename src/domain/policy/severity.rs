//! `severity`: how bad a class of weakness is.

use std::collections::BTreeMap;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeverityLevel {
    /// Low.
    Low,
    /// Moderate.
    Moderate,
    /// High.
    High,
}

/// How bad a class of weakness is. A case keeps the table of the policy version under which it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Severity {
    /// The severity of each class, by the class's slug (sql-injection). A class that is not listed is unclassified.
    #[garde(length(max = 100), custom(slugs))]
    pub classes: BTreeMap<String, SeverityLevel>,
    /// Up to where a class may be raised when an attack is unusually easy and severe, by the class's slug.
    #[serde(default)]
    #[garde(length(max = 100), custom(slugs), custom(above(&self.classes)))]
    pub raisable: BTreeMap<String, SeverityLevel>,
    /// Whether the team may set another severity than the table's, with a reason and a second person.
    pub adjustable: bool,
}

fn slugs(map: &BTreeMap<String, SeverityLevel>, _: &()) -> garde::Result {
    let slug = |text: &String| {
        text.len() <= 60
            && text
                .split('-')
                .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
    };
    if map.keys().all(slug) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "names a class that is not a slug; use lower-case words with hyphens, such as sql-injection",
        ))
    }
}

fn above(
    classes: &BTreeMap<String, SeverityLevel>,
) -> impl FnOnce(&BTreeMap<String, SeverityLevel>, &()) -> garde::Result {
    move |raisable, _| {
        let fits = |(class, level): (&String, &SeverityLevel)| classes.get(class).is_some_and(|usual| usual < level);
        if raisable.iter().all(fits) {
            Ok(())
        } else {
            Err(garde::Error::new(
                "raises a class that `severity.classes` lacks or rates no lower; list it there with a lower severity",
            ))
        }
    }
}
