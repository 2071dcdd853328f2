//! Deciding what a report is: `/accept`, `/reject`, `/reopen`, `/duplicate`, `/upstream`, `/not-security`.

use super::Family;
use crate::domain::{
    case::{
        Case, CaseId, CaseOrigin, Handling, HandlingEvent, ItemVerdict, RejectReason, Track, Verdict, open_items,
        severity, severity_word, transition::Need,
    },
    clocks::Moment,
    commands::{
        Done, Expected, Mentions, Order, Refusal, Role, Scene, TwoPeople, Verb, Words,
        acts::{ReplanRelease, UndoRedirect},
        texts::ReporterText,
    },
};

pub(super) const FAMILY: Family =
    Family { title: "Deciding", verbs: &[&ACCEPT, &REJECT, &REOPEN, &DUPLICATE, &UPSTREAM, &NOT_SECURITY] };

const ACCEPT: Verb = Verb {
    name: "accept",
    asks_series: true,
    usage: "/accept",
    help: "Takes the report for a vulnerability, once the checklist is complete and class and affected series are named; where only main is affected, it is mended in public.",
    who: &[Role::Coordinator],
    examples: &["/accept"],
    read: |_| Ok(Box::new(Accept)),
    ..Verb::BLANK
};

struct Accept;

impl Order for Accept {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        match scene.case.handling {
            Handling::Acknowledged | Handling::Triage => {}
            Handling::Received => {
                return Err(Refusal::because("Nobody has answered the reporter yet.").then("`/ack`"));
            }
            handling => {
                let next = if handling.is_closed() { "`/reopen -- why`" } else { "`/status`" };
                return Err(Refusal::because(format!("The case is {}.", handling.word())).then(next));
            }
        }
        if scene.case.assessment.is_main_only() {
            return to_public_fix(scene);
        }
        missing(scene)?;
        scene.step(HandlingEvent::Accept, &[])?;
        let supported = scene.series.supported.keys().cloned().collect();
        scene.case.verdict = Some(Verdict::Accepted { supported, at: scene.now });
        scene.tell_reporter(ReporterText::Accepted, None);
        let level = severity(&scene.case, scene.policy).level.map_or("unrated", severity_word);
        let mut done = Done::saying(format!(
            "Accepted, severity {level}, under policy `{}`. The supported series are pinned: {}.",
            scene.case.policy_version,
            scene.series.words()
        ));
        if scene.case.is_exposed() {
            scene.case.assessment.track = Some(Track::Urgent);
            let plan = ReplanRelease { case: scene.case.id.to_string(), track: Track::Urgent, at: scene.now };
            scene.want(&plan);
            done = done.and("It is public or exploited already, so there is no embargo: release as soon as possible.");
        } else {
            done = done.then("`/embargo until DATE`, such as `/embargo until +14d`");
        }
        scene.write_advisory();
        Ok(done.then("`/cve request`"))
    }
}

/// What keeps a case from being accepted, all at once.
fn missing(scene: &Scene<'_>) -> Result<(), Refusal> {
    let mut refusal = Refusal::default();
    for item in open_items(&scene.case, scene.policy) {
        let answer = scene.case.assessment.answers.get(&item.id).map(|answer| answer.verdict);
        let state = match answer {
            None => "is not answered",
            Some(ItemVerdict::Unknown) => "is unknown",
            Some(_) => "is answered with no",
        };
        refusal.missing.push(format!("`{}` {state}: {}", item.id, item.question));
        if refusal.next.is_empty() {
            refusal.next.push(format!("`/check {} yes|no|unknown -- evidence`", item.id));
        }
    }
    if scene.case.assessment.classes.is_empty() {
        refusal.missing.push("No class of weakness is set.".to_owned());
        refusal.next.push("`/class NAME`".to_owned());
    }
    let affects = &scene.case.assessment.affects;
    if affects.is_empty() {
        refusal.missing.push("No affected series is named.".to_owned());
        refusal.next.push(format!("`/affects SERIES…`, supported now: {}", scene.series.words()));
    }
    let lost: Vec<&str> =
        affects.iter().filter(|name| !scene.series.supported.contains_key(*name)).map(String::as_str).collect();
    if !lost.is_empty() {
        refusal.missing.push(format!("No longer supported: {}.", lost.join(", ")));
        refusal.next.push(format!("`/affects SERIES…`, supported now: {}", scene.series.words()));
    }
    if refusal.missing.is_empty() { Ok(()) } else { Err(refusal) }
}

