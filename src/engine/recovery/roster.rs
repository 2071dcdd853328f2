//! Which repositories are looked at: the public ones that an installation sees, asked for now and then.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::marks::{self, Mark};
use crate::{
    domain::record::{Record, RecordWrite},
    engine::{
        Shop, Trouble,
        installations::{Installed, installed},
    },
    store::Commit,
};

/// After so long the list is asked for again, also where nothing was heard of a change.
const MOST_AGE: SignedDuration = SignedDuration::from_hours(1);

/// Records of one commit.
const CHUNK: usize = 200;

/// All repositories that are looked at.
pub(super) struct Roster {
    asked_at: Timestamp,
    pub(super) groups: Vec<Installed>,
}

/// When the list was read last.
#[derive(Serialize, Deserialize)]
struct RosterRecord {
    asked_at: Timestamp,
}

impl Record for RosterRecord {
    const KIND: &'static str = "roster";

    fn key(&self) -> String {
        KEY.to_owned()
    }
}

const KEY: &str = "repositories";

impl Roster {
    /// Where no list was ever read: everything is watched from now on, and that is all for this round. A database that is
    /// new has missed nothing yet, and the first minutes' requests belong to what is told. Returns whether that was so.
    pub(super) async fn begin(shop: &Shop) -> Result<bool, Trouble> {
        if shop.read::<RosterRecord>(KEY).await?.is_some() {
            return Ok(false);
        }
        let write = RecordWrite::guarded(&RosterRecord { asked_at: shop.github.now() }, 0);
        shop.store.commit(shop.clock.now(), Commit { records: vec![write], ..Commit::default() }).await?;
        Ok(true)
    }

    /// Whether it is too old at `now`; also where the clock was set back.
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.asked_at);
        age >= MOST_AGE || age.is_negative()
    }

    /// Asks for the list, and makes a mark for each repository that has none.
    ///
    /// A repository that was not on the list before is watched since the list was read last: it was added, or made public,
    /// after that. Where no list was read before, everything is watched from now on.
    pub(super) async fn ask(shop: &Shop) -> Result<Self, Trouble> {
        let now = shop.github.now();
        let before = shop.read::<RosterRecord>(KEY).await?.map(|kept| kept.value.asked_at);
        let since = before.map_or(now, |before| before.min(now));
        let mut groups = installed(shop).await?;
        let mut writes = Vec::new();
        for repository in groups.iter().flat_map(|group| &group.repositories) {
            let known = shop.read::<Mark>(&marks::key(repository.id)).await?;
            let write = match known {
                Some(kept) if kept.value.hidden && !repository.private => {
                    Some((Mark::new(repository.id, since), kept.version))
                }
                Some(mut kept) if !kept.value.hidden && repository.private => {
                    kept.value.hidden = true;
                    Some((kept.value, kept.version))
                }
                None if !repository.private => Some((Mark::new(repository.id, since), 0)),
                _ => None,
            };
            writes.extend(write.map(|(mark, version)| RecordWrite::guarded(&mark, version)));
        }
        for chunk in writes.chunks(CHUNK) {
            let commit = Commit { records: chunk.to_vec(), ..Commit::default() };
            shop.store.commit(now, commit).await?;
        }
        let record = RecordWrite::overwriting(&RosterRecord { asked_at: now });
        shop.store.commit(now, Commit { records: vec![record], ..Commit::default() }).await?;
        for group in &mut groups {
            group.repositories.retain(|repository| !repository.private);
        }
        Ok(Self { asked_at: now, groups })
    }
}
