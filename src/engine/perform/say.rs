//! Says a constant text in a thread, once for ever.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, marker, surfaces};
use crate::{
    domain::{
        effect::Action,
        intake::actions::{RedactPost, SayConstant},
        post::PostPlace,
    },
    engine::{Shop, Trouble},
    store::EffectState,
};

pub(super) struct Say;

#[async_trait]
impl Performer<SayConstant> for Say {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: SayConstant) -> Result<Performed, Trouble> {
        let place = &action.place;
        if redaction_was_given_up(shop, &task, place).await? {
            return Ok(Performed::left_alone("the post could not be moved, so nobody is told that it was"));
        }
        let github = shop.github.installation(place.installation_id);
        let mark = marker(&shop.sealer, &place.thread_key());
        let certainly_first = task.attempt == 1 && action.certainly_first;
        let said = async {
            if !certainly_first && let Some(url) = surfaces::find_said(&github, place, &mark, &shop.clearance).await? {
                return Ok(url);
            }
            let words = action.text.render(&action.channel, action.answered_within.as_deref());
            surfaces::say(&github, place, &format!("{words}\n\n{mark}")).await
        };
        match said.await {
            Ok(url) => Ok(Performed::with(json!({ "said": action.text.id(), "at": url }))),
            Err(Trouble::GitHub(error)) if surfaces::is_gone(&error) => {
                Ok(Performed::left_alone("the thread is not there any more"))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "Nobody was told where to go: answer the thread by hand, without a word about the matter"
    }
}

/// Whether the words of the post still stand in public because GitHub would not let the bot replace them.
async fn redaction_was_given_up(shop: &Shop, task: &Task<'_>, place: &PostPlace) -> Result<bool, Trouble> {
    let Some(case) = task.case else {
        return Ok(false);
    };
    let prefix = format!("redact:{}#", place.post_key());
    let effects = shop.store.effects(Some(case), u32::MAX).await?;
    Ok(effects.iter().any(|report| {
        report.effect.kind == RedactPost::KIND
            && report.effect.key.starts_with(&prefix)
            && report.state == EffectState::Dead
    }))
}
