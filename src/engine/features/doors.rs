//! Doors in: advisories that were told of or found, and cases that an operator opens.

use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Brought, Delivery, Feature, Outcome, releases::Releases};
use crate::{
    domain::{
        case::{Case, CaseId, CaseOrigin, Desk, Opening},
        decision::Decision,
        doors::{self, AtGitHub, Inquiry, KnownAdvisory, Sighting, Taken},
        operator::Operator as Person,
        policy::Policy,
        post::{Account, PostPlace, RepoName, Surface, ThreadKind, ThreadRef},
        reason::Reason,
        record::{Record, RecordWrite, Versioned},
    },
    engine::{
        Shop, Trouble,
        evidence::{self, Evidence, REPORT},
    },
    github::{
        Advisory, AdvisoryState,
        webhook::{
            events::{AdvisoryNotice, Content, Delivered},
            lane,
        },
    },
    store::{NewDelivery, SealedWrite},
};

/// The event of an advisory that was found by looking.
const FOUND_EVENT: &str = "embargod.advisory";

/// Why no case is opened in a repository without a policy, and what helps.
pub const OBSERVED: &str = "the repository has no policy, so it is only observed and has no cases: give it \
    .github/embargod.yml, or the server a default_policy_path";

/// The event of `embargod case open`.
const OPEN_EVENT: &str = "embargod.case_open";

/// A report's words. Deliberately without `Debug`; sealed wherever it rests.
#[derive(Serialize, Deserialize)]
struct Report {
    title: String,
    body: String,
}

/// The body of [`FOUND_EVENT`].
#[derive(Serialize, Deserialize)]
struct Found {
    sighting: Sighting,
    owner_is_organisation: bool,
    report: Report,
}

/// The body of [`OPEN_EVENT`].
#[derive(Serialize, Deserialize)]
struct Asked {
    repository: RepoName,
    title: String,
    ghsa: Option<String>,
    by: String,
}

/// Which case came of `embargod case open`.
#[derive(Serialize, Deserialize)]
struct Opened {
    guid: String,
    case: CaseId,
}

impl Record for Opened {
    const KIND: &'static str = "case_opened";

    fn key(&self) -> String {
        self.guid.clone()
    }
}

/// Enqueues the opening of a case that `by` asks for; the returned name leads to the case, see [`opened_case`].
///
/// # Errors
/// When the store fails.
pub async fn request_case(
    shop: &Shop,
    repository: &RepoName,
    title: &str,
    ghsa: Option<&str>,
    by: &Person,
) -> Result<String, Trouble> {
    let guid = format!("embargod-case-open-{}", uuid::Uuid::new_v4());
    let asked = Asked {
        repository: repository.clone(),
        title: title.to_owned(),
        ghsa: ghsa.map(str::to_owned),
        by: by.actor(),
    };
    let lane = format!("open:{repository}");
    accept(shop, &guid, OPEN_EVENT, lane, serde_json::to_vec(&asked).expect("plain data")).await?;
    Ok(guid)
}

/// The case that came of [`request_case`]; `None` as long as there is none.
///
/// # Errors
/// When the store fails.
pub async fn opened_case(shop: &Shop, guid: &str) -> Result<Option<CaseId>, Trouble> {
    Ok(shop.read::<Opened>(guid).await?.map(|opened| opened.value.case))
}

/// Makes an advisory that was found durable, to be handled in its turn; the same state of the same advisory makes one
/// delivery.
pub(in crate::engine) async fn take_in(
    shop: &Shop,
    sighting: Sighting,
    advisory: &Advisory,
    owner_is_organisation: bool,
) -> Result<(), Trouble> {
    // GitHub's number is private, and this name is logged.
    let state = format!("{}:{:?}@{}", sighting.ghsa, sighting.state, sighting.changed_at.as_second());
    let guid = format!("advisory:{}", shop.sealer.mark("advisory", &state));
    let lane = lane(sighting.repository_id, None);
    let report = Report {
        title: advisory.summary.open(&shop.clearance).clone(),
        body: advisory.description.open(&shop.clearance).clone(),
    };
    let found = Found { sighting, owner_is_organisation, report };
    accept(shop, &guid, FOUND_EVENT, lane, serde_json::to_vec(&found).expect("plain data")).await
}

