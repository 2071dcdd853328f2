//! Asking: `/status`, `/timeline`, `/explain`, `/help`.

use super::Family;
use crate::domain::{
    case::card,
    commands::{Done, Expected, Order, Refusal, Role, Scene, Verb, acts::ShowHistory, help_of, overview},
};

pub(super) const FAMILY: Family = Family { title: "Asking", verbs: &[&STATUS, &TIMELINE, &EXPLAIN, &HELP] };

const STATUS: Verb = Verb {
    name: "status",
    usage: "/status",
    help: "Shows the card: where the case stands, its clocks, what is missing, who is next.",
    who: Role::EVERYBODY,
    reads_only: true,
    examples: &["/status"],
    read: |_| Ok(Box::new(Status)),
    ..Verb::BLANK
};

struct Status;

impl Order for Status {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        Ok(Done::saying(format!("\n\n{}", card::render(&scene.case, scene.policy, scene.proof, scene.now))))
    }
}

const TIMELINE: Verb = Verb {
    name: "timeline",
    usage: "/timeline",
    help: "Shows who did what when.",
    who: Role::INSIDERS,
    reads_only: true,
    examples: &["/timeline"],
    read: |_| Ok(Box::new(History { with_reasons: false })),
    ..Verb::BLANK
};

const EXPLAIN: Verb = Verb {
    name: "explain",
    usage: "/explain",
    help: "Shows the decisions with their reasons and the rules behind them.",
    who: Role::INSIDERS,
    reads_only: true,
    examples: &["/explain"],
    read: |_| Ok(Box::new(History { with_reasons: true })),
    ..Verb::BLANK
};

struct History {
    with_reasons: bool,
}

impl Order for History {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let (case, comment) = (scene.case.id.to_string(), scene.command.clone());
        scene.want(&ShowHistory { case, comment, with_reasons: self.with_reasons });
        Ok(Done::saying("It follows below."))
    }
}

const HELP: Verb = Verb {
    name: "help",
    usage: "/help [command]",
    help: "Lists the commands that you may use, or explains one.",
    who: Role::EVERYBODY,
    reads_only: true,
    examples: &["/help", "/help embargo"],
    read: |arguments| {
        let Some((word, column)) = arguments.next_word() else {
            return Ok(Box::new(Help { verb: None }));
        };
        let name = word.trim_start_matches('/');
        match Verb::named(name) {
            Some(verb) => Ok(Box::new(Help { verb: Some(verb) })),
            None => {
                let meant = Verb::nearest(name).map(|verb| format!("/help {verb}"));
                Err(arguments.wrong(column, Expected::Verb).meaning(meant))
            }
        }
    },
    ..Verb::BLANK
};

struct Help {
    verb: Option<&'static Verb>,
}

impl Order for Help {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let text = self.verb.map_or_else(|| overview(scene.actor), help_of);
        Ok(Done::saying(format!("\n\n{text}")))
    }
}
