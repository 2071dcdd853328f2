//! One comment, from its text to what follows: which of its lines count, who may say them, what waits for a second look.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Actor, Command, CommentLog, Done, Mentions, Note, Parsed, Ran, Reading, Refusal, Role, Scene, SeriesFacts, Verb,
    acts::{RenewCard, SendToReporter},
    log::{Turn, turns},
    parse::{parse, text_hash},
};
use crate::domain::{
    case::{Case, CaseId, MOST_PENDING, Pending, Person, Standing, Undoable, Waits, card},
    clocks::Moment,
    effect::{Action, Effect},
    embargoed::{Clearance, Embargoed},
    policy::Policy,
    reason::Reason,
    release_checks::Proof,
};

/// From this age on a command has to be confirmed when it arrives.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Whether a comment was touched since it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It stands as it was written.
    Never,
    /// Its author changed it, as a webhook told.
    ByAuthor,
    /// Somebody else changed it, or nobody can tell who did: on an advisory anybody with write can.
    ByOthers,
}

/// A comment at a desk.
pub struct Comment<'a> {
    /// Names it among all desks: `advisory:SEC-2026-7/123`, `issue:9/4/123`.
    pub key: &'a str,
    /// Who wrote it, with roles that were asked for just now.
    pub author: &'a Actor,
    /// When it was written.
    pub written_at: Timestamp,
    /// Whether it was touched since.
    pub edit: Edit,
    /// Its text.
    pub text: &'a Embargoed<String>,
    /// What ran of it before.
    pub log: Option<&'a CommentLog>,
}

/// What a comment is judged against.
pub struct World<'a> {
    /// The policy to which the case is pinned.
    pub policy: &'a Policy,
    /// The present: when the comment arrived.
    pub now: Timestamp,
    /// Series that are supported on [`Case::support_day`].
    pub series: &'a SeriesFacts,
    /// What is known of the fix.
    pub proof: Option<&'a Proof>,
    /// People whom [`needs`] named, by login in lower case, with roles that were asked for just now.
    pub people: &'a BTreeMap<String, Actor>,
    /// Cases that [`needs`] named.
    pub cases: &'a BTreeMap<CaseId, Case>,
    /// Sealed lines that [`needs`] named, by the name of their note.
    pub lines: &'a BTreeMap<String, Embargoed<String>>,
    /// The right to read the comment and those lines.
    pub clearance: &'a Clearance,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Carried out.
    Done,
    /// Refused, or not understood.
    Refused,
    /// Waits for `/confirm`.
    Waits,
    /// Not looked at, and the desk is told why.
    Ignored,
}

/// The answer to one command. Private: it may name classes, series and severity, and goes to the desk alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Line of the command in the comment, from 1.
    pub line: usize,
    /// The verb, where that much is clear.
    pub verb: Option<&'static str>,
    /// How it ended.
    pub outcome: Outcome,
    /// Markdown, a sentence or block each.
    pub text: Vec<String>,
    /// Commands that may come next.
    pub next: Vec<String>,
}

/// The reaction that stands on the comment once it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Everything was carried out or waits.
    Rocket,
    /// Something was refused.
    Confused,
}

/// What follows from a comment.
pub struct Consideration {
    /// The case as it is now.
    pub case: Case,
    /// Whether it differs from what it was.
    pub changed: bool,
    /// Other cases that changed with it.
    pub others: Vec<Case>,
    /// Answers, in the order of the commands. Empty where the comment holds no command.
    pub answers: Vec<Answer>,
    /// What is wanted outside.
    pub effects: Vec<Effect>,
    /// Free text to be sealed beside the case, before anything else.
    pub notes: Vec<Note>,
    /// Why, for the record.
    pub reasons: Vec<Reason>,
    /// What ran of the comment now, to be written with the case.
    pub log: Option<CommentLog>,
}

impl Consideration {
    /// The reaction for the comment, if it held a command.
    pub fn reaction(&self) -> Option<Reaction> {
        let refused = |answer: &Answer| matches!(answer.outcome, Outcome::Refused | Outcome::Ignored);
        match self.answers.as_slice() {
            [] => None,
            answers if answers.iter().any(refused) => Some(Reaction::Confused),
            _ => Some(Reaction::Rocket),
        }
    }

