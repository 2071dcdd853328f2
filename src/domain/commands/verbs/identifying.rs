//! CVE ids: `/cve`.

use super::Family;
use crate::domain::{
    case::{Case, Cve, CveState, Handling, transition::Need},
    clocks::Moment,
    commands::{Arguments, Done, Expected, Order, Problem, Refusal, Role, Scene, TwoPeople, Verb, acts::RequestCve},
};

pub(super) const FAMILY: Family = Family { title: "Identifying", verbs: &[&CVE] };

const CVE: Verb = Verb {
    name: "cve",
    usage: "/cve request|reserve|CVE-…|reject [CVE-…]|published [CVE-…]",
    help: "Asks GitHub for a CVE id, notes one that was reserved elsewhere, gives one back, or notes that its record is public.",
    who: &[Role::Coordinator],
    two_people: TwoPeople::When("to give one back"),
    examples: &["/cve request", "/cve CVE-2025-12345", "/cve reject CVE-2025-12345"],
    read,
    ..Verb::BLANK
};

fn read(arguments: &mut Arguments<'_>) -> Result<Box<dyn Order>, Problem> {
    let is_id = arguments.peek().is_some_and(|word| word.to_ascii_uppercase().starts_with("CVE-"));
    if is_id {
        return Ok(Box::new(Noted { id: arguments.cve()? }));
    }
    let place = arguments.one_of(&["request", "reserve", "reject", "published", "CVE-…"])?;
    let id = if place >= 2 && !arguments.is_empty() { Some(arguments.cve()?) } else { None };
    match place {
        0 => Ok(Box::new(Request { of_github: true })),
        1 => Ok(Box::new(Request { of_github: false })),
        2 => Ok(Box::new(GiveBack { id })),
        3 => Ok(Box::new(Published { id })),
        _ => Err(arguments.wrong(1, Expected::Cve)),
    }
}

/// Refuses where a case gets no id: it is over, or mended in public.
fn gets_one(scene: &Scene<'_>) -> Result<(), Refusal> {
    if scene.case.assessment.is_main_only() || scene.case.handling == Handling::PublicFix {
        return Err(Refusal::because("Only main is affected; what was never released gets no CVE id.")
            .then("`/affects main SERIES…`, if a release is affected"));
    }
    if scene.case.handling.is_closed() {
        return Err(Refusal::because(format!("The case is {}.", scene.case.handling.word())).then("`/reopen -- why`"));
    }
    Ok(())
}

struct Request {
    /// Or of a numbering authority of the project's own, which no program of ours speaks to.
    of_github: bool,
}

impl Order for Request {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        gets_one(scene)?;
        if !scene.case.handling.is_in_work() && scene.case.handling != Handling::Released {
            return Err(Refusal::because("An id is asked for once the report is accepted.").then("`/accept`"));
        }
        if scene.case.assessment.has_open_cve() {
            return Err(Refusal::because("An id is asked for or reserved already.").then("`/status`"));
        }
        scene.case.assessment.cve.push(Cve { id: None, state: CveState::Requested });
        owed(scene);
        if !self.of_github {
            return Ok(Done::saying(
                "Noted that an id is being reserved. Please reserve it at your CVE numbering authority.",
            )
            .then("`/cve CVE-…`, once there is one"));
        }
        scene.want(&RequestCve { case: scene.case.id.to_string() });
        Ok(Done::saying("Asking GitHub for a CVE id.").then("`/cve CVE-…`, once there is one"))
    }
}

struct Noted {
    id: String,
}

impl Order for Noted {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        gets_one(scene)?;
        let cves = &mut scene.case.assessment.cve;
        if cves.iter().any(|cve| cve.id.as_deref() == Some(self.id.as_str())) {
            return Err(Refusal::because(format!("{} is noted already.", self.id)).then("`/status`"));
        }
        // An id that was asked for has come.
        match cves.iter_mut().find(|cve| cve.id.is_none() && cve.state == CveState::Requested) {
            Some(asked) => *asked = Cve { id: Some(self.id.clone()), state: CveState::Reserved },
            None => cves.push(Cve { id: Some(self.id.clone()), state: CveState::Reserved }),
        }
        owed(scene);
        scene.write_advisory();
        Ok(Done::saying(format!("{} is reserved for this case.", self.id)))
    }
}

/// The one id that is meant: the named one, or the only one in a state.
fn meant(case: &Case, id: Option<&str>) -> Result<usize, Refusal> {
    let open = |cve: &Cve| matches!(cve.state, CveState::Requested | CveState::Reserved);
    let fits = |cve: &Cve| open(cve) && id.is_none_or(|id| cve.id.as_deref() == Some(id));
    let mut places = case.assessment.cve.iter().enumerate().filter(|(_, cve)| fits(cve)).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (None, _) => Err(Refusal::because("The case has no such reserved id.").then("`/status`")),
        _ => Err(Refusal::because("The case has several ids; say which.").then("`/cve reject CVE-…`")),
    }
}

fn settled(scene: &mut Scene<'_>) {
    if scene.case.holds(Need::CveSettled, scene.policy, &[]) {
        scene.moment(Moment::CveSettled);
    }
}

/// An id that comes after the release is to be published, too.
fn owed(scene: &mut Scene<'_>) {
    if scene.case.handling == Handling::Released {
        scene.moment(Moment::CveOwed);
    }
}

struct GiveBack {
    id: Option<String>,
}

impl Order for GiveBack {
    fn needs_second_person(&self, _case: &Case) -> bool {
        true
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let place = meant(&scene.case, self.id.as_deref())?;
        if !scene.has_second_person() {
            return Err(Refusal::because("Giving an id back needs a second person."));
        }
        if let Some(cve) = scene.case.assessment.cve.get_mut(place) {
            cve.state = CveState::Rejected;
        }
        settled(scene);
        scene.write_advisory();
        Ok(Done::saying("The id is given back; its record has to be rejected where it was reserved."))
    }
}

struct Published {
    id: Option<String>,
}

impl Order for Published {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let place = meant(&scene.case, self.id.as_deref())?;
        let known = scene.case.known_exposure();
        if known.public.is_none() && known.fix_public.is_none() && scene.case.handling != Handling::Released {
            return Err(Refusal::because(
                "Nothing about the case is public yet, and a CVE record must not be the first to tell (CNA Operational \
                 Rules 5.3.1).",
            )
            .then("`/leak WHERE -- what`, if the record is public already"));
        }
        if let Some(cve) = scene.case.assessment.cve.get_mut(place) {
            cve.state = CveState::Published;
        }
        settled(scene);
        Ok(Done::saying("The CVE record is public."))
    }
}
