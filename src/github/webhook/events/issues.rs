//! Issues and the comments in their conversations and those of pull requests.

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::Object,
    parts::{PostPart, RepositoryPart, repository},
};
use crate::domain::post::{Happening, Surface, ThreadKind};

#[derive(Default, Deserialize)]
#[serde(default)]
struct IssuePayload {
    issue: Object<PostPart>,
    changes: Object<Move>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Move {
    old_issue: super::lenient::Presence,
    new_issue: Object<PostPart>,
    new_repository: Object<RepositoryPart>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommentPayload {
    issue: Object<PostPart>,
    comment: Object<PostPart>,
}

/// `issues`. A transfer is told twice: here as `opened` with an old issue in its changes, and at the old place as
/// `transferred`; both yield the post at its new place.
pub(super) fn issue(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let mut happening = match delivery.action {
        "opened" => Happening::Created,
        "edited" => Happening::Edited,
        "reopened" => Happening::Reopened,
        "transferred" => return transferred(delivery),
        _ => return Ok(Content::Other),
    };
    let payload: IssuePayload = serde_json::from_slice(delivery.body)?;
    let came_from = payload.changes.0.and_then(|changes| changes.old_issue.0);
    if happening == Happening::Created && came_from.is_some() {
        happening = Happening::Transferred;
    }
    let issue = payload.issue.0.ok_or(ParseError::Missing("issue"))?;
    let thread = issue.thread(ThreadKind::Issue)?;
    let repository = repository(delivery)?;
    let post = issue.post(Surface::Issue, happening, thread, repository, delivery)?;
    Ok(Content::Post(Box::new(post)))
}

fn transferred(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: IssuePayload = serde_json::from_slice(delivery.body)?;
    let Some(changes) = payload.changes.0 else {
        return Ok(Content::Other);
    };
    let (Some(issue), Some(repository)) =
        (changes.new_issue.0, changes.new_repository.0.and_then(RepositoryPart::brief))
    else {
        return Ok(Content::Other);
    };
    let thread = issue.thread(ThreadKind::Issue)?;
    let post = issue.post(Surface::Issue, Happening::Transferred, thread, &repository, delivery)?;
    Ok(Content::Post(Box::new(post)))
}

/// `issue_comment`, which is also sent for the conversation of a pull request.
pub(super) fn comment(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "created" => Happening::Created,
        "edited" => Happening::Edited,
        _ => return Ok(Content::Other),
    };
    let payload: CommentPayload = serde_json::from_slice(delivery.body)?;
    let issue = payload.issue.0.ok_or(ParseError::Missing("issue"))?;
    let comment = payload.comment.0.ok_or(ParseError::Missing("comment"))?;
    let (surface, kind) = match issue.pull_request.0 {
        Some(_) => (Surface::PullRequestComment, ThreadKind::PullRequest),
        None => (Surface::IssueComment, ThreadKind::Issue),
    };
    let thread = issue.thread(kind)?;
    let post = comment.post(surface, happening, thread, repository(delivery)?, delivery)?;
    Ok(Content::Post(Box::new(post)))
}
