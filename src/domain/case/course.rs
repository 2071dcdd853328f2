//! The way of a case: how it is opened, what it counts as public, and the few doors through which its states change.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    AdvisoryLink, Case, CaseId, CaseOrigin, Credit, Desk, EMBARGO, Embargo, EmbargoEvent, EmbargoState, ExitCause,
    Exposure, ExposureBit, HANDLING, Handling, HandlingEvent, Standing,
    assessment::Assessment,
    people::People,
    transition::{Need, NoStep, step},
};
use crate::domain::{
    clocks::Moment,
    policy::Policy,
    post::{Account, RepoName},
};

/// The few facts that a new case starts from.
pub struct Opening {
    /// Its number.
    pub id: CaseId,
    /// The repository it concerns.
    pub repository: RepoName,
    /// The repository's number.
    pub repository_id: u64,
    /// The installation through which it is reached.
    pub installation_id: u64,
    /// Why it exists.
    pub origin: CaseOrigin,
    /// Who reported it.
    pub reporter: Account,
    /// When the report reached the project.
    pub reported_at: Timestamp,
    /// Where people talk about it.
    pub desk: Desk,
}

impl Case {
    /// Opens a case and starts its clocks. A report that was there before keeps its true age.
    pub fn open(opening: Opening, policy: &Policy, now: Timestamp) -> Self {
        let Opening { id, repository, repository_id, installation_id, origin, reporter, reported_at, desk } = opening;
        let finder = Credit { finder: Some(reporter.login.clone()), named: None };
        let mut case = Self {
            id,
            repository,
            repository_id,
            installation_id,
            origin,
            opened_at: now,
            policy_version: policy.version.clone(),
            reporter,
            handling: Handling::Received,
            exposure: Exposure::default(),
            desk,
            advisory: None,
            posts: Vec::new(),
            restored_at: None,
            reported_at: Some(reported_at.min(now)),
            state_version: 0,
            verdict: None,
            exposure_ruling: None,
            leak_suspected_at: None,
            embargo: Embargo::default(),
            assessment: Assessment::default(),
            people: People { credits: vec![finder], ..People::default() },
            clocks: Vec::new(),
            pending: Vec::new(),
            undoable: None,
        };
        case.pass(&[Moment::Opened], policy, now);
        case
    }

    /// GitHub's number of the case's advisory: that of the desk, or of the one beside it.
    pub fn ghsa(&self) -> Option<&str> {
        match &self.desk {
            Desk::Advisory { ghsa, .. } => Some(ghsa),
            _ => self.advisory.as_ref().map(|advisory| advisory.ghsa.as_str()),
        }
    }

    /// Moves the desk; an advisory that was the desk stays the case's advisory.
    pub fn move_desk(&mut self, to: Desk) {
        if let Desk::Advisory { ghsa, url } = std::mem::replace(&mut self.desk, to) {
            self.advisory = Some(AdvisoryLink { ghsa, url });
        }
    }

    /// When the report reached the project; the age of a case counts from here.
    pub fn age_since(&self) -> Timestamp {
        self.reported_at.unwrap_or(self.opened_at)
    }

    /// The exposure that counts: without what a person found to be vague.
    pub fn known_exposure(&self) -> Exposure {
        let vague = self.exposure_ruling.is_some_and(|ruling| ruling.vague);
        Exposure { public: self.exposure.public.filter(|_| !vague), ..self.exposure }
    }

    /// Whether an embargo is out of the question: public, exploited, or an exploit is public.
    pub fn is_exposed(&self) -> bool {
        let known = self.known_exposure();
        known.public.is_some() || known.exploit_public.is_some() || known.attacked.is_some()
    }

