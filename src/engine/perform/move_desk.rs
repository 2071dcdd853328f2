//! Moves the desk of a case to the private case repository, where GitHub refuses the comments of its advisory.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, alert, case_of, desk as open_desk};
use crate::{
    domain::{
        case::{Alert, Case, Desk},
        commands::acts::RenewCard,
        effect::Effect,
        intake::{actions::MoveDesk, desk},
        record::{RecordWrite, Versioned},
    },
    engine::{
        Shop, Trouble,
        desks::{DeskCard, speak},
        evidence,
    },
    store::Commit,
};

pub(super) struct Move;

#[async_trait]
impl Performer<MoveDesk> for Move {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: MoveDesk) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?;
        if !matches!(case.value.desk, Desk::Advisory { .. }) {
            return Ok(Performed::left_alone("the desk is not an advisory"));
        }
        let policy = shop.policies.of_case(shop, &case.value).await?;
        let silent = || alert::raised(&speak::silent(&case.value, shop.clock.now()));
        let Some(private) = &policy.desk.repository else {
            return Ok(silent());
        };
        let words = evidence::opening_of(shop, &case.value).await?;
        let text = format!("{}\n\n{}", desk::moved(action.because), desk::opening(&case.value, &words.quoted()));
        match open_desk::issue(shop, &case.value, private, &text, true).await {
            Ok(to) => moved(shop, &case, to).await,
            Err(trouble) if open_desk::is_refusal(&trouble, task.attempt) => {
                tracing::error!(case = %case.value.id, "the desk of {} cannot be moved: {trouble}", case.value.id);
                Ok(silent())
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "Nobody can command its case: look at it by hand with `embargod case show CASE`"
    }
}

async fn moved(shop: &Shop, case: &Versioned<Case>, to: Desk) -> Result<Performed, Trouble> {
    let now = shop.clock.now();
    let mut changed = case.value.clone();
    changed.move_desk(to);
    let id = changed.id.to_string();
    let mut records = vec![RecordWrite::guarded(&changed, case.version)];
    // The card that stands at the advisory has a number that means nothing at the issue.
    if let Some(card) = shop.read::<DeskCard>(&id).await? {
        records.push(RecordWrite::guarded(&DeskCard { case: id.clone(), comment: 0 }, card.version));
    }
    if let Some(open) = shop.read::<Alert>(&speak::silent(&case.value, now).id).await?
        && open.value.resolved_at.is_none()
    {
        records.push(RecordWrite::guarded(&Alert { resolved_at: Some(now), ..open.value }, open.version));
    }
    let renew = RenewCard { case: id.clone() };
    let effect = Effect::new(format!("renew_card:{id}:moved"), format!("case:{id}"), &renew).for_case(&id);
    let commit = Commit { records, effects: vec![effect], ..Commit::default() };
    Ok(Performed { result: json!({ "desk": changed.desk }), commit: Box::new(commit) })
}
