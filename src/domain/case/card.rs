//! The card of a case: where it stands, its clocks, what is missing, and who does what next. Pure rendering to Markdown,
//! for `/status` and for the comment at the top of a desk.

use jiff::Timestamp;

use super::{
    Case, CaseOrigin, Desk, EmbargoState, Handling, ItemVerdict, Waits, open_items,
    rating::{severity, severity_word},
};
use crate::domain::{
    clocks::{Clock, ClockState, rule},
    policy::Policy,
    release_checks::{Proof, markdown},
};

/// Something that has to be done about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Who does it: "a triager", "the reporter", "@cora".
    pub who: String,
    /// What, as a noun phrase: "a person's answer to the reporter".
    pub what: String,
    /// The command for it, where there is one.
    pub command: Option<String>,
}

/// What a case waits for, the most urgent first.
pub fn duties(case: &Case, policy: &Policy) -> Vec<Duty> {
    let coordinator = case.people.coordinator.as_ref().map_or("a coordinator".to_owned(), |p| format!("@{}", p.login));
    let mut duties = Vec::new();
    let mut duty = |who: &str, what: &str, command: Option<String>| {
        duties.push(Duty { who: who.to_owned(), what: what.to_owned(), command });
    };
    let over = case.handling.is_closed() || case.restored_at.is_some();
    if !over && case.leak_suspected_at.is_some() {
        let command = "/leak WHERE -- what, or /leak not-observed -- why".to_owned();
        duty("the security team", "a decision whether it leaked", Some(command));
    }
    if !over && case.exposure.public.is_some() && case.exposure_ruling.is_none() && case.handling.is_undecided() {
        duty(&coordinator, "a decision how much got out", Some("/exposure vague, or /exposure full".to_owned()));
    }
    if case.handling == Handling::Received && case.restored_at.is_none() {
        duty("a triager", "a person's answer to the reporter", Some("/ack".to_owned()));
        match case.origin {
            CaseOrigin::Shielded => duty("a maintainer", "deletion of the old text from the edit history", None),
            CaseOrigin::Replied | CaseOrigin::PullRequest | CaseOrigin::MaintainersPost => {
                duty("a maintainer", "a maintainer's choice about the public post", None);
            }
            CaseOrigin::Reported | CaseOrigin::Opened => {}
        }
    }
    if !over && case.people.coordinator.is_none() && case.handling != Handling::Released {
        duty("the security team", "a coordinator", Some("/assign @login".to_owned()));
    }
    if !over && case.people.asked_reporter_at.is_some() {
        duty("the reporter", "the reporter's answer", None);
    }
    if matches!(case.handling, Handling::Acknowledged | Handling::Triage) {
        evaluation(case, policy, &coordinator, &mut duty);
    }
    if case.handling.is_in_work() {
        work(case, &coordinator, &mut duty);
    }
    if case.handling == Handling::PublicFix {
        duty("a fixer", "a fix in public", None);
    }
    if matches!(case.handling, Handling::Released | Handling::Rejected) && case.assessment.has_open_cve() {
        duty(&coordinator, "the CVE id published or given back", Some("/cve published, or /cve reject".to_owned()));
    }
    duties
}

fn evaluation(case: &Case, policy: &Policy, coordinator: &str, duty: &mut impl FnMut(&str, &str, Option<String>)) {
    let main_only = case.assessment.is_main_only();
    let open: Vec<&str> = open_items(case, policy).into_iter().map(|item| item.id.as_str()).collect();
    if let Some(first) = open.first().filter(|_| !main_only) {
        let what = format!("the checklist: {}", open.join(", "));
        duty("a triager", &what, Some(format!("/check {first} yes|no|unknown -- evidence")));
    }
    if case.assessment.classes.is_empty() && !main_only {
        duty(coordinator, "a class", Some("/class NAME".to_owned()));
    }
    if case.assessment.affects.is_empty() {
        duty(coordinator, "the affected series", Some("/affects main SERIES…".to_owned()));
    }
    let ready = open.is_empty() && !case.assessment.classes.is_empty() && !case.assessment.affects.is_empty();
    if ready || main_only {
        duty(coordinator, "a decision", Some("/accept, or /reject REASON".to_owned()));
    }
}

fn work(case: &Case, coordinator: &str, duty: &mut impl FnMut(&str, &str, Option<String>)) {
    if case.embargo.state == EmbargoState::None && !case.is_exposed() {
        duty(coordinator, "a date", Some("/embargo until DATE".to_owned()));
    }
    if case.embargo.state == EmbargoState::Revising || case.embargo.state == EmbargoState::Proposed {
        duty("the parties", "their consent to the date", None);
    }
    if case.is_exposed() {
        duty("the release manager", "a release at once", None);
    } else if matches!(case.handling, Handling::Accepted | Handling::Fixing) {
        duty("a fixer", "a fix for each affected series", None);
    }
    if case.assessment.cve.is_empty() {
        duty(coordinator, "a CVE id", Some("/cve request".to_owned()));
    }
    if case.people.credits.iter().any(|credit| credit.named.is_none()) {
        duty(coordinator, "how the finders want to be credited", Some("/credit @login|\"name\"|anonymous".to_owned()));
    }
}

/// A span as people read it: "2 d 4 h", "35 min".
pub fn span_words(seconds: i64) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) if minutes > 0 => format!("{hours} h {minutes} min"),
        (0, _) => format!("{hours} h"),
        (_, 0) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

