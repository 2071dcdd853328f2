//! `embargod effects list|show|retry|drop`: work that was given up, and what to do about it.
//!
//! What flows in: effects as the store reports them. What flows out: pages for people, JSON for scripts; a dead effect set
//! going again or taken off the list, with its reason in the audit log in the same transaction. What it must never do:
//! perform an effect (the engine does, and looks first), or change one without a reason.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{FINE, USAGE, block_on, by_hand::Why, opened, page};
use crate::{
    clock::{Clock, SystemClock},
    domain::{
        case::{Alert, Case, CaseId},
        record::Record,
    },
    store::{EffectReport, EffectState, SharedStore, StoreError},
};

mod touch;
mod view;

/// Keys that are looked through for one that was meant.
const MOST_NEIGHBOURS: u32 = 5_000;

/// Subcommands of `embargod effects`.
#[derive(Subcommand)]
pub enum EffectsCommand {
    /// Effects in one state, oldest first; without --state those that were given up.
    List(ListArgs),
    /// One effect: what it does, what became of it, and what can be done.
    Show(ShowArgs),
    /// Try an effect again that was given up or dropped.
    ///
    /// Safe at any time, also when the post changed meanwhile or an earlier try reached GitHub without an answer: whatever
    /// is to be made is looked for first, an edit that was made before changes nothing, and a case that was undone is left
    /// alone. A running server takes it within a second; else the next start does. The tries count anew.
    Retry(TouchArgs),
    /// Take an effect off the list that was given up, or that has not started.
    ///
    /// Nothing is done on GitHub, now or later, and its alert is resolved: first do by hand what it was for, if that still
    /// matters. It can be taken up again by `effects retry`.
    Drop(TouchArgs),
}

/// Arguments of `embargod effects list`.
#[derive(Args)]
pub struct ListArgs {
    /// In which state.
    #[arg(long, value_enum, default_value_t = StateArg::Dead)]
    state: StateArg,
    /// Only those of this case, for example SEC-2026-7.
    #[arg(long, value_name = "ID")]
    case: Option<CaseId>,
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

/// Arguments of `embargod effects show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The effect's key, as `embargod effects list` shows it.
    key: String,
    /// JSON instead of lines for people.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod effects retry` and `drop`.
#[derive(Args)]
pub struct TouchArgs {
    /// Keys of effects, as `embargod effects list` shows them.
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    why: Why,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A state by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StateArg {
    /// Given up.
    Dead,
    /// Waits for its instant, its turn, or another effect.
    Ready,
    /// Being performed.
    Running,
    /// Performed, or found that nothing was left to do.
    Done,
    /// Overtaken by a later decision, or dropped by hand.
    Dropped,
}

impl From<StateArg> for EffectState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Dead => Self::Dead,
            StateArg::Ready => Self::Ready,
            StateArg::Running => Self::Running,
            StateArg::Done => Self::Done,
            StateArg::Dropped => Self::Dropped,
        }
    }
}

/// Runs the command.
pub fn run(command: EffectsCommand) -> u8 {
    block_on(async {
        match command {
            EffectsCommand::List(args) => list(args).await,
            EffectsCommand::Show(args) => show(args).await,
            EffectsCommand::Retry(args) => touch::run(args, touch::Deed::Retry).await,
            EffectsCommand::Drop(args) => touch::run(args, touch::Deed::Drop).await,
        }
    })
}

async fn list(args: ListArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    if let Some(case) = &args.case {
        match store.record(Case::KIND, case.as_str()).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                eprintln!("embargod: there is no case {case}; `embargod case list` shows those there are");
                return USAGE;
            }
            Err(error) => return opened::failed(&error),
        }
    }
    let mut found = match in_state(&store, args.state.into(), args.case.as_ref(), args.limit + 1).await {
        Ok(found) => found,
        Err(error) => return opened::failed(&error),
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    page::print(&if args.json {
        format!("{}\n", view::json_list(&found))
    } else {
        let state = args.state.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        view::list(&found, &state, args.case.as_ref(), more, SystemClock.now())
    })
}

async fn in_state(
    store: &SharedStore,
    state: EffectState,
    case: Option<&CaseId>,
    most: u32,
) -> Result<Vec<EffectReport>, StoreError> {
    let Some(case) = case else {
        return store.effects_in(state, most).await;
    };
    let mut found = store.effects(Some(case.as_str()), u32::MAX).await?;
    found.retain(|report| report.state == state);
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(found)
}

async fn show(args: ShowArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    let report = match store.effect(&args.key).await {
        Ok(Some(report)) => report,
        Ok(None) => return unknown(&store, &args.key).await,
        Err(error) => return opened::failed(&error),
    };
    if args.json {
        return page::print(&format!("{}\n", view::json(&report)));
    }
    let alert = match store.record(Alert::KIND, &alert_id(&args.key)).await {
        Ok(stored) => stored.and_then(|stored| serde_json::from_value(stored.value).ok()),
        Err(error) => return opened::failed(&error),
    };
    page::print(&view::page(&report, alert.as_ref(), SystemClock.now()))
}

/// Says that there is no such effect, and which may have been meant.
async fn unknown(store: &SharedStore, key: &str) -> u8 {
    eprintln!("embargod: there is no effect {key:?}");
    let keys = store.effects(None, MOST_NEIGHBOURS).await.unwrap_or_default();
    let near = page::nearest(key, keys.into_iter().map(|report| report.effect.key));
    for near in &near {
        eprintln!("  perhaps {near}");
    }
    if near.is_empty() {
        eprintln!("  `embargod effects list` shows those that were given up; `--state` shows others");
    }
    USAGE
}

/// The alert about an effect that does not work.
fn alert_id(key: &str) -> String {
    format!("effect:{key}")
}
