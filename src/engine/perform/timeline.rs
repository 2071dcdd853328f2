//! Shows a desk who did what when, and why.

use async_trait::async_trait;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::commands::{acts::ShowHistory, texts::utc},
    engine::{Shop, Trouble, desks::speak::Place},
};

/// Decisions that one comment shows, the newest of them.
const MOST: usize = 100;

pub(super) struct Show;

#[async_trait]
impl Performer<ShowHistory> for Show {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: ShowHistory) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let decisions = shop.store.decisions(Some(&action.case), u32::MAX).await?;
        let left_out = decisions.len().saturating_sub(MOST);
        let mut text = format!("**{}**\n\n", if action.with_reasons { "Decisions and reasons" } else { "Timeline" });
        if left_out > 0 {
            text.push_str(&format!("{left_out} earlier entries: `embargod case explain {}`\n\n", case.id));
        }
        for decision in decisions.iter().skip(left_out).filter(|decision| decision.outcome != "nothing") {
            let who = decision.actor.as_deref().unwrap_or("embargod");
            text.push_str(&format!("- {}: {} ({}, `{who}`)\n", utc(decision.at), decision.outcome, decision.feature));
            for reason in decision.reasons.iter().filter(|_| action.with_reasons) {
                let source = reason.source.as_ref().map(|source| format!(" [{source}]")).unwrap_or_default();
                text.push_str(&format!("  - `{}`: {}{source}\n", reason.rule, reason.text));
            }
        }
        let otherwise = "its history could not be shown at the desk: `embargod case explain CASE` shows it";
        desk_word::say_at(Place::of_comment(&action.comment), shop, &case, &task, &text, otherwise).await
    }

    fn by_hand(&self) -> &'static str {
        "The history was not shown: `embargod case explain CASE` shows it"
    }
}
