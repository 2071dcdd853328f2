//! `embargo`: how long a fix may be kept secret and when it may be published.

use garde::Validate;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;
use super::time::{Weekday, ZonedTime};
use crate::domain::post::RepoName;

/// The hours of a week in which an embargo may end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Window {
    /// Days of the week, in the zone of from and to.
    #[garde(length(min = 1, max = 7))]
    pub days: Vec<Weekday>,
    /// First minute, with zone: "13:00Z".
    #[schemars(with = "String", regex(pattern = r"^\d\d:\d\d(Z|[+-]\d\d:\d\d)$"))]
    pub from: ZonedTime,
    /// Last minute, with the same zone: "16:00Z".
    #[garde(custom(ends_after(self.from)))]
    #[schemars(with = "String", regex(pattern = r"^\d\d:\d\d(Z|[+-]\d\d:\d\d)$"))]
    pub to: ZonedTime,
}

impl Embargo {
    /// The branch of a case's fix for a series in the mirror.
    pub fn mirror_branch(&self, case: &str, series: &str) -> String {
        self.mirror_branches.replace("{case}", case).replace("{series}", series)
    }

    /// How the branches of all cases in the mirror begin.
    pub fn mirror_prefix(&self) -> &str {
        self.mirror_branches.split('{').next().unwrap_or_default()
    }
}

impl Window {
    /// Whether an instant lies in the window. Both ends count.
    pub fn contains(&self, instant: Timestamp) -> bool {
        let local = self.from.zone.0.to_datetime(instant);
        self.days.contains(&local.date().weekday().into())
            && self.from.time <= local.time()
            && local.time() <= self.to.time
    }
}

/// How long a fix may be kept secret and when it may be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Embargo {
    /// Longest embargo, in days from the report, 1 to 365.
    #[garde(range(min = 1, max = 365))]
    #[schemars(range(min = 1, max = 365))]
    pub max_days: u32,
    /// The private repository in which fixes are prepared, as owner/name, on branches that `mirror_branches` names. It is
    /// no fork of the public one, and the App is installed on it.
    #[serde(default, with = "text::repository", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub mirror: Option<RepoName>,
    /// The branch of a case's fix for a series in the mirror; {case} stands before {series}, and the branch of development
    /// counts as a series of that name.
    #[serde(default = "usual_branches")]
    #[garde(custom(names_case_and_series))]
    pub mirror_branches: String,
    /// The hours of a week in which an embargo may end. Without it, any hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub window: Option<Window>,
    /// Days (2026-12-24) on which no embargo may end, in the zone of the window, else UTC.
    #[serde(default, deserialize_with = "text::dates")]
    #[garde(length(max = 400))]
    #[schemars(with = "Vec<String>", inner(regex(pattern = r"^\d{4}-\d{2}-\d{2}$")))]
    pub blackout: Vec<Date>,
}

fn usual_branches() -> String {
    "sec/{case}-{series}".to_owned()
}

fn names_case_and_series(pattern: &String, _: &()) -> garde::Result {
    let case = pattern.find("{case}").filter(|_| pattern.matches("{case}").count() == 1);
    let series = pattern.find("{series}").filter(|_| pattern.matches("{series}").count() == 1);
    let plain = pattern.replace("{case}", "").replace("{series}", "");
    let is_name = plain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'));
    match (case, series) {
        (Some(case), Some(series)) if case < series && is_name && pattern.len() <= 100 => Ok(()),
        _ => Err(garde::Error::new(
            "is no pattern of branches; write letters, digits and /-_. with {case} before {series}, such as \
             sec/{case}-{series}",
        )),
    }
}

fn ends_after(from: ZonedTime) -> impl FnOnce(&ZonedTime, &()) -> garde::Result {
    move |to, _| {
        if to.zone != from.zone {
            Err(garde::Error::new("has another zone than `from`; write both in one zone"))
        } else if to.time <= from.time {
            Err(garde::Error::new("is not after `from`; a window starts and ends on one day"))
        } else {
            Ok(())
        }
    }
}
