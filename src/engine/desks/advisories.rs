//! Reading the comments of advisories, of which no webhook tells.
//!
//! Each round asks about the cases whose turn it is: every few seconds where somebody wrote lately, rarely where the case
//! is over. An answer that has not changed costs no request of the budget (`If-None-Match`). What was found becomes durable
//! before it counts as read, so a round can be broken off anywhere.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    cases,
    records::{AdvisoryRead, DeskCard},
    speak,
};
use crate::{
    domain::{
        case::{Alert, Case, Desk, Handling},
        commands::acts::{AdmitTeam, RenewCard},
        decision::DecisionRecord,
        effect::Effect,
        intake::actions::{Leaves, MoveDesk},
        policy::{Policy, Roles},
        post::Account,
        reason::Reason,
        record::RecordWrite,
    },
    engine::{Engine, Shop, Trouble, chores::Chore, recovery::Spending},
    github::{AdvisoryComment, CommentsAnswer, GitHubError},
    store::{Acceptance, Commit, NewDelivery},
};

/// The program's own event for a comment of an advisory.
pub(in crate::engine) const DESK_COMMENT_EVENT: &str = "embargod.desk_comment";

/// How often it is looked whose turn it is.
const PAUSE: Duration = Duration::from_secs(5);
/// So often a case is asked about while somebody writes.
const ACTIVE_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// So long after the last comment somebody counts as writing.
const ACTIVE_FOR: SignedDuration = SignedDuration::from_mins(15);
/// So often an open case is asked about.
const OPEN_EVERY: SignedDuration = SignedDuration::from_secs(50);
/// So often one that is over: it may be reopened.
const OVER_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// So often it is tried where GitHub refused.
const REFUSED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// What was read is asked for again from so much earlier: GitHub's clocks differ, and a comment may show up late.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// Advisories that are asked about at the same time.
const AT_ONCE: usize = 8;

/// A comment of an advisory, as the body of [`DESK_COMMENT_EVENT`].
#[derive(Serialize, Deserialize)]
pub(in crate::engine) struct DeskComment {
    pub(in crate::engine) case: String,
    pub(in crate::engine) ghsa: String,
    pub(in crate::engine) id: u64,
    pub(in crate::engine) author: Account,
    pub(in crate::engine) created_at: Timestamp,
    pub(in crate::engine) updated_at: Timestamp,
    pub(in crate::engine) body: String,
}

/// What is remembered between two rounds, and of releases.
#[derive(Default)]
pub struct Memory {
    rounds: Mutex<Known>,
    pub(super) series: super::series::Book,
}

/// At most so much of an installation's hourly requests goes into reading comments that changed, in percent; with what
/// looking for advisories may spend (`doors`) this is the most that polling takes.
const SHARE_PERCENT: u64 = 13;

/// People's commands wait for no better time: one in so many of the requests is left to what protects.
const LEFT_ALONE: u64 = 10;

impl Default for Known {
    fn default() -> Self {
        let spending = Spending::up_to(SHARE_PERCENT).leaving_one_in(LEFT_ALONE);
        Self { spending, desks: HashMap::new(), carded: HashSet::new() }
    }
}

struct Known {
    spending: Spending,
    desks: HashMap<String, Watched>,
    /// Cases whose desks are known to have their card, or to get it.
    carded: HashSet<String>,
}

struct Watched {
    next_at: Timestamp,
    active_at: Timestamp,
    etag: Option<(Timestamp, String)>,
    /// Whether there may be an open alert that the desk cannot be read.
    may_be_silent: bool,
}

/// See the module.
pub(in crate::engine) struct ReadAdvisories;

#[async_trait]
impl Chore for ReadAdvisories {
    fn name(&self) -> &'static str {
        "desks"
    }

    fn interval(&self) -> Duration {
        PAUSE
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        engine.read_desks_once().await.map(|_| ())
    }
}

