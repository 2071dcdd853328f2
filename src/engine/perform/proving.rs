//! Records at a desk which commits are the fix, and shows there what releases hold of it.

use std::fmt::Write;

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::{
        commands::{
            acts::{RecordFixCommit, ShowCoverage},
            texts::utc,
        },
        decision::DecisionRecord,
        release_checks::{Recording, ready_for_release},
    },
    engine::{
        Shop, Trouble,
        desks::speak::Place,
        releases::{KnownFix, RecordingProblem, known_fix, record_fix},
    },
};

pub(super) struct Prove;

#[async_trait]
impl Performer<RecordFixCommit> for Prove {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: RecordFixCommit) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let now = shop.clock.now();
        let entry = DecisionRecord {
            at: now,
            feature: "desk".to_owned(),
            subject: action.case.clone(),
            outcome: "fix_recorded".to_owned(),
            cause: task.key.to_owned(),
            actor: Some(action.by),
            case: Some(action.case),
            policy_version: String::new(),
            reasons: Vec::new(),
            effects: Vec::new(),
        };
        let recording = Recording::Fix { series: action.series, commit: action.commit };
        match record_fix(&shop.store, &case, recording, entry, now).await {
            // Recorded now, or by the try before this one.
            Ok(_) => Ok(Performed::with(json!({}))),
            Err(RecordingProblem::Refused(why)) => {
                let text = format!("The commit was not recorded: {why}");
                desk_word::say(shop, &case, &task, &text, "a commit of its fix was not recorded").await
            }
            Err(RecordingProblem::Moved) => Err(Trouble::Moved),
            Err(RecordingProblem::Store(error)) => Err(error.into()),
        }
    }
}

#[async_trait]
impl Performer<ShowCoverage> for Prove {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: ShowCoverage) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let fix = known_fix(&shop.store, &action.case).await?;
        let otherwise = "its coverage could not be shown at the desk: `embargod case show CASE` shows it";
        desk_word::say_at(Place::of_comment(&action.comment), shop, &case, &task, &matrix(fix.as_ref()), otherwise)
            .await
    }

    fn by_hand(&self) -> &'static str {
        "The coverage was not shown: `embargod case show CASE` shows it"
    }
}

/// The matrix as Markdown. Private.
fn matrix(fix: Option<&KnownFix>) -> String {
    let Some(fix) = fix else {
        return "**Coverage**\n\nNobody has recorded a commit of the fix yet. Next: `/fix SERIES COMMIT`".to_owned();
    };
    let mut text = "**Coverage**\n\n".to_owned();
    match &fix.matrix {
        None => text.push_str("Recorded; the mirror was not looked at since. Ask again in some minutes.\n"),
        Some(matrix) => {
            let _ = writeln!(
                text,
                "Judged {}.\n\n| series | verdict | first release |\n|---|---|---|",
                utc(matrix.judged_at)
            );
            for cell in matrix.cells() {
                let tag = cell.first_tag.as_deref().unwrap_or("-");
                let _ = writeln!(text, "| {} | {} | {tag} |", cell.series, cell.verdict.words());
            }
        }
    }
    for missing in ready_for_release(&fix.recorded, fix.matrix.as_ref()) {
        let series = if missing.series.is_empty() { "the fix" } else { &missing.series };
        let _ = write!(text, "\n- [ ] {series}: {}", missing.why);
    }
    text
}
