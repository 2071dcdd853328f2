//! A case as scripts see it: the object of `embargod case show ID --json`. Its keys change only with a migration note.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Case, Desk, Exposure, card, rating::severity};
use crate::domain::{
    clocks::ClockState,
    policy::{Policy, SeverityLevel},
};

/// The desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeskView {
    /// `advisory`, `repository`, `pending` or `none`.
    pub kind: &'static str,
    /// Its web address.
    pub url: Option<String>,
}

/// The embargo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmbargoView {
    /// `none`, `proposed`, `active`, `revising` or `exited`.
    pub state: &'static str,
    /// Its end.
    pub until: Option<Timestamp>,
    /// Why it ended.
    pub cause: Option<&'static str>,
}

/// A clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockView {
    /// Its name.
    pub name: String,
    /// When time runs out.
    pub due: Timestamp,
    /// How it stands.
    pub state: ClockState,
    /// When what it asked for happened.
    pub met_at: Option<Timestamp>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// Its number.
    pub case: String,
    /// The repository it concerns.
    pub repository: String,
    /// GitHub's number of its advisory.
    pub ghsa: Option<String>,
    /// Where people talk about it.
    pub desk: DeskView,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The policy to which it is pinned.
    pub policy: String,
    /// Where the handling stands.
    pub handling: &'static str,
    /// The embargo.
    pub embargo: EmbargoView,
    /// What the world knows, as far as it counts.
    pub exposure: Exposure,
    /// Classes of weakness.
    pub class: Vec<String>,
    /// How bad.
    pub severity: Option<SeverityLevel>,
    /// CVE ids.
    pub cve: Vec<String>,
    /// Affected series.
    pub affects: Vec<String>,
    /// Series that are not affected, and why.
    pub not_affected: BTreeMap<String, &'static str>,
    /// Who steers the case, by login.
    pub coordinator: Option<String>,
    /// Clocks in the order of their start.
    pub clocks: Vec<ClockView>,
    /// What it waits for.
    pub waiting_for: Vec<String>,
}

impl CaseView {
    /// What scripts see of a case under the policy to which it is pinned.
    pub fn of(case: &Case, policy: &Policy) -> Self {
        let kind = match &case.desk {
            Desk::Pending => "pending",
            Desk::Advisory { .. } => "advisory",
            Desk::Issue { .. } => "repository",
            Desk::AlertOnly => "none",
        };
        let assessment = &case.assessment;
        Self {
            case: case.id.to_string(),
            repository: case.repository.to_string(),
            ghsa: case.ghsa().map(str::to_owned),
            desk: DeskView { kind, url: card::desk_url(case).map(str::to_owned) },
            opened_at: case.opened_at,
            policy: case.policy_version.clone(),
            handling: case.handling.word(),
            embargo: EmbargoView {
                state: case.embargo.state.word(),
                until: case.embargo.until,
                cause: case.embargo.cause.map(super::ExitCause::word),
            },
            exposure: case.known_exposure(),
            class: assessment.classes.iter().cloned().collect(),
            severity: severity(case, policy).level,
            cve: assessment.cve.iter().filter_map(|cve| cve.id.clone()).collect(),
            affects: assessment.affects.iter().cloned().collect(),
            not_affected: assessment.not_affected.iter().map(|(name, why)| (name.clone(), why.word())).collect(),
            coordinator: case.people.coordinator.as_ref().map(|person| person.login.clone()),
            clocks: case
                .clocks
                .iter()
                .map(|clock| ClockView {
                    name: clock.name.clone(),
                    due: clock.due,
                    state: clock.state,
                    met_at: clock.met_at,
                })
                .collect(),
            waiting_for: card::duties(case, policy).into_iter().map(|duty| duty.what).collect(),
        }
    }
}
