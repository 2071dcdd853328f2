//! Folds a comment away, where GitHub lets an App do that.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, overtaken_by_undo};
use crate::{
    domain::intake::actions::MinimizePost,
    engine::{Shop, Trouble},
    github::{GitHubError, HideReason},
};

pub(super) struct Minimize;

#[async_trait]
impl Performer<MinimizePost> for Minimize {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: MinimizePost) -> Result<Performed, Trouble> {
        if overtaken_by_undo(shop, &task).await? {
            return Ok(Performed::left_alone("the case was undone before"));
        }
        let github = shop.github.installation(action.place.installation_id);
        match github.minimize(&action.place.node_id, HideReason::Resolved).await {
            Ok(()) => Ok(Performed::with(json!({ "minimized": action.place.html_url }))),
            // A nicety on top of the redaction: a refusal changes nothing for anybody.
            Err(
                GitHubError::Forbidden { .. }
                | GitHubError::NotFound
                | GitHubError::Gone
                | GitHubError::Invalid { .. }
                | GitHubError::Refused { .. }
                | GitHubError::Unreadable { .. },
            ) => Ok(Performed::left_alone("GitHub does not let this App fold comments; the text is replaced anyway")),
            Err(error) => Err(error.into()),
        }
    }
}
