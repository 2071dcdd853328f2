//! Answers a comment at a desk: the reaction first, then the one reply, in place where it stands already.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, alert, case_of, private_marker};
use crate::{
    domain::{
        case::{Case, Desk},
        commands::acts::AnswerComment,
        record::RecordWrite,
    },
    engine::{
        Shop, Trouble,
        desks::{
            DeskAnswer, open_note,
            speak::{self, Place},
        },
    },
    github::Reaction,
};

pub(super) struct Answer;

#[async_trait]
impl Performer<AnswerComment> for Answer {
    async fn perform(&self, shop: &Shop, _task: Task<'_>, action: AnswerComment) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let Some(answer) = shop.read::<DeskAnswer>(&action.comment).await? else {
            return Err(Trouble::Nonsense(format!("the answer at the desk of {} is missing", case.id)));
        };
        react(shop, &case, &action).await?;
        let mut text = String::new();
        for name in &answer.value.notes {
            text.push_str(open_note(shop, &action.case, name).await?.open(&shop.clearance));
        }
        let mark = private_marker(&shop.sealer, &format!("answer:{}", action.comment));
        match speak::put(shop, &case, Place::of_comment(&action.comment), answer.value.reply, &mark, &text).await {
            Ok(Some(said)) => {
                let mut performed = Performed::with(json!({ "answered": said.url }));
                if answer.value.reply != Some(said.id) {
                    let stands = DeskAnswer { reply: Some(said.id), ..answer.value };
                    performed.commit.records.push(RecordWrite::guarded(&stands, answer.version));
                }
                Ok(performed)
            }
            Ok(None) => Ok(alert::raised(&speak::silent(&case, shop.clock.now()))),
            Err(Trouble::GitHub(error)) if speak::is_refusal(&error) => {
                Ok(alert::raised(&speak::silent(&case, shop.clock.now())))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn by_hand(&self) -> &'static str {
        "Whoever gave the command was not answered: `embargod case show CASE` tells what came of it"
    }
}

/// Puts the reaction on the comment, where GitHub has reactions: not on advisories.
async fn react(shop: &Shop, case: &Case, action: &AnswerComment) -> Result<(), Trouble> {
    let Desk::Issue { repository, .. } = &case.desk else {
        return Ok(());
    };
    if Place::of_comment(&action.comment) == Place::Advisory {
        return Ok(());
    }
    let github = shop.github.installation(case.installation_id);
    let reaction = if action.well { Reaction::Rocket } else { Reaction::Confused };
    match github.react_to_issue_comment(repository, action.comment_id, reaction).await {
        // The comment is gone, or may not be touched; the reply says it all.
        Err(error) if speak::is_refusal(&error) => Ok(()),
        reacted => Ok(reacted?),
    }
}