    /// The one reply to the comment, as Markdown. Private.
    pub fn reply(&self) -> String {
        let mut text = String::new();
        for answer in &self.answers {
            let verb = answer.verb.map_or(format!("Line {}", answer.line), |verb| format!("`/{verb}`"));
            let mark = match answer.outcome {
                Outcome::Done => "done",
                Outcome::Refused => "refused",
                Outcome::Waits => "waits",
                Outcome::Ignored => "ignored",
            };
            text.push_str(&format!("**{verb}** {mark}. {}\n", answer.text.join("\n\n")));
            for next in &answer.next {
                text.push_str(&format!("- next: {next}\n"));
            }
            text.push('\n');
        }
        text
    }
}

/// Whom and what the commands of a comment name, to be looked up before [`consider`]. Names the givers of commands that
/// are confirmed, too: they must still belong to the project.
pub fn needs(text: &str, case: &Case, policy: &Policy, written_at: Timestamp) -> Mentions {
    let mut all = Mentions::default();
    for parsed in parse(text, &Reading { now: written_at, policy }) {
        if let Parsed::Command(command) = parsed {
            let mentions = command.order.mentions(case);
            all.people.extend(mentions.people);
            all.cases.extend(mentions.cases);
            all.pending_lines.extend(mentions.pending_lines);
        }
    }
    all
}

/// Judges a comment. Deterministic: the same comment, case and world give the same consideration.
pub fn consider(comment: &Comment<'_>, case: Case, world: &World<'_>) -> Consideration {
    let before = case.clone();
    let mut result = Consideration {
        case,
        changed: false,
        others: Vec::new(),
        answers: Vec::new(),
        effects: Vec::new(),
        notes: Vec::new(),
        reasons: Vec::new(),
        log: None,
    };
    if comment.author.is_bot {
        return result;
    }
    let reading = Reading { now: comment.written_at, policy: world.policy };
    let parsed = parse(comment.text.open(world.clearance), &reading);
    let turns = turns(comment.log, &parsed);
    let mut log = comment.log.cloned().unwrap_or_else(|| CommentLog {
        comment: comment.key.to_owned(),
        case: result.case.id.to_string(),
        ran: Vec::new(),
    });
    if comment.edit == Edit::ByOthers && turns.iter().any(|turn| *turn != Turn::Ran) {
        let line = parsed.iter().zip(&turns).find(|(_, turn)| **turn != Turn::Ran).map_or(1, |(line, _)| line.line());
        for (line, _) in parsed.iter().zip(&turns).filter(|(_, turn)| **turn != Turn::Ran) {
            log.ran.push(Ran { index: line.index(), text_hash: line.text_hash().to_owned() });
        }
        result.answers.push(Answer {
            line,
            verb: None,
            outcome: Outcome::Ignored,
            text: vec![
                "This comment was edited, perhaps by somebody else than its author, so no command in it counts. Give it \
                 in a new comment."
                    .to_owned(),
            ],
            next: Vec::new(),
        });
        result
            .reasons
            .push(Reason::new("commands.edited", "a comment that was edited, perhaps by others, commands nothing"));
        result.log = Some(log);
        return result;
    }
    for (line, turn) in parsed.into_iter().zip(turns) {
        let ran = Ran { index: line.index(), text_hash: line.text_hash().to_owned() };
        match turn {
            Turn::Ran => continue,
            Turn::Edited => result.answers.push(Answer {
                line: line.line(),
                verb: None,
                outcome: Outcome::Ignored,
                text: vec!["Edit ignored: this line ran before. Use `/undo` or a new comment.".to_owned()],
                next: Vec::new(),
            }),
            Turn::Run => {
                let answer = match line {
                    Parsed::Problem { verb, problem, .. } => {
                        result.reasons.push(Reason::new("commands.not_understood", problem.to_string()));
                        Answer {
                            line: problem.line,
                            verb: verb.map(|verb| verb.name),
                            outcome: Outcome::Refused,
                            text: vec![problem.to_string()],
                            next: verb.map(|verb| format!("`{}`", verb.usage)).into_iter().collect(),
                        }
                    }
                    Parsed::Command(command) => run(&mut result, &command, comment, world),
                };
                result.answers.push(answer);
            }
        }
        log.ran.push(ran);
    }
    if comment.log.is_none_or(|known| *known != log) && !log.ran.is_empty() {
        result.log = Some(log);
    }
    result.changed = result.case != before;
    result
}

