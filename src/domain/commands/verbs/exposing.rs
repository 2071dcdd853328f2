//! What got out: `/exploited`, `/leak`, `/exposure`.

use super::Family;
use crate::domain::{
    case::{Case, ExitCause, ExposureBit, ExposureRuling, Track},
    clocks::Moment,
    commands::{
        Arguments, Done, Expected, Order, Problem, Refusal, Role, Scene, TwoPeople, Verb, Words, acts::ReplanRelease,
    },
};

pub(super) const FAMILY: Family = Family { title: "Exposure", verbs: &[&EXPLOITED, &LEAK, &EXPOSURE] };

/// The plan after the matter got out: release as soon as possible.
fn urgent(scene: &mut Scene<'_>) {
    scene.case.assessment.track = Some(Track::Urgent);
    let plan = ReplanRelease { case: scene.case.id.to_string(), track: Track::Urgent, at: scene.now };
    scene.want(&plan);
}

const EXPLOITED: Verb = Verb {
    name: "exploited",
    usage: "/exploited [--evidence] [-- what]",
    help: "Says that it is used in attacks: the embargo ends, the release becomes urgent.",
    who: &[Role::SecurityTeam, Role::Coordinator],
    examples: &["/exploited --evidence -- Seen in the logs of two hosters."],
    read: |arguments| {
        arguments.flag("evidence")?;
        Ok(Box::new(Exploited { what: arguments.free() }))
    },
    ..Verb::BLANK
};

struct Exploited {
    what: Option<Words>,
}

impl Order for Exploited {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.exposure.attacked.is_some() {
            return Err(Refusal::because("That is known already.").then("`/status`"));
        }
        if scene.case.handling.is_closed() {
            return Err(
                Refusal::because(format!("The case is {}.", scene.case.handling.word())).then("`/reopen -- why`")
            );
        }
        scene.note_if("attack", self.what.as_ref());
        scene.expose(ExposureBit::Attacked, ExitCause::Exploited);
        urgent(scene);
        scene.because("exploited", "used in attacks: no embargo, release now", Some("embargo: what is public ends it"));
        let done = Done::saying(
            "Noted as used in attacks. No embargo holds any more; the release is due as soon as possible.",
        );
        Ok(if scene.case.handling.is_undecided() { done.then("`/accept`") } else { done })
    }
}

const LEAK: Verb = Verb {
    name: "leak",
    usage: "/leak WHERE -- what | /leak suspected [-- what] | /leak not-observed -- why",
    help: "Says where the matter got out, which ends the embargo for good; or that a leak is suspected; or that there was none.",
    who: &[Role::SecurityTeam, Role::Coordinator],
    two_people: TwoPeople::When("with a place"),
    examples: &[
        "/leak https://tracker.example.org/123 -- The patch is attached there.",
        "/leak suspected -- A branch name on a public fork.",
        "/leak not-observed -- The fork was private.",
    ],
    read: read_leak,
    ..Verb::BLANK
};

fn read_leak(arguments: &mut Arguments<'_>) -> Result<Box<dyn Order>, Problem> {
    let (place, _) = arguments.word(Expected::Address)?;
    match place.to_ascii_lowercase().replace('_', "-").as_str() {
        "suspected" => Ok(Box::new(Suspected { what: arguments.free() })),
        "not-observed" | "none" => Ok(Box::new(NotObserved { why: arguments.need_free()? })),
        _ => Ok(Box::new(Leaked { place: Words::new(place), what: arguments.need_free()? })),
    }
}

struct Leaked {
    place: Words,
    what: Words,
}

impl Order for Leaked {
    fn needs_second_person(&self, _case: &Case) -> bool {
        true
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if !scene.has_second_person() {
            return Err(Refusal::because("A leak is said by two people: it ends the embargo for good."));
        }
        scene.note("where", &self.place);
        scene.note("what", &self.what);
        if scene.case.leak_suspected_at.take().is_some() {
            scene.moment(Moment::LeakDecided);
        }
        scene.expose(ExposureBit::Public, ExitCause::Leaked);
        scene.case.exposure_ruling = Some(ExposureRuling { vague: false, at: scene.now });
        urgent(scene);
        Ok(Done::saying("Noted as public. The embargo is over; the release is due as soon as possible."))
    }
}

struct Suspected {
    what: Option<Words>,
}

impl Order for Suspected {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.leak_suspected_at.is_some() {
            return Err(Refusal::because("That is suspected already.")
                .then("`/leak WHERE -- what`")
                .then("`/leak not-observed -- why`"));
        }
        scene.note_if("suspicion", self.what.as_ref());
        scene.case.leak_suspected_at = Some(scene.now);
        scene.moment(Moment::LeakSuspected);
        Ok(Done::saying("Noted. Somebody decides within the hour; the embargo holds until then.")
            .then("`/leak WHERE -- what`: it leaked")
            .then("`/leak not-observed -- why`: it did not"))
    }
}

struct NotObserved {
    why: Words,
}

impl Order for NotObserved {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.leak_suspected_at.take().is_none() {
            return Err(Refusal::because("No leak is suspected.").then("`/leak suspected -- what`"));
        }
        scene.note("why", &self.why);
        scene.moment(Moment::LeakDecided);
        Ok(Done::saying("Noted: no leak. The embargo holds."))
    }
}

const EXPOSURE: Verb = Verb {
    name: "exposure",
    usage: "/exposure vague|full|exploit [-- why]",
    help: "Decides how much got out: only vague words, which leaves an embargo possible; the whole matter; or a way to exploit it.",
    who: &[Role::Coordinator, Role::SecurityTeam],
    examples: &[
        "/exposure vague -- One sentence without a place.",
        "/exposure exploit -- The post has a working script.",
    ],
    read: |arguments| {
        let kinds = [HowMuch::Vague, HowMuch::Full, HowMuch::Exploit];
        let place = arguments.one_of(&["vague", "full", "exploit"])?;
        let how_much = kinds.get(place).copied().unwrap_or(HowMuch::Full);
        Ok(Box::new(Exposed { how_much, why: arguments.free() }))
    },
    ..Verb::BLANK
};

#[derive(Clone, Copy)]
enum HowMuch {
    Vague,
    Full,
    Exploit,
}

struct Exposed {
    how_much: HowMuch,
    why: Option<Words>,
}

impl Order for Exposed {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.exposure.public.is_none() {
            return Err(Refusal::because("Nothing of this case is known to be public.")
                .then("`/leak WHERE -- what`, if something got out"));
        }
        scene.note_if("why", self.why.as_ref());
        match self.how_much {
            HowMuch::Vague => {
                if scene.case.embargo.cause.is_some_and(|cause| cause != ExitCause::Abandoned) {
                    return Err(Refusal::because("The embargo ended over this, and there is no way back."));
                }
                scene.case.exposure_ruling = Some(ExposureRuling { vague: true, at: scene.now });
                scene.because("exposure", "only vague words got out", None);
                Ok(Done::saying("Only vague words got out, so the matter counts as not public."))
            }
            HowMuch::Full | HowMuch::Exploit => {
                scene.case.exposure_ruling = Some(ExposureRuling { vague: false, at: scene.now });
                if matches!(self.how_much, HowMuch::Exploit) {
                    scene.expose(ExposureBit::ExploitPublic, ExitCause::Exploited);
                }
                scene.end_embargo(ExitCause::PublicReport);
                urgent(scene);
                scene.because("exposure", "the matter is public", Some("embargo: what is public ends it"));
                Ok(Done::saying("The matter is public: no embargo, and the release is due as soon as possible."))
            }
        }
    }
}
