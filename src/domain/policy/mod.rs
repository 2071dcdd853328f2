//! The policy: a project's rules as data.
//!
//! What flows in: the text of policy files and the presets that they extend. What flows out: a [`Policy`] in which
//! everything is decided, with the origin of each value, or a [`PolicyError`] that names line, column and remedy of
//! every mistake. What it must never do: panic on a text, guess what a wrong value meant, or let a broken file loosen
//! anything (whoever calls keeps the last good policy).

mod acknowledgment;
mod allow;
mod bar;
mod clocks;
mod contact;
mod decode;
mod desk;
mod embargo;
mod evaluation;
mod layers;
mod notices;
mod preset;
mod prior;
mod problem;
mod redirect;
mod releases;
mod reports;
mod roles;
mod schema;
mod sentences;
mod series;
mod severity;
mod text;
mod time;
mod tree;
mod version;

#[cfg(test)]
mod tests;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use acknowledgment::{Acknowledgment, Within};
pub use allow::{Allow, matches};
pub use bar::Bar;
pub use clocks::Clocks;
pub use contact::Contact;
pub use desk::{Desk, DeskKind};
pub use embargo::{Embargo, Window};
pub use evaluation::{ChecklistItem, Evaluation};
pub use layers::{Effective, Layer, Origin, effective, parse_one};
pub use notices::Notices;
pub use preset::Preset;
pub use prior::Prior;
pub use problem::{PolicyError, Problem};
pub use redirect::{DEFAULT_ACT_AT, DEFAULT_REPLY_AT, Mode, Redirect};
pub use releases::Releases;
pub use reports::Reports;
pub use roles::{Principal, Roles};
pub use schema::schema;
pub use sentences::sentence;
pub use series::Series;
pub use severity::{Severity, SeverityLevel};
pub use time::{Weekday, Zone, ZonedTime};
pub use tree::MAX_BYTES;

/// The rules of one repository, with everything decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Policy {
    /// Names these very rules: the preset's name, `+`, and the first 12 hex digits of the SHA-256 of the policy's
    /// canonical JSON. A case is pinned to it.
    #[serde(skip_deserializing, default)]
    #[schemars(skip)]
    pub version: String,
    /// The preset that supplies whatever is not said here: django-2018, django-2024, django-2026 or minimal.
    pub extends: Preset,
    /// What happens to a public post that belongs in private.
    #[garde(dive)]
    pub redirect: Redirect,
    /// Where people are told to report in private.
    #[garde(dive)]
    pub contact: Contact,
    /// Where people talk about a case.
    #[garde(dive)]
    pub desk: Desk,
    /// Who may do what in a case.
    #[serde(default)]
    #[garde(dive)]
    pub roles: Roles,
    /// How soon a person answers a report.
    #[garde(dive)]
    pub acknowledgment: Acknowledgment,
    /// After how long somebody is reminded.
    #[garde(dive)]
    pub clocks: Clocks,
    /// What is asked of people who report.
    #[garde(dive)]
    pub reports: Reports,
    /// What has to be answered before a report is accepted.
    #[garde(dive)]
    pub evaluation: Evaluation,
    /// How bad a class of weakness is.
    #[garde(dive)]
    pub severity: Severity,
    /// The lines of releases that get security fixes; without it only the default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub series: Option<Series>,
    /// What a release tag must be like; without it nothing but its place is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub releases: Option<Releases>,
    /// How long a fix may be kept secret and when it may be published.
    #[garde(dive)]
    pub embargo: Embargo,
    /// Who is told before a release, and when.
    #[garde(dive)]
    pub notices: Notices,
}