fn run(result: &mut Consideration, command: &Command, comment: &Comment<'_>, world: &World<'_>) -> Answer {
    let verb = command.verb;
    let actor = with_standing(comment.author, &result.case);
    let answer = |outcome, text: Vec<String>, next: Vec<String>| Answer {
        line: command.line,
        verb: Some(verb.name),
        outcome,
        text,
        next,
    };
    if !actor.is_any(verb.who) {
        let who: Vec<&str> = verb.who.iter().map(|role| role.words()).collect();
        result.reasons.push(Reason::new(
            format!("commands.{}", verb.name),
            format!("refused: {} has none of the roles {}", actor.login, who.join(", ")),
        ));
        let text = format!("This is for: {}. Ask one of them.", who.join(", "));
        return answer(Outcome::Refused, vec![text], vec![format!("`/help {}`", verb.name)]);
    }
    let name = format!("{}.{}", comment.key, command.index);
    let scene = scene(&result.case, &actor, world, &name);
    let is_late = !verb.reads_only && world.now.duration_since(comment.written_at) > LATE_AFTER;
    let needs_second = command.order.needs_second_person(&result.case);
    if is_late || needs_second {
        let waits = if needs_second { Waits::ForSecondPerson } else { Waits::BecauseLate };
        // Refused now is kinder than refused after somebody else was fetched.
        let other = Actor { login: "another person".to_owned(), id: 0, is_bot: false, roles: actor.roles.clone() };
        let mut trial = scene.clone();
        if needs_second {
            trial.asker = Some(&actor);
            trial.actor = &other;
        }
        return match command.order.carry_out(&mut trial) {
            Err(Refusal { missing, next }) => {
                result.reasons.push(refused(verb, &missing));
                answer(Outcome::Refused, missing, next)
            }
            Ok(_) => {
                let (text, next) = wait(result, scene, command, comment, waits);
                answer(Outcome::Waits, text, next)
            }
        };
    }
    let mut scene = scene;
    match command.order.carry_out(&mut scene) {
        Err(Refusal { missing, next }) => {
            result.reasons.push(refused(verb, &missing));
            answer(Outcome::Refused, missing, next)
        }
        Ok(Done { lines, mut next }) => {
            close_scene(result, scene, command, &actor, world);
            if next.is_empty() && !verb.reads_only {
                next.extend(what_is_next(&result.case, world.policy));
            }
            answer(Outcome::Done, lines, next)
        }
    }
}

fn refused(verb: &Verb, missing: &[String]) -> Reason {
    Reason::new(format!("commands.{}", verb.name), format!("refused: {}", missing.join("; ")))
}

/// The most urgent thing that a command can do about the case, for answers that name nothing nearer.
fn what_is_next(case: &Case, policy: &Policy) -> Option<String> {
    let duty = card::duties(case, policy).into_iter().find(|duty| duty.command.is_some())?;
    Some(format!("`{}`: {} ({})", duty.command?, duty.what, duty.who))
}

/// Somebody with what they are to this very case: its reporter, its coordinator.
fn with_standing(author: &Actor, case: &Case) -> Actor {
    let mut actor = author.clone();
    if author.id != 0 && author.id == case.reporter.id {
        actor.roles.insert(Role::Reporter);
    }
    let steers = case.people.coordinator.as_ref().is_some_and(|person| person.id == author.id);
    if steers && author.is_insider() {
        actor.roles.insert(Role::Coordinator);
    }
    actor
}

