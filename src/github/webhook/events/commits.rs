//! Comments on commits.

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::Object,
    parts::{PostPart, repository},
};
use crate::domain::post::{Happening, Surface};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    comment: Object<PostPart>,
}

/// `commit_comment`. GitHub documents `created` only; `edited` is understood should it come.
pub(super) fn comment(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let happening = match delivery.action {
        "created" => Happening::Created,
        "edited" => Happening::Edited,
        _ => return Ok(Content::Other),
    };
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let comment = payload.comment.0.ok_or(ParseError::Missing("comment"))?;
    let thread = comment.commit_thread()?;
    let post = comment.post(Surface::CommitComment, happening, thread, repository(delivery)?, delivery)?;
    Ok(Content::Post(Box::new(post)))
}
