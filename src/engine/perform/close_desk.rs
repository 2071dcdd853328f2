//! Closes the desk of a case that is none.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of};
use crate::{
    domain::{case::Desk, intake::actions::CloseDesk},
    engine::{Shop, Trouble},
    github::{AdvisoryEdit, AdvisoryState, GitHubError, IssueEdit, IssueState, StateReason},
};

pub(super) struct Close;

#[async_trait]
impl Performer<CloseDesk> for Close {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: CloseDesk) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let github = shop.github.installation(case.installation_id);
        let closed = match &case.desk {
            Desk::Advisory { ghsa, .. } => {
                let edit = AdvisoryEdit { state: Some(AdvisoryState::Closed), ..AdvisoryEdit::default() };
                github.update_advisory(&case.repository, ghsa, &edit).await.map(|_| ())
            }
            Desk::Issue { repository, number, .. } => {
                let (state, state_reason) = (Some(IssueState::Closed), Some(StateReason::NotPlanned));
                let edit = IssueEdit { state, state_reason, ..IssueEdit::default() };
                github.edit_issue(repository, *number, &edit).await
            }
            Desk::Pending | Desk::AlertOnly => {
                return Ok(Performed::left_alone("the case has no desk"));
            }
        };
        match closed {
            Ok(()) => Ok(Performed::with(json!({ "closed": true }))),
            Err(
                GitHubError::NotFound | GitHubError::Gone | GitHubError::Forbidden { .. } | GitHubError::Invalid { .. },
            ) => Ok(Performed::left_alone("GitHub does not let this App close the desk; close it by hand")),
            Err(error) => Err(error.into()),
        }
    }
}
