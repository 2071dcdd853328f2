//! Gives the public side of a redirect back, at the word of somebody at the desk: the same as `embargod undo`.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of};
use crate::{
    domain::commands::acts::UndoRedirect,
    engine::{Shop, Trouble, features},
};

pub(super) struct Undo;

#[async_trait]
impl Performer<UndoRedirect> for Undo {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: UndoRedirect) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        features::request_undo_once(shop, &case.id, &action.by, task.key).await?;
        Ok(Performed::with(json!({ "undo": "asked for" })))
    }

    fn by_hand(&self) -> &'static str {
        "The public side was not given back: run `embargod undo CASE`"
    }
}