async fn accept(shop: &Shop, guid: &str, event: &str, lane: String, body: Vec<u8>) -> Result<(), Trouble> {
    let delivery = NewDelivery {
        sealed_body: shop.sealer.seal_delivery(guid, body),
        guid: guid.to_owned(),
        event: event.to_owned(),
        lane,
        received_at: shop.clock.now(),
    };
    shop.store.accept(delivery).await?;
    Ok(())
}

/// What GitHub shows of an advisory, without its words; `None` for a state that GitHub added later.
pub(in crate::engine) fn sighting(
    advisory: &Advisory,
    repository: &RepoName,
    repository_id: u64,
    installation_id: u64,
    now: Timestamp,
) -> Option<Sighting> {
    let updated_at = advisory.updated_at.or(advisory.created_at).unwrap_or(now);
    let (state, changed_at) = match advisory.state {
        AdvisoryState::Triage => (AtGitHub::Triage, updated_at),
        AdvisoryState::Draft => (AtGitHub::Draft, updated_at),
        AdvisoryState::Closed => (AtGitHub::Closed, advisory.closed_at.unwrap_or(updated_at)),
        AdvisoryState::Published | AdvisoryState::Withdrawn => {
            (AtGitHub::Published, advisory.published_at.unwrap_or(updated_at))
        }
        AdvisoryState::Unknown => return None,
    };
    let nobody = || Account { login: "ghost".to_owned(), id: 0, is_bot: false };
    Some(Sighting {
        repository: repository.clone(),
        repository_id,
        installation_id,
        ghsa: advisory.ghsa_id.clone(),
        url: advisory.html_url.clone(),
        state,
        reporter: advisory.author.clone().unwrap_or_else(nobody),
        created_at: advisory.created_at.unwrap_or(updated_at),
        changed_at,
    })
}

/// See the module.
pub(super) struct Doors;

#[async_trait]
impl Feature for Doors {
    fn name(&self) -> &'static str {
        "doors"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        match &delivery.content {
            Brought::ByGitHub(told) => match &told.content {
                Content::Advisory(notice) => by_webhook(shop, delivery, told, notice).await,
                _ => Ok(None),
            },
            Brought::ByOperator(body) if delivery.event == FOUND_EVENT => {
                let found: Found = readable(body.open(&shop.clearance))?;
                let outcome =
                    seen(shop, delivery, &found.sighting, found.owner_is_organisation, found.report, None).await?;
                Ok(Some(outcome.unwrap_or_else(|| nothing_new(&found.sighting))))
            }
            Brought::ByOperator(body) if delivery.event == OPEN_EVENT => {
                let asked: Asked = readable(body.open(&shop.clearance))?;
                by_hand(shop, delivery, asked).await.map(Some)
            }
            Brought::ByOperator(_) => Ok(None),
        }
    }
}

fn readable<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|_| Trouble::Nonsense("an event of our own is unreadable".to_owned()))
}

fn nothing_new(sighting: &Sighting) -> Outcome {
    let reason = Reason::new("doors.nothing_new", "what was found is known, or is no matter of a case");
    Outcome {
        decision: Decision::nothing(reason),
        sealed: Vec::new(),
        subject: format!("repo:{}", sighting.repository_id),
        actor: None,
        policy_version: String::new(),
    }
}

async fn by_webhook(
    shop: &Shop,
    delivery: &Delivery,
    told: &Delivered,
    notice: &AdvisoryNotice,
) -> Result<Option<Outcome>, Trouble> {
    let (Some(repository), Some(installation_id)) = (&told.repository, told.installation_id) else {
        return Ok(None);
    };
    let (state, changed_at) = match notice.action.as_str() {
        "reported" => (AtGitHub::Triage, notice.created_at),
        "published" => (AtGitHub::Published, notice.published_at),
        _ => return Ok(None),
    };
    let sighting = Sighting {
        repository: repository.name.clone(),
        repository_id: repository.id,
        installation_id,
        ghsa: notice.ghsa_id.clone(),
        url: notice.html_url.clone(),
        state,
        reporter: notice.author.clone(),
        created_at: notice.created_at.unwrap_or(delivery.received_at),
        changed_at: changed_at.unwrap_or(delivery.received_at),
    };
    // A report that is told of late must not undo what was seen since.
    if state == AtGitHub::Triage && shop.read::<KnownAdvisory>(&sighting.ghsa).await?.is_some() {
        return Ok(None);
    }
    let report = Report {
        title: notice.summary.open(&shop.clearance).clone(),
        body: notice.description.open(&shop.clearance).clone(),
    };
    let actor = told.sender.as_ref().map(|sender| sender.login.clone());
    let outcome = seen(shop, delivery, &sighting, repository.owner_is_organisation, report, actor).await?;
    // Releases listen to publications as well: one delivery, one decision.
    let Some(mut outcome) = outcome else {
        return Ok(None);
    };
    if let Some(noted) = Releases.consider(shop, delivery).await? {
        outcome.decision.records.extend(noted.decision.records);
        outcome.decision.effects.extend(noted.decision.effects);
        outcome.decision.reasons.extend(noted.decision.reasons);
    }
    Ok(Some(outcome))
}

