//! The embargo: `/embargo`, `/extend`, `/shorten`, `/lift`.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Family;
use crate::domain::{
    case::{Case, EmbargoEvent, EmbargoState, ExitCause, Handling, Verdict, card::span_words, transition::Need},
    clocks::Moment,
    commands::{
        Arguments, Done, Order, Problem, Refusal, Role, Scene, TwoPeople, Verb, Words,
        acts::{ReplanRelease, TellParties},
        texts::{ReporterText, utc},
    },
    policy::Policy,
};

pub(super) const FAMILY: Family = Family { title: "Embargo", verbs: &[&EMBARGO, &EXTEND, &SHORTEN, &LIFT] };

const WHO: &[Role] = &[Role::Coordinator];

/// The last instant at which an embargo of the case may end by the policy.
pub(super) fn latest(case: &Case, policy: &Policy) -> Timestamp {
    let most = SignedDuration::from_hours(i64::from(policy.embargo.max_days) * 24);
    case.age_since().saturating_add(most).unwrap_or(Timestamp::MAX)
}

/// What speaks against a date as the end of an embargo, a sentence each. `beyond` lifts the limit of days.
pub fn date_problems(case: &Case, policy: &Policy, until: Timestamp, now: Timestamp, beyond: bool) -> Vec<String> {
    let mut problems = Vec::new();
    if until <= now {
        problems.push(format!("{} has passed.", utc(until)));
    }
    let latest = latest(case, policy);
    if until > latest && !beyond {
        problems.push(format!(
            "The policy allows {} days from the report (`embargo.max_days`), which is until {}.",
            policy.embargo.max_days,
            utc(latest)
        ));
    }
    let zone = policy.embargo.window.as_ref().map_or(TimeZone::UTC, |window| TimeZone::fixed(window.from.zone.0));
    let local = until.to_zoned(zone);
    if let Some(window) = policy.embargo.window.as_ref().filter(|window| !window.contains(until)) {
        let days: Vec<String> = window.days.iter().map(|day| format!("{day:?}")).collect();
        problems.push(format!(
            "{} is a {:?} at {}; the policy's window is {}, {} to {} in the zone {} (`embargo.window`).",
            utc(until),
            local.weekday(),
            local.strftime("%H:%M"),
            days.join(", "),
            window.from.time.strftime("%H:%M"),
            window.to.time.strftime("%H:%M"),
            window.from.zone,
        ));
    }
    if policy.embargo.blackout.contains(&local.date()) {
        problems.push(format!("{} is a day on which no embargo may end (`embargo.blackout`).", local.date()));
    }
    problems
}

/// Refuses where the matter is public: nothing is left to embargo.
fn not_exposed(scene: &Scene<'_>) -> Result<(), Refusal> {
    if !scene.case.is_exposed() {
        return Ok(());
    }
    let known = scene.case.known_exposure();
    let what = if known.attacked.is_some() {
        "it is used in attacks"
    } else if known.exploit_public.is_some() {
        "an exploit is public"
    } else {
        "it is public"
    };
    let refusal = Refusal::because(format!("There is nothing to embargo: {what}. The fix is urgent instead."));
    let undecided = scene.case.exposure.public.is_some() && scene.case.exposure_ruling.is_none();
    Err(if undecided && known.attacked.is_none() && known.exploit_public.is_none() {
        refusal.then("`/exposure vague -- why`, if what got out tells nobody how")
    } else {
        refusal.then("`/track urgent -- why`")
    })
}

fn allowed(scene: &Scene<'_>, until: Timestamp, beyond: bool) -> Result<(), Refusal> {
    let problems = date_problems(&scene.case, scene.policy, until, scene.now, beyond);
    if problems.is_empty() {
        return Ok(());
    }
    let mut refusal = Refusal { missing: problems, next: Vec::new() };
    if let Some(date) = next_date(scene, until) {
        refusal.next.push(format!("the next date that fits: `{}`", date.strftime("%Y-%m-%dT%H:%MZ")));
    }
    Err(refusal)
}

