//! Writes down what a maintainer says about the fix of a case, for commands by hand and at desks.

use jiff::Timestamp;

use crate::{
    domain::{
        case::Case,
        decision::DecisionRecord,
        reason::Reason,
        record::{Record, RecordWrite, Versioned},
        release_checks::{CaseCoverage, CaseWish, PreparedFix, Proof, RecordedFix, Recording, record, repository_key},
    },
    store::{Commit, Settled, SharedStore, StoreError},
};

/// Why a recording was not written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingProblem {
    /// Something is wrong with it: a sentence for whoever said it.
    #[error("{0}")]
    Refused(String),
    /// Somebody else recorded something at the same moment.
    #[error("something else was recorded at the same moment; look at the case and say it again")]
    Moved,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Records what `entry` is the audit log's entry of, and has the mirror looked at. What was said is added to the entry's
/// reasons and returned; `None` where everything was recorded before.
///
/// # Errors
/// See [`RecordingProblem`].
pub async fn record_fix(
    store: &SharedStore,
    case: &Case,
    recording: Recording,
    mut entry: DecisionRecord,
    now: Timestamp,
) -> Result<Option<String>, RecordingProblem> {
    let id = case.id.as_str();
    let known = read::<RecordedFix>(store, id).await?;
    let known = known.unwrap_or_else(|| Versioned { value: RecordedFix::new(id, case.repository_id), version: 0 });
    let by = entry.actor.clone().unwrap_or_default();
    let recorded = record(&known, recording, &by, now).map_err(RecordingProblem::Refused)?;
    if !recorded.changed {
        return Ok(None);
    }
    entry.case = Some(id.to_owned());
    entry.reasons.push(Reason::new("release.recorded", recorded.said.clone()));
    let records = vec![recorded.write, wish(store, case).await?];
    let commit = Commit { records, decision: Some(entry), ..Commit::default() };
    match store.commit(now, commit).await? {
        Settled::Committed => Ok(Some(recorded.said)),
        Settled::Conflict | Settled::LeaseLost => Err(RecordingProblem::Moved),
    }
}

/// What is known about the fix of a case; `None` where nobody recorded anything, and nothing of it stands in the embargo's
/// mirror.
///
/// # Errors
/// When the store fails or what it keeps is unreadable.
pub async fn proof(store: &SharedStore, case: &str) -> Result<Option<Proof>, StoreError> {
    let recorded = read::<RecordedFix>(store, case).await?.map(|known| known.value);
    let prepared = read::<PreparedFix>(store, case).await?.map(|known| known.value);
    if recorded.is_none() && !prepared.as_ref().is_some_and(PreparedFix::has_branches) {
        return Ok(None);
    }
    let matrix = read::<CaseCoverage>(store, case).await?.map(|known| known.value);
    let recorded = recorded.unwrap_or_else(|| RecordedFix::new(case, 0));
    Ok(Some(Proof { recorded, matrix, prepared }))
}

async fn wish(store: &SharedStore, case: &Case) -> Result<RecordWrite, StoreError> {
    let known = read::<CaseWish>(store, &repository_key(case.repository_id)).await?;
    let (asked, version) = known.map_or((0, 0), |known| (known.value.asked, known.version));
    let wish = CaseWish {
        repository_id: case.repository_id,
        repository: case.repository.clone(),
        installation_id: case.installation_id,
        asked: asked + 1,
    };
    Ok(RecordWrite::guarded(&wish, version))
}

async fn read<R: Record>(store: &SharedStore, key: &str) -> Result<Option<Versioned<R>>, StoreError> {
    let Some(stored) = store.record(R::KIND, key).await? else {
        return Ok(None);
    };
    let value = serde_json::from_value(stored.value);
    let value = value.map_err(|_| StoreError::Corrupt(format!("the {} record {key}", R::KIND)))?;
    Ok(Some(Versioned { value, version: stored.version }))
}
