//! `embargod policy check FILE…`

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::{Outcome, Streams, read, tell};
use crate::domain::policy::{Problem, effective};

/// Says what is wrong in policy files. Each file is checked by itself, on the preset that it extends.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    /// Policy files; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Answer with a JSON array, one object a file.
    #[arg(long)]
    pub json: bool,
}

/// What was found in one file.
#[derive(Serialize)]
struct Verdict {
    file: String,
    ok: bool,
    version: Option<String>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

pub(super) fn run(args: &CheckArgs, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let mut outcome = Outcome::Fine;
    let mut verdicts = Vec::new();
    for path in &args.files {
        let Some(layer) = read(path, streams)? else {
            outcome = Outcome::BadInput;
            continue;
        };
        let file = layer.origin.clone();
        verdicts.push(match effective(&[layer]) {
            Ok(effective) => Verdict {
                file,
                ok: true,
                version: Some(effective.policy.version),
                problems: Vec::new(),
                warnings: effective.warnings,
            },
            Err(error) => {
                outcome = outcome.max(Outcome::Findings);
                Verdict { file, ok: false, version: None, problems: error.problems, warnings: Vec::new() }
            }
        });
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *streams.output, &verdicts)?;
        writeln!(streams.output)?;
        return Ok(outcome);
    }
    for verdict in &verdicts {
        tell("", &verdict.problems, streams)?;
        tell("warning: ", &verdict.warnings, streams)?;
        if let Some(version) = &verdict.version {
            writeln!(streams.output, "{}: ok, {version}", verdict.file)?;
        }
    }
    Ok(outcome)
}
