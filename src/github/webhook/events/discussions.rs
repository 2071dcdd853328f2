//! Discussions and the comments in them.

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::Object,
    parts::{PostPart, RepositoryPart, repository},
};
use crate::domain::post::{Happening, Surface, ThreadKind};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    discussion: Object<PostPart>,
    comment: Object<PostPart>,
    changes: Object<Move>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Move {
    new_discussion: Object<PostPart>,
    new_repository: Object<RepositoryPart>,
}

/// `discussion`.
pub(super) fn discussion(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "created" => Happening::Created,
        "edited" => Happening::Edited,
        "reopened" => Happening::Reopened,
        "transferred" => Happening::Transferred,
        _ => return Ok(Content::Other),
    };
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let (discussion, moved_to) = if happening == Happening::Transferred {
        let Some(changes) = payload.changes.0 else {
            return Ok(Content::Other);
        };
        let (Some(discussion), Some(repository)) =
            (changes.new_discussion.0, changes.new_repository.0.and_then(RepositoryPart::brief))
        else {
            return Ok(Content::Other);
        };
        (discussion, Some(repository))
    } else {
        let discussion = payload.discussion.0.ok_or(ParseError::Missing("discussion"))?;
        (discussion, None)
    };
    let thread = discussion.thread(ThreadKind::Discussion)?;
    let place = match &moved_to {
        Some(repository) => repository,
        None => repository(delivery)?,
    };
    let post = discussion.post(Surface::Discussion, happening, thread, place, delivery)?;
    Ok(Content::Post(Box::new(post)))
}

/// `discussion_comment`.
pub(super) fn comment(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "created" => Happening::Created,
        "edited" => Happening::Edited,
        _ => return Ok(Content::Other),
    };
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let comment = payload.comment.0.ok_or(ParseError::Missing("comment"))?;
    let thread = payload.discussion.0.ok_or(ParseError::Missing("discussion"))?.thread(ThreadKind::Discussion)?;
    let post = comment.post(Surface::DiscussionComment, happening, thread, repository(delivery)?, delivery)?;
    Ok(Content::Post(Box::new(post)))
}
