//! `embargod deliveries list|retry|drop`: webhooks that could not be handled.
//!
//! What flows in: parked deliveries as the store reports them. What flows out: pages for people, JSON for scripts; a
//! delivery set going again or taken off the list, with its reason in the audit log in the same transaction. What it
//! must never do: open a body, handle a delivery (the engine does), or change one without a reason.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    FINE, NO, USAGE, block_on,
    by_hand::{Why, operator, resolve_alert},
    opened,
    page::{self, counted, instant, wrapped},
};
use crate::{
    clock::{Clock, SystemClock},
    domain::{
        case::Alert,
        operator::{Act, GivenReason},
        record::Record,
    },
    store::{DeliveryReport, SharedStore, StoreError, Touched},
};

/// Subcommands of `embargod deliveries`.
#[derive(Subcommand)]
pub enum DeliveriesCommand {
    /// Deliveries that were given up, oldest first.
    List(ListArgs),
    /// Handle a delivery again, behind what waits for the same repository.
    ///
    /// Safe at any time: what it is about is asked of GitHub anew where words would be hidden, and nothing is done twice. A
    /// running server takes it within a second; else the next start does. Its alert is resolved when that works.
    Retry(TouchArgs),
    /// Take a delivery off the list. Nothing is done about what it told; its alert is resolved.
    ///
    /// Look first at the posts of that time by hand. It cannot be taken up again, and GitHub may still repeat it without
    /// effect: its GUID stays known.
    Drop(TouchArgs),
}

