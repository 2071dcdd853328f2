//! The leak guard: something that everybody can see (commit messages, a branch's name, a release's text) reads like a security
//! fix, while a case of that repository is secret. Maintainers are told in private; nothing ever happens in public.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Brought, Delivery, Feature, Outcome, releases::Releases};
use crate::{
    domain::{
        case::{Alert, Case, Handling},
        decision::Decision,
        effect::Effect,
        giveaway::{self, GiveAway, Kind},
        intake::{actions::RaiseAlert, is_public_id},
        reason::Reason,
        record::Record,
        release_checks::repository_key,
    },
    engine::{Shop, Trouble},
    github::webhook::events::{Content, Delivered, RepositoryBrief},
};

/// See the module.
pub(super) struct Leaks;

/// Something public that tells too much.
struct Leak {
    /// What it is, by a public name: `commit 1234567`.
    what: String,
    found: GiveAway,
}

#[async_trait]
impl Feature for Leaks {
    fn name(&self) -> &'static str {
        "leaks"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        let Brought::ByGitHub(delivered) = &delivery.content else {
            return Ok(None);
        };
        let Some(repository) = delivered.repository.as_ref().filter(|repository| !repository.private) else {
            return Ok(None);
        };
        // Cases are looked at only where the words are such: most pushes end here.
        let suspects: Vec<Leak> =
            looked_at(delivered).into_iter().filter(|leak| leak.found.gives_away(|_| false)).collect();
        if suspects.is_empty() || !has_secret_case(shop, repository.id).await? {
            return Ok(None);
        }
        let published = super::redirect::published_ids(shop, repository.id).await?;
        let now = shop.clock.now();
        let is_told = |leak: &Leak| leak.found.gives_away(|id| is_public_id(id, &published, now));
        let Some(leak) = suspects.into_iter().find(is_told) else {
            return Ok(None);
        };
        // What is a release check's business stays so.
        let other = Releases.consider(shop, delivery).await?;
        Ok(Some(joined(decided(&leak, repository, now), other, delivered)))
    }
}

/// Everything that a delivery shows the public.
fn looked_at(delivered: &Delivered) -> Vec<Leak> {
    let branch = |reference: &str| reference.strip_prefix("refs/heads/").map(str::to_owned);
    let named =
        |name: String| Leak { found: giveaway::look(Kind::Branch, &name, ""), what: format!("the branch {name}") };
    match &delivered.content {
        Content::Push(push) => {
            let commits = push.messages.iter().map(|commit| {
                let (title, body) = commit.message.split_once('\n').unwrap_or((&commit.message, ""));
                let short = commit.sha.get(..10).unwrap_or(&commit.sha);
                Leak { what: format!("the commit {short}"), found: giveaway::look(Kind::Commit, title, body) }
            });
            commits.chain(branch(&push.reference).filter(|_| !push.is_default_branch).map(named)).collect()
        }
        Content::Ref(notice) => branch(&notice.reference).map(named).into_iter().collect(),
        Content::Release(release) if !release.draft => {
            let found = giveaway::look(Kind::Release, &release.name, &release.body);
            vec![Leak { what: format!("the release {}", release.tag), found }]
        }
        _ => Vec::new(),
    }
}

/// Whether a case of the repository is secret: under embargo, or being mended while nobody knows. On the day of its release a
/// fix is meant to be seen.
async fn has_secret_case(shop: &Shop, repository_id: u64) -> Result<bool, Trouble> {
    let stored = shop.store.records(Case::KIND).await?.into_iter();
    let mut cases = stored.filter_map(|stored| serde_json::from_value::<Case>(stored.value).ok());
    Ok(cases.any(|case| {
        let is_secret = case.embargo.state.is_running() || (case.handling.is_in_work() && !case.is_exposed());
        case.repository_id == repository_id && is_secret && case.handling != Handling::Releasing
    }))
}

fn decided(leak: &Leak, repository: &RepositoryBrief, now: Timestamp) -> Decision {
    let what = &leak.what;
    let alert = Alert {
        resolved_at: None,
        id: format!("gives-away:{}:{what}", repository.id),
        at: now,
        repository: repository.name.clone(),
        case: None,
        text: format!(
            "{what} is public and reads like a security fix, while a case of this repository is secret: see whether it \
             gives the fix away; if so, say `/leak` at the case's desk"
        ),
    };
    let effect = Effect::new(format!("alert:{}", alert.id), repository_key(repository.id), &RaiseAlert { alert });
    let mut reasons = vec![Reason::new("leaks.gives_away", format!("{what} reads like a security fix"))];
    reasons.extend(
        leak.found.contributions.iter().map(|sign| {
            Reason::new(format!("giveaway.{}", sign.feature), format!("{} ({:+.1})", sign.text, sign.weight))
        }),
    );
    if !leak.found.ids.is_empty() {
        reasons.push(Reason::new("giveaway.names_id", "it names a CVE or GHSA id that is not known to be public"));
    }
    Decision { outcome: "leak_suspected".to_owned(), effects: vec![effect], reasons, ..Decision::default() }
}

fn joined(mut decision: Decision, other: Option<Outcome>, delivered: &Delivered) -> Outcome {
    match other {
        Some(mut outcome) => {
            decision.records.append(&mut outcome.decision.records);
            decision.effects.append(&mut outcome.decision.effects);
            decision.reasons.append(&mut outcome.decision.reasons);
            Outcome { decision, ..outcome }
        }
        None => Outcome {
            decision,
            sealed: Vec::new(),
            subject: delivered.repository.as_ref().map(|known| repository_key(known.id)).unwrap_or_default(),
            actor: delivered.sender.as_ref().map(|sender| sender.login.clone()),
            policy_version: String::new(),
        },
    }
}
