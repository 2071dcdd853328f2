//! Gathers the posts that the redirect held for private, for whoever takes in what people say about them.

use super::{Shop, Trouble};
use crate::domain::{
    intake::{flagged::Flagged, prior::Tally, undo::Labelled},
    record::{Record, Versioned},
};

/// The posts with these keys, as far as they were held for private.
pub(super) async fn flagged(
    shop: &Shop,
    keys: impl Iterator<Item = String>,
) -> Result<Vec<Versioned<Flagged>>, Trouble> {
    let mut found = Vec::new();
    for key in keys {
        found.extend(shop.read::<Flagged>(&key).await?);
    }
    Ok(found)
}

/// For a word at a desk or on the command line.
pub(super) async fn in_private(shop: &Shop, keys: impl Iterator<Item = String>) -> Result<Labelled, Trouble> {
    Ok(Labelled { posts: flagged(shop, keys).await?, ..Labelled::default() })
}

/// For a word in the public thread: with what the repository's tally is made of. Reads all posts that were ever held for
/// private, which is for the pace of people, not of posts.
pub(super) async fn in_public(
    shop: &Shop,
    repository_id: u64,
    keys: impl Iterator<Item = String>,
) -> Result<Labelled, Trouble> {
    let posts = flagged(shop, keys).await?;
    if posts.is_empty() {
        return Ok(Labelled::default());
    }
    let stored = shop.store.records(Flagged::KIND).await?.into_iter();
    let all = stored.filter_map(|stored| serde_json::from_value::<Flagged>(stored.value).ok());
    let all = all.filter(|post| post.repository_id == repository_id).collect();
    let tally = shop.read::<Tally>(&Tally::key_of(repository_id)).await?;
    Ok(Labelled { posts, all, tally_version: tally.map_or(0, |tally| tally.version) })
}
