//! Says at an issue of the private case repository why it becomes no desk, once.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, private_marker};
use crate::{
    domain::commands::acts::RefuseCase,
    engine::{Shop, Trouble},
};

pub(super) struct Refuse;

#[async_trait]
impl Performer<RefuseCase> for Refuse {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: RefuseCase) -> Result<Performed, Trouble> {
        let RefuseCase { installation_id, repository, number, text } = action;
        let github = shop.github.installation(installation_id);
        if !github.repository(&repository).await?.private {
            return Ok(Performed::left_alone("the repository is public"));
        }
        let mark = private_marker(&shop.sealer, task.key);
        let own_login = shop.learn_own_login().await?;
        let said = github.issue_comments(&repository, number).await?.items;
        let is_ours = |author: &str, text: &str| author == own_login && text.contains(&mark);
        if said.iter().any(|comment| is_ours(&comment.author.login, comment.body.open(&shop.clearance))) {
            return Ok(Performed::left_alone("it was said before"));
        }
        let made = github.create_issue_comment(&repository, number, &format!("{text}\n\n{mark}")).await?;
        Ok(Performed::with(json!({ "told": made.html_url })))
    }
}
