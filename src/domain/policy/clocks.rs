//! `clocks`: after how long somebody is reminded.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// After how long somebody is reminded, beside the acknowledgment and the embargo's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// Days until a case without a coordinator is brought up, 1 to 365.
    #[garde(range(min = 1, max = 365))]
    #[schemars(range(min = 1, max = 365))]
    pub idle_coordinator_days: u32,
    /// Days until a question that the reporter has not answered no longer holds up the case, 1 to 365.
    #[garde(range(min = 1, max = 365))]
    #[schemars(range(min = 1, max = 365))]
    pub reporter_silence_days: u32,
    /// Days without any step until a case counts as stalled, 1 to 365.
    #[garde(range(min = 1, max = 365))]
    #[schemars(range(min = 1, max = 365))]
    pub stall_days: u32,
    /// Days from the report within which a case is to be resolved, 1 to 365.
    #[garde(range(min = 1, max = 365))]
    #[schemars(range(min = 1, max = 365))]
    pub resolve_days: u32,
    /// Hours from the disclosure within which the CVE record is to be published, 1 to 720.
    #[garde(range(min = 1, max = 720))]
    #[schemars(range(min = 1, max = 720))]
    pub cve_publish_hours: u32,
}
