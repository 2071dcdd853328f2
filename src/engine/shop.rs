//! What features and performers work with.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use super::{
    Pace, Trouble, channels::ChannelBook, desks, doors, pauses::Pauses, policies::PolicyBook, recovery, releases,
};
use crate::{
    clock::SharedClock,
    domain::{
        budget::{self, Budget, Spend},
        detector::Detector,
        effect::Urgency,
        embargoed::Clearance,
        policy::Policy,
        record::{Record, Versioned},
    },
    github::{GitHub, RateBudget},
    paging::Pager,
    sealing::Sealer,
    store::{ClaimedDelivery, SharedStore},
};

/// The parts that an engine is made of.
pub struct ShopParts {
    /// What must survive.
    pub store: SharedStore,
    /// The way to GitHub.
    pub github: GitHub,
    /// Seals and opens.
    pub sealer: Sealer,
    /// The right to open; handed out by the program's wiring.
    pub clearance: Clearance,
    /// Judges posts.
    pub detector: Arc<dyn Detector>,
    /// Tells the time.
    pub clock: SharedClock,
    /// The policy of repositories that have none.
    pub default_policy: Option<Policy>,
    /// How long a policy, or a private channel's state, is trusted before it is read again.
    pub policy_interval: Duration,
    /// How fast, how long and how often it works.
    pub pace: Pace,
    /// Where histories are mirrored; without it no release is looked at.
    pub mirrors: Option<releases::Mirrors>,
    /// Whom to wake; without it alerts alone tell that a clock ran out.
    pub paging: Option<Pager>,
}

/// What features and performers work with.
pub struct Shop {
    /// See [`ShopParts::store`].
    pub store: SharedStore,
    /// See [`ShopParts::github`].
    pub github: GitHub,
    /// See [`ShopParts::sealer`].
    pub sealer: Sealer,
    /// See [`ShopParts::clearance`].
    pub clearance: Clearance,
    /// See [`ShopParts::detector`].
    pub detector: Arc<dyn Detector>,
    /// See [`ShopParts::clock`].
    pub clock: SharedClock,
    /// Policies in force.
    pub policies: PolicyBook,
    /// Private channels that were found to work.
    pub channels: ChannelBook,
    /// See [`ShopParts::pace`].
    pub pace: Pace,
    pub(super) pauses: Pauses,
    /// What the looks for missed things remember between two of them.
    pub recovery: recovery::Memory,
    /// What the looks for advisories remember between two of them.
    pub doors: doors::Memory,
    /// See [`ShopParts::mirrors`].
    pub mirrors: Option<releases::Mirrors>,
    /// See [`ShopParts::paging`].
    pub paging: Option<Pager>,
    /// What the looks at releases remember between two of them.
    pub releases: releases::Memory,
    /// What the looks at advisories remember between two of them.
    pub desks: desks::Memory,
    own_login: OnceCell<String>,
    large_bodies: Semaphore,
}

impl Shop {
    pub(super) fn new(parts: ShopParts) -> Self {
        Self {
            policies: PolicyBook::new(parts.default_policy, parts.policy_interval),
            channels: ChannelBook::new(parts.policy_interval),
            recovery: recovery::Memory::default(),
            doors: doors::Memory::default(),
            releases: releases::Memory::default(),
            desks: desks::Memory::default(),
            mirrors: parts.mirrors,
            paging: parts.paging,
            store: parts.store,
            github: parts.github,
            sealer: parts.sealer,
            clearance: parts.clearance,
            detector: parts.detector,
            clock: parts.clock,
            pace: parts.pace,
            pauses: Pauses::default(),
            own_login: OnceCell::new(),
            large_bodies: Semaphore::new(1),
        }
    }

    /// Whether something of this urgency may spend an installation's requests now: some are kept for what is more urgent,
    /// and GitHub may want a pause. `in_public` says whether it is on a public place.
    pub fn may_spend(&self, installation_id: u64, urgency: Urgency, in_public: bool, now: Timestamp) -> Spend {
        let installation = self.github.installation(installation_id);
        let budgets = [installation.budget(), installation.graphql_budget()];
        let budgets = budgets.into_iter().flatten().map(|RateBudget { limit, remaining, reset_at, .. }| {
            budget::may_spend(&Budget { limit, remaining, reset_at }, urgency, now)
        });
        let pauses = self.pauses.of(installation_id);
        let pauses = pauses.map(|pause| budget::may_break_pause(&pause, urgency, in_public, now));
        budgets.chain(pauses).fold(Spend::Go, Spend::and)
    }

    /// Waits for its turn where a body is large: opened and parsed, several at a time would take more memory than the
    /// process promises to need. Small bodies never wait.
    pub(super) async fn turn_for(&self, claimed: &ClaimedDelivery) -> Option<SemaphorePermit<'_>> {
        if claimed.is_large() { self.large_bodies.acquire().await.ok() } else { None }
    }

    /// The bot's own login (`embargod[bot]`), once GitHub has told it.
    pub fn own_login(&self) -> Option<&str> {
        self.own_login.get().map(String::as_str)
    }

    /// Asks GitHub who we are (`GET /app`); also the first sign that key and App id fit.
    ///
    /// # Errors
    /// When GitHub does not answer or does not know us.
    pub async fn learn_own_login(&self) -> Result<&str, Trouble> {
        let ask = async || Ok::<_, Trouble>(format!("{}[bot]", self.github.app().facts().await?.slug));
        Ok(self.own_login.get_or_try_init(ask).await?)
    }

    /// Reads a record; `None` where there is none.
    ///
    /// # Errors
    /// When the store fails or the record is unreadable.
    pub async fn read<R: Record>(&self, key: &str) -> Result<Option<Versioned<R>>, Trouble> {
        let Some(stored) = self.store.record(R::KIND, key).await? else {
            return Ok(None);
        };
        let value = serde_json::from_value(stored.value)
            .map_err(|_| Trouble::Nonsense(format!("the {} record {key} is unreadable", R::KIND)))?;
        Ok(Some(Versioned { value, version: stored.version }))
    }
}
