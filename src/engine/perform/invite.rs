//! Invites the reporter to the advisory. (An issue of a private repository cannot be shared with one outsider.)

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::json;

use super::{Performed, Performer, Task, alert, case_of, desk::PATIENCE};
use crate::{
    domain::{case::Alert, intake::actions::InviteReporter},
    engine::{Shop, Trouble},
    github::{AdvisoryEdit, GitHubError},
};

/// An advisory younger than this has no collaborators that a person could have added.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

pub(super) struct Invite;

#[async_trait]
impl Performer<InviteReporter> for Invite {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: InviteReporter) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let Some(ghsa) = case.ghsa() else {
            return Ok(Performed::left_alone("only an advisory can be shared with an outsider"));
        };
        let github = shop.github.installation(case.installation_id);
        let login = &case.reporter.login;
        let now = shop.clock.now();
        let fresh = task.attempt == 1 && now.duration_since(task.enqueued_at) < FRESH;
        let mut users =
            if fresh { Vec::new() } else { github.advisory(&case.repository, ghsa).await?.collaborating_users };
        if users.iter().any(|user| user.eq_ignore_ascii_case(login)) {
            return Ok(Performed::left_alone("the reporter was invited before"));
        }
        users.push(login.clone());
        // The field is replaced as a whole (REST, "Update a repository security advisory").
        let edit = AdvisoryEdit { collaborating_users: Some(users), ..AdvisoryEdit::default() };
        match github.update_advisory(&case.repository, ghsa, &edit).await {
            Ok(_) => Ok(Performed::with(json!({ "invited": true }))),
            Err(error @ GitHubError::Forbidden { missing_permissions: None }) if task.attempt < PATIENCE => {
                Err(error.into())
            }
            Err(GitHubError::Invalid { .. } | GitHubError::Forbidden { .. } | GitHubError::NotFound) => {
                Ok(alert::raised(&Alert {
                    resolved_at: None,
                    id: format!("invite:{}", case.id),
                    at: now,
                    repository: case.repository.clone(),
                    case: Some(case.id.to_string()),
                    text: format!(
                        "the reporter of {} could not be invited to its advisory: add them there as collaborator",
                        case.id
                    ),
                }))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The reporter is not invited: add them to the advisory by hand"
    }
}
