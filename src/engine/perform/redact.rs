//! Takes a post's words out of sight.

use async_trait::async_trait;
use serde_json::json;

use super::{
    Performed, Performer, Task, alert, overtaken_by_undo,
    surfaces::{self, Door, Words},
};
use crate::{
    domain::{
        case::Alert,
        effect::Effect,
        intake::{
            actions::{DeskNews, RedactPost, TellDesk},
            texts::{NEUTRAL_BODY, NEUTRAL_TITLE},
        },
        post::PostPlace,
    },
    engine::{Shop, Trouble},
    github::GitHubError,
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
            Err(
                error @ (GitHubError::Forbidden { missing_permissions: Some(_) }
                | GitHubError::Invalid { .. }
                | GitHubError::Refused { .. }),
            ) => Ok(still_public(shop, &task, &action.place, &error)),
            Err(error) => Err(error.into()),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The words can still be read in public: replace them by hand, close the thread, and delete the old revision"
    }
}

/// GitHub will not let the App edit the post: maintainers are told at once, and the public is told nothing, because a
/// comment would say what is not true, and point at words that everybody can still read.
fn still_public(shop: &Shop, task: &Task<'_>, place: &PostPlace, error: &GitHubError) -> Performed {
    let url = &place.html_url;
    let mut performed = alert::raised(&Alert {
        id: format!("still-public:{}", place.post_key()),
        at: shop.clock.now(),
        repository: place.repository.clone(),
        case: task.case.map(str::to_owned),
        text: format!(
            "the words of {url} could not be replaced and can still be read by everybody ({error}): edit or delete the post \
             by hand"
        ),
    });
    let commit = &mut performed.commit;
    commit.dropped_effects.push(format!("say:{}", place.thread_key()));
    if let Some(case) = task.case {
        let tell = TellDesk { case: case.to_owned(), news: DeskNews::StillPublic { post: url.clone() } };
        let key = format!("tell:{case}/still-public/{}", task.key);
        let tell = Effect::new(key, format!("case:{case}"), &tell);
        let desk = format!("desk:{case}");
        commit.effects.push(tell.for_case(case).after([desk]));
    }
    performed
}