impl Engine {
    /// Reads what was written on the advisories whose turn it is; says how many comments were new here.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_desks_once(&self) -> Result<usize, Trouble> {
        let shop = self.shop();
        let mut known = shop.desks.rounds.lock().await;
        let cases = cases(shop).await?;
        known.desks.retain(|id, _| cases.iter().any(|case| case.value.id.as_str() == id));
        let mut due = Vec::new();
        for case in cases.into_iter().map(|case| case.value).filter(|case| !is_young(shop, case)) {
            give_card(shop, &mut known, &case).await?;
            due.extend(is_due(shop, &mut known, case).await?);
        }
        let mut answers = stream::iter(due).map(|due| ask(shop, due)).buffer_unordered(AT_ONCE);
        let mut found = 0;
        while let Some((due, answer)) = answers.next().await {
            found += take_over(shop, &mut known, &due, answer).await?;
        }
        Ok(found)
    }
}

/// A case is left to itself for so long: what was decided about the post comes first.
const YOUNG_FOR: SignedDuration = SignedDuration::from_secs(10);

fn is_young(shop: &Shop, case: &Case) -> bool {
    shop.clock.now().duration_since(case.opened_at) < YOUNG_FOR
}

/// A desk that has no card yet gets one, whoever made the desk.
async fn give_card(shop: &Shop, known: &mut Known, case: &Case) -> Result<(), Trouble> {
    let has_desk = matches!(case.desk, Desk::Advisory { .. } | Desk::Issue { .. });
    let is_over = case.handling.is_closed() || case.handling == Handling::Released;
    let id = case.id.to_string();
    if !has_desk || is_over || known.carded.contains(&id) {
        return Ok(());
    }
    if shop.read::<DeskCard>(&id).await?.is_none() {
        let renew = RenewCard { case: id.clone() };
        let mut effects = vec![Effect::new(format!("renew_card:{id}:first"), format!("case:{id}"), &renew)];
        if case.ghsa().is_some() {
            // One installation that does not answer must not keep the desks of all others waiting.
            let Some(policy) = policy_of(shop, case).await? else {
                return Ok(());
            };
            if policy.roles != Roles::default() {
                let admit = AdmitTeam { case: id.clone() };
                effects.push(Effect::new(format!("admit_team:{id}"), format!("case:{id}"), &admit));
            }
        }
        let effects = effects.into_iter().map(|effect| effect.for_case(&id)).collect();
        shop.store.commit(shop.clock.now(), Commit { effects, ..Commit::default() }).await?;
    }
    known.carded.insert(id);
    Ok(())
}

/// The policy by which a case is judged; `None` while GitHub does not say.
async fn policy_of(shop: &Shop, case: &Case) -> Result<Option<Policy>, Trouble> {
    match shop.policies.of_case(shop, case).await {
        Ok(policy) => Ok(Some(policy)),
        Err(Trouble::GitHub(error)) => {
            tracing::warn!(case = %case.id, %error, "the policy of {} cannot be read now", case.id);
            Ok(None)
        }
        Err(trouble) => Err(trouble),
    }
}

/// An advisory whose turn it is.
struct Due {
    case: Case,
    ghsa: String,
    seen: Timestamp,
    since: Timestamp,
    etag: Option<String>,
}

/// What GitHub answered: the comments with a name for the answer, or that nothing changed.
type Answer = Result<Option<(Vec<AdvisoryComment>, Option<String>)>, GitHubError>;

