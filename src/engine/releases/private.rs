//! The private half of a look: the fixes of cases that are not public.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    all,
    look::{Look, Seen, commit, unreadable},
    reading::{self, Reading},
};
use crate::{
    domain::{
        case::{Case, Handling},
        coverage::FixCoverage,
        record::{RecordWrite, Versioned},
        release_checks::{
            CaseCoverage, CaseMarks, PrivateFix, PrivateInquiry, PublishedAdvisory, RecordedFix, ReleaseCheck,
            decide_private, holding, matrix_of, repository_key,
        },
    },
    engine::{Shop, Trouble},
    store::Commit,
};

/// A case with what is recorded about its fix.
struct Known {
    case: Case,
    recorded: RecordedFix,
}

/// The cases of a repository about whose fix something is recorded.
async fn cases(shop: &Shop, repository_id: u64) -> Result<Vec<Known>, Trouble> {
    let mut known = Vec::new();
    for recorded in all::<RecordedFix>(shop).await? {
        if recorded.repository_id != repository_id {
            continue;
        }
        if let Some(case) = shop.read::<Case>(&recorded.case).await?
            && case.value.handling != Handling::Rejected
        {
            let recorded = recorded.joined_by(&case.value, shop.clock.now());
            known.push(Known { case: case.value, recorded });
        }
    }
    Ok(known)
}

fn is_public(case: &Case, published: &[PublishedAdvisory]) -> bool {
    case.ghsa().is_some_and(|ghsa| published.iter().any(|advisory| advisory.ghsa == ghsa))
}

/// What is recorded about the fixes of published advisories, by GitHub's number. Nothing of other cases.
pub(super) async fn behind_published(
    shop: &Shop,
    repository_id: u64,
    published: &[PublishedAdvisory],
) -> Result<BTreeMap<String, RecordedFix>, Trouble> {
    let known = cases(shop, repository_id).await?;
    let public = known.into_iter().filter(|known| is_public(&known.case, published));
    Ok(public.filter_map(|known| Some((known.case.ghsa()?.to_owned(), known.recorded))).collect())
}

/// The matrices of a repository's cases.
pub(super) async fn matrices(shop: &Shop, repository_id: u64) -> Result<Vec<Versioned<CaseCoverage>>, Trouble> {
    let mut matrices = Vec::new();
    for known in cases(shop, repository_id).await? {
        matrices.extend(shop.read::<CaseCoverage>(known.case.id.as_str()).await?);
    }
    Ok(matrices)
}

/// Marks what was recorded as judged, up to `asked`.
pub(super) async fn mark(shop: &Shop, repository_id: u64, asked: Option<u64>) -> Result<(), Trouble> {
    let Some(answered) = asked else {
        return Ok(());
    };
    let known = shop.read::<CaseMarks>(&repository_key(repository_id)).await?;
    if known.as_ref().is_none_or(|known| known.value.answered < answered) {
        let version = known.map_or(0, |known| known.version);
        let records = vec![RecordWrite::guarded(&CaseMarks { repository_id, answered }, version)];
        // Where another process did so meanwhile, it has judged the same.
        shop.store.commit(shop.clock.now(), Commit { records, ..Commit::default() }).await?;
    }
    Ok(())
}

/// Judges the fixes of all cases, keeps their matrices, and tells maintainers what is the matter with the examined tags.
pub(super) async fn judge(look: &Look<'_>, mut reading: Reading, seen: &Seen) -> Result<(), Trouble> {
    let shop = look.shop;
    let known = cases(shop, look.mirrored.repository_id).await?;
    let main = reading.series.main.clone();
    let today = look.today;
    let fixes: Vec<_> = known.iter().map(|known| known.recorded.fix(known.case.id.as_str(), today, &main)).collect();
    let (reading, judged) = reading::aside(move || {
        let judged = reading.judge(&fixes, today).and_then(|judged| reading.keep().map(|()| judged));
        (reading, judged)
    })
    .await?;
    for (known, coverage) in known.iter().zip(judged.map_err(unreadable)?) {
        let before = shop.read::<CaseCoverage>(known.case.id.as_str()).await?;
        let now = shop.clock.now();
        if let Some(matrix) = matrix_of(&known.case.id, &coverage, before.as_ref(), now) {
            shop.store.commit(now, Commit { records: vec![matrix], ..Commit::default() }).await?;
        }
        if !is_public(&known.case, &seen.published) {
            tell(look, &reading, known, &coverage, seen).await?;
        }
    }
    Ok(())
}

async fn tell(
    look: &Look<'_>,
    reading: &Reading,
    known: &Known,
    coverage: &FixCoverage,
    seen: &Seen,
) -> Result<(), Trouble> {
    for (facts, seen_at) in &seen.examined {
        let line = reading.lines.all().find(|line| line.name.to_string() == facts.series);
        let cell = coverage.cells.iter().find(|cell| cell.series == facts.series);
        let fix = PrivateFix {
            case: known.case.id.clone(),
            not_before: known.recorded.not_before,
            holding: cell.zip(line).map(|(cell, line)| holding(cell, line, &facts.tag)),
            out_since: out_since(reading, &known.recorded),
            history_is_whole: !reading.history.partial,
        };
        let decided = decide_private(&PrivateInquiry {
            mirrored: &look.mirrored,
            tag: facts,
            fix: &fix,
            alerts: &look.alerts,
            seen_at: *seen_at,
            now: look.shop.clock.now(),
        });
        if let Some(decision) = decided {
            let subject = ReleaseCheck::key_of(look.mirrored.repository_id, &facts.tag);
            commit(look.shop, decision, &subject, &look.in_force.policy).await?;
        }
    }
    Ok(())
}

/// When the oldest commit of a fix was made that is in the public history.
fn out_since(reading: &Reading, recorded: &RecordedFix) -> Option<Timestamp> {
    let places = recorded.commits().filter_map(|commit| reading.history.resolve(commit));
    let oldest = places.map(|place| reading.history.commit(place).committed_s).min()?;
    Timestamp::from_second(oldest).ok()
}
