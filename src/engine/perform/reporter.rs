//! Writes to the reporter: in the advisory, where they read along; where there is none, the desk is told what to send them.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word, private_marker};
use crate::{
    domain::{case::Case, commands::acts::SendToReporter},
    engine::{
        Shop, Trouble,
        desks::{
            open_note,
            speak::{self, Place},
        },
    },
};

pub(super) struct Send;

#[async_trait]
impl Performer<SendToReporter> for Send {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: SendToReporter) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let note = match &action.note {
            Some(name) => Some(open_note(shop, &action.case, name).await?),
            None => None,
        };
        let words = action.text.render(note.as_ref().map(|note| note.open(&shop.clearance).as_str()));
        if case.ghsa().is_some() {
            match in_advisory(shop, &case, &task, &words).await {
                Ok(Some(performed)) => return Ok(performed),
                Err(Trouble::GitHub(error)) if speak::is_refusal(&error) => {}
                Err(trouble) => return Err(trouble),
                Ok(None) => {}
            }
        }
        let quoted: String = words.lines().map(|line| format!("> {line}\n")).collect();
        let text = format!(
            "The reporter (`{}`) does not read along here. Please send them this in private, by mail or wherever they wrote \
             to you:\n\n{quoted}",
            case.reporter.login
        );
        desk_word::say(shop, &case, &task, &text, "a text for the reporter could not be sent: write to them by hand")
            .await
    }

    fn by_hand(&self) -> &'static str {
        "The reporter was not written to: write to them by hand, in private"
    }
}

async fn in_advisory(shop: &Shop, case: &Case, task: &Task<'_>, words: &str) -> Result<Option<Performed>, Trouble> {
    let text = if case.reporter.id == 0 { words.to_owned() } else { format!("@{}\n\n{words}", case.reporter.login) };
    let mark = private_marker(&shop.sealer, task.key);
    let said = speak::put(shop, case, Place::Advisory, None, &mark, &text).await?;
    Ok(said.map(|said| Performed::with(json!({ "told": said.url }))))
}
