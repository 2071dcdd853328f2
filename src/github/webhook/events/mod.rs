//! What a delivery says, in the program's own words.
//!
//! Payloads are read by small structs that ignore what they do not know and take missing, null and odd values for the
//! default: GitHub's own examples do not satisfy GitHub's own schemas. A feature that wants another event adds a file with
//! a parser and a line in `FAMILIES`.

mod advisories;
mod commits;
mod discussions;
mod installations;
mod issues;
pub(super) mod lenient;
mod parts;
mod pulls;
mod pushes;
mod releases;
mod repositories;

use std::fmt;

use serde::Deserialize;

pub use advisories::AdvisoryNotice;
pub use installations::InstallationNotice;
pub use pushes::{PushNotice, PushedCommit};
pub use releases::{RefNotice, ReleaseNotice};
pub use repositories::RepositoryNotice;

use self::{
    lenient::{Object, Text},
    parts::{AccountPart, InstallationPart, RepositoryPart},
};
use crate::domain::post::{Account, Post, RepoName};

/// A delivery.
#[derive(Clone)]
pub struct Delivered {
    /// About which repository, if about one.
    pub repository: Option<RepositoryBrief>,
    /// Through which installation, if the delivery says so.
    pub installation_id: Option<u64>,
    /// Who caused it.
    pub sender: Option<Account>,
    /// What happened, in GitHub's word.
    pub action: Option<String>,
    /// What it is about.
    pub content: Content,
}

/// A repository as deliveries show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryBrief {
    /// Its number, which survives renames.
    pub id: u64,
    /// Its name at the time of the delivery.
    pub name: RepoName,
    /// Whether it is hidden from the public.
    pub private: bool,
    /// Its web address.
    pub html_url: String,
    /// Its default branch; empty where the delivery does not say.
    pub default_branch: String,
    /// Whether an organisation owns it.
    pub owner_is_organisation: bool,
}

/// What a delivery is about.
#[derive(Clone)]
#[non_exhaustive]
pub enum Content {
    /// A post was published, changed, or came into sight again.
    Post(Box<Post>),
    /// The App was installed, removed, suspended, or sees other repositories.
    Installation(InstallationNotice),
    /// A repository was renamed, moved, hidden, shown, archived or deleted, or has another default branch.
    Repository(RepositoryNotice),
    /// Commits were pushed to a branch, or a tag was.
    Push(PushNotice),
    /// A branch or tag was made.
    Ref(RefNotice),
    /// A release was drafted, published, edited or withdrawn.
    Release(ReleaseNotice),
    /// A private report came in, or an advisory was published.
    Advisory(AdvisoryNotice),
    /// Anything else.
    Other,
}

/// Why a payload can't be read. Names places, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Not JSON, or not an object.
    NotJson {
        /// Line, counting from 1.
        line: usize,
        /// Column, counting from 1.
        column: usize,
    },
    /// A part without which the event makes no sense is missing or is of another sort.
    Missing(&'static str),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(f, "the payload is not the JSON of a webhook (line {line}, column {column})")
            }
            Self::Missing(part) => write!(f, "the payload has no {part}"),
        }
    }
}

impl std::error::Error for ParseError {}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        // the error's own text may quote the payload
        Self::NotJson { line: error.line(), column: error.column() }
    }
}

/// What all events have in common.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    action: Text,
    repository: Object<RepositoryPart>,
    installation: Object<InstallationPart>,
    sender: Object<AccountPart>,
}

/// What a parser is given: the payload, and what was read of it already.
struct Delivery<'a> {
    body: &'a [u8],
    action: &'a str,
    repository: Option<&'a RepositoryBrief>,
    installation_id: Option<u64>,
    sender: Option<&'a Account>,
}

type Parser = fn(&Delivery<'_>) -> Result<Content, ParseError>;

/// The events whose content is read, by their `X-GitHub-Event`. All others are [`Content::Other`].
const FAMILIES: &[(&str, Parser)] = &[
    ("commit_comment", commits::comment),
    ("create", releases::created),
    ("discussion", discussions::discussion),
    ("discussion_comment", discussions::comment),
    ("installation", installations::installation),
    ("installation_repositories", installations::repositories),
    ("issue_comment", issues::comment),
    ("issues", issues::issue),
    ("public", repositories::change),
    ("pull_request", pulls::pull_request),
    ("pull_request_review", pulls::review),
    ("pull_request_review_comment", pulls::review_comment),
    ("push", pushes::push),
    ("release", releases::release),
    ("repository", repositories::change),
    ("repository_advisory", advisories::advisory),
];

/// Reads the JSON payload of `event` (the value of `X-GitHub-Event`).
///
/// # Errors
/// If `body` is not a JSON object, or lacks what the event is about. Unknown events and actions are no error.
pub fn parse(event: &str, body: &[u8]) -> Result<Delivered, ParseError> {
    // an array would do for a struct, too
    let envelope =
        serde_json::from_slice::<Object<Envelope>>(body)?.0.ok_or(ParseError::NotJson { line: 1, column: 1 })?;
    let repository = envelope.repository.0.and_then(RepositoryPart::brief);
    let sender = envelope.sender.0.map(AccountPart::account);
    let installation_id = envelope.installation.0.and_then(|part| part.id.0);
    let action = envelope.action.0;
    let delivery = Delivery {
        body,
        action: action.as_deref().unwrap_or_default(),
        repository: repository.as_ref(),
        installation_id,
        sender: sender.as_ref(),
    };
    let content = match FAMILIES.iter().find(|(name, _)| *name == event) {
        Some((_, parser)) => parser(&delivery)?,
        None => Content::Other,
    };
    Ok(Delivered { repository, installation_id, sender, action, content })
}