/// The next instant that fits, at full hours within two weeks of the one that was wanted, else none.
fn next_date(scene: &Scene<'_>, wanted: Timestamp) -> Option<Timestamp> {
    let hour = SignedDuration::from_hours(1);
    let from = wanted.max(scene.now).round(jiff::Unit::Hour).ok()?;
    let mut date = from;
    for _ in 0..14 * 24 {
        if date_problems(&scene.case, scene.policy, date, scene.now, false).is_empty() {
            return Some(date);
        }
        date = date.checked_add(hour).ok()?;
    }
    None
}

/// Tells parties and reporter of a date that holds, or asks the parties about one.
fn dated(scene: &mut Scene<'_>, until: Timestamp) -> Done {
    let case = scene.case.id.to_string();
    let asked = matches!(scene.case.embargo.state, EmbargoState::Proposed | EmbargoState::Revising);
    if asked {
        scene.moment(Moment::ConsentAsked);
    }
    if scene.case.embargo.state != EmbargoState::Revising {
        scene.moment(Moment::EmbargoDated);
    }
    if !scene.case.embargo.parties.is_empty() {
        scene.want(&TellParties { case, until: Some(until), asked, cause: None });
    }
    let away = span_words(until.duration_since(scene.now).as_secs());
    let mut done = if asked {
        Done::saying(format!("{} waits for the parties' consent; silence is a no.", utc(until)))
    } else {
        scene.tell_reporter(ReporterText::EmbargoDated { until }, None);
        Done::saying(format!("Embargo until {}, in {away}.", utc(until)))
    };
    let affects = scene.case.assessment.affects.clone();
    for note in super::reaching::ends_before_release(scene, &affects) {
        done = done.and(note);
    }
    done
}

const EMBARGO: Verb = Verb {
    name: "embargo",
    asks_series: true,
    usage: "/embargo until DATE",
    help: "Sets the date until which everybody keeps quiet: with zone, in the policy's window, within its longest time.",
    who: WHO,
    examples: &["/embargo until 2025-10-01T13:00Z", "/embargo until tue 14:00Z", "/embargo until +14d"],
    read: |arguments| {
        arguments.one_of(&["until"])?;
        Ok(Box::new(Propose { until: arguments.date()? }))
    },
    ..Verb::BLANK
};

struct Propose {
    until: Timestamp,
}

impl Order for Propose {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        match scene.case.embargo.state {
            EmbargoState::None => {}
            EmbargoState::Exited => {
                return Err(Refusal::because("The embargo of this case is over, and there is no second one.")
                    .then("`/track urgent -- why`"));
            }
            _ => {
                return Err(Refusal::because("The case has an embargo.")
                    .then("`/extend DATE -- why`")
                    .then("`/shorten DATE -- why`"));
            }
        }
        if scene.case.assessment.is_main_only() {
            return Err(Refusal::because("Only main is affected; it is mended in public.").then("`/accept`"));
        }
        not_exposed(scene)?;
        let shadowed = matches!(scene.case.verdict, Some(Verdict::Upstream { shadow: true, .. }));
        if !scene.case.handling.is_in_work() && !shadowed {
            let refusal = Refusal::because(format!(
                "The case is {}; an embargo is for accepted ones.",
                scene.case.handling.word()
            ));
            return Err(refusal.then(if scene.case.handling.is_closed() { "`/reopen -- why`" } else { "`/accept`" }));
        }
        allowed(scene, self.until, false)?;
        scene.step_embargo(EmbargoEvent::Propose, &[Need::DateAllowed])?;
        scene.case.embargo.until = Some(self.until);
        scene.because("embargo", format!("until {}", self.until), Some("embargo.max_days, embargo.window"));
        Ok(dated(scene, self.until))
    }
}

const EXTEND: Verb = Verb {
    name: "extend",
    asks_series: true,
    usage: "/extend DATE [--beyond-limit] -- why",
    help: "Moves the end of the embargo to a later date; with --beyond-limit past the policy's longest time.",
    who: WHO,
    two_people: TwoPeople::Always,
    examples: &["/extend 2025-10-02T13:00Z -- The release build failed.", "/extend +7d -- 4.2 needs another fix."],
    read: |arguments| {
        let until = arguments.date()?;
        let beyond = arguments.flag("beyond-limit")?;
        Ok(Box::new(Revise { until, later: true, beyond, evidence: false, why: arguments.need_free()? }))
    },
    ..Verb::BLANK
};

