//! Writes to the reporter: at the advisory, where they read along; elsewhere the desk is told what to send them.

use async_trait::async_trait;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::{case::Desk, commands::acts::SendToReporter},
    engine::{Shop, Trouble, desks::open_note},
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
        let reporter = &case.reporter.login;
        let text = match &case.desk {
            Desk::Advisory { .. } if case.reporter.id == 0 => words,
            Desk::Advisory { .. } => format!("@{reporter}\n\n{words}"),
            _ => {
                let quoted: String = words.lines().map(|line| format!("> {line}\n")).collect();
                format!(
                    "The reporter (`{reporter}`) does not read along here. Please send them this in private, by mail or \
                     wherever they wrote to you:\n\n{quoted}"
                )
            }
        };
        desk_word::say(shop, &case, &task, &text, "a text for the reporter could not be sent: write to them by hand")
            .await
    }

    fn by_hand(&self) -> &'static str {
        "The reporter was not written to: write to them by hand, in private"
    }
}
