//! `embargod coverage scan`: fixes found without any list.

use anstyle::Style;

use super::{
    arguments::{ListFormat, ScanArgs},
    gather::{self, Notes},
    input,
    table::styled,
    words::{count, plain},
    written,
};
use crate::{
    cli::{FINE, USAGE},
    domain::coverage::{Confidence, Proposal, Scan, SeriesLines},
};

/// Runs the command.
pub(super) fn run(args: &ScanArgs) -> u8 {
    let mut notes = Notes::default();
    match scan(args, &mut notes) {
        Ok(proposals) => {
            notes.say();
            let text = match args.format {
                ListFormat::Json => format!("{}\n", serde_json::to_string_pretty(&proposals).unwrap_or_default()),
                ListFormat::Table => table(&proposals),
            };
            written(&text, FINE)
        }
        Err(error) => {
            eprintln!("embargod: {error}");
            USAGE
        }
    }
}

fn scan(args: &ScanArgs, notes: &mut Notes) -> Result<Vec<Proposal>, String> {
    let series = input::series(args.source.policy())?;
    let mut gathered = gather::history(&args.source, &series, notes)?;
    let lines = SeriesLines::of(&gathered.history, &series);
    let needed = Scan::new(&gathered.history, &lines, args.since, !args.ignore_documents).needs();
    gathered.read_patches(needed, notes)?;
    Ok(Scan::new(&gathered.history, &lines, args.since, !args.ignore_documents).proposals())
}

fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Sure => "sure",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

fn table(proposals: &[Proposal]) -> String {
    let mut text = String::new();
    for proposal in proposals {
        let id = styled(&plain(&proposal.id), Style::new().bold());
        text.push_str(&format!("{id}, {}, {}\n", proposal.date, word(proposal.confidence)));
        text.push_str(&format!("  {}\n", plain(&proposal.subject)));
        let mut places: Vec<String> = Vec::new();
        let listed = [("main", &proposal.main)].into_iter().filter(|(_, commits)| !commits.is_empty());
        let series = proposal.series.iter().rev().map(|(name, commits)| (name.as_str(), commits));
        for (name, commits) in listed.chain(series) {
            let commits: Vec<String> =
                commits.iter().map(|commit| super::words::short(&commit.to_string()).to_owned()).collect();
            places.push(format!("{} {}", plain(name), commits.join(" ")));
        }
        text.push_str(&format!("  {}\n", places.join(", ")));
        for why in &proposal.why {
            text.push_str(&styled(&format!("  because {}", plain(why)), Style::new().dimmed()));
            text.push('\n');
        }
        text.push('\n');
    }
    let counts: Vec<String> = [Confidence::Sure, Confidence::Likely, Confidence::Possible]
        .into_iter()
        .filter_map(|kind| {
            let many = proposals.iter().filter(|proposal| proposal.confidence == kind).count();
            (many > 0).then(|| format!("{many} {}", word(kind)))
        })
        .collect();
    text.push_str(&count(proposals.len(), "proposal", "proposals"));
    if !counts.is_empty() {
        text.push_str(&format!(": {}", counts.join(", ")));
    }
    text.push('\n');
    text
}
