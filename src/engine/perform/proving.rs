//! Records at a desk which commits are the fix, and shows there what releases hold of it.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::{
        commands::acts::{RecordFixCommit, ShowCoverage},
        decision::DecisionRecord,
        release_checks::{Proof, Recording, markdown},
    },
    engine::{
        Shop, Trouble,
        desks::speak::Place,
        releases::{RecordingProblem, proof, record_fix},
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
        let fix = proof(&shop.store, &action.case).await?;
        let otherwise = "its coverage could not be shown at the desk: `embargod case show CASE` shows it";
        desk_word::say_at(Place::of_comment(&action.comment), shop, &case, &task, &matrix(fix.as_ref()), otherwise)
            .await
    }

    fn by_hand(&self) -> &'static str {
        "The coverage was not shown: `embargod case show CASE` shows it"
    }
}

fn matrix(proof: Option<&Proof>) -> String {
    match proof {
        Some(proof) => format!("**Coverage**\n\n{}", markdown(proof)),
        None => "**Coverage**\n\nNobody has recorded a commit of the fix yet. Next: `/fix SERIES COMMIT`".to_owned(),
    }
}
