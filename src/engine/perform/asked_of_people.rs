//! Acts that are left to people, or to people where GitHub refuses: the desk is told what to do, each in constant words.

use async_trait::async_trait;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::commands::{
        acts::{ReplanRelease, RequestCve, TellParties},
        texts::utc,
    },
    engine::{Shop, Trouble, desks::speak},
};

/// See the module.
pub(super) struct AskPeople;

#[async_trait]
impl Performer<TellParties> for AskPeople {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: TellParties) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let what = match (action.cause, action.asked, action.until) {
            (Some(_), ..) => "tell everybody who is bound by the embargo that it is over".to_owned(),
            (None, true, Some(until)) => format!("ask the parties whether they agree to {}", utc(until)),
            (None, false, Some(until)) => format!("tell the parties that the embargo holds until {}", utc(until)),
            (None, _, None) => "tell the parties that the embargo changed".to_owned(),
        };
        let text = format!(
            "- [ ] embargod writes to no parties yet: please {what}. Parties who read along here know it; write to all \
             others in private."
        );
        desk_word::say(shop, &case, &task, &text, "the parties of the embargo are to be told of a change by hand").await
    }
}

#[async_trait]
impl Performer<ReplanRelease> for AskPeople {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: ReplanRelease) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let text = format!(
            "- [ ] embargod plans no releases yet: please have the release manager plan the release for {}.",
            utc(action.at)
        );
        desk_word::say(shop, &case, &task, &text, "its release is to be planned anew by hand").await
    }
}

#[async_trait]
impl Performer<RequestCve> for AskPeople {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: RequestCve) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        if let Some(ghsa) = case.ghsa() {
            match shop.github.installation(case.installation_id).request_cve(&case.repository, ghsa).await {
                Ok(()) => {
                    let text = "GitHub was asked for a CVE id. When it has assigned one, it stands in the advisory.\n\nNext, \
                                then: `/cve CVE-YEAR-NUMBER`";
                    let otherwise = "GitHub was asked for a CVE id";
                    return desk_word::say(shop, &case, &task, text, otherwise).await;
                }
                Err(error) if speak::is_refusal(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let text = "- [ ] GitHub could not be asked for a CVE id: please open the advisory and choose \"Request CVE\", or ask your \
                    CVE numbering authority; then comment `/cve CVE-YEAR-NUMBER` here.";
        desk_word::say(shop, &case, &task, text, "a CVE id is to be asked for by hand").await
    }
}
