//! `embargod seal status`.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::{FINE, Kept, NO, open, refused};
use crate::{
    clock::{Clock, SystemClock},
    keys::{Count, KeysError, Ledger, survey},
    sealing::KeyId,
};

/// Arguments of `embargod seal status`.
#[derive(clap::Args)]
pub struct StatusArgs {
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Serialize)]
struct Status {
    /// Where the configured keys come from.
    source: String,
    keys: Vec<Key>,
    /// What should be a wrapped key and is none.
    unreadable: Count,
    servers: Vec<Server>,
    /// Whether every key that is needed is configured.
    complete: bool,
}

#[derive(Serialize)]
struct Key {
    key: String,
    /// `current`, `previous`, or `missing`: needed and not configured.
    role: &'static str,
    #[serde(flatten)]
    count: Count,
}

#[derive(Serialize)]
struct Server {
    server: String,
    seals_with: String,
    since: Timestamp,
    seen_at: Timestamp,
}

/// Runs the command: exit code 1 where a key that is needed is not configured.
pub(super) async fn status(args: StatusArgs) -> u8 {
    let kept = match open(args.config.as_deref()).await {
        Ok(kept) => kept,
        Err(problems) => return refused(&problems),
    };
    let status = match gather(&kept).await {
        Ok(status) => status,
        Err(error) => return kept.failed(&error),
    };
    if args.json {
        println!("{}", serde_json::to_string(&status).expect("plain data"));
    } else {
        print!("{}", lines(&status));
    }
    if status.complete { FINE } else { NO }
}

async fn gather(kept: &Kept) -> Result<Status, KeysError> {
    let survey = survey(&*kept.store).await?;
    let ledger = Ledger::read(&*kept.store).await?.unwrap_or_default();
    let ids = kept.ring.ids();
    let count = |id: &KeyId| survey.under.get(id).copied().unwrap_or_default();
    let configured = ids.iter().enumerate().map(|(index, id)| Key {
        key: id.to_string(),
        role: if index == 0 { "current" } else { "previous" },
        count: count(id),
    });
    let missing = survey.under.iter().filter(|(id, _)| !ids.contains(id));
    let missing = missing.map(|(id, count)| Key { key: id.to_string(), role: "missing", count: *count });
    let keys: Vec<Key> = configured.chain(missing).collect();
    let servers = ledger.living(SystemClock.now()).map(|(server, entry)| Server {
        server: server.clone(),
        seals_with: entry.seals_with.clone(),
        since: entry.since,
        seen_at: entry.seen_at,
    });
    Ok(Status {
        source: kept.source.to_string(),
        complete: keys.iter().all(|key| key.role != "missing"),
        keys,
        unreadable: survey.unreadable,
        servers: servers.collect(),
    })
}

fn lines(status: &Status) -> String {
    let mut text = format!("sealing keys from {}\n", status.source);
    for Key { key, role, count } in &status.keys {
        text.push_str(&format!("  {key} {role:<8} {} cases, {} deliveries\n", count.cases, count.deliveries));
    }
    if status.unreadable != Count::default() {
        let Count { cases, deliveries } = status.unreadable;
        text.push_str(&format!("  damaged: {cases} cases, {deliveries} deliveries have no readable key\n"));
    }
    for Server { server, seals_with, seen_at, .. } in &status.servers {
        text.push_str(&format!("  server {server} seals with {seals_with}, seen {seen_at:.0}\n"));
    }
    if !status.complete {
        text.push_str("A key that is needed is not configured: put it behind the current one from your copy of it.\n");
    } else if status.keys.len() > 1 {
        text.push_str("A rotation is under way: `embargod seal rotate`, then `embargod seal rotate --finish`.\n");
    }
    text
}
