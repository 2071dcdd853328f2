//! The parts that payloads are made of, and how a post is put together from them.

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Delivery, ParseError, RepositoryBrief,
    lenient::{Flag, Instant, Number, Object, Objects, Presence, Text},
};
use crate::domain::{
    embargoed::Embargoed,
    post::{Account, Association, Happening, Post, PostPlace, PostText, RepoName, Surface, ThreadKind, ThreadRef},
};

/// Somebody.
#[derive(Clone, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct AccountPart {
    login: Text,
    id: Number,
    #[serde(rename = "type")]
    kind: Text,
}

impl AccountPart {
    pub(super) fn account(self) -> Account {
        let login = self.login.or_empty();
        // `ghost` is an account with a number, which stands for whoever left: nobody to credit or invite
        let id = self.id.0.filter(|_| !login.eq_ignore_ascii_case(GHOST));
        Account {
            is_bot: self.kind.0.as_deref() == Some("Bot") || login.ends_with("[bot]"),
            id: id.unwrap_or_default(),
            login,
        }
    }

    pub(super) fn is_organisation(&self) -> bool {
        self.kind.0.as_deref() == Some("Organization")
    }
}

/// The login under which GitHub shows what deleted accounts wrote.
const GHOST: &str = "ghost";

/// GitHub shows posts of deleted accounts as of `ghost`, or of nobody.
pub(super) fn account_or_ghost(part: Object<AccountPart>) -> Account {
    part.0.map_or_else(|| Account { login: GHOST.to_owned(), id: 0, is_bot: false }, AccountPart::account)
}

/// A repository.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RepositoryPart {
    id: Number,
    name: Text,
    full_name: Text,
    owner: Object<AccountPart>,
    private: Flag,
    html_url: Text,
    default_branch: Text,
}

impl RepositoryPart {
    /// The repository, unless its number or name is missing.
    pub(super) fn brief(self) -> Option<RepositoryBrief> {
        let id = self.id.0?;
        let owner_is_organisation = self.owner.0.as_ref().is_some_and(AccountPart::is_organisation);
        let full_name = self.full_name.or_empty();
        // a name that is not plain could lead elsewhere when it becomes part of an address
        let name: RepoName = if full_name.is_empty() {
            let owner = self.owner.0?.account().login;
            format!("{owner}/{}", self.name.or_empty()).parse().ok()?
        } else {
            full_name.parse().ok()?
        };
        Some(RepositoryBrief {
            id,
            name,
            private: self.private.0,
            html_url: self.html_url.or_empty(),
            default_branch: self.default_branch.or_empty(),
            owner_is_organisation,
        })
    }
}

/// The number of an installation.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct InstallationPart {
    pub(super) id: Number,
}

/// So many labels of a thread are looked at; GitHub gives it at most 100.
const LABELS_MAX: usize = 1_000;

/// What issues, pull requests, discussions, comments and reviews have in common.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct PostPart {
    id: Number,
    node_id: Text,
    html_url: Text,
    title: Text,
    body: Text,
    user: Object<AccountPart>,
    author_association: Text,
    created_at: Instant,
    submitted_at: Instant,
    updated_at: Instant,
    // of a thread
    pub(super) number: Number,
    state: Text,
    locked: Flag,
    comments: Number,
    pub(super) pull_request: Presence,
    // of a comment on a commit
    pub(super) commit_id: Text,
    labels: Objects<LabelPart, LABELS_MAX>,
}

/// A label.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct LabelPart {
    name: Text,
}

/// A thread as the post's payload shows it.
pub(super) struct ThreadView {
    reference: ThreadRef,
    is_open: bool,
    is_locked: bool,
    comments: Option<u64>,
}

impl PostPart {
    /// This, seen as the thread of `kind`.
    ///
    /// # Errors
    /// If it has no number.
    pub(super) fn thread(&self, kind: ThreadKind) -> Result<ThreadView, ParseError> {
        let number = self.number.0.ok_or(ParseError::Missing("number of the thread"))?;
        Ok(ThreadView {
            reference: ThreadRef {
                kind,
                number,
                commit: None,
                node_id: self.node_id.0.clone().filter(|id| !id.is_empty()),
            },
            // discussions have more states than issues ("converting"); all but this one can be written in
            is_open: self.state.0.as_deref() != Some("closed"),
            is_locked: self.locked.0,
            comments: self.comments.0,
        })
    }

    /// The comments on the commit that this comment stands under.
    ///
    /// # Errors
    /// If it names no commit.
    pub(super) fn commit_thread(&self) -> Result<ThreadView, ParseError> {
        let commit = self
            .commit_id
            .0
            .clone()
            .filter(|commit| !commit.is_empty() && commit.chars().all(|c| c.is_ascii_hexdigit()))
            .ok_or(ParseError::Missing("commit of the comment"))?;
        Ok(ThreadView {
            reference: ThreadRef { kind: ThreadKind::Commit, number: 0, commit: Some(commit), node_id: None },
            is_open: true,
            is_locked: false,
            comments: None,
        })
    }

    /// This, seen as a post on `surface` in `thread` of `repository`.
    ///
    /// # Errors
    /// If it has no number.
    pub(super) fn post(
        self,
        surface: Surface,
        happening: Happening,
        thread: ThreadView,
        repository: &RepositoryBrief,
        delivery: &Delivery<'_>,
    ) -> Result<Post, ParseError> {
        let author = account_or_ghost(self.user);
        let title = if surface.opens_thread() { self.title.or_empty() } else { String::new() };
        Ok(Post {
            place: PostPlace {
                installation_id: delivery.installation_id.unwrap_or_default(),
                repository_id: repository.id,
                repository: repository.name.clone(),
                surface,
                thread: thread.reference,
                post_id: self.id.0.ok_or(ParseError::Missing("id of the post"))?,
                node_id: self.node_id.or_empty(),
                html_url: self.html_url.or_empty(),
            },
            happening,
            sender: delivery.sender.cloned().unwrap_or_else(|| author.clone()),
            author,
            association: association(self.author_association.0.as_deref()),
            repository_is_public: !repository.private,
            thread_is_open: thread.is_open,
            thread_is_locked: thread.is_locked,
            thread_comments: thread.comments,
            labels: self.labels.0.into_iter().filter_map(|label| label.name.0).collect(),
            created_at: self
                .created_at
                .0
                .or(self.submitted_at.0)
                .or(self.updated_at.0)
                .unwrap_or(Timestamp::UNIX_EPOCH),
            text: Embargoed::new(PostText { title, body: self.body.or_empty() }),
        })
    }
}

fn association(word: Option<&str>) -> Association {
    match word {
        Some("OWNER") => Association::Owner,
        Some("MEMBER") => Association::Member,
        Some("COLLABORATOR") => Association::Collaborator,
        Some("CONTRIBUTOR") => Association::Contributor,
        Some("FIRST_TIMER") => Association::FirstTimer,
        Some("FIRST_TIME_CONTRIBUTOR") => Association::FirstTimeContributor,
        _ => Association::None,
    }
}

/// The repository that a post's delivery must name.
pub(super) fn repository<'a>(delivery: &Delivery<'a>) -> Result<&'a RepositoryBrief, ParseError> {
    delivery.repository.ok_or(ParseError::Missing("repository with a number and a name"))
}
