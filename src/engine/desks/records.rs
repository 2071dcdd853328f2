//! What is remembered of desks: which replies and cards stand where, and what the bot wrote into an advisory.

use serde::{Deserialize, Serialize};

use crate::{
    domain::record::{Record, Versioned},
    engine::{Shop, Trouble},
    github::AffectedVersions,
};

/// The reply to one comment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct DeskAnswer {
    /// The comment, see [`crate::domain::commands::Comment::key`].
    pub(in crate::engine) comment: String,
    /// Names of the sealed parts of the reply, in order.
    pub(in crate::engine) notes: Vec<String>,
    /// GitHub's number of the reply, once it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) reply: Option<u64>,
}

impl Record for DeskAnswer {
    const KIND: &'static str = "desk_answer";

    fn key(&self) -> String {
        self.comment.clone()
    }
}

/// The answer to a comment with one more part, and the name of that part.
pub(super) async fn next_answer(
    shop: &Shop,
    case: &str,
    comment: &str,
) -> Result<(Versioned<DeskAnswer>, String), Trouble> {
    let fresh = || DeskAnswer { comment: comment.to_owned(), ..DeskAnswer::default() };
    let known = shop.read::<DeskAnswer>(comment).await?;
    let mut answer = known.unwrap_or_else(|| Versioned { value: fresh(), version: 0 });
    let name = format!("reply:{case}:{comment}:{}", answer.value.notes.len());
    answer.value.notes.push(name.clone());
    Ok((answer, name))
}

/// The card of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct DeskCard {
    /// The case.
    pub(in crate::engine) case: String,
    /// GitHub's number of the comment that shows it; 0 where none does yet, since the desk has moved.
    pub(in crate::engine) comment: u64,
}

impl Record for DeskCard {
    const KIND: &'static str = "desk_card";

    fn key(&self) -> String {
        self.case.clone()
    }
}

/// What the bot wrote into an advisory last. Another value there was set by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct AdvisoryWritten {
    /// The case.
    pub(in crate::engine) case: String,
    /// GitHub's word for the severity.
    #[serde(default)]
    pub(in crate::engine) severity: Option<String>,
    /// The CVSS vector.
    #[serde(default)]
    pub(in crate::engine) cvss: Option<String>,
    /// Weaknesses.
    #[serde(default)]
    pub(in crate::engine) cwes: Vec<String>,
    /// The CVE number.
    #[serde(default)]
    pub(in crate::engine) cve: Option<String>,
    /// Packages with the versions that are affected.
    #[serde(default)]
    pub(in crate::engine) versions: Vec<AffectedVersions>,
    /// Whether the bot closed it, because the case was over without a release.
    #[serde(default)]
    pub(in crate::engine) closed: bool,
    /// What the desk was told to look after, so that it is told once.
    #[serde(default)]
    pub(in crate::engine) told: Vec<String>,
}

impl Record for AdvisoryWritten {
    const KIND: &'static str = "advisory_written";

    fn key(&self) -> String {
        self.case.clone()
    }
}

/// How far the comments of an advisory were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AdvisoryRead {
    /// The case.
    pub(super) case: String,
    /// The last instant at which a comment that was read had changed.
    pub(super) seen: jiff::Timestamp,
}

impl Record for AdvisoryRead {
    const KIND: &'static str = "advisory_read";

    fn key(&self) -> String {
        self.case.clone()
    }
}
