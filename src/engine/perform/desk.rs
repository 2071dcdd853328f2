//! Makes the desk of a case: a draft advisory, else an issue of the private repository, else an alert.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, alert, case_of};
use crate::{
    domain::{
        case::{AdvisoryLink, Alert, Case, Desk},
        intake::{actions::OpenDesk, desk},
        policy::DeskKind,
        post::RepoName,
        record::RecordWrite,
    },
    engine::{Shop, Trouble, evidence},
    github::{AdvisoryCredit, AdvisoryDraft, AdvisoryState, CreditType, GitHubError, IssueFilter},
    store::Commit,
};

/// A refusal that does not say which permission is missing may be a rate limit in disguise, and after an answer that
/// cannot be read the desk may be there: so often it is tried again before the next best desk is used.
pub(super) const PATIENCE: u32 = 3;

pub(super) struct Open;

#[async_trait]
impl Performer<OpenDesk> for Open {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: OpenDesk) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?;
        if case.value.desk != Desk::Pending {
            return Ok(Performed::left_alone("the case has its desk"));
        }
        let words = evidence::opening_of(shop, &case.value).await?;
        let text = desk::opening(&case.value, &words.quoted());
        // The case and this effect were stored together: only an earlier attempt can have made its desk.
        let look = task.attempt > 1 || !action.certainly_first;
        let (installation, repository) = (case.value.installation_id, &case.value.repository);
        let in_force = shop.policies.in_force(shop, installation, case.value.repository_id, repository, true).await?;
        let wanted = &in_force.policy.desk;
        let mut made = Err(Trouble::Nonsense("no desk was tried".to_owned()));
        if wanted.kind == DeskKind::Advisory {
            made = advisory(shop, &case.value, &text, look).await;
        }
        if let (Err(trouble), Some(private)) = (&made, &wanted.repository)
            && (wanted.kind == DeskKind::Repository || is_refusal(trouble, task.attempt))
        {
            made = issue(shop, &case.value, private, &text, look).await;
        }
        let mut changed = case.value.clone();
        match made {
            Ok(desk) => {
                changed.desk = desk;
                let commit =
                    Commit { records: vec![RecordWrite::guarded(&changed, case.version)], ..Commit::default() };
                Ok(Performed { result: json!({ "desk": changed.desk }), commit: Box::new(commit) })
            }
            // Better at the advisory, where it was reported, than nowhere.
            Err(trouble) if is_refusal(&trouble, task.attempt) && changed.advisory.is_some() => {
                tracing::error!(case = %changed.id, "the desk of {} is its advisory: {trouble}", changed.id);
                if let Some(AdvisoryLink { ghsa, url }) = changed.advisory.take() {
                    changed.desk = Desk::Advisory { ghsa, url };
                }
                let mut performed = alert::raised(&second_choice(shop, &case.value));
                performed.commit.records.push(RecordWrite::guarded(&changed, case.version));
                Ok(performed)
            }
            Err(trouble) if is_refusal(&trouble, task.attempt) => {
                changed.desk = Desk::AlertOnly;
                let mut performed = alert::raised(&no_desk(shop, &case.value, &trouble));
                performed.commit.records.push(RecordWrite::guarded(&changed, case.version));
                Ok(performed)
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The case has no private place to talk: make one by hand; its text is kept (`embargod case show CASE --evidence`)"
    }
}

/// Whether GitHub will not do it, however often it is asked.
pub(super) fn is_refusal(trouble: &Trouble, attempt: u32) -> bool {
    match trouble {
        Trouble::GitHub(GitHubError::Forbidden { missing_permissions: None } | GitHubError::Unreadable { .. }) => {
            attempt >= PATIENCE
        }
        Trouble::GitHub(
            GitHubError::Forbidden { .. }
            | GitHubError::NotFound
            | GitHubError::Gone
            | GitHubError::Invalid { .. }
            | GitHubError::Refused { .. },
        )
        | Trouble::Nonsense(_) => true,
        _ => false,
    }
}

async fn advisory(shop: &Shop, case: &Case, text: &str, look: bool) -> Result<Desk, Trouble> {
    let github = shop.github.installation(case.installation_id);
    let (summary, reference) = (desk::summary(case), desk::reference(case));
    if look {
        let drafts = github.advisories(&case.repository, Some(AdvisoryState::Draft)).await?.items;
        let ours = drafts.into_iter().find(|draft| {
            draft.description.open(&shop.clearance).contains(&reference)
                || *draft.summary.open(&shop.clearance) == summary
        });
        if let Some(draft) = ours {
            return Ok(Desk::Advisory { ghsa: draft.ghsa_id, url: draft.html_url });
        }
    }
    let credits = if case.reporter.is_bot || case.reporter.id == 0 {
        Vec::new()
    } else {
        vec![AdvisoryCredit { login: case.reporter.login.clone(), kind: CreditType::Reporter }]
    };
    let mut draft = AdvisoryDraft { summary, description: text.to_owned(), credits };
    let made = match github.create_advisory(&case.repository, &draft).await {
        // Somebody who cannot be credited (a renamed or blocked account) must not keep the case from its desk.
        Err(GitHubError::Invalid { .. }) if !draft.credits.is_empty() => {
            draft.credits.clear();
            github.create_advisory(&case.repository, &draft).await?
        }
        made => made?,
    };
    Ok(Desk::Advisory { ghsa: made.ghsa_id, url: made.html_url })
}

/// Makes the issue of a case in the private repository, or finds the one that an earlier run made.
pub(super) async fn issue(
    shop: &Shop,
    case: &Case,
    private: &RepoName,
    text: &str,
    look: bool,
) -> Result<Desk, Trouble> {
    let github = shop.github.installation(case.installation_id);
    let facts = github.repository(private).await?;
    if !facts.private {
        let what = format!("desk.repository {private} is public: nothing private is written there");
        return Err(Trouble::Nonsense(what));
    }
    let at = |number, url| Desk::Issue { repository: facts.name.clone(), repository_id: facts.id, number, url };
    if look {
        let since = IssueFilter { since: Some(case.opened_at), ..IssueFilter::default() };
        let reference = desk::reference(case);
        let ours = github.issues(private, &since).await?.items;
        if let Some(found) = ours.into_iter().find(|issue| issue.body.open(&shop.clearance).contains(&reference)) {
            return Ok(at(found.number, found.html_url));
        }
    }
    let made = github.create_issue(private, &desk::summary(case), text).await?;
    Ok(at(made.number, made.html_url))
}

fn second_choice(shop: &Shop, case: &Case) -> Alert {
    let id = &case.id;
    let text = format!(
        "{id} is talked about at its advisory: no issue could be made in the policy's desk.repository. It has to be a private \
         repository in which the App is installed with issues: write"
    );
    desk_alert(shop, case, text)
}

fn no_desk(shop: &Shop, case: &Case, trouble: &Trouble) -> Alert {
    let id = &case.id;
    let text = format!(
        "{id} has no private place to talk ({trouble}). Its text is kept: `embargod case show {id} --evidence`. Give the App the \
         permission repository_advisories: write, or name a private desk.repository in the policy"
    );
    desk_alert(shop, case, text)
}

fn desk_alert(shop: &Shop, case: &Case, text: String) -> Alert {
    Alert {
        resolved_at: None,
        id: format!("desk:{}", case.id),
        at: shop.clock.now(),
        repository: case.repository.clone(),
        case: Some(case.id.to_string()),
        text,
    }
}
