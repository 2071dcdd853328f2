//! The public surfaces: which call reads, changes and answers what.

use crate::{
    domain::{
        embargoed::Clearance,
        post::{PostPlace, Surface, ThreadKind},
    },
    engine::Trouble,
    github::{DiscussionClose, GitHubError, Installation, IssueEdit, IssueState, LockReason, Reaction, StateReason},
};

/// What an edit does to the thread that the post opens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Keep,
    Close,
    Reopen,
}

/// A post's words.
pub(super) struct Words {
    pub title: String,
    pub body: String,
}

/// The post is not there any more; whatever was to be done to it is moot.
pub(super) fn is_gone(error: &GitHubError) -> bool {
    matches!(error, GitHubError::NotFound | GitHubError::Gone)
}

/// Replaces a post's words and, for the post that opens a thread, closes or reopens it: one call wherever GitHub has one.
pub(super) async fn set_words(
    github: &Installation,
    place: &PostPlace,
    words: &Words,
    door: Door,
) -> Result<(), GitHubError> {
    let (repo, number, id) = (&place.repository, place.thread.number, place.post_id);
    let body = words.body.as_str();
    match place.surface {
        Surface::Issue => {
            let (state, state_reason) = match door {
                Door::Keep => (None, None),
                Door::Close => (Some(IssueState::Closed), Some(StateReason::NotPlanned)),
                Door::Reopen => (Some(IssueState::Open), Some(StateReason::Reopened)),
            };
            let (title, body) = (Some(words.title.clone()), Some(words.body.clone()));
            github.edit_issue(repo, number, &IssueEdit { title, body, state, state_reason }).await
        }
        Surface::PullRequest => github.edit_pull(repo, number, Some(&words.title), Some(body)).await,
        Surface::IssueComment | Surface::PullRequestComment => github.edit_issue_comment(repo, id, body).await,
        Surface::Review => github.edit_review(repo, number, id, body).await,
        Surface::ReviewComment => github.edit_review_comment(repo, id, body).await,
        Surface::CommitComment => github.edit_commit_comment(repo, id, body).await,
        Surface::DiscussionComment => github.edit_discussion_comment(&place.node_id, body).await,
        Surface::Discussion => set_discussion(github, &place.node_id, words, door).await,
    }
}

async fn set_discussion(github: &Installation, node_id: &str, words: &Words, door: Door) -> Result<(), GitHubError> {
    let (title, body) = (words.title.as_str(), words.body.as_str());
    let why = DiscussionClose::Resolved;
    if door == Door::Close {
        let both = github.edit_and_close_discussion(node_id, title, body, why).await;
        // One of the two was refused. The words come first, and a discussion that is closed already is closed.
        return match both {
            Err(GitHubError::Invalid { .. } | GitHubError::Forbidden { .. }) => {
                github.edit_discussion(node_id, Some(title), Some(body)).await?;
                match github.close_discussion(node_id, why).await {
                    Err(GitHubError::Invalid { .. } | GitHubError::Forbidden { .. }) => Ok(()),
                    closed => closed,
                }
            }
            both => both,
        };
    }
    github.edit_discussion(node_id, Some(title), Some(body)).await?;
    match door {
        Door::Reopen => github.reopen_discussion(node_id).await,
        Door::Keep | Door::Close => Ok(()),
    }
}

/// Reads a post's words as they stand now.
pub(super) async fn read_words(
    github: &Installation,
    place: &PostPlace,
    clearance: &Clearance,
) -> Result<Words, GitHubError> {
    let (repo, number, id) = (&place.repository, place.thread.number, place.post_id);
    let comment = match place.surface {
        Surface::Issue | Surface::PullRequest => {
            let issue = github.issue(repo, number).await?;
            let (title, body) = (issue.title.into_inner(clearance), issue.body.into_inner(clearance));
            return Ok(Words { title, body });
        }
        Surface::Discussion | Surface::DiscussionComment => {
            let text = github.text_of(&place.node_id).await?.ok_or(GitHubError::NotFound)?;
            let title = text.title.map(|title| title.into_inner(clearance)).unwrap_or_default();
            return Ok(Words { title, body: text.body.into_inner(clearance) });
        }
        Surface::IssueComment | Surface::PullRequestComment => github.issue_comment(repo, id).await?,
        Surface::Review => github.review(repo, number, id).await?,
        Surface::ReviewComment => github.review_comment(repo, id).await?,
        Surface::CommitComment => github.commit_comment(repo, id).await?,
    };
    Ok(Words { title: String::new(), body: comment.body.into_inner(clearance) })
}

