//! Release doors: a tag, a push to a series' branch, a release or an advisory was told of. Nothing is judged here: it is
//! noted, and whoever does the chores looks at the repository's mirror.

use async_trait::async_trait;

use super::{Brought, Delivery, Feature, Outcome};
use crate::{
    domain::{
        case::Alert,
        coverage::series_in_branch,
        decision::Decision,
        policy::Series,
        reason::Reason,
        record::{Record, RecordWrite, Versioned},
        release_checks::{CaseWish, EmbargoMirror, ReleaseMarks, ReleaseWish, refused_checks_alert, repository_key},
    },
    engine::{Shop, Trouble},
    github::webhook::events::{Content, Delivered, InstallationNotice, RepositoryBrief},
};

/// See the module.
pub(super) struct Releases;

/// What was told of.
enum Told {
    Tag(String),
    Branch(String),
    Advisory,
}

#[async_trait]
impl Feature for Releases {
    fn name(&self) -> &'static str {
        "releases"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        let Brought::ByGitHub(delivered) = &delivery.content else {
            return Ok(None);
        };
        if let (Some(_), Content::Installation(notice)) = (&shop.mirrors, &delivered.content) {
            return permitted(shop, delivery, notice).await;
        }
        if let (Some(_), Some(mirror), Content::Push(_)) = (&shop.mirrors, &delivered.repository, &delivered.content)
            && mirror.private
        {
            return prepared(shop, mirror).await;
        }
        let (Some(_), Some(repository), Some(installation)) =
            (&shop.mirrors, &delivered.repository, delivered.installation_id)
        else {
            return Ok(None);
        };
        let Some(told) = told(delivered).filter(|_| !repository.private) else {
            return Ok(None);
        };
        let organisation = repository.owner_is_organisation;
        let in_force =
            shop.policies.in_force(shop, installation, repository.id, &repository.name, organisation).await?;
        let Some(series) = &in_force.policy.series else {
            return Ok(None);
        };
        let Some((tag, words)) = relevant(told, series) else {
            return Ok(None);
        };
        let wish = wish(shop, repository, installation).await?;
        let answered = shop.read::<ReleaseMarks>(&repository_key(repository.id)).await?;
        let answered = answered.map_or(0, |marks| marks.value.answered);
        let heard = wish.value.heard(tag.as_deref(), answered, delivery.received_at);
        let reason = Reason::new("release.noted", format!("{words}: the mirror of {} is looked at", repository.name));
        Ok(Some(Outcome {
            decision: Decision {
                outcome: "release_noted".to_owned(),
                records: vec![RecordWrite::guarded(&heard, wish.version)],
                reasons: vec![reason],
                ..Decision::default()
            },
            sealed: Vec::new(),
            subject: repository_key(repository.id),
            actor: delivered.sender.as_ref().map(|sender| sender.login.clone()),
            policy_version: in_force.policy.version.clone(),
        }))
    }
}

/// An installation that was granted more: what GitHub refused before may be put now, so its repositories are looked at.
async fn permitted(shop: &Shop, delivery: &Delivery, notice: &InstallationNotice) -> Result<Option<Outcome>, Trouble> {
    if notice.action != "new_permissions_accepted" {
        return Ok(None);
    }
    let mut records = Vec::new();
    for stored in shop.store.records(ReleaseWish::KIND).await? {
        let Ok(wish) = serde_json::from_value::<ReleaseWish>(stored.value) else {
            continue;
        };
        let refused = shop.read::<Alert>(&refused_checks_alert(wish.repository_id)).await?;
        if wish.installation_id != notice.installation_id
            || refused.is_none_or(|alert| alert.value.resolved_at.is_some())
        {
            continue;
        }
        let answered = shop.read::<ReleaseMarks>(&repository_key(wish.repository_id)).await?;
        let answered = answered.map_or(0, |marks| marks.value.answered);
        records.push(RecordWrite::guarded(&wish.heard(None, answered, delivery.received_at), stored.version));
    }
    if records.is_empty() {
        return Ok(None);
    }
    let text = "the installation grants more: check runs that were refused are tried again";
    Ok(Some(Outcome {
        decision: Decision {
            outcome: "release_noted".to_owned(),
            records,
            reasons: vec![Reason::new("release.noted", text)],
            ..Decision::default()
        },
        sealed: Vec::new(),
        subject: format!("installation:{}", notice.installation_id),
        actor: None,
        policy_version: String::new(),
    }))
}

/// A push to a private repository: where that is the mirror of an embargo, what it holds for the cases may have changed.
async fn prepared(shop: &Shop, mirror: &RepositoryBrief) -> Result<Option<Outcome>, Trouble> {
    let Some(known) = shop.read::<EmbargoMirror>(&EmbargoMirror::key_of(mirror.id)).await? else {
        return Ok(None);
    };
    let EmbargoMirror { repository_id, repository, installation_id, .. } = known.value;
    let wish = shop.read::<CaseWish>(&repository_key(repository_id)).await?;
    let (asked, version) = wish.map_or((0, 0), |wish| (wish.value.asked, wish.version));
    let wish = CaseWish { repository_id, repository, installation_id, asked: asked + 1 };
    let reason = Reason::new("release.noted", "the embargo's mirror was pushed to: what it holds is looked at");
    Ok(Some(Outcome {
        decision: Decision {
            outcome: "release_noted".to_owned(),
            records: vec![RecordWrite::guarded(&wish, version)],
            reasons: vec![reason],
            ..Decision::default()
        },
        sealed: Vec::new(),
        subject: repository_key(repository_id),
        actor: None,
        policy_version: String::new(),
    }))
}

fn told(delivered: &Delivered) -> Option<Told> {
    let reference = |name: &str| {
        let tag = name.strip_prefix("refs/tags/").map(|tag| Told::Tag(tag.to_owned()));
        tag.or_else(|| name.strip_prefix("refs/heads/").map(|branch| Told::Branch(branch.to_owned())))
    };
    match &delivered.content {
        Content::Ref(notice) => reference(&notice.reference),
        Content::Push(push) => reference(&push.reference),
        Content::Release(release) if release.action == "published" && !release.draft => {
            Some(Told::Tag(release.tag.clone()))
        }
        Content::Advisory(advisory) if advisory.action == "published" => Some(Told::Advisory),
        _ => None,
    }
}

/// The tag that is named, and what was told in words; `None` where no release can hang on it.
fn relevant(told: Told, series: &Series) -> Option<(Option<String>, String)> {
    match told {
        Told::Tag(tag) => {
            let words = format!("the tag {tag} was told of");
            Some((Some(tag), words))
        }
        Told::Branch(branch) => {
            series_in_branch(series, &branch).map(|line| (None, format!("the branch of {line} was pushed to")))
        }
        Told::Advisory => Some((None, "an advisory was published".to_owned())),
    }
}

async fn wish(
    shop: &Shop,
    repository: &RepositoryBrief,
    installation_id: u64,
) -> Result<Versioned<ReleaseWish>, Trouble> {
    let known = shop.read::<ReleaseWish>(&repository_key(repository.id)).await?;
    let (asked, tags, version) =
        known.map_or_else(|| (0, Vec::new(), 0), |known| (known.value.asked, known.value.tags, known.version));
    let value = ReleaseWish {
        repository_id: repository.id,
        repository: repository.name.clone(),
        installation_id,
        owner_is_organisation: repository.owner_is_organisation,
        asked,
        tags,
    };
    Ok(Versioned { value, version })
}
