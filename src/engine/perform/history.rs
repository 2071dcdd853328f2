//! Looks whether the old words of redacted posts can still be read in their edit history, and reminds the desk.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of};
use crate::{
    domain::{
        effect::Effect,
        intake::actions::{CheckHistory, DeskNews, TellDesk},
    },
    engine::{Shop, Trouble},
    github::GitHubError,
    store::Commit,
};

pub(super) struct Check;

#[async_trait]
impl Performer<CheckHistory> for Check {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: CheckHistory) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        if case.restored_at.is_some() {
            return Ok(Performed::left_alone("the case was undone"));
        }
        let github = shop.github.installation(case.installation_id);
        let mut readable = Vec::new();
        for post in case.posts.iter().filter(|post| post.redacted && !post.place.node_id.is_empty()) {
            let mut edits = match github.user_content_edits(&post.place.node_id).await {
                Ok(edits) => edits,
                Err(GitHubError::NotFound | GitHubError::Gone) => continue,
                Err(error) => return Err(error.into()),
            };
            // The newest revision is what everybody sees anyway; the ones before it hold the old words.
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.edited_at));
            if edits.iter().skip(1).any(crate::github::ContentEdit::is_readable) {
                readable.push(post.place.html_url.clone());
            }
        }
        let id = case.id.as_str();
        if readable.is_empty() {
            return Ok(Performed::with(json!({ "readable": 0 })));
        }
        let count = readable.len();
        let tell = TellDesk { case: id.to_owned(), news: DeskNews::HistoryStillReadable { posts: readable } };
        let key = format!("tell:{id}/history/{}", action.round);
        let effects = vec![Effect::new(key, format!("case:{id}"), &tell).for_case(id)];
        Ok(Performed {
            result: json!({ "readable": count }),
            commit: Box::new(Commit { effects, ..Commit::default() }),
        })
    }
}
