//! GitHub: the only room that talks to it, and the only one that knows how its requests and deliveries look.
//!
//! What flows in: [`GitHubSettings`], requests in the program's own words, and the raw bytes of webhook deliveries.
//! What flows out: small types of our own, [`GitHubError`]s, and posts ([`crate::domain::post::Post`]).
//!
//! What it must never do: decide anything, wait or repeat on its own account (it says when a repetition makes sense,
//! [`GitHubError::retry`], and leaves it to the caller), send anything outside of the configured API base, or put a body,
//! a path, a token or a key into a log, a metric or an error. Two repetitions are its own because nothing has been done by
//! the first attempt: after a 401 with a cached token, and after a 401 that shows that our clock is wrong.
//!
//! Start at [`GitHub::new`]; [`GitHub::installation`] does work in repositories, [`GitHub::app`] asks about the App.

mod app;
mod app_jwt;
mod budget;
mod classify;
mod client;
mod contact;
mod deliveries;
mod drift;
mod error;
mod graphql;
mod manifest;
mod pages;
mod repositories;
mod request;
mod settings;
mod tokens;
mod transport;

mod advisories;
mod advisory_comments;
mod checks;
mod commits;
mod discussions;
mod issues;
mod nodes;
mod pulls;
mod reactions;
mod recent;
mod recent_discussions;
mod refs;
mod tags;

pub mod webhook;

#[cfg(test)]
mod tests;

pub use advisories::{
    AdvisoriesAnswer, Advisory, AdvisoryCredit, AdvisoryDraft, AdvisoryEdit, AdvisoryPage, AdvisoryState,
    AffectedVersions, CreditType, DESCRIPTION_MAX_CHARS, SUMMARY_MAX_CHARS,
};
pub use advisory_comments::{AdvisoryComment, CommentsAnswer};
pub use app::{AppFacts, HookConfig, InstallationFacts};
pub use budget::RateBudget;
pub use checks::{CheckRun, CheckRunContent};
pub use client::{AppClient, GitHub, Installation};
pub use contact::Contact;
pub use deliveries::{DeliveryContent, DeliveryPage, DeliverySummary};
pub use discussions::{DiscussionClose, DiscussionComment, DiscussionFacts};
pub use error::{ATTEMPTS_MAX, GitHubError, PAUSES_S, Retry};
pub use issues::{Comment, Issue, IssueEdit, IssueFilter, IssueState, LockReason, StateReason};
pub use manifest::{ConversionProblem, NewApp, convert_manifest};
pub use nodes::{ContentEdit, HideReason, NodeText};
pub use pages::Listing;
pub use reactions::Reaction;
pub use recent::{PageAsked, RecentAnswer, RecentList, RecentPage, RecentPost};
pub use recent_discussions::{RECENT_DISCUSSIONS_COST, RecentDiscussion, RecentDiscussions};
pub use refs::{RefList, RefsAnswer};
pub use repositories::{FILE_MAX_BYTES, RepositoryFacts, RepositoryPermissions};
pub use settings::{DEFAULT_API_BASE, DEFAULT_REQUEST_TIMEOUT_MS, GitHubSettings, SettingsProblem};