/// Only main is affected: mended in public, without embargo, notice or CVE.
pub(super) fn to_public_fix(scene: &mut Scene<'_>) -> Result<Done, Refusal> {
    if scene.case.embargo.state.is_running() {
        return Err(Refusal::because("An embargo runs; a fix in public would break it.").then("`/lift -- why`"));
    }
    if scene.case.assessment.has_open_cve() {
        return Err(
            Refusal::because("A CVE id is asked for or reserved; a fix in public needs none.").then("`/cve reject`")
        );
    }
    scene.step(HandlingEvent::FindMainOnly, &[])?;
    scene.case.verdict = Some(Verdict::PublicFix);
    scene.case.assessment.track = Some(Track::Public);
    scene.tell_reporter(ReporterText::PublicFix, None);
    scene.because("main_only", "only the main branch is affected", Some("evaluation.checklist"));
    Ok(Done::saying(
        "Only main is affected: it is mended in public like any other bug, without embargo, notice or CVE. A text to \
         start the public issue with: \"This is about code that has not been released yet.\"",
    ))
}

const REJECT: Verb = Verb {
    name: "reject",
    usage: "/reject REASON [-- why]",
    help: "Tells the reporter that it is no vulnerability, by the reason's text. REASON is invalid, not_production_grade, best_practice, user_error, spam, wont_fix or out_of_scope; what stands behind -- stays inside.",
    who: &[Role::Coordinator],
    two_people: TwoPeople::When("once it was accepted"),
    examples: &["/reject not_production_grade", "/reject invalid -- Needs write access to the settings file."],
    read: |arguments| {
        let words =
            &["invalid", "not_production_grade", "best_practice", "user_error", "spam", "wont_fix", "out_of_scope"];
        let place = arguments.one_of(words)?;
        let reason = RejectReason::ALL.get(place).copied().unwrap_or(RejectReason::Invalid);
        Ok(Box::new(Reject { reason, why: arguments.free() }))
    },
    ..Verb::BLANK
};

struct Reject {
    reason: RejectReason,
    why: Option<Words>,
}

impl Order for Reject {
    fn needs_second_person(&self, case: &Case) -> bool {
        case.handling.is_in_work() || case.handling == Handling::PublicFix
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let known = if scene.has_second_person() { &[Need::SecondPerson][..] } else { &[] };
        scene.step(HandlingEvent::Reject, known)?;
        scene.note_if("why", self.why.as_ref());
        scene.case.verdict = Some(Verdict::Rejected { reason: self.reason });
        scene.tell_reporter(ReporterText::Rejected { reason: self.reason }, None);
        scene.close();
        scene.because("reject", format!("reason {}", self.reason.word()), None);
        let mut done = Done::saying(format!("Rejected as {}. The reporter is told.", self.reason.word()));
        if scene.case.assessment.has_open_cve() {
            done = done.then("`/cve reject`: an id that is not used has to be given back");
        }
        Ok(done.then("`/reopen -- why`, should that change"))
    }
}

const REOPEN: Verb = Verb {
    name: "reopen",
    usage: "/reopen -- why",
    help: "Reconsiders a report that was rejected, a duplicate, passed on or withdrawn.",
    who: &[Role::SecurityTeam],
    examples: &["/reopen -- The reporter sent a working exploit."],
    read: |arguments| Ok(Box::new(Reopen { why: arguments.need_free()? })),
    ..Verb::BLANK
};

struct Reopen {
    why: Words,
}

impl Order for Reopen {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        scene.step(HandlingEvent::Reopen, &[Need::Reason])?;
        scene.note("why", &self.why);
        scene.case.verdict = None;
        scene.moment(Moment::Reopened);
        scene.tell_reporter(ReporterText::Reopened, None);
        scene.write_advisory();
        Ok(Done::saying("Reopened. The reporter is told.").then("`/checklist`"))
    }
}

const DUPLICATE: Verb = Verb {
    name: "duplicate",
    usage: "/duplicate CASE|GHSA",
    help: "Says that another case, or a published advisory, has the same subject; its finders are credited there as well.",
    who: &[Role::Coordinator],
    examples: &["/duplicate SEC-2025-1"],
    read: |arguments| {
        let is_case = arguments.peek().is_some_and(|word| word.to_ascii_uppercase().starts_with("SEC-"));
        Ok(if is_case {
            Box::new(DuplicateOf { case: arguments.case()? })
        } else {
            Box::new(DuplicateOfAdvisory { ghsa: arguments.ghsa()? })
        })
    },
    ..Verb::BLANK
};

struct DuplicateOf {
    case: CaseId,
}

