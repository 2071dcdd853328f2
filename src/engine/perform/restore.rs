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
};

pub(super) struct Restore;

#[async_trait]
impl Performer<RestorePost> for Restore {
    async fn perform(
        &self,
        shop: &Shop,
        _task: Task<'_>,
        action: RestorePost,
    ) -> Result<Performed, Trouble> {
        let place = &action.place;
        let github = shop.github.installation(place.installation_id);
        let now = match surfaces::read_words(&github, place, &shop.clearance).await {
            Ok(words) => words,
            Err(error) if surfaces::is_gone(&error) => {
                return Ok(Performed::left_alone("the post is not there any more"));
            }
            Err(error) => return Err(error.into()),
        };
        if now.body.trim() != texts::NEUTRAL_BODY {
            return Ok(Performed::left_alone(
                "somebody has changed the post since, or it was never moved",
            ));
        }
        let kept = evidence::open(
            &*shop.store,
            &shop.sealer,
            &shop.clearance,
            &action.case,
            &action.evidence,
        )
        .await?;
        let words = Words {
            title: kept.title,
            body: kept.body,
        };
        let door = if action.reopen {
            Door::Reopen
        } else {
            Door::Keep
        };
        surfaces::set_words(&github, place, &words, door).await?;
        if action.unminimize && github.unminimize(&place.node_id).await.is_err() {
            tracing::info!(post = %place.post_key(), "a restored comment could not be unfolded");
        }
        Ok(Performed::with(
            json!({ "restored": place.html_url, "reopened": action.reopen }),
        ))
    }

    fn by_hand(&self) -> &'static str {
        "The post still shows the neutral text: give it its words back by hand (`embargod case show CASE --evidence`)"
    }
}
