//! `reports`: what is asked of people who report.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked of people who report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Reports {
    /// Ask which tools, AI among them, helped to find and write the report.
    pub ask_for_tools: bool,
    /// Reports of one person that may wait for a verdict at a time, 0 to 100; further ones are held back. 0 means any
    /// number.
    #[garde(range(max = 100))]
    #[schemars(range(max = 100))]
    pub open_per_reporter: u32,
}
