//! `embargod detector report`: how often the detector was right, by what people said.
//!
//! What flows in: the posts that the redirect held for private, as the store keeps them with their labels. What flows out: a
//! table for people, JSON for scripts. What it must never do: open evidence, reach the network, or change anything.

use std::{fmt::Write, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{block_on, opened, page};
use crate::domain::{
    intake::report::{self, Count, Line},
    record::Record,
};

#[cfg(test)]
mod tests;

/// Subcommands of `embargod detector`.
#[derive(Subcommand)]
pub enum DetectorCommand {
    /// How often it was right, per repository, tier and rule, by what maintainers said.
    Report(ReportArgs),
}

/// Arguments of `embargod detector report`.
#[derive(Args)]
pub struct ReportArgs {
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub fn run(command: DetectorCommand) -> u8 {
    let DetectorCommand::Report(args) = command;
    block_on(async {
        let store = match opened::store(args.config.as_deref()).await {
            Ok(store) => store,
            Err(code) => return code,
        };
        match store.records(report::Flagged::KIND).await {
            Ok(stored) => {
                let posts = stored.into_iter().filter_map(|stored| serde_json::from_value(stored.value).ok());
                let lines = report::lines(&posts.collect::<Vec<_>>());
                page::print(&if args.json { as_json(&lines) } else { table(&lines) })
            }
            Err(error) => opened::failed(&error),
        }
    })
}

fn as_json(lines: &[Line]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            let Count { told, in_public, confirmed, refused, moot, unlabelled } = line.count;
            json!({
                "repository": line.repository.to_string(),
                "tier": line.tier.map(|tier| tier.word()),
                "rule": line.rule,
                "told": told,
                "in_public": in_public,
                "confirmed": confirmed,
                "refused": refused,
                "moot": moot,
                "unlabelled": unlabelled,
                "precision": line.count.precision().map(|precision| json!({
                    "value": precision.value, "from": precision.from, "to": precision.to,
                })),
            })
        })
        .collect();
    format!("{}\n", json!({ "lines": lines }))
}

fn table(lines: &[Line]) -> String {
    if lines.is_empty() {
        return "nothing was held for private yet\n".to_owned();
    }
    let mut text = String::new();
    let mut repository = None;
    for line in lines {
        if repository != Some(&line.repository) {
            if repository.is_some() {
                text.push('\n');
            }
            repository = Some(&line.repository);
            let _ = writeln!(text, "{}", line.repository);
            let _ = writeln!(
                text,
                "{:<36} {:>5} {:>6} {:>6} {:>4} {:>6}  precision",
                "", "told", "right", "wrong", "moot", "silent"
            );
        }
        let name = match (line.tier, &line.rule) {
            (None, _) => "all".to_owned(),
            (Some(tier), None) => format!("  tier {}", tier.word()),
            (Some(_), Some(rule)) => format!("    {rule}"),
        };
        let precision = line.count.precision().map_or_else(
            || "-".to_owned(),
            |precision| format!("{:.2} ({:.2} to {:.2})", precision.value, precision.from, precision.to),
        );
        let Count { told, confirmed, refused, moot, unlabelled, .. } = line.count;
        let _ =
            writeln!(text, "{name:<36} {told:>5} {confirmed:>6} {refused:>6} {moot:>4} {unlabelled:>6}  {precision}");
    }
    text.push_str(
        "\nright = confirmed, wrong = refused, silent = nobody said anything; 95 % intervals. People label what\n",
    );
    text.push_str("annoys them, so read the precision as a lower end (docs/detector-tuning.md).\n");
    text
}
