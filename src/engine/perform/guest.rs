//! Lets somebody of the project in at an advisory. Who may read a private repository is not for the bot to change.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::commands::acts::InviteToDesk,
    engine::{Shop, Trouble, desks::speak},
    github::AdvisoryEdit,
};

pub(super) struct Guest;

#[async_trait]
impl Performer<InviteToDesk> for Guest {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: InviteToDesk) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let login = &action.login;
        let by_hand = "somebody could not be let in at its desk: add them by hand";
        let Some(ghsa) = case.ghsa() else {
            let text = format!("- [ ] Please see to it that @{login} can read this repository.");
            return desk_word::say(shop, &case, &task, &text, by_hand).await;
        };
        let github = shop.github.installation(case.installation_id);
        let mut users = github.advisory(&case.repository, ghsa).await?.collaborating_users;
        if users.iter().any(|user| user.eq_ignore_ascii_case(login)) {
            return Ok(Performed::left_alone("they collaborate on the advisory already"));
        }
        users.push(login.clone());
        let edit = AdvisoryEdit { collaborating_users: Some(users), ..AdvisoryEdit::default() };
        match github.update_advisory(&case.repository, ghsa, &edit).await {
            Ok(_) => Ok(Performed::with(json!({ "invited": true }))),
            Err(error) if speak::is_refusal(&error) => {
                let text = format!(
                    "- [ ] GitHub does not let the App add @{login} to this advisory: please add them by hand."
                );
                desk_word::say(shop, &case, &task, &text, by_hand).await
            }
            Err(error) => Err(error.into()),
        }
    }

    fn by_hand(&self) -> &'static str {
        "Somebody could not be let in at the desk: add them by hand"
    }
}
