//! The clocks as data.

use jiff::{SignedDuration, Timestamp};

use super::{ClockSource, Moment, Rung, acknowledgment_due, tick::When};
use crate::domain::{
    case::{Case, EmbargoState},
    policy::{Policy, sentence},
};

/// How long people have to say whether a suspected leak is one.
const DECIDE_LEAK_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// How long parties have to agree to a date. Silence is a no.
const CONSENT_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Within how many hours a CVE record should be public (CNA Operational Rules 4.5.1.3).
const CVE_EXPECTED: SignedDuration = SignedDuration::from_hours(24);

/// One clock: what starts and stops it, how long it runs, whom it reminds.
pub struct ClockRule {
    /// The name for scripts.
    pub name: &'static str,
    /// What has to happen in time, as the card says it: "answer the reporter".
    pub asks: &'static str,
    /// The command that does it, where there is one.
    pub command: Option<&'static str>,
    /// The policy's key that sets the time, or the rule of the program.
    pub key: fn(&Policy) -> &'static str,
    /// Starts it, or starts it anew.
    pub started_by: &'static [Moment],
    /// What it asks for.
    pub met_by: &'static [Moment],
    /// Makes it pointless.
    pub cancelled_by: &'static [Moment],
    /// Lets time stand still.
    pub paused_by: &'static [Moment],
    /// Lets time go on.
    pub resumed_by: &'static [Moment],
    /// When time runs out for a clock started now; `None` where the case has no such clock.
    pub due: fn(&Case, &Policy, Timestamp) -> Option<Timestamp>,
    /// Who is told when, in the order of time.
    pub ladder: &'static [(Rung, When)],
}

impl ClockRule {
    /// Where the clock comes from under a policy.
    pub fn source(&self, policy: &Policy) -> ClockSource {
        let key = (self.key)(policy);
        ClockSource { key: key.to_owned(), sentence: sentence(policy, key) }
    }
}

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static ClockRule> {
    RULES.iter().find(|rule| rule.name == name).copied()
}

/// Every clock. A feature that brings one adds a line.
pub const RULES: &[&ClockRule] = &[
    &ACKNOWLEDGMENT,
    &IDLE_COORDINATOR,
    &REPORTER_SILENCE,
    &STALL,
    &RESOLVE,
    &EMBARGO_END,
    &CONSENT,
    &LEAK_DECISION,
    &CVE_EXPECTED_CLOCK,
    &CVE_PUBLISH,
];

fn days(from: Timestamp, days: u32) -> Option<Timestamp> {
    from.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok()
}

/// A blank rule to write the others from.
const BLANK: ClockRule = ClockRule {
    name: "",
    asks: "",
    command: None,
    key: |_| "",
    started_by: &[],
    met_by: &[],
    cancelled_by: &[Moment::Closed],
    paused_by: &[],
    resumed_by: &[],
    due: |_, _, _| None,
    ladder: &[],
};

const ACKNOWLEDGMENT: ClockRule = ClockRule {
    name: "acknowledgment",
    asks: "a person answers the reporter",
    command: Some("/ack"),
    key: |policy| match policy.acknowledgment.within() {
        crate::domain::policy::Within::Hours(_) => "acknowledgment.within_hours",
        crate::domain::policy::Within::WorkingDays(_) => "acknowledgment.within_working_days",
    },
    started_by: &[Moment::Opened],
    met_by: &[Moment::Acknowledged],
    due: |case, policy, _| Some(acknowledgment_due(case.age_since(), &policy.acknowledgment)),
    ladder: &[
        (Rung::Desk, When::Part(50)),
        (Rung::Coordinator, When::Part(75)),
        (Rung::Team, When::After(0)),
        (Rung::Page, When::After(24)),
    ],
    ..BLANK
};

const IDLE_COORDINATOR: ClockRule = ClockRule {
    name: "idle_coordinator",
    asks: "somebody takes the case",
    command: Some("/assign @login"),
    key: |_| "clocks.idle_coordinator_days",
    started_by: &[Moment::Opened, Moment::Unassigned, Moment::Reopened],
    met_by: &[Moment::Assigned],
    cancelled_by: &[Moment::Closed, Moment::Disclosed],
    due: |case, policy, now| {
        let idle = case.people.coordinator.is_none();
        idle.then(|| days(now, policy.clocks.idle_coordinator_days)).flatten()
    },
    ladder: &[(Rung::Desk, When::After(0)), (Rung::Team, When::After(24)), (Rung::Page, When::After(72))],
    ..BLANK
};

const REPORTER_SILENCE: ClockRule = ClockRule {
    name: "reporter_silence",
    asks: "the reporter answers the question",
    key: |_| "clocks.reporter_silence_days",
    started_by: &[Moment::AskedReporter],
    met_by: &[Moment::ReporterAnswered],
    cancelled_by: &[Moment::Closed, Moment::Disclosed],
    due: |_, policy, now| days(now, policy.clocks.reporter_silence_days),
    ladder: &[(Rung::Desk, When::Part(50)), (Rung::Coordinator, When::After(0))],
    ..BLANK
};

