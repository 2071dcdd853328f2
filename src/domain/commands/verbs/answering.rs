//! Answering the reporter: `/ack`, `/need`, and `/note` for what stays at the desk.

use jiff::{SignedDuration, Timestamp};

use super::Family;
use crate::domain::{
    case::{Handling, HandlingEvent},
    clocks::Moment,
    commands::{
        Done, Order, Refusal, Role, Scene, Verb, Words,
        texts::{ReporterText, utc},
    },
};

pub(super) const FAMILY: Family = Family { title: "Answering", verbs: &[&ACK, &NEED, &NOTE] };

const ACK: Verb = Verb {
    name: "ack",
    usage: "/ack [text]",
    help: "Tells the reporter that a person has read the report, with your own words if you add some; stops the acknowledgment clock.",
    who: &[Role::Triager, Role::Coordinator, Role::SecurityTeam],
    free_form: true,
    examples: &["/ack", "/ack Thank you, I could follow every step."],
    read: |arguments| Ok(Box::new(Ack { words: arguments.free() })),
    ..Verb::BLANK
};

struct Ack {
    words: Option<Words>,
}

impl Order for Ack {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.handling != Handling::Received {
            let met = scene.case.clock("acknowledgment").and_then(|clock| clock.met_at);
            let when = met.map_or(String::new(), |at| format!(" at {}", utc(at)));
            return Err(Refusal::because(format!("A person answered already{when}."))
                .then("`/need info -- question` to ask the reporter something"));
        }
        scene.step(HandlingEvent::Acknowledge, &[])?;
        scene.moment(Moment::Acknowledged);
        let note = scene.note_if("ack", self.words.as_ref());
        scene.tell_reporter(ReporterText::Acknowledged, note);
        let mut done = Done::saying("The reporter is told that a person has read the report.");
        if scene.case.people.coordinator.is_none() {
            done = done.then("`/assign @login`: somebody who steers the case");
        }
        Ok(done.then("`/checklist`: what has to be answered before a decision"))
    }
}

const NEED: Verb = Verb {
    name: "need",
    usage: "/need info -- question",
    help: "Asks the reporter something; the clock for resolving stands still until they answer, the one for acknowledging does not.",
    who: &[Role::Triager, Role::Coordinator],
    examples: &["/need info -- Which versions did you try it with?"],
    read: |arguments| {
        arguments.one_of(&["info"])?;
        Ok(Box::new(Need { question: arguments.need_free()? }))
    },
    ..Verb::BLANK
};

struct Need {
    question: Words,
}

impl Order for Need {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.handling.is_closed() || scene.case.handling == Handling::Released {
            let refusal = format!("The case is {}; nothing is asked any more.", scene.case.handling.word());
            return Err(Refusal::because(refusal).then("`/reopen -- why`"));
        }
        scene.case.people.asked_reporter_at = Some(scene.now);
        scene.moment(Moment::AskedReporter);
        let days = i64::from(scene.policy.clocks.reporter_silence_days);
        let answer_by = scene.now.saturating_add(SignedDuration::from_hours(days * 24)).unwrap_or(Timestamp::MAX);
        let note = scene.note("question", &self.question);
        scene.tell_reporter(ReporterText::Question { answer_by }, Some(note));
        let done = Done::saying(format!("The reporter is asked, with time until {}.", utc(answer_by)));
        Ok(if scene.case.handling == Handling::Received {
            done.and("The acknowledgment clock runs on.").then("`/ack`: tell the reporter that a person reads this")
        } else {
            done
        })
    }
}

const NOTE: Verb = Verb {
    name: "note",
    usage: "/note -- text",
    help: "Keeps a note with the case, sealed.",
    who: Role::EVERYBODY,
    examples: &["/note -- Looks like last year's report about the same parser."],
    free_form: true,
    read: |arguments| Ok(Box::new(Note { text: arguments.need_free()? })),
    ..Verb::BLANK
};

struct Note {
    text: Words,
}

impl Order for Note {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        scene.note("note", &self.text);
        Ok(Done::saying("Noted."))
    }
}