const SHORTEN: Verb = Verb {
    name: "shorten",
    asks_series: true,
    usage: "/shorten DATE [--evidence] -- why",
    help: "Moves the end of the embargo to an earlier date; --evidence says that the matter is getting out.",
    who: WHO,
    two_people: TwoPeople::When("without --evidence"),
    examples: &[
        "/shorten 2025-09-30T13:00Z -- All patches are ready.",
        "/shorten +1d --evidence -- Somebody asks about it in a forum.",
    ],
    read: read_shorten,
    ..Verb::BLANK
};

fn read_shorten(arguments: &mut Arguments<'_>) -> Result<Box<dyn Order>, Problem> {
    let until = arguments.date()?;
    let evidence = arguments.flag("evidence")?;
    Ok(Box::new(Revise { until, later: false, beyond: false, evidence, why: arguments.need_free()? }))
}

struct Revise {
    until: Timestamp,
    later: bool,
    beyond: bool,
    evidence: bool,
    why: Words,
}

impl Order for Revise {
    fn needs_second_person(&self, _case: &Case) -> bool {
        !self.evidence
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let Some(current) = scene.case.embargo.until.filter(|_| scene.case.embargo.state.is_running()) else {
            not_exposed(scene)?;
            return Err(match scene.case.embargo.state {
                EmbargoState::Exited => {
                    Refusal::because("The embargo is over, and there is no way back.").then("`/status`")
                }
                _ => Refusal::because("There is no embargo.").then("`/embargo until DATE`"),
            });
        };
        if scene.case.embargo.state != EmbargoState::Active {
            return Err(Refusal::because("A date waits for the parties' consent already.").then("`/status`"));
        }
        let right_way = if self.later { self.until > current } else { self.until < current };
        if !right_way {
            let (word, other) = if self.later { ("later", "shorten") } else { ("earlier", "extend") };
            return Err(Refusal::because(format!("{} is not {word} than {}.", utc(self.until), utc(current)))
                .then(format!("`/{other} DATE -- why`")));
        }
        // Evidence that it is getting out is a reason to leave the window, but not to pick a past date.
        if !self.evidence || self.until <= scene.now {
            allowed(scene, self.until, self.beyond)?;
        }
        let mut known = vec![Need::DateAllowed, Need::Reason];
        if self.evidence || scene.has_second_person() {
            known.push(Need::SecondPerson);
        }
        for party in &mut scene.case.embargo.parties {
            party.agrees = None;
        }
        let state = scene.step_embargo(EmbargoEvent::Revise, &known)?;
        scene.note("why", &self.why);
        if state == EmbargoState::Revising {
            scene.case.embargo.proposed_until = Some(self.until);
        } else {
            scene.case.embargo.until = Some(self.until);
        }
        scene.because("embargo", format!("from {current} to {}", self.until), Some("embargo.max_days, embargo.window"));
        Ok(dated(scene, self.until))
    }
}

const LIFT: Verb = Verb {
    name: "lift",
    usage: "/lift [-- why]",
    help: "Ends the embargo now; nothing is published by this.",
    who: WHO,
    two_people: TwoPeople::Always,
    examples: &["/lift -- Everybody agreed to publish today."],
    read: |arguments| Ok(Box::new(Lift { why: arguments.free() })),
    ..Verb::BLANK
};

struct Lift {
    why: Option<Words>,
}

impl Order for Lift {
    fn needs_second_person(&self, _case: &Case) -> bool {
        true
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if !scene.case.embargo.state.is_running() {
            return Err(Refusal::because("No embargo runs.").then("`/status`"));
        }
        if !scene.has_second_person() {
            return Err(Refusal::because("Lifting an embargo needs a second person."));
        }
        scene.note_if("why", self.why.as_ref());
        scene.end_embargo(ExitCause::Lifted);
        if matches!(scene.case.handling, Handling::Accepted | Handling::Fixing | Handling::Ready) {
            let track = scene.case.assessment.track.unwrap_or(crate::domain::case::Track::Urgent);
            let plan = ReplanRelease { case: scene.case.id.to_string(), track, at: scene.now };
            scene.want(&plan);
        }
        Ok(Done::saying("The embargo is lifted. Nothing was published by that."))
    }
}
