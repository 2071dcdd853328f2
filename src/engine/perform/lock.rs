//! Locks a thread, and unlocks it again.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, overtaken_by_undo, surfaces};
use crate::{
    domain::intake::actions::{LockThread, UnlockThread},
    engine::{Shop, Trouble},
};

pub(super) struct Lock;
pub(super) struct Unlock;

#[async_trait]
impl Performer<LockThread> for Lock {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: LockThread) -> Result<Performed, Trouble> {
        if overtaken_by_undo(shop, &task).await? {
            return Ok(Performed::left_alone("the case was undone before"));
        }
        let github = shop.github.installation(action.place.installation_id);
        gone_is_fine(surfaces::set_lock(&github, &action.place, true).await, "locked", &action.place.html_url)
    }

    fn by_hand(&self) -> &'static str {
        "The thread is still open for comments: lock it by hand"
    }
}

#[async_trait]
impl Performer<UnlockThread> for Unlock {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: UnlockThread) -> Result<Performed, Trouble> {
        let github = shop.github.installation(action.place.installation_id);
        gone_is_fine(surfaces::set_lock(&github, &action.place, false).await, "unlocked", &action.place.html_url)
    }

    fn by_hand(&self) -> &'static str {
        "The thread is still locked: unlock it by hand"
    }
}

fn gone_is_fine(done: Result<(), Trouble>, verb: &str, url: &str) -> Result<Performed, Trouble> {
    match done {
        Ok(()) => Ok(Performed::with(json!({ verb: url }))),
        Err(Trouble::GitHub(error)) if surfaces::is_gone(&error) => {
            Ok(Performed::left_alone("the thread is not there any more"))
        }
        Err(trouble) => Err(trouble),
    }
}