/// Arguments of `embargod deliveries list`.
#[derive(Args)]
pub struct ListArgs {
    /// So many at most, the oldest.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// One JSON array instead of lines for people.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod deliveries retry` and `drop`.
#[derive(Args)]
pub struct TouchArgs {
    /// GUIDs of deliveries, as `embargod deliveries list` shows them.
    #[arg(value_name = "GUID", required = true)]
    guids: Vec<String>,
    #[command(flatten)]
    why: Why,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Retry,
    Drop,
}

/// Runs the command.
pub fn run(command: DeliveriesCommand) -> u8 {
    block_on(async {
        match command {
            DeliveriesCommand::List(args) => list(args).await,
            DeliveriesCommand::Retry(args) => touch_all(args, Deed::Retry).await,
            DeliveriesCommand::Drop(args) => touch_all(args, Deed::Drop).await,
        }
    })
}

async fn list(args: ListArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    let mut parked = match store.parked_deliveries(args.limit + 1).await {
        Ok(parked) => parked,
        Err(error) => return opened::failed(&error),
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = parked.len() > limit;
    parked.truncate(limit);
    let mut told = Vec::new();
    for report in parked {
        match repository(&store, &report.guid).await {
            Ok(repository) => told.push((report, repository)),
            Err(error) => return opened::failed(&error),
        }
    }
    page::print(&if args.json {
        format!("{}\n", Value::Array(told.iter().map(json).collect()))
    } else {
        lines(&told, more, SystemClock.now())
    })
}

/// The repository that a delivery was about, as its alert knows it: the lane may be one of its own by now.
async fn repository(store: &SharedStore, guid: &str) -> Result<Option<String>, StoreError> {
    let alert = store.record(Alert::KIND, &alert_id(guid)).await?;
    let alert = alert.and_then(|alert| serde_json::from_value::<Alert>(alert.value).ok());
    Ok(alert.map(|alert| alert.repository.to_string()))
}

fn json((report, repository): &(DeliveryReport, Option<String>)) -> Value {
    json!({
        "guid": report.guid,
        "event": report.event,
        "repository": repository,
        "lane": report.lane,
        "received_at": report.received_at,
        "attempts": report.attempts,
        "parked_at": report.finished_at,
        "last_error": report.last_error,
        "has_body": report.has_body,
    })
}

fn lines(parked: &[(DeliveryReport, Option<String>)], more: bool, now: Timestamp) -> String {
    if parked.is_empty() {
        return "no parked deliveries\n".to_owned();
    }
    let mut text = String::new();
    for (report, repository) in parked {
        let tries = counted(usize::try_from(report.attempts).unwrap_or(usize::MAX), "try", "tries");
        let body = if report.has_body { "" } else { ", its body is gone" };
        let place = repository.as_deref().unwrap_or(&report.lane);
        let told = format!("{} of {place}, received {}", report.event, instant(report.received_at, now));
        let parked = report.finished_at.map(|at| format!("parked {}, ", instant(at, now))).unwrap_or_default();
        text.push_str(&format!("{}\n", report.guid));
        text.push_str(&wrapped("  ", &told));
        text.push_str(&wrapped("  ", &format!("{parked}{tries}{body}")));
        if let Some(error) = &report.last_error {
            text.push_str(&wrapped("  ", error));
        }
    }
    let rest = if more { "; there are more: raise --limit" } else { "" };
    text.push_str(&format!("\n{}{rest}\n", counted(parked.len(), "parked delivery", "parked deliveries")));
    text.push_str("next: embargod deliveries retry or drop GUID with --reason TEXT\n");
    text
}

async fn touch_all(args: TouchArgs, deed: Deed) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    let mut worst = FINE;
    for guid in &args.guids {
        let code = match touch(&store, guid, &args.why.reason, deed).await {
            Ok(code) => code,
            Err(error) => opened::failed(&error),
        };
        worst = worst.max(code);
    }
    worst
}

async fn touch(store: &SharedStore, guid: &str, reason: &GivenReason, deed: Deed) -> Result<u8, StoreError> {
    let now = SystemClock.now();
    let (outcome, command) = match deed {
        Deed::Retry => ("delivery_retried", "embargod deliveries retry"),
        Deed::Drop => ("delivery_dropped", "embargod deliveries drop"),
    };
    let act = Act { outcome, command, subject: guid, case: None, effects: Vec::new(), reason: Some(reason) };
    let entry = act.record(&operator(), now);
    let touched = match deed {
        Deed::Retry => store.revive_delivery(guid, now, &entry).await?,
        Deed::Drop => store.discard_delivery(guid, now, &entry).await?,
    };
    match (touched, deed) {
        (Touched::Changed, Deed::Retry) => {
            println!("{guid} is handled again");
            println!("  by a running server within a second, else by the next one that starts");
            Ok(FINE)
        }
        (Touched::Changed, Deed::Drop) => {
            println!("{guid} is dropped");
            if resolve_alert(store, &alert_id(guid), now).await? {
                println!("  its alert is resolved");
            }
            Ok(FINE)
        }
        (Touched::NotInThatState, deed) => refuse(store, guid, deed, now).await,
        (Touched::Unknown, _) => {
            eprintln!("embargod: there is no delivery {guid:?}");
            let parked = store.parked_deliveries(1_000).await?;
            let near = page::nearest(guid, parked.into_iter().map(|report| report.guid));
            for near in &near {
                eprintln!("  perhaps {near}");
            }
            if near.is_empty() {
                eprintln!("  `embargod deliveries list` shows those that were given up");
            }
            Ok(USAGE)
        }
    }
}

async fn refuse(store: &SharedStore, guid: &str, deed: Deed, now: Timestamp) -> Result<u8, StoreError> {
    let state = store.delivery_state(guid).await?.unwrap_or_default();
    match (state.as_str(), deed) {
        ("dropped", Deed::Drop) => {
            println!("{guid} is dropped already");
            // A command that was broken off may have left it open.
            if resolve_alert(store, &alert_id(guid), now).await? {
                println!("  its alert is resolved");
            }
            return Ok(FINE);
        }
        ("parked", Deed::Retry) => {
            eprintln!("embargod: the body of {guid} is gone, so it cannot be handled again");
            eprintln!("  look at that time's posts by hand, then: embargod deliveries drop {guid} --reason TEXT");
        }
        ("dropped", _) => eprintln!("embargod: {guid} was dropped, which is final; nothing was changed"),
        ("done", _) => eprintln!("embargod: {guid} was handled; nothing was changed"),
        _ => eprintln!("embargod: {guid} is being handled or waits for its turn; nothing was changed"),
    }
    Ok(NO)
}

/// The alert about a delivery that was given up.
fn alert_id(guid: &str) -> String {
    format!("delivery:{guid}")
}
