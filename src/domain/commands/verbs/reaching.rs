//! How far it reaches: `/affects`, `/not-affected`, `/track`.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::{Family, deciding::to_public_fix};
use crate::domain::{
    case::{Case, Handling, HandlingEvent, Justification, MAIN, Track, Verdict},
    commands::{Done, Order, Refusal, Role, Scene, TwoPeople, Verb, Words, acts::ReplanRelease},
    coverage::SeriesKind,
};

pub(super) const FAMILY: Family = Family { title: "Reach", verbs: &[&AFFECTS, &NOT_AFFECTED, &TRACK] };

const AFFECTS: Verb = Verb {
    name: "affects",
    asks_series: true,
    usage: "/affects SERIES…",
    help: "Names the affected series; only supported ones count. Where it is main alone, the fix is made in public.",
    who: &[Role::Coordinator, Role::Fixer],
    reversible: true,
    examples: &["/affects main 5.2 4.2", "/affects main"],
    read: |arguments| {
        let mut series = BTreeSet::from([arguments.series()?]);
        while !arguments.is_empty() {
            series.insert(arguments.series()?);
        }
        Ok(Box::new(Affects { series }))
    },
    ..Verb::BLANK
};

struct Affects {
    series: BTreeSet<String>,
}

impl Order for Affects {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let handling = scene.case.handling;
        if handling.is_closed() || matches!(handling, Handling::Releasing | Handling::Released) {
            return Err(Refusal::because(format!("The case is {}.", handling.word())).then("`/status`"));
        }
        supported(scene, &self.series)?;
        let assessment = &mut scene.case.assessment;
        assessment.affects.clone_from(&self.series);
        assessment.not_affected.retain(|name, _| !self.series.contains(name));
        let words: Vec<&str> = self.series.iter().map(String::as_str).collect();
        scene.because("affects", format!("affected: {}", words.join(", ")), Some("series"));
        let mut done = Done::saying(format!("Affected: {}.", words.join(", ")));
        if scene.case.assessment.is_main_only() {
            if matches!(handling, Handling::Received | Handling::PublicFix) {
                return Ok(done.and("Only main is affected, so it can be mended in public.").then("`/accept`"));
            }
            let public = to_public_fix(scene)?;
            done.lines.extend(public.lines);
            return Ok(done);
        }
        if handling == Handling::PublicFix {
            scene.step(HandlingEvent::FindReleased, &[])?;
            scene.case.verdict = None;
            scene.case.assessment.track = None;
            done = done.and("A release is affected after all: it is being evaluated again.").then("`/checklist`");
        }
        scene.write_advisory();
        for note in ends_before_release(scene, &self.series) {
            done = done.and(note);
        }
        for (name, _) in scene.series.supported.iter().filter(|(name, kind)| {
            **kind == SeriesKind::Prerelease && self.series.contains(MAIN) && !self.series.contains(*name)
        }) {
            done = done.and(format!("{name} is in pre-release: add it if it is affected (patch, no release)."));
        }
        Ok(done)
    }
}

/// Refuses series that get no security fixes, and says which do.
fn supported(scene: &Scene<'_>, series: &BTreeSet<String>) -> Result<(), Refusal> {
    let day = scene.case.support_day(scene.now);
    let pinned = match &scene.case.verdict {
        Some(Verdict::Accepted { supported, .. }) => Some(supported),
        _ => None,
    };
    let is_supported = |name: &String| match pinned {
        Some(pinned) => pinned.contains(name),
        None => scene.series.supported.contains_key(name),
    };
    let wrong: Vec<&str> = series.iter().filter(|name| !is_supported(name)).map(String::as_str).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let words = pinned.map_or_else(|| scene.series.words(), |pinned| pinned.join(", "));
    let right: Vec<&str> = series.iter().filter(|name| is_supported(name)).map(String::as_str).collect();
    let refusal = Refusal::because(format!("Unsupported on {day}: {}. Supported: {words}.", wrong.join(", ")));
    Err(if right.is_empty() { refusal } else { refusal.then(format!("`/affects {}`", right.join(" "))) })
}