fn scene<'a>(case: &Case, actor: &'a Actor, world: &World<'a>, command: &str) -> Scene<'a> {
    Scene {
        case: case.clone(),
        actor,
        asker: None,
        policy: world.policy,
        now: world.now,
        series: world.series,
        proof: world.proof,
        people: world.people,
        cases: world.cases,
        lines: world.lines,
        clearance: world.clearance,
        command: command.to_owned(),
        moments: Vec::new(),
        effects: Vec::new(),
        notes: Vec::new(),
        others: Vec::new(),
        reasons: Vec::new(),
    }
}

/// Takes over what a command that was carried out changed and wants.
fn close_scene(result: &mut Consideration, scene: Scene<'_>, command: &Command, actor: &Actor, world: &World<'_>) {
    let before = Standing::of(&result.case);
    let Scene { mut case, moments, effects, notes, others, reasons, command: name, .. } = scene;
    let step = if command.verb.reads_only { &[][..] } else { &[Moment::Stepped][..] };
    // A step starts the clock of the next one before anything ends it.
    case.pass(&[step, &moments].concat(), world.policy, world.now);
    case.settle(&before, world.now);
    let moved = case.state_version != result.case.state_version;
    if moved {
        // What the reporter was told stays told.
        let told = effects.iter().any(|effect| effect.kind == SendToReporter::KIND);
        case.undoable = (command.verb.reversible && !told).then(|| Undoable {
            verb: command.verb.name.to_owned(),
            at: world.now,
            state_version: case.state_version,
            before: Box::new(before),
            clocks: result.case.clocks.clone(),
        });
    }
    let by = Reason::new(
        format!("commands.{}", command.verb.name),
        format!("/{} by {} ({name})", command.verb.name, actor.login),
    );
    result.reasons.push(by.from_source(format!("policy {}", case.policy_version)));
    result.reasons.extend(reasons);
    result.effects.extend(effects);
    if moved {
        let id = case.id.to_string();
        let renew = RenewCard { case: id.clone() };
        let key = format!("renew_card:{id}:{}", case.state_version);
        result.effects.push(Effect::new(key, format!("case:{id}"), &renew).for_case(id));
    }
    result.notes.extend(notes);
    for other in others {
        result.others.retain(|known| known.id != other.id);
        result.others.push(other);
    }
    result.case = case;
}

/// Lets a command wait for a second look.
fn wait(
    result: &mut Consideration,
    scene: Scene<'_>,
    command: &Command,
    comment: &Comment<'_>,
    waits: Waits,
) -> (Vec<String>, Vec<String>) {
    let case = &mut result.case;
    let line = format!("note:{}:{}:line", case.id, scene.command);
    let action = format!("{}\n{}\n{}\n{}", case.id, case.state_version, scene.command, command.text);
    let code: String = text_hash(&action).chars().take(8).collect();
    let pending = Pending {
        code: code.clone(),
        verb: command.verb.name.to_owned(),
        line: line.clone(),
        waits,
        by: Person { login: scene.actor.login.clone(), id: scene.actor.id },
        since: scene.now,
        written_at: comment.written_at,
        state_version: case.state_version,
    };
    let until = super::texts::utc(pending.expires_at());
    case.pending.push(pending);
    let surplus = case.pending.len().saturating_sub(MOST_PENDING);
    case.pending.drain(..surplus);
    result.notes.push(Note { name: line, text: Embargoed::new(command.text.clone()) });
    let why = match waits {
        Waits::ForSecondPerson => "needs a second person",
        Waits::BecauseLate => "came more than 15 minutes after it was written",
    };
    let text = format!("/{} by {} waits: it {why}", command.verb.name, scene.actor.login);
    result.reasons.push(Reason::new("commands.waits", text));
    let (who, what) = match waits {
        Waits::ForSecondPerson => ("This cannot be taken back, so a second person has to agree", "by somebody else"),
        Waits::BecauseLate => ("This comment was over 15 minutes old when it arrived", "if it still holds"),
    };
    let text = format!("{who}. The code holds until {until}, as long as nothing else changes.");
    (vec![text], vec![format!("`/confirm {code}` {what}")])
}
