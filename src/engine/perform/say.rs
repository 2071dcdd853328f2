//! Says a constant text in a thread, once for ever.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, marker, surfaces};
use crate::{
    domain::intake::actions::SayConstant,
    engine::{Shop, Trouble},
};

pub(super) struct Say;

#[async_trait]
impl Performer<SayConstant> for Say {
    async fn perform(
        &self,
        shop: &Shop,
        task: Task<'_>,
        action: SayConstant,
    ) -> Result<Performed, Trouble> {
        let place = &action.place;
        let github = shop.github.installation(place.installation_id);
        let mark = marker(&shop.sealer, &place.thread_key());
        let certainly_first = task.attempt == 1 && action.certainly_first;
        let said = async {
            if !certainly_first
                && let Some(url) =
                    surfaces::find_said(&github, place, &mark, &shop.clearance).await?
            {
                return Ok(url);
            }
            let words = action
                .text
                .render(&action.channel, action.answered_within.as_deref());
            surfaces::say(&github, place, &format!("{words}\n\n{mark}")).await
        };
        match said.await {
            Ok(url) => Ok(Performed::with(
                json!({ "said": action.text.id(), "at": url }),
            )),
            Err(Trouble::GitHub(error)) if surfaces::is_gone(&error) => {
                Ok(Performed::left_alone("the thread is not there any more"))
            }
            Err(trouble) => Err(trouble),
        }
    }
}