async fn is_due(shop: &Shop, known: &mut Known, case: Case) -> Result<Option<Due>, Trouble> {
    // Also where the desk is elsewhere: the reporter writes there.
    let Some(ghsa) = case.ghsa().map(str::to_owned) else {
        return Ok(None);
    };
    let (now, id) = (shop.clock.now(), case.id.to_string());
    // Whether an earlier process was refused is not known: the alert of that is looked for at the first answer.
    let fresh = || Watched { next_at: now, active_at: case.opened_at, etag: None, may_be_silent: true };
    let watched = known.desks.entry(id.clone()).or_insert_with(fresh);
    let github = shop.github.installation(case.installation_id);
    if case.handling == Handling::Archived || watched.next_at > now || !known.spending.allows(&github, now) {
        return Ok(None);
    }
    let seen = shop.read::<AdvisoryRead>(&id).await?.map_or(case.opened_at, |read| read.value.seen);
    let since = seen.saturating_sub(OVERLAP).unwrap_or(seen);
    let etag = watched.etag.as_ref().filter(|(asked, _)| *asked == since).map(|(_, etag)| etag.clone());
    Ok(Some(Due { case, ghsa, seen, since, etag }))
}

async fn ask(shop: &Shop, due: Due) -> (Due, Answer) {
    let github = shop.github.installation(due.case.installation_id);
    let (repository, ghsa) = (&due.case.repository, &due.ghsa);
    let first = github.advisory_comments_if_changed(repository, ghsa, due.since, due.etag.as_deref()).await;
    let answer = match first {
        Ok(CommentsAnswer::Unchanged) => Ok(None),
        Ok(CommentsAnswer::Page { comments, goes_on: false, etag }) => Ok(Some((comments, etag))),
        Ok(CommentsAnswer::Page { .. }) => {
            github.advisory_comments(repository, ghsa, Some(due.since)).await.map(|all| Some((all.items, None)))
        }
        Err(error) => Err(error),
    };
    (due, answer)
}

async fn take_over(shop: &Shop, known: &mut Known, due: &Due, answer: Answer) -> Result<usize, Trouble> {
    let now = shop.clock.now();
    let Due { case, ghsa, seen, since, .. } = due;
    let id = case.id.to_string();
    let github = shop.github.installation(case.installation_id);
    let Some(watched) = known.desks.get_mut(&id) else {
        return Ok(0);
    };
    if !matches!(answer, Ok(None)) {
        known.spending.spend(&github, 1, now);
    }
    let comments = match answer {
        Ok(Some((comments, etag))) => {
            watched.etag = etag.map(|etag| (*since, etag));
            comments
        }
        Ok(None) => Vec::new(),
        Err(error) if speak::is_refusal(&error) => {
            watched.next_at = later(now, REFUSED_EVERY);
            if matches!(case.desk, Desk::Advisory { .. }) {
                watched.may_be_silent = true;
                refused(shop, case, ghsa, now).await?;
            }
            return Ok(0);
        }
        Err(error) => {
            tracing::warn!(case = %id, %error, "the comments of the advisory of {id} cannot be read now");
            known.spending.pause(&github, &error, now);
            watched.next_at = later(now, OPEN_EVERY);
            return Ok(0);
        }
    };
    if watched.may_be_silent {
        heard_again(shop, case, now).await?;
        watched.may_be_silent = false;
    }
    let newest = comments.iter().map(|comment| comment.updated_at).max();
    let found = take_in(shop, &id, ghsa, comments, now).await?;
    if let Some(newest) = newest.filter(|newest| newest > seen) {
        let record = AdvisoryRead { case: id, seen: newest };
        let commit = Commit { records: vec![RecordWrite::overwriting(&record)], ..Commit::default() };
        shop.store.commit(now, commit).await?;
    }
    if found > 0 {
        watched.active_at = now;
    }
    let is_over = case.handling.is_closed() || case.handling == Handling::Released;
    let pause = match now.duration_since(watched.active_at) {
        age if age < ACTIVE_FOR => ACTIVE_EVERY,
        _ if is_over => OVER_EVERY,
        _ => OPEN_EVERY,
    };
    watched.next_at = later(now, pause);
    Ok(found)
}

fn later(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(now)
}

