//! Gives a post its words back.

use async_trait::async_trait;
use serde_json::json;

use super::{
    Performed, Performer, Task,
    surfaces::{self, Door, Words},
};
use crate::{
    domain::intake::{actions::RestorePost, texts},
    engine::{Shop, Trouble, evidence},
    github::Retry,
};

pub(super) struct Restore;

#[async_trait]
impl Performer<RestorePost> for Restore {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: RestorePost) -> Result<Performed, Trouble> {
        let place = &action.place;
        let github = shop.github.installation(place.installation_id);
        let now = match surfaces::read_words(&github, place, &shop.clearance).await {
            Ok(words) => words,
            Err(error) if surfaces::is_gone(&error) => {
                return Ok(Performed::left_alone("the post is not there any more"));
            }
            Err(error) => return Err(error.into()),
        };
        let kept = evidence::open(&*shop.store, &shop.sealer, &shop.clearance, &action.case, &action.evidence).await?;
        // An earlier attempt may have given the words back and got no further.
        let resumed = task.attempt > 1 && now.body == kept.body;
        if now.body.trim() != texts::NEUTRAL_BODY && !resumed {
            return Ok(Performed::left_alone("somebody has changed the post since, or it was never moved"));
        }
        let title_is_ours = now.title.trim() == texts::NEUTRAL_TITLE;
        let words = Words { title: if title_is_ours { kept.title } else { now.title }, body: kept.body };
        let door = if action.reopen { Door::Reopen } else { Door::Keep };
        surfaces::set_words(&github, place, &words, door).await?;
        if action.unminimize
            && let Err(error) = github.unminimize(&place.node_id).await
        {
            if matches!(error.retry(shop.clock.now(), task.attempt), Retry::At(_)) {
                return Err(error.into());
            }
            tracing::info!(post = %place.post_key(), "a restored comment could not be unfolded");
        }
        Ok(Performed::with(json!({ "restored": place.html_url, "reopened": action.reopen })))
    }

    fn by_hand(&self) -> &'static str {
        "The post still shows the neutral text: give it its words back by hand (`embargod case show CASE --evidence`)"
    }
}
