//! What is looked up at each scrape. It goes into a recorder of its own, so that nothing stale is ever told: while the
//! database does not answer, its numbers are missing, and an installation that is gone leaves no line behind.

use std::{path::Path, time::Duration};

use jiff::Timestamp;

use super::{Metrics, described};
use crate::{
    domain::{
        case::{Alert, Case, Handling},
        clocks::{Clock, ClockState, RULES},
        record::Record,
    },
    engine::{Engine, chores},
    health::{Condition, Finding, Health},
};

/// Installations whose rate budgets are told one by one: those with the least left.
const MOST_INSTALLATIONS: usize = 20;

/// A database that takes longer does not answer.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything that a scrape tells.
pub struct Scrape {
    metrics: Metrics,
    engine: Engine,
    health: Health,
    started_at: Timestamp,
}

/// What the database told.
struct Kept {
    backlog: crate::store::Backlog,
    alerts_open: usize,
    cases: Vec<Case>,
}

impl Scrape {
    pub(in crate::server) fn new(metrics: Metrics, engine: Engine, health: Health) -> Self {
        let started_at = engine.shop().clock.now();
        Self { metrics, engine, health, started_at }
    }

    /// All metrics in Prometheus' text form.
    pub async fn render(&self) -> String {
        let now = self.engine.shop().clock.now();
        let kept = tokio::time::timeout(DATABASE_TIMEOUT, self.kept(now)).await.ok().flatten();
        let recorder = described();
        metrics::with_local_recorder(&recorder, || {
            self.process();
            self.waiting(kept.as_ref(), now);
            self.conditions(kept.is_some(), now);
            self.budgets(now);
            self.chores(now);
        });
        self.metrics.render() + &recorder.handle().render()
    }

    async fn kept(&self, now: Timestamp) -> Option<Kept> {
        let store = &self.engine.shop().store;
        let backlog = store.backlog(now).await.ok()?;
        let alerts = store.records(Alert::KIND).await.ok()?;
        let is_open = |value: &serde_json::Value| value.get("resolved_at").is_none_or(serde_json::Value::is_null);
        let cases = store.records(Case::KIND).await.ok()?;
        let cases = cases.into_iter().filter_map(|stored| serde_json::from_value(stored.value).ok()).collect();
        let alerts_open = alerts.iter().filter(|alert| is_open(&alert.value)).count();
        Some(Kept { backlog, alerts_open, cases })
    }

    fn process(&self) {
        metrics::gauge!("embargod_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        metrics::gauge!("process_start_time_seconds").set(self.started_at.as_millisecond() as f64 / 1_000.0);
        if let Some(bytes) = resident_bytes() {
            metrics::gauge!("process_resident_memory_bytes").set(bytes);
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            metrics::gauge!("process_open_fds").set(open.count() as f64);
        }
    }

    fn waiting(&self, kept: Option<&Kept>, now: Timestamp) {
        let Some(Kept { backlog, alerts_open, cases }) = kept else {
            return;
        };
        let age_ms = |since: Option<Timestamp>| since.map_or(0, |at| now.duration_since(at).as_millis().max(0)) as f64;
        metrics::gauge!("embargod_deliveries_waiting").set(backlog.deliveries_waiting as f64);
        metrics::gauge!("embargod_delivery_oldest_age_ms").set(age_ms(backlog.oldest_delivery_at));
        metrics::gauge!("embargod_deliveries_parked").set(backlog.deliveries_parked as f64);
        metrics::gauge!("embargod_effects_waiting").set(backlog.effects_waiting as f64);
        metrics::gauge!("embargod_effect_oldest_age_ms").set(age_ms(backlog.oldest_effect_at));
        metrics::gauge!("embargod_effects_dead").set(backlog.effects_dead as f64);
        metrics::gauge!("embargod_alerts_open").set(*alerts_open as f64);
        count_cases(cases);
    }

    fn conditions(&self, database_answers: bool, now: Timestamp) {
        let database =
            if database_answers { Finding::ok() } else { Finding::because(Condition::Failed, "it does not answer") };
        let report = self.health.report(now, database);
        metrics::gauge!("embargod_ready").set(if report.ready { 1.0 } else { 0.0 });
        for (name, check) in report.checks {
            metrics::gauge!("embargod_check_state", "check" => name).set(f64::from(check.state.rank()));
        }
    }

    fn budgets(&self, now: Timestamp) {
        let github = &self.engine.shop().github;
        for (name, left) in github.least_budget_left() {
            metrics::gauge!("embargod_github_budget_left_ratio", "resource" => resource(&name)).set(left);
        }
        for (installation, budget) in github.tightest_budgets(now, MOST_INSTALLATIONS) {
            let labels =
                [("installation", installation.to_string()), ("resource", resource(&budget.resource).to_owned())];
            metrics::gauge!("embargod_github_budget_remaining", &labels).set(budget.remaining as f64);
            metrics::gauge!("embargod_github_budget_limit", &labels).set(budget.limit as f64);
        }
    }

    fn chores(&self, now: Timestamp) {
        let rota = self.engine.rota();
        for chore in chores::all(&chores::Intervals::default()) {
            if let Some(done_at) = rota.done_at(chore.name()).filter(|_| rota.holds_office()) {
                let age_ms = now.duration_since(done_at).as_millis().max(0);
                metrics::gauge!("embargod_chore_last_success_age_ms", "chore" => chore.name()).set(age_ms as f64);
            }
        }
    }
}

/// Zeros are told as well, so that a zero is a zero.
fn count_cases(cases: &[Case]) {
    for handling in Handling::ALL.into_iter().filter(|handling| !handling.is_closed()) {
        let open = cases.iter().filter(|case| case.handling == handling).count();
        metrics::gauge!("embargod_cases_open", "handling" => handling.word()).set(open as f64);
    }
    for rule in RULES {
        let late = |clock: &&Clock| clock.name == rule.name && clock.state == ClockState::Breached && clock.is_open();
        let late = cases.iter().flat_map(|case| &case.clocks).filter(late).count();
        metrics::gauge!("embargod_clocks_breached", "clock" => rule.name).set(late as f64);
    }
}

/// GitHub's word for a limit, if it is one of those that we use: others are not ours to believe as a label.
fn resource(name: &str) -> &'static str {
    match name {
        "core" => "core",
        "graphql" => "graphql",
        "search" => "search",
        _ => "other",
    }
}

/// Memory of this process that is in use (`VmRSS` of proc(5)); `None` on systems without it.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1024) as f64)
}
