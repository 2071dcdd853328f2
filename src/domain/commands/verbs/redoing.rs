//! Second looks: `/confirm` and `/undo`.

use super::Family;
use crate::domain::{
    case::{CONFIRM_WITHIN, Case, Pending, UNDO_WITHIN, Waits},
    commands::{
        Actor, Done, Expected, Mentions, Order, Reading, Refusal, Role, Scene, Verb,
        parse::{Command, reread},
        texts::utc,
    },
};

pub(super) const FAMILY: Family = Family { title: "Second looks", verbs: &[&CONFIRM, &UNDO] };

const CONFIRM: Verb = Verb {
    name: "confirm",
    asks_series: true,
    usage: "/confirm CODE",
    help: "Agrees to somebody's command that cannot be taken back, or says that a late one still holds. A code holds for 30 minutes and as long as nothing else changes.",
    who: Role::INSIDERS,
    examples: &["/confirm 1a2b3c4d"],
    read: |arguments| {
        let (word, column) = arguments.word(Expected::Code)?;
        let code = word.to_ascii_lowercase();
        if code.len() == 8 && code.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Box::new(Confirm { code }))
        } else {
            Err(arguments.wrong(column, Expected::Code))
        }
    },
    ..Verb::BLANK
};

struct Confirm {
    code: String,
}

impl Confirm {
    fn pending<'c>(&self, case: &'c Case) -> Option<&'c Pending> {
        // The newest, should a code ever come twice.
        case.pending.iter().rev().find(|pending| pending.code == self.code)
    }

    fn checked<'a>(&self, scene: &Scene<'a>) -> Result<(Pending, &'a Actor, Command), Refusal> {
        let Some(pending) = self.pending(&scene.case).cloned() else {
            return Err(Refusal::because("Nothing waits for this code.").then("`/status`"));
        };
        let again = format!("give `/{}` again", pending.verb);
        if pending.expires_at() <= scene.now {
            let minutes = CONFIRM_WITHIN.as_mins();
            let text = format!("The code was good for {minutes} minutes, until {}.", utc(pending.expires_at()));
            return Err(Refusal::because(text).then(again));
        }
        if pending.state_version != scene.case.state_version {
            return Err(Refusal::because("The case has changed since, so the code no longer holds.").then(again));
        }
        let same = pending.by.id == scene.actor.id;
        if pending.waits == Waits::ForSecondPerson && same {
            return Err(Refusal::because("It takes a second person; you gave the command yourself.")
                .then(format!("`/confirm {}` by somebody else", pending.code)));
        }
        let asker = scene.people.get(&pending.by.login.to_ascii_lowercase());
        let asker = asker.filter(|asker| asker.id == pending.by.id && asker.is_insider());
        let Some(asker) = asker else {
            let text = format!("@{} no longer belongs to the project, so the code no longer holds.", pending.by.login);
            return Err(Refusal::because(text).then(again));
        };
        let line = scene.lines.get(&pending.line).map(|line| line.open(scene.clearance).clone());
        let reading = Reading { now: pending.written_at, policy: scene.policy };
        let command = line.and_then(|line| reread(&line, &reading)).filter(|command| command.verb.name == pending.verb);
        let Some(command) = command else {
            return Err(Refusal::because("The command that waited can't be read any more.").then(again));
        };
        if !scene.actor.is_any(command.verb.who) {
            let who: Vec<&str> = command.verb.who.iter().map(|role| role.words()).collect();
            return Err(Refusal::because(format!("Only those who may give it may confirm it: {}.", who.join(", "))));
        }
        if !asker.is_any(command.verb.who) && !steers(&scene.case, asker) {
            let text = format!("@{} may not give this command any more.", pending.by.login);
            return Err(Refusal::because(text).then(again));
        }
        if command.order.needs_second_person(&scene.case) && same {
            return Err(Refusal::because("It takes a second person; you gave the command yourself.")
                .then(format!("`/confirm {}` by somebody else", pending.code)));
        }
        Ok((pending, asker, command))
    }
}

fn steers(case: &Case, actor: &Actor) -> bool {
    case.people.coordinator.as_ref().is_some_and(|person| person.id == actor.id)
}

impl Order for Confirm {
    fn mentions(&self, case: &Case) -> Mentions {
        self.pending(case).map_or_else(Mentions::default, |pending| Mentions {
            people: vec![pending.by.login.clone()],
            pending_lines: vec![pending.line.clone()],
            ..Mentions::default()
        })
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let (pending, asker, command) = self.checked(scene)?;
        scene.case.pending.retain(|other| other.code != pending.code);
        scene.asker = Some(asker);
        let done = command.order.carry_out(scene)?;
        let both = format!("/{} by {}, confirmed by {}", pending.verb, asker.login, scene.actor.login);
        scene.because("confirmed", both, Some("two people"));
        Ok(done)
    }
}

const UNDO: Verb = Verb {
    name: "undo",
    usage: "/undo",
    help: "Takes the last command back, within 10 minutes, where that can be done.",
    who: Role::INSIDERS,
    examples: &["/undo"],
    read: |_| Ok(Box::new(Undo)),
    ..Verb::BLANK
};

struct Undo;

impl Order for Undo {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let Some(undoable) = scene.case.undoable.clone() else {
            return Err(Refusal::because("The last command can't be taken back, or there was none.").then("`/help`"));
        };
        if undoable.state_version != scene.case.state_version {
            return Err(Refusal::because("Something else has changed since.").then("`/status`"));
        }
        if scene.now.duration_since(undoable.at) > UNDO_WITHIN {
            let text = format!("/{} was more than {} minutes ago.", undoable.verb, UNDO_WITHIN.as_mins());
            return Err(Refusal::because(text).then("`/status`"));
        }
        if let Some(verb) = Verb::named(&undoable.verb).filter(|verb| !scene.actor.is_any(verb.who)) {
            let who: Vec<&str> = verb.who.iter().map(|role| role.words()).collect();
            return Err(Refusal::because(format!(
                "Only those who may give /{} may take it back: {}.",
                verb.name,
                who.join(", ")
            )));
        }
        undoable.before.restore(&mut scene.case);
        scene.case.undoable = None;
        scene.case.wind_back(undoable.clocks);
        scene.write_advisory();
        Ok(Done::saying(format!("/{} is taken back.", undoable.verb)))
    }
}
