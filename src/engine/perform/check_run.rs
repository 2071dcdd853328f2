//! Puts the check run of a release tag, or brings it up to date.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, alert};
use crate::{
    domain::{
        case::Alert,
        record::RecordWrite,
        release_checks::{CHECK_NAME, PutCheckRun, RefusedCheck, ReleaseCheck, refused_checks_alert},
    },
    engine::{Shop, Trouble},
    github::{CheckRunContent, GitHubError},
    store::Commit,
};

pub(super) struct Put;

#[async_trait]
impl Performer<PutCheckRun> for Put {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: PutCheckRun) -> Result<Performed, Trouble> {
        let check = shop.read::<ReleaseCheck>(&action.check).await?;
        let check =
            check.ok_or_else(|| Trouble::Nonsense(format!("there is no release check {}", action.check)))?.value;
        if check.revision != action.revision {
            return Ok(Performed::left_alone("it says something else by now, which has an effect of its own"));
        }
        let refused = refused_checks_alert(check.repository_id);
        match put(shop, &action, &check).await {
            Ok(id) => {
                let open = shop.read::<Alert>(&refused).await?.filter(|alert| alert.value.resolved_at.is_none());
                let resolved = open.map(|alert| Alert { resolved_at: Some(shop.clock.now()), ..alert.value });
                let records = resolved.iter().map(RecordWrite::overwriting).collect();
                let commit = Commit { records, ..Commit::default() };
                Ok(Performed { result: json!({ "check_run": id }), commit: Box::new(commit) })
            }
            // Many installations grant a new permission late. Maintainers get all findings by alerts meanwhile.
            Err(Trouble::GitHub(GitHubError::Forbidden { missing_permissions: Some(_) })) => {
                let mut performed = alert::raised(&Alert {
                    id: refused,
                    at: shop.clock.now(),
                    repository: action.place.repository.clone(),
                    case: None,
                    text: format!(
                        "release tags of {} get no check run: grant the App the permission \"Checks: write\". What is found \
                     about tags is told by alerts all the same",
                        action.place.repository
                    ),
                    resolved_at: None,
                });
                let (repository_id, tag, revision) = (check.repository_id, check.tag, check.revision);
                let owed = RefusedCheck { repository_id, tag, revision };
                performed.commit.records.push(RecordWrite::overwriting(&owed));
                Ok(performed)
            }
            // The tag was deleted meanwhile, or the commit is not on GitHub.
            Err(Trouble::GitHub(GitHubError::NotFound | GitHubError::Gone | GitHubError::Invalid { .. })) => {
                Ok(Performed::left_alone("GitHub does not know the tagged commit any more"))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The check run of a release tag is missing or out of date; its findings stand in `embargod case list`"
    }
}

/// Looks for the run of an earlier try, or of a database that was lost, and changes that; makes one where there is none.
async fn put(shop: &Shop, action: &PutCheckRun, check: &ReleaseCheck) -> Result<u64, Trouble> {
    let github = shop.github.installation(action.place.installation_id);
    let repository = &action.place.repository;
    let content = CheckRunContent {
        conclusion: check.text.conclusion.word(),
        title: &check.text.title,
        summary: &check.text.summary,
        text: check.text.text.as_deref(),
    };
    let external_id = check.external_id();
    let own_slug = shop.learn_own_login().await?.trim_end_matches("[bot]");
    let runs = github.check_runs(repository, &check.commit, CHECK_NAME).await?;
    let own = runs.into_iter().find(|run| run.external_id == external_id && run.app_slug == own_slug);
    Ok(match own {
        Some(run) => {
            github.update_check_run(repository, run.id, &content).await?;
            run.id
        }
        None => github.create_check_run(repository, &check.commit, CHECK_NAME, &external_id, &content).await?.id,
    })
}