impl Order for DuplicateOf {
    fn mentions(&self, _case: &Case) -> Mentions {
        Mentions { cases: vec![self.case.clone()], ..Mentions::default() }
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if self.case == scene.case.id {
            return Err(Refusal::because("That is this very case.").then("`/duplicate CASE` with the other one"));
        }
        // A case of another repository is none of this desk's business, not even that it exists.
        let other = scene.cases.get(&self.case).filter(|other| other.repository_id == scene.case.repository_id);
        let Some(mut other) = other.cloned() else {
            return Err(Refusal::because("This repository has no such case.").then("`/duplicate CASE`"));
        };
        if let Some(Verdict::Duplicate { of }) = &other.verdict {
            return Err(Refusal::because(format!("{} is itself a duplicate of {of}.", other.id))
                .then(format!("`/duplicate {of}`")));
        }
        scene.step(HandlingEvent::FindDuplicate, &[])?;
        scene.case.verdict = Some(Verdict::Duplicate { of: other.id.clone() });
        other.people.join_credits(&scene.case.people.credits);
        other.state_version = other.state_version.saturating_add(1);
        let finders = other.people.credits.len();
        scene.tell_reporter(ReporterText::Duplicate, None);
        scene.close();
        scene.because("duplicate", format!("of {}, which {finders} people found by now", other.id), None);
        let done = Done::saying(format!(
            "Duplicate of {}, which {finders} people have found by now: the more there are, the sooner it gets out.",
            other.id
        ));
        scene.others.push(other);
        Ok(done)
    }
}

struct DuplicateOfAdvisory {
    ghsa: String,
}

impl Order for DuplicateOfAdvisory {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        scene.step(HandlingEvent::FindDuplicate, &[])?;
        scene.case.verdict = Some(Verdict::Published { ghsa: self.ghsa.clone() });
        scene.tell_reporter(ReporterText::Duplicate, None);
        scene.close();
        Ok(Done::saying(format!("Duplicate of {}. The reporter is told.", self.ghsa)))
    }
}

const UPSTREAM: Verb = Verb {
    name: "upstream",
    usage: "/upstream PROJECT [--shadow]",
    help: "Sends the reporter to the project whose code is at fault, by the policy's address; with --shadow we keep quiet along with them, because we ship a mitigation.",
    who: &[Role::Coordinator],
    examples: &["/upstream python"],
    read: |arguments| {
        let policy = arguments.reading.policy;
        let project = arguments.known(Expected::Project, policy.evaluation.upstream.keys().map(String::as_str))?;
        Ok(Box::new(Upstream { project, shadow: arguments.flag("shadow")? }))
    },
    ..Verb::BLANK
};

struct Upstream {
    project: String,
    shadow: bool,
}

impl Order for Upstream {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let Some(address) = scene.policy.evaluation.upstream.get(&self.project).cloned() else {
            return Err(Refusal::because("The policy has no address for it in `evaluation.upstream`."));
        };
        scene.step(HandlingEvent::PassUpstream, &[])?;
        scene.case.verdict = Some(Verdict::Upstream { project: self.project.clone(), shadow: self.shadow });
        scene.tell_reporter(ReporterText::Upstream { project: self.project.clone(), address: address.clone() }, None);
        scene.because("upstream", format!("{} takes reports at {address}", self.project), Some("evaluation.upstream"));
        scene.close();
        let done = Done::saying(format!("The reporter is sent to {address}."));
        Ok(if self.shadow { done.then("`/embargo until DATE`: until they publish") } else { done })
    }
}

const NOT_SECURITY: Verb = Verb {
    name: "not-security",
    usage: "/not-security",
    help: "Says that the public post which opened the case is no security matter: it comes back as it was.",
    who: &[Role::Triager, Role::Coordinator, Role::SecurityTeam],
    examples: &["/not-security"],
    read: |_| Ok(Box::new(NotSecurity)),
    ..Verb::BLANK
};

struct NotSecurity;

impl Order for NotSecurity {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        if scene.case.restored_at.is_some() {
            return Err(Refusal::because("The public side was restored before."));
        }
        if matches!(scene.case.origin, CaseOrigin::Reported | CaseOrigin::Opened) {
            return Err(Refusal::because("This case did not come from a public post, so nothing is there to restore.")
                .then("`/reject invalid`"));
        }
        if !scene.case.handling.is_undecided() {
            return Err(Refusal::because(format!("The case is {}.", scene.case.handling.word())).then("`/status`"));
        }
        let undo = UndoRedirect { case: scene.case.id.to_string(), by: scene.actor.login.clone() };
        scene.want(&undo);
        Ok(Done::saying("The public side is being restored, and this case is closed."))
    }
}