    /// Sets an exposure bit as first seen at `at`. A ruling about earlier words covers no new ones. Where that makes an
    /// embargo impossible, the embargo ends with `cause`; says whether one did.
    pub fn expose(&mut self, bit: ExposureBit, at: Timestamp, cause: ExitCause) -> bool {
        let before = Standing::of(self);
        self.exposure = self.exposure.merged(Exposure::of(bit, at));
        if bit == ExposureBit::Public {
            self.exposure_ruling = None;
        }
        if bit == ExposureBit::FixPublic && self.embargo.state.is_running() {
            // A public fix tells what was wrong: the matter is public with it.
            self.exposure = self.exposure.merged(Exposure::of(ExposureBit::Public, at));
        }
        let ended = self.is_exposed() && self.embargo.exit(cause, at);
        if Standing::of(self) != before {
            self.state_version = self.state_version.saturating_add(1);
        }
        ended
    }

    /// Takes in that more of the same was seen in public at `at`. While an embargo runs, people decide first whether that
    /// ends it: whoever posts must not be able to. Otherwise it counts as public until somebody rules otherwise.
    pub fn sighted(&mut self, at: Timestamp, policy: &Policy, now: Timestamp) {
        if self.embargo.state.is_running() {
            if self.leak_suspected_at.is_none() {
                self.leak_suspected_at = Some(now);
                self.pass(&[Moment::LeakSuspected], policy, now);
                self.state_version = self.state_version.saturating_add(1);
            }
        } else {
            self.expose(ExposureBit::Public, at, ExitCause::PublicReport);
        }
    }

    /// Whether a need holds that the record itself can answer; the others are answered by `known`.
    pub fn holds(&self, need: Need, policy: &Policy, known: &[Need]) -> bool {
        match need {
            Need::ChecklistComplete => super::rating::open_items(self, policy).is_empty(),
            Need::Classified => !self.assessment.classes.is_empty(),
            Need::AffectsNamed => !self.assessment.affects.is_empty(),
            Need::MainOnly => self.assessment.is_main_only(),
            Need::NotMainOnly => !self.assessment.is_main_only(),
            Need::NotExposed => !self.is_exposed(),
            Need::PartiesAgree => self.embargo.parties_agree(),
            Need::NoEmbargo => !self.embargo.state.is_running(),
            Need::CveSettled => !self.assessment.has_open_cve(),
            Need::Reason
            | Need::SecondPerson
            | Need::DateAllowed
            | Need::PatchesFrozen
            | Need::Rehearsed
            | Need::NothingPublic
            | Need::AllStepsDone => known.contains(&need),
        }
    }

    /// Moves the handling along its table. `known` are the needs that hold and that the record cannot tell.
    ///
    /// # Errors
    /// [`NoStep`], and nothing changes.
    pub fn move_handling(&mut self, event: HandlingEvent, policy: &Policy, known: &[Need]) -> Result<(), NoStep> {
        self.handling = step(HANDLING, self.handling, event, |need| self.holds(need, policy, known))?;
        Ok(())
    }

    /// Moves the embargo along its table.
    ///
    /// # Errors
    /// [`NoStep`], and nothing changes.
    pub fn move_embargo(
        &mut self,
        event: EmbargoEvent,
        policy: &Policy,
        known: &[Need],
    ) -> Result<EmbargoState, NoStep> {
        let state = step(EMBARGO, self.embargo.state, event, |need| self.holds(need, policy, known))?;
        self.embargo.state = state;
        Ok(state)
    }

    /// Ends the embargo of a case that is over, and counts a new state version where anything changed since `before`.
    pub fn settle(&mut self, before: &Standing, now: Timestamp) {
        let over = self.handling.is_closed() || self.handling == Handling::PublicFix;
        let shadowed = matches!(self.verdict, Some(super::Verdict::Upstream { shadow: true, .. }));
        if over && !shadowed {
            self.embargo.exit(ExitCause::Abandoned, now);
        }
        if Standing::of(self) != *before {
            self.state_version = self.state_version.saturating_add(1);
        }
    }

    /// The day of the pinned set of supported series: that of the acceptance, else today, in UTC.
    pub fn support_day(&self, now: Timestamp) -> jiff::civil::Date {
        let at = match &self.verdict {
            Some(super::Verdict::Accepted { at, .. }) => *at,
            _ => now,
        };
        at.to_zoned(TimeZone::UTC).date()
    }
}
