//! `embargod coverage`: whether release tags hold every fix on every supported series, by a local history.
//!
//! What flows in: a repository, a policy, a list of fixes. What flows out: the matrix as a table or as JSON, and an exit code
//! for its worst cell: 0 all covered or not affected, 1 something missing, 2 usage or input error, 3 only unknowns. What it
//! must never do: write into the repository.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde::Deserialize;

use super::{FINE, USAGE};
use crate::{
    domain::{
        coverage::{Coverage, Fix, Judgement, SeriesLines, Verdict, worst},
        policy::{self, Layer, Series},
    },
    history::{HistoryError, Keeper, PatchReader, Source, cache_file},
};

/// Something is missing.
const MISSING: u8 = 1;
/// Nothing is missing, but not everything is known.
const UNKNOWN: u8 = 3;

/// Arguments of `embargod coverage`.
#[derive(Args)]
pub struct CoverageArgs {
    /// A local repository, bare or not, that holds the branches and tags.
    #[arg(long, value_name = "DIR")]
    git: PathBuf,
    /// The policy whose `series` says what is supported.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Fixes to be proved: a JSON list of {"id","date","main"?,"series"?,"not_affected"?}.
    #[arg(long, value_name = "FILE")]
    fixes: Option<PathBuf>,
    /// Judge as of this day (2026-11-21), instead of each fix's own and the 30 days after it.
    #[arg(long, value_name = "DATE")]
    at: Option<Date>,
    /// How the matrix is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Keep what was read of histories in this folder; default embargod below the user's cache folder.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// A fix as a file names it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedFix {
    id: String,
    date: Date,
    #[serde(default)]
    main: Option<Vec<String>>,
    #[serde(default)]
    series: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    not_affected: BTreeMap<String, String>,
}

/// Runs the command.
pub fn run(args: CoverageArgs) -> u8 {
    match cover(&args) {
        Ok(coverage) => {
            match args.format {
                Format::Json => println!("{}", serde_json::to_string(&coverage).unwrap_or_default()),
                Format::Table => print!("{}", table(&coverage)),
            }
            match worst(&coverage) {
                Some(Verdict::Missing | Verdict::NotTaggedYet) => MISSING,
                Some(Verdict::Unknown) => UNKNOWN,
                _ => FINE,
            }
        }
        Err(error) => {
            eprintln!("embargod: {error}");
            USAGE
        }
    }
}

fn cover(args: &CoverageArgs) -> Result<Coverage, String> {
    let series = series_of(&args.policy)?;
    let fixes = fixes_of(args)?;
    let source = Source::open(&args.git).map_err(said)?;
    let folder = args.cache.clone().unwrap_or_else(cache_folder);
    let keeper = Keeper::new(cache_file(&folder, source.git_directory()));
    let mut history = keeper.load();
    let before = history.commits.len();
    source.update(&mut history, &series, &mut |_| {}).map_err(said)?;
    let named = fixes.iter().flat_map(|fix| fix.main.iter().flatten().chain(fix.series.values().flatten()));
    source.look_for_unreached(&mut history, named.cloned().collect::<Vec<_>>());
    let lines = SeriesLines::of(&history, &series);
    let needed = {
        let judgement = Judgement::new(&history, &series, &lines, args.at);
        let needed = fixes.iter().flat_map(|fix| judgement.needs(fix)).map(|place| history.commit(place).id);
        let mut needed: Vec<_> = needed.filter(|id| !history.patches.contains_key(id)).collect();
        needed.sort_by_key(|id| history.place(id));
        needed.dedup();
        needed
    };
    let read = PatchReader::new(&source).read(&needed, &|_| {}).map_err(said)?;
    // A merge changes nothing by itself; that is known, too.
    history.patches.extend(needed.iter().map(|id| (*id, Default::default())));
    history.patches.extend(read);
    if !needed.is_empty() || history.commits.len() != before {
        keeper.save(&history).map_err(said)?;
    }
    let judgement = Judgement::new(&history, &series, &lines, args.at);
    Ok(Coverage { fixes: fixes.iter().map(|fix| judgement.of(fix)).collect() })
}

fn said(error: HistoryError) -> String {
    error.to_string()
}

fn series_of(path: &std::path::Path) -> Result<Series, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let layer = Layer { origin: path.display().to_string(), text };
    let effective = policy::effective(&[layer])
        .map_err(|error| format!("{error}; see `embargod policy check {}`", path.display()))?;
    effective.policy.series.clone().ok_or_else(|| format!("{}: has no `series`", path.display()))
}

fn fixes_of(args: &CoverageArgs) -> Result<Vec<Fix>, String> {
    let Some(path) = &args.fixes else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let named: Vec<NamedFix> = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(named
        .into_iter()
        .map(|fix| Fix {
            id: fix.id,
            date: fix.date,
            main: fix.main,
            series: fix.series,
            not_affected: fix.not_affected,
        })
        .collect())
}

fn cache_folder() -> PathBuf {
    let home = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    home.unwrap_or_else(std::env::temp_dir).join("embargod")
}

fn table(coverage: &Coverage) -> String {
    let mut text = String::new();
    for fix in &coverage.fixes {
        for cell in &fix.cells {
            let tag = cell.first_tag.as_deref().unwrap_or("-");
            text.push_str(&format!("{} {} {} {:?} {tag}\n", fix.id, fix.date, cell.series, cell.verdict));
        }
    }
    text
}
