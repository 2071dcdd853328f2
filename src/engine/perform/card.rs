//! Shows the card of a case at its desk: one comment, renewed in place.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, private_marker};
use crate::{
    domain::{case::card, commands::acts::RenewCard, record::RecordWrite},
    engine::{
        Shop, Trouble,
        desks::{
            DeskCard,
            speak::{self, Place},
        },
        releases::proof,
    },
};

pub(super) struct Renew;

#[async_trait]
impl Performer<RenewCard> for Renew {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: RenewCard) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let policy = shop.policies.of_case(shop, &case).await?;
        let known = shop.read::<DeskCard>(&action.case).await?;
        let stands = known.as_ref().map(|known| known.value.comment).filter(|comment| *comment != 0);
        let proof = proof(&shop.store, &action.case).await?;
        let text = card::render(&case, &policy, proof.as_ref(), shop.clock.now());
        let mark = private_marker(&shop.sealer, &format!("card:{}", action.case));
        match speak::put(shop, &case, Place::Desk, stands, &mark, &text).await {
            Ok(Some(said)) => {
                let mut performed = Performed::with(json!({ "card": said.url }));
                if stands != Some(said.id) {
                    let shown = DeskCard { case: action.case, comment: said.id };
                    let version = known.map_or(0, |known| known.version);
                    performed.commit.records.push(RecordWrite::guarded(&shown, version));
                }
                Ok(performed)
            }
            Ok(None) => Ok(Performed::left_alone("the case has no desk that takes comments")),
            // `/status` says the same; whoever asks is answered or alerted.
            Err(Trouble::GitHub(error)) if speak::is_refusal(&error) => {
                Ok(Performed::left_alone("GitHub does not let this App comment at the desk"))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The card at the desk is not up to date: `/status` at the desk or `embargod case show CASE` is"
    }
}