/// Whether somebody has said in the thread what holds `mark`; the address of that comment.
pub(super) async fn find_said(
    github: &Installation,
    place: &PostPlace,
    mark: &str,
    clearance: &Clearance,
) -> Result<Option<String>, Trouble> {
    let repo = &place.repository;
    let said: Vec<(String, String)> = match place.thread.kind {
        ThreadKind::Issue | ThreadKind::PullRequest => {
            let comments = github.issue_comments(repo, place.thread.number).await?.items;
            comments.into_iter().map(|c| (c.html_url, c.body.into_inner(clearance))).collect()
        }
        ThreadKind::Commit => {
            let comments = github.commit_comments(repo, commit_of(place)?).await?.items;
            comments.into_iter().map(|c| (c.html_url, c.body.into_inner(clearance))).collect()
        }
        ThreadKind::Discussion => {
            let comments = github.discussion_comments(discussion_of(place)?).await?.items;
            comments.into_iter().map(|c| (c.html_url, c.body.into_inner(clearance))).collect()
        }
    };
    Ok(said.into_iter().find(|(_, body)| body.contains(mark)).map(|(url, _)| url))
}

/// Says something in the thread; the address of the new comment.
pub(super) async fn say(github: &Installation, place: &PostPlace, text: &str) -> Result<String, Trouble> {
    let repo = &place.repository;
    Ok(match place.thread.kind {
        ThreadKind::Issue | ThreadKind::PullRequest => {
            github.create_issue_comment(repo, place.thread.number, text).await?.html_url
        }
        ThreadKind::Commit => github.create_commit_comment(repo, commit_of(place)?, text).await?.html_url,
        ThreadKind::Discussion => github.create_discussion_comment(discussion_of(place)?, text, None).await?.html_url,
    })
}

/// Locks or unlocks the thread. Comments on a commit cannot be locked. The reason is the most neutral that GitHub has; one is
/// always given, because not every server takes a PUT without a body.
pub(super) async fn set_lock(github: &Installation, place: &PostPlace, locked: bool) -> Result<(), Trouble> {
    const REASON: Option<LockReason> = Some(LockReason::Resolved);
    let (repo, number) = (&place.repository, place.thread.number);
    match (place.thread.kind, locked) {
        (ThreadKind::Issue | ThreadKind::PullRequest, true) => github.lock(repo, number, REASON).await?,
        (ThreadKind::Issue | ThreadKind::PullRequest, false) => github.unlock(repo, number).await?,
        (ThreadKind::Discussion, true) => github.lock_node(discussion_of(place)?, REASON).await?,
        (ThreadKind::Discussion, false) => github.unlock_node(discussion_of(place)?).await?,
        (ThreadKind::Commit, _) => {}
    }
    Ok(())
}

/// Puts a thumbs-up on the post.
pub(super) async fn react(github: &Installation, place: &PostPlace) -> Result<(), GitHubError> {
    let (repo, number, id) = (&place.repository, place.thread.number, place.post_id);
    let thumb = Reaction::PlusOne;
    match place.surface {
        Surface::Issue | Surface::PullRequest => github.react_to_issue(repo, number, thumb).await,
        Surface::IssueComment | Surface::PullRequestComment => github.react_to_issue_comment(repo, id, thumb).await,
        Surface::ReviewComment => github.react_to_review_comment(repo, id, thumb).await,
        Surface::CommitComment => github.react_to_commit_comment(repo, id, thumb).await,
        Surface::Review | Surface::Discussion | Surface::DiscussionComment => {
            github.react_to_node(&place.node_id, thumb).await
        }
    }
}

fn commit_of(place: &PostPlace) -> Result<&str, Trouble> {
    place.thread.commit.as_deref().ok_or_else(|| Trouble::Nonsense("a commit comment without its commit".to_owned()))
}

fn discussion_of(place: &PostPlace) -> Result<&str, Trouble> {
    let node = place.thread.node_id.as_deref();
    node.ok_or_else(|| Trouble::Nonsense("a discussion without its node id".to_owned()))
}
