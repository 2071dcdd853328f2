//! Puts a thumbs-up on a post. GitHub keeps one per account and kind, so it may be repeated.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, surfaces};
use crate::{
    domain::intake::actions::React,
    engine::{Shop, Trouble},
};

pub(super) struct Thumb;

#[async_trait]
impl Performer<React> for Thumb {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: React) -> Result<Performed, Trouble> {
        let github = shop.github.installation(action.place.installation_id);
        match surfaces::react(&github, &action.place).await {
            Ok(()) => Ok(Performed::with(json!({ "reacted": action.place.html_url }))),
            Err(error) if surfaces::is_gone(&error) => Ok(Performed::left_alone("the post is not there any more")),
            Err(error) => Err(error.into()),
        }
    }
}