/// Makes people's comments durable, to be handled in their turn, each state of a comment once.
async fn take_in(
    shop: &Shop,
    case: &str,
    ghsa: &str,
    mut comments: Vec<AdvisoryComment>,
    now: Timestamp,
) -> Result<usize, Trouble> {
    comments.sort_by_key(|comment| comment.id);
    let mut found = 0;
    for comment in comments.into_iter().filter(|comment| !comment.author.is_bot) {
        let AdvisoryComment { id, author, created_at, updated_at, body, .. } = comment;
        let guid = format!("embargod-desk-{case}/{id}@{}", updated_at.as_second());
        let told = DeskComment {
            case: case.to_owned(),
            ghsa: ghsa.to_owned(),
            id,
            author,
            created_at,
            updated_at,
            body: body.into_inner(&shop.clearance),
        };
        let body = serde_json::to_vec(&told).expect("plain data");
        let delivery = NewDelivery {
            sealed_body: shop.sealer.seal_delivery(&guid, body),
            guid,
            event: DESK_COMMENT_EVENT.to_owned(),
            lane: format!("case:{case}"),
            received_at: now,
        };
        if shop.store.accept(delivery).await? == Acceptance::Fresh {
            found += 1;
        }
    }
    Ok(found)
}

/// Resolves the alert about a desk that could not be read, and can again.
async fn heard_again(shop: &Shop, case: &Case, now: Timestamp) -> Result<(), Trouble> {
    let alert = shop.read::<Alert>(&speak::silent(case, now).id).await?;
    if let Some(open) = alert.filter(|alert| alert.value.resolved_at.is_none()) {
        let resolved = Alert { resolved_at: Some(now), ..open.value };
        let records = vec![RecordWrite::guarded(&resolved, open.version)];
        shop.store.commit(now, Commit { records, ..Commit::default() }).await?;
    }
    Ok(())
}

/// GitHub refuses the comments of the desk: it moves to the private case repository, where the policy names one and the
/// advisory itself can be read; otherwise maintainers are told once.
async fn refused(shop: &Shop, case: &Case, ghsa: &str, now: Timestamp) -> Result<(), Trouble> {
    let (id, told) = (case.id.to_string(), shop.read::<Alert>(&speak::silent(case, now).id).await?);
    let Some(policy) = policy_of(shop, case).await? else {
        return Ok(());
    };
    let moves = match &policy.desk.repository {
        // Where not even the advisory answers, something else is the matter, and it may pass.
        Some(_) => shop.github.installation(case.installation_id).advisory(&case.repository, ghsa).await.is_ok(),
        None => false,
    };
    if !moves && told.is_some_and(|told| told.value.resolved_at.is_none()) {
        return Ok(());
    }
    tracing::error!(case = %id, "GitHub does not let the App read the comments of the advisory of {id}");
    let mut reasons = vec![Reason::new("desk.silent", "GitHub refuses the comments of the advisory")];
    let (mut records, mut effects) = (Vec::new(), Vec::new());
    if moves {
        reasons.push(
            Reason::new("desk.moves", "the desk moves to the private case repository").from_source("desk.repository"),
        );
        let leave = MoveDesk { case: id.clone(), because: Leaves::Refused };
        let key = format!("move_desk:{id}@{}", now.as_second());
        effects.push(Effect::new(key, format!("case:{id}"), &leave).for_case(&id));
    } else {
        records.push(speak::silence(case, now));
    }
    let decision = DecisionRecord {
        at: now,
        feature: "desk".to_owned(),
        subject: id.clone(),
        outcome: if moves { "desk_moves" } else { "desk_silent" }.to_owned(),
        cause: "desks".to_owned(),
        actor: None,
        case: Some(id),
        policy_version: case.policy_version.clone(),
        reasons,
        effects: effects.iter().map(|effect| effect.key.clone()).collect(),
    };
    let commit = Commit { records, effects, decision: Some(decision), ..Commit::default() };
    shop.store.commit(now, commit).await?;
    Ok(())
}
