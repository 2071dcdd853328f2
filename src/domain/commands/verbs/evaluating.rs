//! The policy's checklist: `/check`, `/checklist`.

use super::Family;
use crate::domain::{
    case::{Handling, HandlingEvent, ItemAnswer, ItemVerdict, open_items},
    commands::{Done, Expected, Order, Refusal, Role, Scene, Verb, Words},
};

pub(super) const FAMILY: Family = Family { title: "Evaluating", verbs: &[&CHECK, &CHECKLIST] };

const CHECK: Verb = Verb {
    name: "check",
    usage: "/check ITEM yes|no|unknown [-- evidence]",
    help: "Answers an item of the checklist. Yes speaks for accepting.",
    who: &[Role::Triager, Role::Coordinator],
    reversible: true,
    examples: &["/check supported yes", "/check not_upstream no -- It is in the standard library's tar module."],
    read: |arguments| {
        let policy = arguments.reading.policy;
        let item = arguments.known(Expected::Item, policy.evaluation.checklist.iter().map(|item| item.id.as_str()))?;
        let verdicts = [ItemVerdict::Yes, ItemVerdict::No, ItemVerdict::Unknown];
        let place = arguments.one_of(&["yes", "no", "unknown"])?;
        let verdict = verdicts.get(place).copied().unwrap_or(ItemVerdict::Unknown);
        Ok(Box::new(Check { item, verdict, evidence: arguments.free() }))
    },
    ..Verb::BLANK
};

struct Check {
    item: String,
    verdict: ItemVerdict,
    evidence: Option<Words>,
}

impl Order for Check {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let handling = scene.case.handling;
        if handling.is_closed() || handling == Handling::Released {
            return Err(Refusal::because(format!("The case is {}.", handling.word())).then("`/reopen -- why`"));
        }
        if handling == Handling::Acknowledged {
            scene.step(HandlingEvent::Examine, &[])?;
        }
        let evidence = scene.note_if("evidence", self.evidence.as_ref());
        let answer = ItemAnswer { verdict: self.verdict, by: scene.actor.login.clone(), at: scene.now, evidence };
        scene.case.assessment.answers.insert(self.item.clone(), answer);
        let done = Done::saying(format!("{}: {}.", self.item, self.verdict.word()));
        if self.verdict == ItemVerdict::No {
            return Ok(done.then(way_out(&self.item)));
        }
        Ok(next(scene, done))
    }
}

/// What an answer "no" leads to.
fn way_out(item: &str) -> &'static str {
    match item {
        "production_grade" => "`/reject not_production_grade`",
        "best_practice" | "not_ai_generated" => "`/reject best_practice`",
        "not_upstream" | "not_third_party" => "`/upstream PROJECT`",
        "not_main_only" => "`/affects main`: mend it in public",
        "supported" => "`/reject out_of_scope`",
        "no_manual_action" => "`/reject user_error`",
        _ => "`/reject invalid`",
    }
}

fn next(scene: &Scene<'_>, done: Done) -> Done {
    let open = open_items(&scene.case, scene.policy);
    if let Some(item) = open.first() {
        let left: Vec<&str> = open.iter().map(|item| item.id.as_str()).collect();
        return done
            .and(format!("Still open: {}.", left.join(", ")))
            .then(format!("`/check {} yes|no|unknown`: {}", item.id, item.question));
    }
    let done = done.and("The checklist is complete.");
    if scene.case.handling == Handling::Received {
        return done.then("`/ack`: a person answers the reporter first");
    }
    if scene.case.assessment.classes.is_empty() {
        return done.then("`/class NAME`");
    }
    if scene.case.assessment.affects.is_empty() {
        return done.then("`/affects main SERIES…`");
    }
    done.then("`/accept`")
}

const CHECKLIST: Verb = Verb {
    name: "checklist",
    usage: "/checklist",
    help: "Shows the checklist with its answers.",
    who: Role::INSIDERS,
    reads_only: true,
    examples: &["/checklist"],
    read: |_| Ok(Box::new(Checklist)),
    ..Verb::BLANK
};

struct Checklist;

impl Order for Checklist {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let mut table = "\n\n| item | answer | by | question |\n|---|---|---|---|\n".to_owned();
        for item in &scene.policy.evaluation.checklist {
            let answer = scene.case.assessment.answers.get(&item.id);
            let (verdict, by) = answer.map_or(("–", "–"), |answer| (answer.verdict.word(), answer.by.as_str()));
            table.push_str(&format!("| `{}` | {verdict} | {by} | {} |\n", item.id, item.question.replace('|', "\\|")));
        }
        let open = open_items(&scene.case, scene.policy).len();
        let done = Done::saying(format!("{open} of {} open.{table}", scene.policy.evaluation.checklist.len()));
        Ok(if open == 0 { done.then("`/accept`") } else { done.then("`/check ITEM yes|no|unknown -- evidence`") })
    }
}
