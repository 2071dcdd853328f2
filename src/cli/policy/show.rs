//! `embargod policy show [FILE]`

use std::io;
use std::path::PathBuf;

use serde_json::json;

use super::{Outcome, Streams, read, tell};
use crate::domain::policy::{Bar, Effective, Origin, effective};

/// Prints the policy that follows from files, with the origin of each value. Without any file: what holds for a
/// repository that has no policy.
#[derive(clap::Args, Debug)]
pub struct ShowArgs {
    /// The repository's policy file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The organisation's policy file, which lies below the repository's.
    #[arg(long, value_name = "FILE")]
    pub org: Option<PathBuf>,
    /// Answer with one JSON object.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(args: &ShowArgs, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let mut layers = Vec::new();
    for path in [&args.org, &args.file].into_iter().flatten() {
        match read(path, streams)? {
            Some(layer) => layers.push(layer),
            None => return Ok(Outcome::BadInput),
        }
    }
    match effective(&layers) {
        Ok(effective) if args.json => write_json(&effective, streams)?,
        Ok(effective) => write_lines(&effective, streams)?,
        Err(error) => {
            if args.json {
                let answer = json!({ "problems": error.problems });
                serde_json::to_writer_pretty(&mut *streams.output, &answer)?;
                writeln!(streams.output)?;
            } else {
                tell("", &error.problems, streams)?;
            }
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Fine)
}

fn write_json(effective: &Effective, streams: &mut Streams<'_>) -> io::Result<()> {
    let Effective { policy, origins, warnings } = effective;
    let answer = json!({ "policy": policy, "origins": origins, "warnings": warnings });
    serde_json::to_writer_pretty(&mut *streams.output, &answer)?;
    writeln!(streams.output)
}

fn write_lines(effective: &Effective, streams: &mut Streams<'_>) -> io::Result<()> {
    writeln!(streams.output, "# {}", effective.policy.version)?;
    for (key, value) in effective.policy.values() {
        let origin = effective.origins.get(&key).unwrap_or(&Origin::BuiltIn);
        writeln!(streams.output, "{key}: {value}   # from {origin}")?;
    }
    let redirect = &effective.policy.redirect;
    for (key, bar) in [("act_at", redirect.act_at), ("reply_at", redirect.reply_at)] {
        if !matches!(bar, Bar::Probability(_)) {
            writeln!(streams.output, "# redirect.{key} comes to a probability of {bar}")?;
        }
    }
    for warning in &effective.warnings {
        writeln!(streams.errors, "warning: {}", warning.one_line())?;
    }
    Ok(())
}