const STALL: ClockRule = ClockRule {
    name: "stall",
    asks: "somebody takes the next step",
    command: Some("/status"),
    key: |_| "clocks.stall_days",
    started_by: &[Moment::Opened, Moment::Stepped, Moment::ReporterAnswered, Moment::Reopened],
    cancelled_by: &[Moment::Closed, Moment::Disclosed],
    due: |case, policy, now| {
        let open = !case.handling.is_closed() && case.handling != crate::domain::case::Handling::Released;
        open.then(|| days(now, policy.clocks.stall_days)).flatten()
    },
    ladder: &[
        (Rung::Coordinator, When::After(0)),
        (Rung::Team, When::After(7 * 24)),
        (Rung::Page, When::After(14 * 24)),
    ],
    ..BLANK
};

const RESOLVE: ClockRule = ClockRule {
    name: "resolve",
    asks: "the report is resolved",
    key: |_| "clocks.resolve_days",
    started_by: &[Moment::Opened, Moment::Reopened],
    met_by: &[Moment::Closed, Moment::Disclosed],
    cancelled_by: &[],
    paused_by: &[Moment::AskedReporter],
    resumed_by: &[Moment::ReporterAnswered],
    due: |case, policy, _| days(case.age_since(), policy.clocks.resolve_days),
    ladder: &[
        (Rung::Desk, When::Part(50)),
        (Rung::Coordinator, When::Before(14 * 24)),
        (Rung::Team, When::After(0)),
        (Rung::Page, When::After(7 * 24)),
    ],
    ..BLANK
};

const EMBARGO_END: ClockRule = ClockRule {
    name: "embargo_end",
    asks: "the fix is released",
    key: |_| "embargo: the date that was set",
    started_by: &[Moment::EmbargoDated],
    cancelled_by: &[Moment::EmbargoOver],
    due: |case, _, _| {
        let dated = case.embargo.state != EmbargoState::None && case.embargo.state != EmbargoState::Exited;
        case.embargo.until.filter(|_| dated)
    },
    ladder: &[
        (Rung::Desk, When::Before(14 * 24)),
        (Rung::Coordinator, When::Before(7 * 24)),
        (Rung::Team, When::Before(24)),
        (Rung::Page, When::After(0)),
    ],
    ..BLANK
};

const CONSENT: ClockRule = ClockRule {
    name: "consent",
    asks: "the parties answer about the date",
    key: |_| "embargo: silence of a party is a no",
    started_by: &[Moment::ConsentAsked],
    met_by: &[Moment::ConsentSettled],
    cancelled_by: &[Moment::EmbargoOver],
    due: |_, _, now| now.checked_add(CONSENT_WITHIN).ok(),
    ladder: &[(Rung::Coordinator, When::Part(50)), (Rung::Desk, When::After(0))],
    ..BLANK
};

const LEAK_DECISION: ClockRule = ClockRule {
    name: "leak_decision",
    asks: "somebody says whether it leaked",
    command: Some("/leak WHERE -- what, or /leak not-observed -- why"),
    key: |_| "embargo: what is public ends it",
    started_by: &[Moment::LeakSuspected],
    met_by: &[Moment::LeakDecided],
    cancelled_by: &[Moment::Closed, Moment::Disclosed],
    due: |_, _, now| now.checked_add(DECIDE_LEAK_WITHIN).ok(),
    ladder: &[
        (Rung::Desk, When::Part(0)),
        (Rung::Coordinator, When::Part(25)),
        (Rung::Team, When::Part(50)),
        (Rung::Page, When::After(0)),
    ],
    ..BLANK
};

const CVE_EXPECTED_CLOCK: ClockRule = ClockRule {
    name: "cve_expected",
    asks: "the CVE record is published",
    command: Some("/cve published CVE-…"),
    key: |_| "CNA Operational Rules 4.5.1.3",
    started_by: &[Moment::Disclosed, Moment::CveOwed],
    met_by: &[Moment::CveSettled],
    cancelled_by: &[],
    due: |case, _, now| {
        let owed = case.assessment.has_open_cve();
        owed.then(|| now.checked_add(CVE_EXPECTED).ok()).flatten()
    },
    ladder: &[(Rung::Coordinator, When::After(0))],
    ..BLANK
};

const CVE_PUBLISH: ClockRule = ClockRule {
    name: "cve_publish",
    key: |_| "clocks.cve_publish_hours",
    due: |case, policy, now| {
        let within = SignedDuration::from_hours(i64::from(policy.clocks.cve_publish_hours));
        case.assessment.has_open_cve().then(|| now.checked_add(within).ok()).flatten()
    },
    ladder: &[(Rung::Coordinator, When::Before(24)), (Rung::Team, When::Before(6)), (Rung::Page, When::After(0))],
    ..CVE_EXPECTED_CLOCK
};
