//! The embargo's mirror: what is prepared there for the cases that are not public.

use secrecy::SecretString;

use super::{
    Mirrors,
    look::{Look, commit},
    private::{Known, renewed_card},
    reading::{self, Reading},
};
use crate::{
    domain::{
        case::Alert,
        coverage::SeriesLines,
        policy::Embargo,
        post::RepoName,
        record::RecordWrite,
        release_checks::{
            CaseBranches, EmbargoMirror, PreparedFix, RecordedFix, embargo_mirror_alert, embargo_mirror_told,
            repository_key,
        },
    },
    engine::Trouble,
    github::GitHubError,
    history::{HistoryError, Source, mirror::Mirror},
    store::Commit,
};

/// Looks into the mirror that the policy names, if it names one, and keeps what it holds for each of the cases.
pub(super) async fn look(look: &Look<'_>, reading: Reading, known: &[Known]) -> Result<(), Trouble> {
    let embargo = look.in_force.policy.embargo.clone();
    let Some(name) = &embargo.mirror else {
        return Ok(());
    };
    let found = match usable(look, name).await? {
        Ok(()) => {
            let token = look.mirrors.token(look.shop, look.mirrored.installation_id).await?;
            let cases = known.iter().map(|known| (known.case.id.to_string(), known.recorded.clone())).collect();
            let (mirrors, id) = (look.mirrors.clone(), look.mirrored.repository_id);
            let asked = Asked { mirrors, id, name: name.clone(), token, embargo: embargo.clone(), cases };
            let (today, now) = (look.today, look.shop.clock.now());
            let found = reading::aside(move || read(&reading, &asked, today, now)).await?;
            found.map_err(|error| error.to_string())
        }
        Err(why) => Err(why),
    };
    let why = found.as_ref().err().cloned();
    match found {
        Ok(prepared) => keep(look, known, prepared).await?,
        Err(_) => {
            let unknown = known.iter().map(|known| known.case.id.as_str());
            let mut stale = Vec::new();
            for case in unknown {
                if let Some(before) = look.shop.read::<PreparedFix>(case).await? {
                    let trouble = Some("the embargo's mirror cannot be looked at".to_owned());
                    stale.push(PreparedFix { trouble, ..before.value });
                }
            }
            keep(look, known, stale).await?;
        }
    }
    let alert = look.shop.read::<Alert>(&embargo_mirror_alert(look.mirrored.repository_id)).await?;
    let alert = alert.map(|known| known.value);
    match embargo_mirror_told(&look.mirrored, name, why.as_deref(), alert.as_ref(), look.shop.clock.now()) {
        Some(decision) => {
            commit(look.shop, decision, &repository_key(look.mirrored.repository_id), &look.in_force.policy).await
        }
        None => Ok(()),
    }
}

/// Whether the mirror is what it should be; else why not. What is pushed there is heard of from now on.
async fn usable(look: &Look<'_>, name: &RepoName) -> Result<Result<(), String>, Trouble> {
    let (shop, mirrored) = (look.shop, &look.mirrored);
    let facts = match shop.github.installation(mirrored.installation_id).repository(name).await {
        Err(GitHubError::NotFound | GitHubError::Gone | GitHubError::Forbidden { .. }) => {
            return Ok(Err("the App does not see it; install it there, with \"Contents: read\"".to_owned()));
        }
        facts => facts?,
    };
    if !facts.private {
        let why = "it is public. Whatever is on it is out; make it private, and decide what leaked".to_owned();
        return Ok(Err(why));
    }
    let record = EmbargoMirror {
        mirror_id: facts.id,
        repository_id: mirrored.repository_id,
        repository: mirrored.repository.clone(),
        installation_id: mirrored.installation_id,
    };
    let known = shop.read::<EmbargoMirror>(&EmbargoMirror::key_of(facts.id)).await?;
    if known.is_none_or(|known| known.value != record) {
        let records = vec![RecordWrite::overwriting(&record)];
        shop.store.commit(shop.clock.now(), Commit { records, ..Commit::default() }).await?;
    }
    Ok(Ok(()))
}

/// What is looked for, where.
struct Asked {
    mirrors: Mirrors,
    id: u64,
    name: RepoName,
    token: Option<SecretString>,
    embargo: Embargo,
    cases: Vec<(String, RecordedFix)>,
}

fn read(
    reading: &Reading,
    asked: &Asked,
    today: jiff::civil::Date,
    now: jiff::Timestamp,
) -> Result<Vec<PreparedFix>, HistoryError> {
    let folder = asked.mirrors.embargo_path(asked.id);
    let mirror = Mirror::new(folder.clone(), asked.mirrors.limits);
    let prefix = asked.embargo.mirror_prefix();
    mirror.fetch_branches(&asked.mirrors.url(&asked.name), asked.token.as_ref(), prefix, reading.path())?;
    let mut history = reading.history.clone();
    let public = history.commits.len();
    Source::open(&folder)?.add_branches(&mut history)?;
    let mut all = Vec::new();
    for (case, recorded) in &asked.cases {
        let branches = CaseBranches { case, embargo: &asked.embargo, series: &reading.series, public };
        let series = branches.own_series(&history);
        let lines = SeriesLines::of(&history, &series);
        let fix = branches.fix(recorded, &history, &lines, today);
        let judged = reading::judge(&mut history, &lines, &series, &folder, &[fix], today)?;
        all.extend(judged.first().map(|judged| branches.prepared(judged, &history, &lines, now)));
    }
    Ok(all)
}

/// Keeps what differs from what was known, and has the cards drawn anew.
async fn keep(look: &Look<'_>, known: &[Known], prepared: Vec<PreparedFix>) -> Result<(), Trouble> {
    let (shop, now) = (look.shop, look.shop.clock.now());
    for fresh in prepared {
        let before = shop.read::<PreparedFix>(&fresh.case).await?;
        let same = before
            .as_ref()
            .is_some_and(|before| PreparedFix { looked_at: fresh.looked_at, ..before.value.clone() } == fresh);
        // A case without a branch has nothing to keep.
        if same || (before.is_none() && !fresh.has_branches()) {
            continue;
        }
        let records = vec![RecordWrite::guarded(&fresh, before.map_or(0, |before| before.version))];
        let case = known.iter().find(|known| known.case.id.as_str() == fresh.case);
        let effects = case.map(|known| renewed_card(&known.case, now)).into_iter().collect();
        shop.store.commit(now, Commit { records, effects, ..Commit::default() }).await?;
    }
    Ok(())
}
