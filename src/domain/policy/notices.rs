//! `notices`: who is told before a release, and when.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is told before a release, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Notices {
    /// Days before the release on which the notification list gets the full notice, 0 to 14; 0 means no such notice.
    #[garde(range(max = 14))]
    #[schemars(range(max = 14))]
    pub prenotify_days: u32,
    /// Days before the release on which the public is told date, versions and severities, 0 to 30; 0 means no such
    /// announcement.
    #[garde(range(max = 30))]
    #[schemars(range(max = 30))]
    pub announce_days: u32,
    /// Days within which a request to join the notification list is answered, 1 to 365.
    #[garde(range(min = 1, max = 365))]
    #[schemars(range(min = 1, max = 365))]
    pub request_reply_days: u32,
    /// Whether the oss-security list gets the published advisory.
    pub oss_security: bool,
}
