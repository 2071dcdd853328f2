//! Takes a post's words out of sight.

use async_trait::async_trait;
use serde_json::json;

use super::{
    Performed, Performer, Task, overtaken_by_undo,
    surfaces::{self, Door, Words},
};
use crate::{
    domain::{
        effect::Effect,
        intake::{
            actions::{DeskNews, RedactPost, TellDesk},
            texts::{NEUTRAL_BODY, NEUTRAL_TITLE},
        },
    },
    engine::{Shop, Trouble},
};

pub(super) struct Redact;

#[async_trait]
impl Performer<RedactPost> for Redact {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: RedactPost) -> Result<Performed, Trouble> {
        if overtaken_by_undo(shop, &task).await? {
            return Ok(Performed::left_alone("the case was undone before"));
        }
        let github = shop.github.installation(action.place.installation_id);
        let words = Words { title: NEUTRAL_TITLE.to_owned(), body: NEUTRAL_BODY.to_owned() };
        let door = if action.close { Door::Close } else { Door::Keep };
        match surfaces::set_words(&github, &action.place, &words, door).await {
            Ok(()) => Ok(Performed::with(json!({ "redacted": action.place.html_url }))),
            Err(error) if surfaces::is_gone(&error) => Ok(Performed::left_alone("the post is not there any more")),
            Err(error) => Err(error.into()),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The words can still be read in public: replace them by hand, close the thread, and delete the old revision"
    }

    fn when_stuck(&self, task: &Task<'_>, action: &RedactPost) -> Option<Effect> {
        let case = task.case?;
        let news = DeskNews::StillPublic { post: action.place.html_url.clone() };
        let tell = TellDesk { case: case.to_owned(), news };
        let key = format!("tell:{case}/still-public/{}", task.key);
        Some(Effect::new(key, format!("case:{case}"), &tell).for_case(case).after([format!("desk:{case}")]))
    }
}
