//! Writing at a desk: once for each mark, and in place from then on.

use jiff::Timestamp;

use crate::{
    domain::{
        case::{Alert, Case, Desk},
        post::Account,
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

/// Where something about a case is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Place {
    /// At its desk.
    Desk,
    /// In the comments of its advisory, where the reporter reads along; the desk may be elsewhere.
    Advisory,
}

impl Place {
    /// Where a comment stands that is named like this, see [`crate::domain::commands::Comment::key`].
    pub(in crate::engine) fn of_comment(key: &str) -> Self {
        if key.starts_with("advisory:") { Self::Advisory } else { Self::Desk }
    }
}

/// Writes a comment at a place of a case, or replaces the text of the one that stands there with the same mark. `known`
/// is its number, where that is remembered; otherwise it is looked for first. `None` where there is no such place that takes
/// comments, or it is not private any more.
///
/// # Errors
/// What GitHub says, see [`is_refusal`].
pub(in crate::engine) async fn put(
    shop: &Shop,
    case: &Case,
    place: Place,
    known: Option<u64>,
    mark: &str,
    text: &str,
) -> Result<Option<Spoken>, Trouble> {
    let kept: String = text.chars().take(LONGEST).collect();
    let body = format!("{kept}\n\n{mark}");
    let github = shop.github.installation(case.installation_id);
    // A mark can be copied by whoever reads a comment's source; what somebody else wrote is never written over.
    let own_login = shop.learn_own_login().await?;
    let is_ours = |author: &Account, text: &str| author.login == own_login && text.contains(mark);
    let ghsa = match (place, &case.desk) {
        (Place::Advisory, _) | (Place::Desk, Desk::Advisory { .. }) => case.ghsa(),
        (Place::Desk, _) => None,
    };
    if let Some(ghsa) = ghsa {
        let known = match known {
            Some(known) => Some(known),
            None => {
                let said = github.advisory_comments(&case.repository, ghsa, None).await?.items;
                said.into_iter().find(|c| is_ours(&c.author, c.body.open(&shop.clearance))).map(|found| found.id)
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
        return Ok(Some(Spoken { id: made.id, url: made.html_url }));
    }
    match &case.desk {
        Desk::Issue { repository, number, .. } if place == Place::Desk => {
            if !github.repository(repository).await?.private {
                tracing::error!(case = %case.id, "the repository of the desk of {} is public: nothing is written there", case.id);
                return Ok(None);
            }
            let known = match known {
                Some(known) => Some(known),
                None => {
                    let said = github.issue_comments(repository, *number).await?.items;
                    said.into_iter().find(|c| is_ours(&c.author, c.body.open(&shop.clearance))).map(|found| found.id)
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
        _ => Ok(None),
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
