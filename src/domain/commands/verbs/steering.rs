//! Who steers: exactly one coordinator a case. `/assign`, `/unassign`, `/handover`.

use super::Family;
use crate::domain::{
    case::{Case, Person},
    clocks::Moment,
    commands::{Done, Mentions, Order, Refusal, Role, Scene, Verb, Words, acts::InviteToDesk},
};

pub(super) const FAMILY: Family = Family { title: "Steering", verbs: &[&ASSIGN, &UNASSIGN, &HANDOVER] };

const WHO: &[Role] = &[Role::Coordinator, Role::SecurityTeam];

const ASSIGN: Verb = Verb {
    name: "assign",
    usage: "/assign @login",
    help: "Names the one coordinator who steers the case.",
    who: WHO,
    reversible: true,
    examples: &["/assign @cora"],
    read: |arguments| Ok(Box::new(Assign { login: arguments.user()? })),
    ..Verb::BLANK
};

struct Assign {
    login: String,
}

impl Order for Assign {
    fn mentions(&self, _case: &Case) -> Mentions {
        Mentions { people: vec![self.login.clone()], ..Mentions::default() }
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        match &scene.case.people.coordinator {
            Some(person) if person.login.eq_ignore_ascii_case(&self.login) => {
                return Ok(Done::saying(format!("@{} steers the case already.", person.login)));
            }
            Some(person) => {
                return Err(Refusal::because(format!(
                    "@{} steers the case, and it has one coordinator.",
                    person.login
                ))
                .then(format!("`/handover @{} -- note`", self.login)));
            }
            None => {}
        }
        name(scene, &self.login)
    }
}

/// Makes somebody the coordinator.
fn name(scene: &mut Scene<'_>, login: &str) -> Result<Done, Refusal> {
    let known = scene.people.get(&login.to_ascii_lowercase()).filter(|person| person.is_insider() && !person.is_bot);
    let Some(person) = known else {
        return Err(Refusal::because(format!(
            "@{login} has no role in this project's policy and no permission on the repository."
        ))
        .then("`/assign @login` with somebody of the team"));
    };
    let person = Person { login: person.login.clone(), id: person.id };
    let login = person.login.clone();
    scene.case.people.coordinator = Some(person);
    scene.moment(Moment::Assigned);
    scene.want(&InviteToDesk { case: scene.case.id.to_string(), login: login.clone() });
    Ok(Done::saying(format!("@{login} steers the case.")))
}

const UNASSIGN: Verb = Verb {
    name: "unassign",
    usage: "/unassign",
    help: "Takes the coordinator off; the clock for finding another starts.",
    who: WHO,
    reversible: true,
    examples: &["/unassign"],
    read: |_| Ok(Box::new(Unassign)),
    ..Verb::BLANK
};

struct Unassign;

impl Order for Unassign {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let Some(person) = scene.case.people.coordinator.take() else {
            return Err(Refusal::because("The case has no coordinator.").then("`/assign @login`"));
        };
        scene.moment(Moment::Unassigned);
        Ok(Done::saying(format!("@{} no longer steers the case.", person.login)).then("`/assign @login`"))
    }
}

const HANDOVER: Verb = Verb {
    name: "handover",
    usage: "/handover @login -- note",
    help: "Passes the case on to another coordinator, with a note on where it stands.",
    who: WHO,
    reversible: true,
    examples: &["/handover @sam -- Fix is written, 5.1 still fails a test."],
    read: |arguments| Ok(Box::new(Handover { login: arguments.user()?, note: arguments.need_free()? })),
    ..Verb::BLANK
};

struct Handover {
    login: String,
    note: Words,
}

impl Order for Handover {
    fn mentions(&self, _case: &Case) -> Mentions {
        Mentions { people: vec![self.login.clone()], ..Mentions::default() }
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let before = scene.case.people.coordinator.take();
        let done = name(scene, &self.login)?;
        scene.note("handover", &self.note);
        let from = before.map_or("nobody".to_owned(), |person| person.login);
        scene.because("handover", format!("from {from} to {}", self.login), None);
        Ok(done)
    }
}