async fn seen(
    shop: &Shop,
    delivery: &Delivery,
    sighting: &Sighting,
    owner_is_organisation: bool,
    report: Report,
    actor: Option<String>,
) -> Result<Option<Outcome>, Trouble> {
    let known = shop.read::<KnownAdvisory>(&sighting.ghsa).await?;
    if known.as_ref().is_some_and(|known| known.value.state == sighting.state) {
        return Ok(None);
    }
    let case = case_of(shop, sighting, known.as_ref()).await?;
    if case.is_none() && is_own_draft(shop, sighting).await? {
        // The bot made it for a case that is about to know it.
        return Ok(None);
    }
    let (id, name) = (sighting.repository_id, &sighting.repository);
    let in_force = shop.policies.in_force(shop, sighting.installation_id, id, name, owner_is_organisation).await?;
    if case.is_none() && in_force.policy == Policy::observing() {
        return Ok(None);
    }
    let own = match &case {
        Some(case) => Some(shop.policies.of_case(shop, &case.value).await?),
        None => None,
    };
    let policy = own.as_ref().unwrap_or(&in_force.policy);
    decided(shop, delivery, sighting, known.as_ref(), case.as_ref(), CaseOrigin::Reported, policy, report, actor).await
}

#[expect(clippy::too_many_arguments, reason = "the facts of one decision")]
async fn decided(
    shop: &Shop,
    delivery: &Delivery,
    sighting: &Sighting,
    known: Option<&Versioned<KnownAdvisory>>,
    case: Option<&Versioned<Case>>,
    origin: CaseOrigin,
    policy: &Policy,
    report: Report,
    actor: Option<String>,
) -> Result<Option<Outcome>, Trouble> {
    let now = shop.clock.now();
    let next_case = if case.is_none() { next_number(shop, now).await? } else { CaseId::new(0, 0) };
    let inquiry = Inquiry { sighting, known, case, origin, policy, next_case, now };
    let Some(Taken { decision, opens }) = doors::take(&inquiry) else {
        return Ok(None);
    };
    let sealed = match &opens {
        Some(id) => seal(shop, delivery, id, sighting, report, now),
        None => Vec::new(),
    };
    let subject = decision.case.clone().unwrap_or_default();
    Ok(Some(Outcome { decision, sealed, subject, actor, policy_version: policy.version.clone() }))
}

fn seal(
    shop: &Shop,
    delivery: &Delivery,
    case: &CaseId,
    sighting: &Sighting,
    report: Report,
    now: Timestamp,
) -> Vec<SealedWrite> {
    let words = Evidence {
        place: PostPlace {
            installation_id: sighting.installation_id,
            repository_id: sighting.repository_id,
            repository: sighting.repository.clone(),
            surface: Surface::Issue,
            thread: ThreadRef { kind: ThreadKind::Issue, number: 0, commit: None, node_id: None },
            post_id: 0,
            node_id: String::new(),
            html_url: sighting.url.clone(),
        },
        author: sighting.reporter.login.clone(),
        taken_at: now,
        delivery: delivery.guid.clone(),
        title: report.title,
        body: report.body,
    };
    evidence::seal_for_new_case(&shop.sealer, case.as_str(), REPORT, &words)
}

pub(super) async fn next_number(shop: &Shop, now: Timestamp) -> Result<CaseId, Trouble> {
    let year = now.to_zoned(TimeZone::UTC).year();
    Ok(CaseId::new(year, shop.store.next_number(&format!("case:{year}")).await?))
}