/// An instant as people read it: "2026-11-21 13:00 UTC".
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn clock_row(clock: &Clock, now: Timestamp) -> String {
    let left = clock.due.duration_since(now).as_secs();
    let remaining = match clock.state {
        ClockState::Running => format!("{} left", span_words(left)),
        ClockState::Paused => {
            let since = clock.paused_at.unwrap_or(now);
            format!("paused, {} left", span_words(clock.due.duration_since(since).as_secs()))
        }
        ClockState::Breached if clock.met_at.is_none() => format!("**{} over**", span_words(left)),
        ClockState::Breached => "late".to_owned(),
        ClockState::Met => clock.met_at.map_or("met".to_owned(), |at| format!("met {}", utc(at))),
        ClockState::Cancelled => "no longer needed".to_owned(),
    };
    let asks = rule(&clock.name).map_or(clock.name.as_str(), |rule| rule.asks);
    let source = match &clock.source.sentence {
        Some(sentence) => format!("`{}`: {sentence}", clock.source.key),
        None => format!("`{}`", clock.source.key),
    };
    format!("| {} | {asks} | {} | {remaining} | {source} |\n", clock.name.replace('_', " "), utc(clock.due))
}

/// The card; `proof` is what is known of the fix.
pub fn render(case: &Case, policy: &Policy, proof: Option<&Proof>, now: Timestamp) -> String {
    let mut text = format!("### {}: {}\n\n", case.id, composite(case));
    text.push_str(&format!(
        "Open for {} (since {}), policy `{}`, coordinator {}.\n\n",
        span_words(now.duration_since(case.age_since()).as_secs()),
        utc(case.age_since()),
        case.policy_version,
        case.people.coordinator.as_ref().map_or("nobody yet".to_owned(), |person| format!("@{}", person.login)),
    ));
    text.push_str(&facts(case, policy));
    let open: Vec<&Clock> = case.clocks.iter().filter(|clock| clock.is_open()).collect();
    if !open.is_empty() {
        text.push_str("| clock | asks that | until | | comes from |\n|---|---|---|---|---|\n");
        for clock in open {
            text.push_str(&clock_row(clock, now));
        }
        text.push('\n');
    }
    if let Some(proof) = proof {
        text.push_str(&format!("**Coverage**\n\n{}\n", markdown(proof)));
    }
    text.push_str(&next(case, policy, now));
    text
}

fn facts(case: &Case, policy: &Policy) -> String {
    let assessment = &case.assessment;
    let list = |items: Vec<String>| if items.is_empty() { "–".to_owned() } else { items.join(", ") };
    let rating = severity(case, policy);
    let level = rating.level.map_or("–", severity_word);
    let set = if rating.is_overridden() { " (set by two people)" } else { "" };
    let embargo = match (case.embargo.state, case.embargo.until, case.embargo.cause) {
        (EmbargoState::Exited, _, Some(cause)) => format!("ended ({})", cause.word().replace('_', " ")),
        (state, Some(until), _) => format!("{} until {}", state.word(), utc(until)),
        (state, ..) => state.word().to_owned(),
    };
    let known = case.known_exposure();
    let seen = [
        ("public", known.public),
        ("exploit public", known.exploit_public),
        ("attacked", known.attacked),
        ("prenotified", known.prenotified),
        ("fix public", known.fix_public),
    ];
    let seen = seen.iter().filter_map(|(word, at)| at.map(|at| format!("{word} since {}", utc(at)))).collect();
    let cve = assessment.cve.iter().map(|cve| cve.id.clone().unwrap_or("asked for".to_owned())).collect();
    let not_affected = assessment.not_affected.keys().cloned().collect();
    let answered = policy
        .evaluation
        .checklist
        .iter()
        .filter(|item| assessment.answers.get(&item.id).is_some_and(|answer| answer.verdict == ItemVerdict::Yes));
    format!(
        "- class {}; severity {level}{set}; CVSS {}; CVE {}\n- affects {}; not affected {}\n- embargo {embargo}; exposure {}\n- \
         checklist {} of {}\n\n",
        list(assessment.classes.iter().cloned().collect()),
        assessment.cvss.as_deref().map_or("–".to_owned(), |vector| format!("`{vector}`")),
        list(cve),
        list(assessment.affects.iter().cloned().collect()),
        list(not_affected),
        list(seen),
        answered.count(),
        policy.evaluation.checklist.len(),
    )
}

fn next(case: &Case, policy: &Policy, now: Timestamp) -> String {
    let mut text = String::new();
    for pending in case.pending.iter().filter(|pending| pending.expires_at() > now) {
        let whom = match pending.waits {
            Waits::ForSecondPerson => format!("somebody else than @{}", pending.by.login),
            Waits::BecauseLate => "anybody who may".to_owned(),
        };
        let left = span_words(pending.expires_at().duration_since(now).as_secs());
        text.push_str(&format!("- `/confirm {}`: /{} waits for {whom}, {left} left\n", pending.code, pending.verb));
    }
    for duty in duties(case, policy) {
        let command = duty.command.map_or(String::new(), |command| format!(": `{command}`"));
        text.push_str(&format!("- {} ({}){command}\n", duty.what, duty.who));
    }
    if text.is_empty() {
        return "Nothing is waiting.\n".to_owned();
    }
    format!("**Next**\n\n{text}")
}

/// The name of the whole standing for people: `embargoed` for an accepted case under embargo, and so on.
pub fn composite(case: &Case) -> &'static str {
    let in_force = case.embargo.state.is_in_force();
    match case.handling {
        Handling::Accepted | Handling::Fixing | Handling::Ready if in_force => {
            if case.exposure.prenotified.is_some() {
                "prenotified"
            } else {
                "embargoed"
            }
        }
        Handling::PublicFix => "to be mended in public",
        handling => handling.word(),
    }
}

/// The address of a case's desk, where it has one.
pub fn desk_url(case: &Case) -> Option<&str> {
    match &case.desk {
        Desk::Advisory { url, .. } | Desk::Issue { url, .. } => Some(url),
        Desk::Pending | Desk::AlertOnly => None,
    }
}
