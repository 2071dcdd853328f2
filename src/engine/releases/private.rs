//! The private half of a look: the fixes of cases that are not public.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    all,
    look::{Look, Seen, commit, unreadable},
    prepared,
    reading::{self, Reading},
};
use crate::{
    domain::{
        case::{Case, Handling},
        commands::acts::RenewCard,
        coverage::FixCoverage,
        effect::Effect,
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
pub(super) struct Known {
    pub(super) case: Case,
    pub(super) recorded: RecordedFix,
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

/// The cases of a repository about whose fix nothing is recorded, and which may have one in the embargo's mirror.
async fn unrecorded(shop: &Shop, repository_id: u64, recorded: &[Known]) -> Result<Vec<Known>, Trouble> {
    let cases = all::<Case>(shop).await?.into_iter();
    let open = cases.filter(|case| {
        case.repository_id == repository_id
            && !case.handling.is_closed()
            && !matches!(case.handling, Handling::Rejected | Handling::Released)
            && !recorded.iter().any(|known| known.case.id == case.id)
    });
    let now = shop.clock.now();
    let known = |case: Case| {
        let recorded = RecordedFix::new(case.id.as_str(), repository_id).joined_by(&case, now);
        Known { case, recorded }
    };
    Ok(open.map(known).collect())
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
    let id = look.mirrored.repository_id;
    let mut known = cases(shop, id).await?;
    if look.in_force.policy.embargo.mirror.is_some() {
        known.extend(unrecorded(shop, id, &known).await?);
    }
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
            let (records, effects) = (vec![matrix], vec![renewed_card(&known.case, now)]);
            shop.store.commit(now, Commit { records, effects, ..Commit::default() }).await?;
        }
        if !is_public(&known.case, &seen.published) {
            tell(look, &reading, known, &coverage, seen).await?;
        }
    }
    known.retain(|known| !is_public(&known.case, &seen.published));
    prepared::look(look, reading, &known).await
}

/// The card at the desk shows the matrix, so it is drawn anew.
pub(super) fn renewed_card(case: &Case, now: Timestamp) -> Effect {
    let id = case.id.to_string();
    let key = format!("renew_card:{id}:proof@{}", now.as_millisecond());
    Effect::new(key, format!("case:{id}"), &RenewCard { case: id.clone() }).for_case(id)
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
