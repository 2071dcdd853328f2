//! Features: what the bot does about a delivery. Each gathers its facts, asks its rule in `domain`, and returns what is
//! to be committed. None performs anything.
//!
//! The first feature in [`all`] that has something to say about a delivery says it; a later feature adds a file and a line.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Shop, Trouble, pace::at_leisure};
use zeroize::Zeroizing;

use crate::{
    domain::{decision::Decision, embargoed::Embargoed},
    github::webhook::events::{self, Content, Delivered},
    store::{ClaimedDelivery, SealedWrite},
};

mod case_asked;
mod desks;
mod doors;
mod leaks;
mod not_security;
mod operator;
mod redirect;
mod releases;

pub use doors::{OBSERVED, opened_case, request_case};
pub(super) use doors::{sighting, take_in};
pub use operator::request_undo;
pub(super) use operator::request_undo_once;
pub use redirect::{Judged, judge};
pub(super) use redirect::{revision, text_is_neutral};

/// A delivery, opened.
pub struct Delivery {
    /// See [`crate::store::NewDelivery::guid`].
    pub guid: String,
    /// See [`crate::store::NewDelivery::event`].
    pub event: String,
    /// See [`crate::store::NewDelivery::received_at`].
    pub received_at: Timestamp,
    /// What it brings.
    pub content: Brought,
}

/// What a delivery brings.
pub enum Brought {
    /// Something that GitHub tells.
    ByGitHub(Box<Delivered>),
    /// The body of one of the program's own events.
    ByOperator(Embargoed<Zeroizing<Vec<u8>>>),
}

impl Delivery {
    pub(super) async fn open(shop: &Shop, claimed: &ClaimedDelivery) -> Result<Self, Trouble> {
        let body = opened(shop, claimed).await?;
        let content = if claimed.event.starts_with("embargod.") {
            Brought::ByOperator(body)
        } else {
            let parsed = || events::parse(&claimed.event, body.open(&shop.clearance));
            let mut told = if claimed.is_large() { at_leisure(parsed) } else { parsed() }
                .map_err(|error| Trouble::Nonsense(format!("the {} event cannot be read: {error}", claimed.event)))?;
            name_installation(shop, &mut told).await?;
            Brought::ByGitHub(Box::new(told))
        };
        Ok(Self { guid: claimed.guid.clone(), event: claimed.event.clone(), received_at: claimed.received_at, content })
    }

    /// Whether the repository belongs to an organisation, as far as the delivery tells; if in doubt, it does.
    pub fn owner_is_organisation(&self) -> bool {
        match &self.content {
            Brought::ByGitHub(told) => {
                told.repository.as_ref().is_none_or(|repository| repository.owner_is_organisation)
            }
            Brought::ByOperator(_) => true,
        }
    }

    /// The post that it brings, if it brings one.
    pub fn post(&self) -> Option<&crate::domain::post::Post> {
        match &self.content {
            Brought::ByGitHub(told) => match &told.content {
                Content::Post(post) => Some(post),
                _ => None,
            },
            Brought::ByOperator(_) => None,
        }
    }
}

/// The body of a delivery. One that is large takes up its memory now, and no more than once.
pub(super) async fn opened(shop: &Shop, claimed: &ClaimedDelivery) -> Result<Embargoed<Zeroizing<Vec<u8>>>, Trouble> {
    if claimed.is_large() {
        let sealed = shop.store.large_body(claimed).await?;
        return Ok(at_leisure(|| shop.sealer.open_large_delivery(&claimed.guid, sealed, &shop.clearance))?);
    }
    Ok(shop.sealer.open_delivery(&claimed.guid, &claimed.sealed_body, &shop.clearance)?)
}

/// A delivery that names no installation (a hook of the repository, say) still belongs to one: GitHub is asked.
async fn name_installation(shop: &Shop, told: &mut Delivered) -> Result<(), Trouble> {
    if let Content::Post(post) = &mut told.content
        && post.place.installation_id == 0
        && post.repository_is_public
        && let Some(found) = shop.github.app().installation_of(&post.place.repository).await?
    {
        post.place.installation_id = found.id;
    }
    Ok(())
}

/// What a feature came to.
pub struct Outcome {
    /// The decision.
    pub decision: Decision,
    /// What is sealed in the same commit.
    pub sealed: Vec<SealedWrite>,
    /// What the decision is about: a post's key, a case.
    pub subject: String,
    /// Who caused it.
    pub actor: Option<String>,
    /// The policy under which it was taken.
    pub policy_version: String,
}

/// One feature.
#[async_trait]
pub trait Feature: Send + Sync {
    /// Its name in decisions.
    fn name(&self) -> &'static str;

    /// Decides about a delivery; `None` when it is none of this feature's business.
    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble>;
}

/// All features, in the order in which they are asked.
pub fn all() -> Vec<Box<dyn Feature>> {
    vec![
        Box::new(desks::Desks),
        Box::new(doors::Doors),
        Box::new(operator::Operator),
        Box::new(not_security::NotSecurity),
        Box::new(redirect::Redirect),
        Box::new(leaks::Leaks),
        Box::new(releases::Releases),
    ]
}