/// The case of an advisory: the one that is known, else the one whose desk it is.
async fn case_of(
    shop: &Shop,
    sighting: &Sighting,
    known: Option<&Versioned<KnownAdvisory>>,
) -> Result<Option<Versioned<Case>>, Trouble> {
    if let Some(known) = known {
        return shop.read::<Case>(known.value.case.as_str()).await;
    }
    let has_it = |value: &serde_json::Value| doors::is_advisory_of(value, &sighting.ghsa);
    match shop.store.records(Case::KIND).await?.into_iter().find(|stored| has_it(&stored.value)) {
        Some(stored) => shop.read::<Case>(&stored.key).await,
        None => Ok(None),
    }
}

async fn is_own_draft(shop: &Shop, sighting: &Sighting) -> Result<bool, Trouble> {
    Ok(sighting.reporter.login.eq_ignore_ascii_case(shop.learn_own_login().await?))
}

/// `embargod case open`.
async fn by_hand(shop: &Shop, delivery: &Delivery, asked: Asked) -> Result<Outcome, Trouble> {
    let refuse = |why: &str| Trouble::Nonsense(why.to_owned());
    let installation = shop.github.app().installation_of(&asked.repository).await?;
    let installation_id = installation.ok_or_else(|| refuse("the App is not installed there"))?.id;
    let github = shop.github.installation(installation_id);
    let facts = github.repository(&asked.repository).await?;
    let organisation = facts.owner_is_organisation;
    let in_force = shop.policies.in_force(shop, installation_id, facts.id, &facts.name, organisation).await?;
    let policy = &in_force.policy;
    if *policy == Policy::observing() {
        return Err(refuse(OBSERVED));
    }
    let now = shop.clock.now();
    let report = Report { title: asked.title, body: String::new() };
    let actor = Some(asked.by.clone());
    let opened = |case: &CaseId| RecordWrite::overwriting(&Opened { guid: delivery.guid.clone(), case: case.clone() });
    if let Some(ghsa) = &asked.ghsa {
        let advisory = github.advisory(&asked.repository, ghsa).await?;
        let sighting = sighting(&advisory, &facts.name, facts.id, installation_id, now);
        let sighting = sighting.ok_or_else(|| refuse("the advisory is in a state that this version does not know"))?;
        let known = shop.read::<KnownAdvisory>(&sighting.ghsa).await?;
        if let Some(case) = case_of(shop, &sighting, known.as_ref()).await? {
            let id = case.value.id;
            let reason = Reason::new("doors.known", format!("the advisory has its case, {id}"));
            let mut decision = Decision { case: Some(id.to_string()), ..Decision::nothing(reason) };
            decision.records.push(opened(&id));
            return Ok(outcome(decision, Vec::new(), actor, policy));
        }
        let origin = CaseOrigin::Opened;
        let decided =
            decided(shop, delivery, &sighting, known.as_ref(), None, origin, policy, report, actor.clone()).await?;
        let mut decided =
            decided.ok_or_else(|| refuse("the advisory is published or closed: nothing is to be opened"))?;
        let case = decided.decision.case.as_ref().and_then(|case| case.parse().ok());
        decided.decision.records.extend(case.map(|case| opened(&case)));
        return Ok(decided);
    }
    let id = next_number(shop, now).await?;
    let nobody = Account { login: "nobody".to_owned(), id: 0, is_bot: false };
    let sighting = Sighting {
        repository: facts.name.clone(),
        repository_id: facts.id,
        installation_id,
        ghsa: String::new(),
        url: facts.html_url,
        state: AtGitHub::Draft,
        reporter: nobody.clone(),
        created_at: now,
        changed_at: now,
    };
    let opening = Opening {
        id: id.clone(),
        repository: facts.name,
        repository_id: facts.id,
        installation_id,
        origin: CaseOrigin::Opened,
        reporter: nobody,
        reported_at: delivery.received_at,
        desk: Desk::Pending,
    };
    let case = doors::open_by_hand(opening, false, policy, now);
    let decision = Decision {
        outcome: "case_opened".to_owned(),
        records: vec![RecordWrite::guarded(&case, 0), opened(&id)],
        effects: vec![doors::make_desk(&id, true)],
        case: Some(id.to_string()),
        reasons: vec![Reason::new("doors.opened", "an operator opened the case by hand")],
        ..Decision::default()
    };
    let sealed = seal(shop, delivery, &id, &sighting, report, now);
    Ok(outcome(decision, sealed, actor, policy))
}

fn outcome(decision: Decision, sealed: Vec<SealedWrite>, actor: Option<String>, policy: &Policy) -> Outcome {
    let subject = decision.case.clone().unwrap_or_default();
    Outcome { decision, sealed, subject, actor, policy_version: policy.version.clone() }
}
