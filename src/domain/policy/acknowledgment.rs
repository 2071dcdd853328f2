//! `acknowledgment`: how soon a person answers a report.

use std::fmt;

use garde::Validate;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;
use super::time::{Weekday, Zone};

/// A period within which a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Hours on the wall clock.
    Hours(u32),
    /// Days on which the team works.
    WorkingDays(u32),
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(1) => f.write_str("1 hour"),
            Self::Hours(hours) => write!(f, "{hours} hours"),
            Self::WorkingDays(1) => f.write_str("1 working day"),
            Self::WorkingDays(days) => write!(f, "{days} working days"),
        }
    }
}

/// How soon a person answers a report. An automatic receipt does not count. Give either within_hours or
/// within_working_days; the one replaces the other where it comes from a preset or an organisation's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Acknowledgment {
    /// Hours on the wall clock, 1 to 720.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1, max = 720)), custom(not_both(self.within_working_days.is_some())))]
    #[schemars(range(min = 1, max = 720))]
    pub within_hours: Option<u32>,
    /// Working days, 1 to 30: days of workdays that are not holidays, in zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1, max = 30)))]
    #[schemars(range(min = 1, max = 30))]
    pub within_working_days: Option<u32>,
    /// Days of the week on which the team works; default mon to fri.
    #[serde(default = "monday_to_friday")]
    #[garde(length(min = 1, max = 7))]
    pub workdays: Vec<Weekday>,
    /// Days (2026-12-25) on which the team does not work.
    #[serde(default, deserialize_with = "text::dates")]
    #[garde(length(max = 400))]
    #[schemars(with = "Vec<String>", inner(regex(pattern = r"^\d{4}-\d{2}-\d{2}$")))]
    pub holidays: Vec<Date>,
    /// The zone whose midnights separate days: "Z" or an offset such as "+01:00"; default "Z".
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = r"^(Z|[+-]\d\d:\d\d)$"))]
    pub zone: Zone,
    /// Whether a private report is answered at once by an automatic receipt in the advisory, which stops no clock; default
    /// true.
    #[serde(default = "yes")]
    pub receipt: bool,
}

impl Acknowledgment {
    /// The period in force.
    pub fn within(&self) -> Within {
        match (self.within_hours, self.within_working_days) {
            (_, Some(days)) => Within::WorkingDays(days),
            (Some(hours), None) => Within::Hours(hours),
            // Validation demands one of the two. The strictest promise of any preset stands in.
            (None, None) => Within::Hours(48),
        }
    }
}

fn yes() -> bool {
    true
}

fn monday_to_friday() -> Vec<Weekday> {
    use Weekday::*;
    vec![Mon, Tue, Wed, Thu, Fri]
}

fn not_both(working_days: bool) -> impl FnOnce(&Option<u32>, &()) -> garde::Result {
    move |hours, _| match (hours.is_some(), working_days) {
        (true, true) => Err(garde::Error::new("stands beside `within_working_days`; keep one of the two")),
        (false, false) => Err(garde::Error::new("is missing, and so is `within_working_days`; give one of the two")),
        _ => Ok(()),
    }
}
