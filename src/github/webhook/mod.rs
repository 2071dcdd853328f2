//! Webhook deliveries: are they GitHub's, to which lane do they belong, what do they say.
//!
//! What flows in: header values and raw bytes. What flows out: yes or no ([`signature`]), a lane ([`lane_of`]), and our own
//! words for what happened ([`events::parse`]). What it must never do: I/O, panic whatever the bytes, or quote them in an
//! error.

pub mod events;
mod lane;
pub mod signature;

#[cfg(test)]
mod tests;

pub use events::{
    AdvisoryNotice, Content, Delivered, InstallationNotice, ParseError, PushNotice, RefNotice, ReleaseNotice,
    RepositoryBrief, RepositoryNotice, parse,
};
pub use lane::{lane, lane_if_json, lane_of};
pub use signature::{SignatureProblem, WebhookSecrets};