/// Which of the series lose support before the date of the release, or, where there is none yet, before the longest
/// embargo would end.
pub(super) fn ends_before_release(scene: &Scene<'_>, series: &BTreeSet<String>) -> Vec<String> {
    let latest = super::embargo::latest(&scene.case, scene.policy);
    let (release, sure) = match scene.case.embargo.until {
        Some(until) if scene.case.embargo.state.is_running() => (until, true),
        _ => (latest, false),
    };
    let day = release.to_zoned(TimeZone::UTC).date();
    let verb = if sure { "loses" } else { "may lose" };
    series
        .iter()
        .filter_map(|name| scene.series.last_days.get(name).map(|last| (name, *last)))
        .filter(|(_, last)| *last < day)
        .map(|(name, last)| format!("{name} {verb} support on {last}, before the release."))
        .collect()
}

const NOT_AFFECTED: Verb = Verb {
    name: "not-affected",
    asks_series: true,
    usage: "/not-affected SERIES JUSTIFICATION [-- text]",
    help: "Says why a series is not affected, in the words of VEX.",
    who: &[Role::Coordinator, Role::Fixer],
    reversible: true,
    examples: &["/not-affected 4.2 vulnerable_code_not_present -- The parser came with 5.0."],
    read: |arguments| {
        let series = arguments.series()?;
        let place = arguments.one_of(&[
            "component_not_present",
            "vulnerable_code_not_present",
            "vulnerable_code_not_in_execute_path",
            "vulnerable_code_cannot_be_controlled_by_adversary",
            "inline_mitigations_already_exist",
        ])?;
        let justification = Justification::ALL.get(place).copied().unwrap_or(Justification::ComponentNotPresent);
        Ok(Box::new(NotAffected { series, justification, text: arguments.free() }))
    },
    ..Verb::BLANK
};

struct NotAffected {
    series: String,
    justification: Justification,
    text: Option<Words>,
}

impl Order for NotAffected {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let affects = &scene.case.assessment.affects;
        if affects.contains(&self.series) {
            let left: Vec<&str> = affects.iter().filter(|name| **name != self.series).map(String::as_str).collect();
            let next =
                if left.is_empty() { "`/reject REASON`".to_owned() } else { format!("`/affects {}`", left.join(" ")) };
            return Err(Refusal::because(format!("{} is named as affected.", self.series)).then(next));
        }
        supported(scene, &BTreeSet::from([self.series.clone()]))?;
        scene.note_if("justification", self.text.as_ref());
        scene.case.assessment.not_affected.insert(self.series.clone(), self.justification);
        scene.because("not_affected", format!("{}: {}", self.series, self.justification.word()), None);
        Ok(Done::saying(format!("{} is not affected: {}.", self.series, self.justification.word())))
    }
}

const TRACK: Verb = Verb {
    name: "track",
    usage: "/track public|private|urgent -- why",
    help: "Sets how the fix reaches people: in the open, under embargo, or as soon as possible.",
    who: &[Role::Coordinator],
    two_people: TwoPeople::When("to public, from anything else"),
    examples: &["/track urgent -- Exploits are being sold.", "/track private -- Needs an announcement ahead."],
    read: |arguments| {
        let tracks = [Track::Public, Track::Private, Track::Urgent];
        let place = arguments.one_of(&["public", "private", "urgent"])?;
        let track = tracks.get(place).copied().unwrap_or(Track::Private);
        Ok(Box::new(SetTrack { track, why: arguments.need_free()? }))
    },
    ..Verb::BLANK
};

struct SetTrack {
    track: Track,
    why: Words,
}

impl Order for SetTrack {
    fn needs_second_person(&self, case: &Case) -> bool {
        self.track == Track::Public && case.assessment.track != Some(Track::Public)
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if self.track == Track::Public && scene.case.embargo.state.is_running() {
            return Err(Refusal::because("An embargo runs; a fix in public would break it.").then("`/lift -- why`"));
        }
        if self.track == Track::Private && scene.case.assessment.is_main_only() {
            return Err(Refusal::because("Only main is affected; there is no release to keep quiet for.")
                .then("`/affects main SERIES…`"));
        }
        if self.needs_second_person(&scene.case) && !scene.has_second_person() {
            return Err(Refusal::because("Going public needs a second person."));
        }
        scene.note("why", &self.why);
        scene.case.assessment.track = Some(self.track);
        if self.track == Track::Urgent {
            let plan = ReplanRelease { case: scene.case.id.to_string(), track: Track::Urgent, at: scene.now };
            scene.want(&plan);
        }
        Ok(Done::saying(format!("Track {}.", self.track.word())))
    }
}
