//! The actions of the redirect. Payloads hold public identifiers and template names; words come from [`super::texts`]
//! or, for the private side, from sealed evidence when the action is performed.

use serde::{Deserialize, Serialize};

use super::{channel::Channel, texts::PublicText};
use crate::domain::{
    effect::{Action, Urgency},
    post::PostPlace,
};

/// Replaces a post's words by the neutral text, and closes the thread that it opens, in one edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactPost {
    /// The post.
    pub place: PostPlace,
    /// Whether the same edit closes the thread.
    pub close: bool,
}

impl Action for RedactPost {
    const KIND: &'static str = "redact_post";
    const URGENCY: Urgency = Urgency::Protecting;
}

/// Folds a comment away (GraphQL `minimizeComment`). GitHub may refuse this to an App; the post is redacted anyway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinimizePost {
    /// The post.
    pub place: PostPlace,
}

impl Action for MinimizePost {
    const KIND: &'static str = "minimize_post";
    const URGENCY: Urgency = Urgency::Private;
}

/// Locks the thread of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockThread {
    /// A post of the thread.
    pub place: PostPlace,
}

impl Action for LockThread {
    const KIND: &'static str = "lock_thread";
    const URGENCY: Urgency = Urgency::Protecting;
}

/// Says a constant text in a thread, once for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SayConstant {
    /// The post that is answered.
    pub place: PostPlace,
    /// Which text.
    pub text: PublicText,
    /// The channel that it names.
    pub channel: Channel,
    /// Within which time a person answers there, as the policy says it: "48 hours".
    pub answered_within: Option<String>,
    /// Whether no earlier run of ours can have spoken in the thread, because it was just opened or because the store has
    /// followed it from its opening: the first attempt then needs no look for an earlier comment.
    pub certainly_first: bool,
}

impl Action for SayConstant {
    const KIND: &'static str = "say_constant";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Puts a thumbs-up on a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// The post.
    pub place: PostPlace,
}

impl Action for React {
    const KIND: &'static str = "react";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Makes the desk of a case: a draft advisory, else an issue of the private repository, else an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDesk {
    /// The case.
    pub case: String,
    /// Whether no earlier run of ours can have made a desk for it, so that the first attempt needs no look: the thread is
    /// new, or was followed since it was opened.
    pub certainly_first: bool,
}

impl Action for OpenDesk {
    const KIND: &'static str = "open_desk";
    const URGENCY: Urgency = Urgency::Private;
}

/// Why a desk leaves its advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// GitHub does not let the App read or write the advisory's comments.
    Refused,
    /// The advisory was published, and nobody can comment on it any more.
    Published,
}

/// Moves the desk of a case from its advisory to the private case repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveDesk {
    /// The case.
    pub case: String,
    /// Why.
    pub because: Leaves,
}

impl Action for MoveDesk {
    const KIND: &'static str = "move_desk";
    const URGENCY: Urgency = Urgency::Private;
}

/// Invites the reporter to the desk, so that the conversation can go on in private.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteReporter {
    /// The case.
    pub case: String,
}

impl Action for InviteReporter {
    const KIND: &'static str = "invite_reporter";
    const URGENCY: Urgency = Urgency::Private;
}

/// What a desk is told after it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskNews {
    /// Another text of the same thread was taken in; it is told from the evidence of this name.
    MoreEvidence {
        /// Name of the sealed evidence.
        evidence: String,
    },
    /// GitHub did not let the App replace the words of this public post.
    StillPublic {
        /// Address of the post.
        post: String,
    },
    /// Old words can still be read in the edit history of these public posts.
    HistoryStillReadable {
        /// Addresses of the posts.
        posts: Vec<String>,
    },
    /// The public side was restored.
    Restored {
        /// What could not be undone or was left alone, one sentence each.
        remarks: Vec<String>,
    },
    /// Something is the matter with a release and the fix of this case.
    Release {
        /// What, as a sentence without a full stop.
        sentence: String,
    },
    /// Time runs short, or ran out.
    Clock {
        /// The clock.
        clock: String,
        /// When time runs out.
        due: jiff::Timestamp,
        /// Whom this is for.
        rung: crate::domain::clocks::Rung,
        /// The same as `@mentions`, where they are known.
        whom: Vec<String>,
    },
    /// Somebody closed the advisory on GitHub while its case is open.
    ClosedByHand,
}

/// Tells a desk something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellDesk {
    /// The case.
    pub case: String,
    /// What.
    pub news: DeskNews,
}

impl Action for TellDesk {
    const KIND: &'static str = "tell_desk";
    const URGENCY: Urgency = Urgency::Private;
}

/// Closes the desk of a case that is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseDesk {
    /// The case.
    pub case: String,
}

impl Action for CloseDesk {
    const KIND: &'static str = "close_desk";
    const URGENCY: Urgency = Urgency::Upkeep;
}

/// Raises an alert where no desk is to be had or none is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaiseAlert {
    /// The alert.
    pub alert: crate::domain::case::Alert,
}

impl Action for RaiseAlert {
    const KIND: &'static str = "raise_alert";
    const URGENCY: Urgency = Urgency::Private;
}

/// Gives a post its words back, from sealed evidence, and opens its thread again where the bot had closed it. A post
/// that somebody has changed since is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePost {
    /// The case that holds the evidence.
    pub case: String,
    /// The post.
    pub place: PostPlace,
    /// Name of the evidence with the words to restore.
    pub evidence: String,
    /// Whether to open the thread again.
    pub reopen: bool,
    /// Whether to unfold the comment.
    pub unminimize: bool,
}

impl Action for RestorePost {
    const KIND: &'static str = "restore_post";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Unlocks a thread that the bot had locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockThread {
    /// A post of the thread.
    pub place: PostPlace,
}

impl Action for UnlockThread {
    const KIND: &'static str = "unlock_thread";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Looks whether the old words of a case's posts can still be read in their edit history (GraphQL `userContentEdits`),
/// and reminds the desk if so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckHistory {
    /// The case.
    pub case: String,
    /// Which look this is, counted from 0.
    pub round: usize,
}

impl Action for CheckHistory {
    const KIND: &'static str = "check_history";
    const URGENCY: Urgency = Urgency::Upkeep;
}
