//! Which series are supported, for the commands that ask: from the tags and branches of the repository, remembered for some
//! minutes.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::speak::is_refusal;
use crate::{
    domain::{
        case::Case,
        commands::SeriesFacts,
        coverage::ReleaseDays,
        policy::{Policy, Series},
    },
    engine::{Shop, Trouble},
    github::{GitHubError, RefsAnswer},
};

/// So long what was read of a repository is used again.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_mins(10);

/// Repositories that are remembered; beyond that the book is emptied and read anew.
const MOST: usize = 1_000;

/// The days of releases, by repository. Losing it costs some requests, nothing else.
#[derive(Default)]
pub(super) struct Book(Mutex<HashMap<u64, Read>>);

struct Read {
    at: Timestamp,
    /// By the policy's patterns at that time.
    series: Series,
    days: ReleaseDays,
}

/// The series that are supported on the day that counts for the case. Where GitHub does not show the tags, only the main
/// branch and what the policy names with a date is known.
///
/// # Errors
/// When GitHub does not answer at all.
pub(super) async fn facts(shop: &Shop, case: &Case, policy: &Policy, now: Timestamp) -> Result<SeriesFacts, Trouble> {
    let days = releases(shop, case, policy, now).await?;
    Ok(SeriesFacts::on(case.support_day(now), policy, days.as_ref()))
}

/// The releases of the case's repository; `None` where the policy has no series or GitHub does not show the tags.
///
/// # Errors
/// When GitHub does not answer at all.
pub(in crate::engine) async fn releases(
    shop: &Shop,
    case: &Case,
    policy: &Policy,
    now: Timestamp,
) -> Result<Option<ReleaseDays>, Trouble> {
    let Some(series) = &policy.series else {
        return Ok(None);
    };
    let mut known = shop.desks.series.0.lock().await;
    let is_fresh = |read: &&Read| read.series == *series && now.duration_since(read.at).abs() < TRUSTED_FOR;
    if let Some(read) = known.get(&case.repository_id).filter(is_fresh) {
        return Ok(Some(read.days.clone()));
    }
    let github = shop.github.installation(case.installation_id);
    let prefix = series.branches.split("{series}").next().unwrap_or_default();
    let heads = format!("heads/{prefix}");
    let answers = tokio::join!(github.tag_days(&case.repository), github.matching_refs(&case.repository, &heads, None));
    let (tags, branches) = match answers {
        (Ok(tags), Ok(RefsAnswer::List(list))) => {
            let short = |(name, _): (String, String)| Some(name.strip_prefix("refs/heads/")?.to_owned());
            (tags, list.refs.into_iter().filter_map(short).collect::<Vec<_>>())
        }
        (Err(error), _) | (_, Err(error)) if !refuses(&error) => return Err(error.into()),
        _ => {
            let name = &case.repository;
            tracing::warn!(case = %case.id, "the tags of {name} cannot be read: only series named in the policy count");
            return Ok(None);
        }
    };
    let days = ReleaseDays::of_tags(series, &tags, &branches);
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(case.repository_id, Read { at: now, series: series.clone(), days: days.clone() });
    Ok(Some(days))
}

fn refuses(error: &GitHubError) -> bool {
    is_refusal(error) || matches!(error, GitHubError::Unreadable { .. })
}
