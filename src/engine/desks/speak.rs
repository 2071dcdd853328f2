//! Writing at a desk: once for each mark, and in place from then on.

use jiff::Timestamp;

use crate::{
    domain::{
        case::{Alert, Case, Desk},
        record::RecordWrite,
    },
    engine::{Shop, Trouble},
    github::GitHubError,
};

/// Longest comment that is written, in characters; GitHub takes some more.
const LONGEST: usize = 60_000;

/// What stands at a desk.
pub(in crate::engine) struct Spoken {
    /// GitHub's number of the comment.
    pub(in crate::engine) id: u64,
    /// Its web address. Private.
    pub(in crate::engine) url: String,
}

/// Writes a comment at the desk of a case, or replaces the text of the one that stands there with the same mark. `known`
/// is its number, where that is remembered; otherwise it is looked for first. `None` where there is no desk that takes
/// comments, or the place is not private any more.
///
/// # Errors
/// What GitHub says, see [`is_refusal`].
pub(in crate::engine) async fn put(
    shop: &Shop,
    case: &Case,
    known: Option<u64>,
    mark: &str,
    text: &str,
) -> Result<Option<Spoken>, Trouble> {
    let kept: String = text.chars().take(LONGEST).collect();
    let body = format!("{kept}\n\n{mark}");
    let github = shop.github.installation(case.installation_id);
    let is_ours = |text: &str| text.contains(mark);
    match &case.desk {
        Desk::Advisory { ghsa, .. } => {
            let known = match known {
                Some(known) => Some(known),
                None => {
                    let said = github.advisory_comments(&case.repository, ghsa, None).await?.items;
                    said.into_iter().find(|c| is_ours(c.body.open(&shop.clearance))).map(|found| found.id)
                }
            };
            if let Some(id) = known {
                match github.edit_advisory_comment(&case.repository, ghsa, id, &body).await {
                    Ok(edited) => return Ok(Some(Spoken { id, url: edited.html_url })),
                    // Somebody deleted it: it is said anew.
                    Err(GitHubError::NotFound | GitHubError::Gone) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let made = github.create_advisory_comment(&case.repository, ghsa, &body).await?;
            Ok(Some(Spoken { id: made.id, url: made.html_url }))
        }
        Desk::Issue { repository, number, .. } => {
            if !github.repository(repository).await?.private {
                tracing::error!(case = %case.id, "the repository of the desk of {} is public: nothing is written there", case.id);
                return Ok(None);
            }
            let known = match known {
                Some(known) => Some(known),
                None => {
                    let said = github.issue_comments(repository, *number).await?.items;
                    said.into_iter().find(|c| is_ours(c.body.open(&shop.clearance))).map(|found| found.id)
                }
            };
            if let Some(id) = known {
                match github.edit_issue_comment(repository, id, &body).await {
                    Ok(()) => return Ok(Some(Spoken { id, url: String::new() })),
                    Err(GitHubError::NotFound | GitHubError::Gone) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let made = github.create_issue_comment(repository, *number, &body).await?;
            Ok(Some(Spoken { id: made.id, url: made.html_url }))
        }
        Desk::Pending | Desk::AlertOnly => Ok(None),
    }
}

/// Whether GitHub will not take comments there, however often it is asked.
pub(in crate::engine) fn is_refusal(error: &GitHubError) -> bool {
    matches!(
        error,
        GitHubError::NotFound
            | GitHubError::Gone
            | GitHubError::Forbidden { .. }
            | GitHubError::Invalid { .. }
            | GitHubError::Refused { .. }
    )
}

/// The alert about a desk at which nothing can be said.
pub(in crate::engine) fn silent(case: &Case, now: Timestamp) -> Alert {
    let id = &case.id;
    let why = match &case.desk {
        Desk::Advisory { .. } => {
            "GitHub does not let the App read and write the comments of its advisory (a preview, or the permission \
             repository_advisories: write is missing)"
        }
        Desk::Issue { .. } => "GitHub does not let the App comment on its issue, or its repository is public",
        Desk::Pending | Desk::AlertOnly => "it has no desk that takes comments",
    };
    Alert {
        resolved_at: None,
        id: format!("silent:{id}"),
        at: now,
        repository: case.repository.clone(),
        case: Some(id.to_string()),
        text: format!(
            "commands at the desk of {id} are not answered: {why}. Choose `desk.kind: repository` with a private \
             repository in the policy for cases to come, and look at this one with `embargod case show {id}`"
        ),
    }
}

/// The same as a record.
pub(super) fn silence(case: &Case, now: Timestamp) -> RecordWrite {
    RecordWrite::overwriting(&silent(case, now))
}
