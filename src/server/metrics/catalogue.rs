//! Every metric with its meaning. `docs/metrics.md` holds the same table; tests hold both against each other and against
//! what is really told.

/// What sort of number it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows, from zero at start.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, with the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its sort.
    pub kind: Kind,
    /// What it counts in.
    pub unit: &'static str,
    /// Names of its labels. Their values are constant words, statuses, versions or numbers of installations.
    pub labels: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, unit, labels, meaning }
}

/// From half a millisecond to ten seconds: an acknowledgment, a commit, a request.
const QUICK_MS: &[f64] =
    &[0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0];
/// From an instant to an hour: how long words stood in public.
const EXPOSURE_MS: &[f64] = &[25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 5_000.0, 30_000.0, 300_000.0, 3_600_000.0];
/// From a fetch of nothing to the first one of a large history.
const FETCH_MS: &[f64] = &[100.0, 500.0, 1_000.0, 5_000.0, 30_000.0, 60_000.0, 300_000.0, 1_800_000.0];
/// As the schedule of retries has its steps.
const ATTEMPTS: &[f64] = &[1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0];
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

use Kind::{Counter, Gauge, Histogram};

/// All of them.
pub const ALL: &[Metric] = &[
    // receiving
    metric(
        "embargod_deliveries_total",
        Counter,
        "requests",
        &["answer"],
        "Requests to `/webhook` by the status of their answer",
    ),
    metric(
        "embargod_accepts_total",
        Counter,
        "requests",
        &["result"],
        "The same by what became of them: `fresh`, `duplicate`, or why they were refused (`malformed`, `wrong_signature`, \
         `too_slow`, `too_large`, `wrong_type`, `throttled`, `unavailable`)",
    ),
    metric("embargod_deliveries_duplicate_total", Counter, "deliveries", &[], "Deliveries that were durable before"),
    metric(
        "embargod_ack_ms",
        Histogram(QUICK_MS),
        "milliseconds",
        &[],
        "From the end of a request's head to its 202: reading, checking, sealing, the durable commit",
    ),
    metric(
        "embargod_throttled_total",
        Counter,
        "requests",
        &[],
        "Requests answered 429 because their client had got too much wrong, at any door",
    ),
    metric(
        "embargod_throttle_clients",
        Gauge,
        "clients",
        &[],
        "Clients whose failures are being counted; at most 65,537",
    ),
    // the store
    metric(
        "embargod_store_commit_ms",
        Histogram(QUICK_MS),
        "milliseconds",
        &["backend"],
        "Duration of a durable commit, its writes included",
    ),
    metric(
        "embargod_store_batch_jobs",
        Histogram(BATCH),
        "writes",
        &["backend"],
        "Writes that shared one durable commit",
    ),
    // waiting work
    metric(
        "embargod_deliveries_waiting",
        Gauge,
        "deliveries",
        &[],
        "Deliveries in the inbox that wait or are worked on",
    ),
    metric("embargod_delivery_oldest_age_ms", Gauge, "milliseconds", &[], "Age of the oldest of them; 0 without any"),
    metric(
        "embargod_deliveries_parked",
        Gauge,
        "deliveries",
        &[],
        "Deliveries that were given up and wait for a person",
    ),
    metric(
        "embargod_effects_waiting",
        Gauge,
        "effects",
        &[],
        "Effects in the outbox whose instant has come and that wait or run",
    ),
    metric(
        "embargod_effect_oldest_age_ms",
        Gauge,
        "milliseconds",
        &[],
        "Time since the oldest of them could have started; 0 without any",
    ),
    metric("embargod_effects_dead", Gauge, "effects", &[], "Effects that were given up and wait for a person"),
    metric("embargod_alerts_open", Gauge, "alerts", &[], "Alerts to maintainers that are not resolved"),
    // cases
    metric(
        "embargod_cases_open",
        Gauge,
        "cases",
        &["handling"],
        "Cases that are not over, by how far their handling has come",
    ),
    metric(
        "embargod_clocks_breached",
        Gauge,
        "clocks",
        &["clock"],
        "Clocks whose time ran out and that still ask for something",
    ),
    metric(
        "embargod_clock_reminders_total",
        Counter,
        "reminders",
        &["clock", "rung"],
        "Times that people were told in private of what is due: `desk`, `coordinator`, `team`, `page`",
    ),
    metric(
        "embargod_advisory_polls_total",
        Counter,
        "looks",
        &["ended"],
        "Looks at the advisories of a repository by end: `changed`, `quiet`, `failed`, `no_budget`",
    ),
    // deciding and doing
    metric(
        "embargod_delivery_attempts",
        Histogram(ATTEMPTS),
        "tries",
        &["ended"],
        "Tries that a delivery took to its end: `done` or `parked`",
    ),
    metric("embargod_delivery_retries_total", Counter, "tries", &[], "Tries at a delivery that will be made again"),
    metric("embargod_decisions_total", Counter, "decisions", &["outcome"], "Decisions by outcome"),
    metric(
        "embargod_effects_total",
        Counter,
        "tries",
        &["kind", "ended"],
        "Tries at effects by kind and end: `done`, `retry` (again later), `later` (given back untouched), `given_up`",
    ),
    metric(
        "embargod_effect_attempts",
        Histogram(ATTEMPTS),
        "tries",
        &["kind"],
        "Tries that an effect took until it was done or given up",
    ),
    metric(
        "embargod_exposure_ms",
        Histogram(EXPOSURE_MS),
        "milliseconds",
        &[],
        "From the arrival of a delivery to the end of the first call that took its post out of sight",
    ),
    // GitHub
    metric(
        "embargod_github_requests_total",
        Counter,
        "requests",
        &["operation", "method", "status_class"],
        "Requests to GitHub by sort, method and class of status (`none`: no answer)",
    ),
    metric(
        "embargod_github_request_ms",
        Histogram(QUICK_MS),
        "milliseconds",
        &["operation"],
        "Duration of a request to GitHub, its answer read",
    ),
    metric(
        "embargod_github_budget_left_ratio",
        Gauge,
        "0 to 1",
        &["resource"],
        "The least part of its rate budget that any installation has left in a window that is open",
    ),
    metric(
        "embargod_github_budget_remaining",
        Gauge,
        "requests",
        &["installation", "resource"],
        "What is left in the current window of the 20 rate budgets with the smallest part left, as GitHub said last",
    ),
    metric(
        "embargod_github_budget_limit",
        Gauge,
        "requests",
        &["installation", "resource"],
        "What those budgets have in a whole window",
    ),
    // recovery and chores
    metric(
        "embargod_repaired_total",
        Counter,
        "repairs",
        &["kind"],
        "Posts that were missed and taken in by comparing with GitHub, by event; 0 on a healthy day",
    ),
    metric(
        "embargod_retention_dropped_total",
        Counter,
        "rows",
        &["what"],
        "What was cleared away for its age: `body`, `delivery`",
    ),
    metric("embargod_audit_linked_total", Counter, "decisions", &[], "Decisions that were linked into the audit chain"),
    metric(
        "embargod_sealing_key_troubles_total",
        Counter,
        "tries",
        &[],
        "Times that the sealing keys could not be looked after: read anew, or told to the database",
    ),
    metric(
        "embargod_deliveries_asked_again_total",
        Counter,
        "deliveries",
        &[],
        "Deliveries that the sweep had GitHub repeat",
    ),
    metric("embargod_poller_leads", Gauge, "0 or 1", &[], "1 where this process holds the office of the poller"),
    metric(
        "embargod_chore_rounds_total",
        Counter,
        "rounds",
        &["chore", "ended"],
        "Rounds of chores by end: `done`, `failed`, `panicked`",
    ),
    metric(
        "embargod_chore_done_at_s",
        Gauge,
        "seconds",
        &["chore"],
        "When the chore's last good round ended here, in seconds since 1970",
    ),
    metric(
        "embargod_chore_last_success_age_ms",
        Gauge,
        "milliseconds",
        &["chore"],
        "Time since then; told by the process that holds the office alone",
    ),
    // releases
    metric(
        "embargod_mirror_fetches_total",
        Counter,
        "fetches",
        &["ended"],
        "Times that a mirror was brought up to date and read, by end: `done`, `failed`",
    ),
    metric(
        "embargod_mirror_fetch_ms",
        Histogram(FETCH_MS),
        "milliseconds",
        &[],
        "Duration of that, the fetch included",
    ),
    metric(
        "embargod_release_tags_total",
        Counter,
        "decisions",
        &["ended"],
        "Decisions about release tags by what everybody could find out: `fine`, `findings`",
    ),
    // the process
    metric("embargod_ready", Gauge, "0 or 1", &[], "1 where `/readyz` would answer 200"),
    metric(
        "embargod_check_state",
        Gauge,
        "0 to 3",
        &["check"],
        "Condition of each check of `/readyz`: 0 ok, 1 unknown, 2 degraded, 3 failed",
    ),
    metric(
        "embargod_trace_batches_total",
        Counter,
        "batches",
        &["ended"],
        "Batches of traces that the collector took (`sent`) or not (`lost`); none where `otlp_endpoint` is not set",
    ),
    metric("embargod_build_info", Gauge, "1", &["version"], "Always 1; the label tells the version that runs"),
    metric("process_start_time_seconds", Gauge, "seconds", &[], "When the server started, in seconds since 1970"),
    metric("process_resident_memory_bytes", Gauge, "bytes", &[], "Memory of the process that is in use; Linux only"),
    metric("process_open_fds", Gauge, "files", &[], "File descriptors of the process that are open; Linux only"),
];

/// The table of `docs/metrics.md`.
pub fn table() -> String {
    let mut table = "| metric | sort | unit | labels | meaning |\n|---|---|---|---|---|\n".to_owned();
    for metric in ALL {
        let sort = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let row = format!("| `{}` | {sort} | {} | {labels} | {} |\n", metric.name, metric.unit, metric.meaning);
        table.push_str(&row);
    }
    table
}
