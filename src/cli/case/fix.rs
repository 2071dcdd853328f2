//! `embargod case fix`: what a maintainer says about the fix of a case, written down for the proof.

use clap::{ArgGroup, Args};
use jiff::Timestamp;

use super::{FINE, NO, OneCase, USAGE, open, opened};
use crate::{
    cli::by_hand,
    clock::{Clock, SystemClock},
    domain::{
        operator::{Act, GivenReason},
        release_checks::Recording,
    },
    engine::releases::{RecordingProblem, record_fix},
};

/// Arguments of `embargod case fix`.
#[derive(Args)]
#[command(group(ArgGroup::new("said").required(true).args(["series", "not_affected", "forget", "not_before"])))]
pub struct FixArgs {
    #[command(flatten)]
    one: OneCase,
    /// The series that has the fix, such as 5.1, or the branch of development.
    #[arg(long, value_name = "SERIES", requires = "commit")]
    series: Option<String>,
    /// The commit that is (part of) the fix there: 7 to 40 hexadecimal digits. A fix of several commits is recorded one by one.
    #[arg(long, value_name = "SHA", requires = "series")]
    commit: Option<String>,
    /// A series that does not have the fault; say why with --reason.
    #[arg(long, value_name = "SERIES", requires = "reason")]
    not_affected: Option<String>,
    /// Take back what was recorded about a series.
    #[arg(long, value_name = "SERIES")]
    forget: Option<String>,
    /// No release with the fix before this instant (2026-12-01T13:00Z).
    #[arg(long, value_name = "INSTANT")]
    not_before: Option<Timestamp>,
    /// Why, for the audit log and the matrix: 3 to 500 characters on one line. Kept for ever and in the clear, so no word of
    /// what is under embargo.
    #[arg(long, value_name = "TEXT")]
    reason: Option<GivenReason>,
}

impl FixArgs {
    fn recording(&self) -> Option<Recording> {
        match (&self.series, &self.commit, &self.not_affected, &self.reason, &self.forget, self.not_before) {
            (Some(series), Some(commit), ..) => Some(Recording::Fix { series: series.clone(), commit: commit.clone() }),
            (_, _, Some(series), Some(why), ..) => {
                Some(Recording::NotAffected { series: series.clone(), why: why.clone() })
            }
            (_, _, _, _, Some(series), _) => Some(Recording::Forget { series: series.clone() }),
            (.., Some(instant)) => Some(Recording::NotBefore(instant)),
            _ => None,
        }
    }
}

pub(super) async fn run(args: FixArgs) -> u8 {
    let (store, case) = match open(&args.one).await {
        Ok(found) => found,
        Err(code) => return code,
    };
    let Some(recording) = args.recording() else {
        eprintln!(
            "embargod: say one thing: --series with --commit, --not-affected with --reason, --forget or --not-before"
        );
        return USAGE;
    };
    let now = SystemClock.now();
    let act = Act {
        outcome: "fix_recorded",
        command: "embargod case fix",
        subject: case.id.as_str(),
        case: Some(case.id.as_str()),
        effects: Vec::new(),
        reason: args.reason.as_ref(),
    };
    let entry = act.record(&by_hand::operator(), now);
    match record_fix(&store, &case, recording, entry, now).await {
        Ok(Some(said)) => {
            println!("{}: {said}", case.id);
            FINE
        }
        Ok(None) => {
            println!("{}: that was recorded before", case.id);
            FINE
        }
        Err(RecordingProblem::Refused(why)) => {
            eprintln!("embargod: {why}");
            USAGE
        }
        Err(RecordingProblem::Store(error)) => opened::failed(&error),
        Err(problem @ RecordingProblem::Moved) => {
            eprintln!("embargod: {problem}");
            NO
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: FixArgs,
    }

    fn said(words: &str) -> Option<Recording> {
        let words = ["embargod", "SEC-2026-7"].into_iter().chain(words.split_whitespace());
        Line::try_parse_from(words).ok().and_then(|line| line.args.recording())
    }

    #[test]
    fn one_thing_is_said_at_a_time_and_said_whole() {
        let fix = Recording::Fix { series: "5.1".to_owned(), commit: "abcdef1".to_owned() };
        assert_eq!(said("--series 5.1 --commit abcdef1"), Some(fix));
        let why = "old".parse().expect("a reason");
        let not_affected = Recording::NotAffected { series: "4.2".to_owned(), why };
        assert_eq!(said("--not-affected 4.2 --reason old"), Some(not_affected));
        assert_eq!(said("--forget 5.1"), Some(Recording::Forget { series: "5.1".to_owned() }));
        let instant = "2026-12-01T13:00Z".parse().expect("an instant");
        assert_eq!(said("--not-before 2026-12-01T13:00Z"), Some(Recording::NotBefore(instant)));
        for wrong in [
            "",
            "--series 5.1",
            "--commit abcdef1",
            "--not-affected 4.2",
            "--forget 5.1 --not-affected 4.2 --reason old",
        ] {
            assert_eq!(said(wrong), None, "{wrong}");
        }
    }
}
