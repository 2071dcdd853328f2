//! Pull requests, reviews and comments on diffs.

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::Object,
    parts::{PostPart, repository},
};
use crate::domain::post::{Happening, Surface, ThreadKind};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    pull_request: Object<PostPart>,
    review: Object<PostPart>,
    comment: Object<PostPart>,
}

/// `pull_request`.
pub(super) fn pull_request(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "opened" => Happening::Created,
        "edited" => Happening::Edited,
        "reopened" => Happening::Reopened,
        _ => return Ok(Content::Other),
    };
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let pull = payload.pull_request.0.ok_or(ParseError::Missing("pull request"))?;
    let thread = pull.thread(ThreadKind::PullRequest)?;
    let post = pull.post(Surface::PullRequest, happening, thread, repository(delivery)?, delivery)?;
    Ok(Content::Post(Box::new(post)))
}

/// `pull_request_review`.
pub(super) fn review(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "submitted" => Happening::Created,
        "edited" => Happening::Edited,
        _ => return Ok(Content::Other),
    };
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let review = payload.review.0.ok_or(ParseError::Missing("review"))?;
    inside(delivery, payload.pull_request, review, Surface::Review, happening)
}

/// `pull_request_review_comment`.
pub(super) fn review_comment(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "created" => Happening::Created,
        "edited" => Happening::Edited,
        _ => return Ok(Content::Other),
    };
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let comment = payload.comment.0.ok_or(ParseError::Missing("comment"))?;
    inside(delivery, payload.pull_request, comment, Surface::ReviewComment, happening)
}

fn inside(
    delivery: &Delivery<'_>,
    pull: Object<PostPart>,
    post: PostPart,
    surface: Surface,
    happening: Happening,
) -> Result<Content, ParseError> {
    let thread = pull.0.ok_or(ParseError::Missing("pull request"))?.thread(ThreadKind::PullRequest)?;
    let post = post.post(surface, happening, thread, repository(delivery)?, delivery)?;
    Ok(Content::Post(Box::new(post)))
}
