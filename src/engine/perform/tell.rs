//! Tells a desk something, once.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, alert, case_of, private_marker};
use crate::{
    domain::{
        case::{Alert, Case, Desk},
        clocks,
        effect::Action,
        intake::{
            actions::{DeskNews, OpenDesk, TellDesk},
            desk,
        },
    },
    engine::{Shop, Trouble, evidence},
    github::GitHubError,
};

pub(super) struct Tell;

#[async_trait]
impl Performer<TellDesk> for Tell {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: TellDesk) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let words = match &action.news {
            DeskNews::MoreEvidence { evidence: name } => {
                Some(evidence::open(&*shop.store, &shop.sealer, &shop.clearance, &action.case, name).await?)
            }
            DeskNews::StillPublic { .. }
            | DeskNews::HistoryStillReadable { .. }
            | DeskNews::Restored { .. }
            | DeskNews::Release { .. }
            | DeskNews::Clock { .. }
            | DeskNews::ClosedByHand => None,
        };
        let quoted = words.as_ref().map(evidence::Evidence::quoted);
        let mark = private_marker(&shop.sealer, task.key);
        let text = format!("{}\n{mark}", desk::news(&case, &action.news, quoted.as_ref()));
        match say(shop, &case, &task, &text, &mark).await {
            Ok(Some(url)) => Ok(Performed::with(json!({ "told": url }))),
            Ok(None) => Ok(untold(shop, &case, &action.news)),
            // Comments on advisories are a preview: where GitHub has none, maintainers are told by the alert.
            Err(Trouble::GitHub(
                GitHubError::NotFound
                | GitHubError::Gone
                | GitHubError::Forbidden { .. }
                | GitHubError::Invalid { .. }
                | GitHubError::Refused { .. },
            )) => Ok(untold(shop, &case, &action.news)),
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The desk does not know the news of its case: look at it by hand with `embargod case show CASE`"
    }
}

/// Says it at the desk unless it was said before; `None` where there is no desk.
async fn say(shop: &Shop, case: &Case, task: &Task<'_>, text: &str, mark: &str) -> Result<Option<String>, Trouble> {
    let github = shop.github.installation(case.installation_id);
    let look = task.attempt > 1 || !is_desk_new(shop, case).await?;
    match &case.desk {
        Desk::Advisory { ghsa, .. } => {
            if look {
                let said = github.advisory_comments(&case.repository, ghsa, None).await?.items;
                if let Some(found) = said.into_iter().find(|c| c.body.open(&shop.clearance).contains(mark)) {
                    return Ok(Some(found.html_url));
                }
            }
            Ok(Some(github.create_advisory_comment(&case.repository, ghsa, text).await?.html_url))
        }
        Desk::Issue { repository, number, .. } => {
            // What was private when the desk was made may have been made public since.
            if !github.repository(repository).await?.private {
                tracing::error!(case = %case.id, "the repository of the desk of {} is public: nothing is written there", case.id);
                return Ok(None);
            }
            if look {
                let said = github.issue_comments(repository, *number).await?.items;
                if let Some(found) = said.into_iter().find(|c| c.body.open(&shop.clearance).contains(mark)) {
                    return Ok(Some(found.html_url));
                }
            }
            Ok(Some(github.create_issue_comment(repository, *number, text).await?.html_url))
        }
        Desk::Pending | Desk::AlertOnly => Ok(None),
    }
}

/// Whether this very database made the desk, at the first attempt and without a gap since: then nothing stands there that it
/// does not know of. A desk that was found may have been told already, by a database that was lost.
async fn is_desk_new(shop: &Shop, case: &Case) -> Result<bool, Trouble> {
    let effects = shop.store.effects(Some(case.id.as_str()), u32::MAX).await?;
    let opening = effects.iter().find(|report| report.effect.kind == OpenDesk::KIND);
    Ok(opening.is_some_and(|report| {
        let certain = report.effect.payload.get("certainly_first").and_then(serde_json::Value::as_bool);
        report.attempts == 1 && certain == Some(true)
    }))
}

/// The same as an alert, without any post's words.
fn untold(shop: &Shop, case: &Case, news: &DeskNews) -> Performed {
    let (kind, text) = match news {
        DeskNews::MoreEvidence { .. } => {
            ("more", format!("{} took in another post: `embargod case show {} --evidence`", case.id, case.id))
        }
        DeskNews::HistoryStillReadable { posts } => (
            "history",
            format!("the old text of {} can still be read in the edit history of {}", case.id, posts.join(", ")),
        ),
        DeskNews::StillPublic { post } => {
            ("unhidden", format!("the words of {post} can still be read by everybody: edit or delete it by hand"))
        }
        DeskNews::Clock { clock, due, .. } => {
            return alert::raised(&Alert {
                resolved_at: None,
                id: clocks::alert_id(case.id.as_str(), clock),
                at: shop.clock.now(),
                repository: case.repository.clone(),
                case: Some(case.id.to_string()),
                text: format!("the clock `{clock}` of {} is due at {due}: `embargod case show {}`", case.id, case.id),
            });
        }
        DeskNews::ClosedByHand => (
            "closed",
            format!(
                "the advisory of {} was closed by hand while the case is open: `embargod case show {}`",
                case.id, case.id
            ),
        ),
        // Whoever undid the case knows; nobody needs an alert about good news.
        DeskNews::Restored { .. } => {
            return Performed::left_alone("the case has no desk that takes comments");
        }
        // Its alert was raised together with the decision.
        DeskNews::Release { .. } => {
            return Performed::left_alone("the case has no desk that takes comments; its alert tells it");
        }
    };
    alert::raised(&Alert {
        resolved_at: None,
        id: format!("{kind}:{}", case.id),
        at: shop.clock.now(),
        repository: case.repository.clone(),
        case: Some(case.id.to_string()),
        text,
    })
}
