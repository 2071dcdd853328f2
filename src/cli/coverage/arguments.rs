//! What the command line of `embargod coverage` may say.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueEnum, error::ErrorKind};
use jiff::{SignedDuration, civil::Date};

use super::input;

/// Arguments of `embargod coverage`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct CoverageArgs {
    #[command(subcommand)]
    pub(super) command: Option<CoverageCommand>,
    #[command(flatten)]
    pub(super) source: SourceArgs,
    /// Fixes to be proved: a JSON list of {"id","date","main"?,"series"?,"not_affected"?}.
    #[arg(long, value_name = "FILE")]
    pub(super) fixes: Option<PathBuf>,
    #[command(flatten)]
    pub(super) named: NamedFixes,
    /// Judge as of this day (2026-11-21), instead of each fix's own and the 30 days after it.
    #[arg(long, value_name = "DATE", value_parser = input::day)]
    pub(super) at: Option<Date>,
    /// How the matrix is written.
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Format,
    /// With each verdict all that it rests on: why the series counts, what each step of the ladder says, reverts, tags.
    #[arg(long)]
    pub(super) explain: bool,
}

/// Subcommands of `embargod coverage`.
#[derive(Subcommand)]
pub enum CoverageCommand {
    /// Look for security fixes in the history, without any list, and propose them.
    Scan(ScanArgs),
}

/// Arguments of `embargod coverage scan`.
#[derive(Args)]
pub struct ScanArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    /// Propose only what was released, or made where there is no release, on this day or later.
    #[arg(long, value_name = "DATE", value_parser = input::day)]
    pub(super) since: Option<Date>,
    /// Do not look at what the repository's own documents list.
    #[arg(long)]
    pub(super) ignore_documents: bool,
    /// How the proposals are written; json can be given to `embargod coverage --fixes`.
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: ListFormat,
}

/// Where the history and the policy are.
#[derive(Args)]
pub struct SourceArgs {
    /// A local repository, bare or not, that holds the branches and tags; or the https:// address of one, which is
    /// copied into the cache folder first. The token for a private one is read from EMBARGOD_GIT_TOKEN.
    #[arg(long, value_name = "DIR|URL", required = true)]
    git: Option<PathBuf>,
    /// The policy whose `series` says what is supported.
    #[arg(long, value_name = "FILE", required = true)]
    policy: Option<PathBuf>,
    /// Keep copies, and what was read of histories, in this folder; default embargod below the user's cache folder.
    #[arg(long, value_name = "DIR")]
    pub(super) cache: Option<PathBuf>,
    /// Stop fetching from an address after this long (90s, 30m, 2h).
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = duration)]
    pub(super) fetch_time: SignedDuration,
    /// Stop fetching from an address when the copy is larger than this (500MiB, 20GiB).
    #[arg(long, value_name = "SIZE", default_value = "20GiB")]
    pub(super) fetch_size: Size,
}

/// How the matrix is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned, for terminals.
    Table,
    /// For programs.
    Json,
    /// For issues and advisories on GitHub.
    Markdown,
    /// One page that needs nothing else.
    Html,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Aligned, for terminals.
    Table,
    /// For programs.
    Json,
}

/// A fix that the command line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NamedFix {
    pub(super) id: String,
    pub(super) commits: Vec<String>,
    pub(super) date: Option<Date>,
}

/// All of them: `--fix`, each with the `--commit`s and the `--date` that stand behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFixes(pub(super) Vec<NamedFix>);

impl Args for NamedFixes {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                clap::Arg::new("fix")
                    .long("fix")
                    .value_name("ID")
                    .action(ArgAction::Append)
                    .help("A fix to be proved, by its id; may be repeated, each with its own --commit and --date"),
            )
            .arg(
                clap::Arg::new("commit")
                    .long("commit")
                    .value_name("SHA")
                    .num_args(1..)
                    .action(ArgAction::Append)
                    .help("Commits of the --fix before it; without any, they are looked for by id and date"),
            )
            .arg(
                clap::Arg::new("date")
                    .long("date")
                    .value_name("DATE")
                    .action(ArgAction::Append)
                    .value_parser(input::day)
                    .help("Day of disclosure of the --fix before it; default: the day of its first commit"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Something of a fix, as it stands on the command line.
enum Word {
    Fix(String),
    Commit(String),
    Date(Date),
}

impl FromArgMatches for NamedFixes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut words: Vec<(usize, Word)> = placed::<String>(matches, "fix", Word::Fix);
        words.extend(placed::<String>(matches, "commit", Word::Commit));
        words.extend(placed::<Date>(matches, "date", Word::Date));
        words.sort_by_key(|(place, _)| *place);
        let mut fixes: Vec<NamedFix> = Vec::new();
        for (_, word) in words {
            let word = match word {
                Word::Fix(id) => {
                    fixes.push(NamedFix { id, ..NamedFix::default() });
                    continue;
                }
                other => other,
            };
            let Some(fix) = fixes.last_mut() else {
                return Err(wrong("--commit and --date belong behind the --fix ID that they are of"));
            };
            match word {
                Word::Commit(name) => fix.commits.push(name),
                Word::Date(date) if fix.date.is_none() => fix.date = Some(date),
                _ => return Err(wrong(&format!("--fix {}: has more than one --date", fix.id))),
            }
        }
        for fix in &fixes {
            if fix.commits.is_empty() && fix.date.is_none() {
                return Err(wrong(&format!(
                    "--fix {}: give its commits (--commit SHA), or the day of its disclosure (--date 2026-11-21) by \
                     which they are looked for",
                    fix.id
                )));
            }
        }
        Ok(Self(fixes))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn placed<T: Clone + Send + Sync + 'static>(
    matches: &ArgMatches,
    name: &str,
    word: fn(T) -> Word,
) -> Vec<(usize, Word)> {
    let places = matches.indices_of(name).into_iter().flatten();
    places.zip(matches.get_many::<T>(name).into_iter().flatten().cloned().map(word)).collect()
}

fn wrong(what: &str) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, what)
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        _ => Err("is not a duration; write 90s, 30m or 2h".to_owned()),
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub(super) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim() {
            "MiB" | "M" => 20,
            "GiB" | "G" => 30,
            "TiB" | "T" => 40,
            _ => return Err("is not a size; write 500MiB or 20GiB".to_owned()),
        };
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
        bytes.filter(|bytes| *bytes > 0).map(Self).ok_or_else(|| "is not a size; write 500MiB or 20GiB".to_owned())
    }
}

impl SourceArgs {
    /// What `--git` says.
    pub(super) fn git(&self) -> &Path {
        self.git.as_deref().unwrap_or(Path::new(""))
    }

    /// What `--policy` says.
    pub(super) fn policy(&self) -> &Path {
        self.policy.as_deref().unwrap_or(Path::new(""))
    }

    /// The repository's address, where it is one and not a folder.
    pub(super) fn address(&self) -> Option<&str> {
        let git = self.git().to_str()?;
        let scheme = git.split_once("://")?.0;
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        is_scheme.then_some(git)
    }
}
