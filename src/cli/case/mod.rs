//! `embargod case list|show|timeline|explain|export|open|dismiss|fix`: look at cases and at the reasons behind them. Reads the store that the
//! settings name; the server need not run.
//!
//! What flows in: records and decisions. What flows out: tables for people, JSON for scripts. What it must never do:
//! change a case (`open` asks the engine for one, `fix` records what a maintainer says about its fix, beside it), or open evidence unless `--evidence` asks for it.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};

use super::{FINE, INTERNAL, NO, USAGE, block_on, by_hand, opened};
use crate::{
    clock::{Clock, SystemClock},
    domain::{
        case::{Alert, Case, CaseId},
        operator::{Act, GivenReason},
        policy::Policy,
        record::{Record, RecordWrite},
    },
    engine::{evidence, policies, releases::proof},
    server,
    settings::Settings,
    store::{Commit, EffectState, Settled, SharedStore, StoreError},
};

mod coverage;
mod explain;
mod export;
mod fix;
mod open;
mod view;

/// Subcommands of `embargod case`.
#[derive(Subcommand)]
pub enum CaseCommand {
    /// All cases, oldest first, and open alerts.
    List(ListArgs),
    /// One case.
    Show(ShowArgs),
    /// What happened to a case, oldest first, and what is due.
    Timeline(OneArgs),
    /// Everything that is kept of a case, as JSON; without the sealed words, unless they are asked for.
    Export(export::ExportArgs),
    /// Open a case by hand.
    Open(open::OpenArgs),
    /// Close an alert that was seen to.
    Dismiss(DismissArgs),
    /// Record which commits are the fix of a case, or that a series is not affected.
    Fix(fix::FixArgs),
    /// Why: the decisions about a case with their reasons, oldest first, and what became of their effects.
    Explain(OneArgs),
}

/// Arguments of `embargod case list`.
#[derive(Args)]
pub struct ListArgs {
    /// One JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod case dismiss`.
#[derive(Args)]
pub struct DismissArgs {
    /// The alert's name, as `embargod case list` shows it.
    alert: String,
    /// Why, for the audit log: 3 to 500 characters on one line. Kept for ever and in the clear, so no word of a post.
    #[arg(long, value_name = "TEXT")]
    reason: Option<GivenReason>,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments that name one case.
#[derive(Args)]
pub struct OneCase {
    /// The case, for example SEC-2026-7.
    case: CaseId,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments that name one case to be looked at.
#[derive(Args)]
pub struct OneArgs {
    #[command(flatten)]
    one: OneCase,
    /// JSON instead of lines for people.
    #[arg(long)]
    json: bool,
}

/// Arguments of `embargod case show`.
#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Also print the sealed words of its posts. They are under embargo: mind your terminal's history and logs.
    #[arg(long)]
    evidence: bool,
}

/// Runs the command.
pub fn run(command: CaseCommand) -> u8 {
    block_on(async {
        match command {
            CaseCommand::List(args) => list(args).await,
            CaseCommand::Show(args) => show(args).await,
            CaseCommand::Timeline(args) => export::timeline(args).await,
            CaseCommand::Export(args) => export::run(args).await,
            CaseCommand::Open(args) => open::run(args).await,
            CaseCommand::Explain(args) => explain(args).await,
            CaseCommand::Dismiss(args) => dismiss(args).await,
            CaseCommand::Fix(args) => fix::run(args).await,
        }
    })
}

async fn list(args: ListArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    match (read_all::<Case>(&store).await, read_all::<Alert>(&store).await) {
        (Ok(mut cases), Ok(mut alerts)) => {
            alerts.retain(|alert| alert.resolved_at.is_none());
            cases.sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
            if args.json {
                let mut list = Vec::new();
                for case in &cases {
                    match policy_of(&store, case).await {
                        Ok(policy) => list.push(view::json(case, &policy)),
                        Err(error) => return opened::failed(&error),
                    }
                }
                println!("{}", serde_json::Value::Array(list));
            } else {
                print!("{}", view::table(&cases, &alerts));
            }
            FINE
        }
        (Err(error), _) | (_, Err(error)) => opened::failed(&error),
    }
}

async fn show(args: ShowArgs) -> u8 {
    let config = args.one.one.config.clone();
    let (store, case) = match open_case(&args.one).await {
        Ok(found) => found,
        Err(code) => return code,
    };
    let dead = match store.effects(Some(case.id.as_str()), u32::MAX).await {
        Ok(effects) => effects.into_iter().filter(|report| report.state == EffectState::Dead).collect::<Vec<_>>(),
        Err(error) => return opened::failed(&error),
    };
    let fix = match proof(&store, case.id.as_str()).await {
        Ok(fix) => fix,
        Err(error) => return opened::failed(&error),
    };
    let policy = match policy_of(&store, &case).await {
        Ok(policy) => policy,
        Err(error) => return opened::failed(&error),
    };
    if args.one.json {
        println!("{}", coverage::add(view::json_with_dead(&case, &policy, &dead), fix.as_ref()));
    } else {
        print!("{}{}{}", view::page(&case, &policy), coverage::page(fix.as_ref()), view::dead(&dead));
    }
    drop(store);
    if args.evidence { show_evidence(&case, config).await } else { FINE }
}

async fn show_evidence(case: &Case, config: Option<PathBuf>) -> u8 {
    let opened = match Settings::load(config.as_deref()) {
        Ok(settings) => server::engine(&settings, Arc::new(SystemClock)).await,
        Err(problems) => Err(problems),
    };
    let engine = match opened {
        Ok(engine) => engine,
        Err(problems) => {
            eprintln!("embargod: evidence cannot be opened\n{problems}");
            return USAGE;
        }
    };
    let shop = engine.shop();
    let names = match evidence_names(&shop.store, case).await {
        Ok(names) => names,
        Err(error) => return opened::failed(&error),
    };
    for name in names {
        let opened = evidence::open(&*shop.store, &shop.sealer, &shop.clearance, case.id.as_str(), &name).await;
        match opened {
            Ok(words) => {
                println!("\n--- {name}, by {}, taken in {}", words.author, words.taken_at);
                println!("{}\n\n{}", words.title, words.body);
            }
            Err(trouble) => {
                eprintln!("embargod: {name}: {trouble}");
                return INTERNAL;
            }
        }
    }
    FINE
}

async fn explain(args: OneArgs) -> u8 {
    let (store, case) = match open_case(&args).await {
        Ok(found) => found,
        Err(code) => return code,
    };
    let id = case.id.as_str();
    match (store.decisions(Some(id), u32::MAX).await, store.effects(Some(id), u32::MAX).await) {
        (Ok(decisions), Ok(effects)) => {
            if args.json {
                println!("{}", explain::json(&decisions, &effects));
            } else {
                print!("{}", explain::page(&decisions, &effects));
            }
            FINE
        }
        (Err(error), _) | (_, Err(error)) => opened::failed(&error),
    }
}

async fn dismiss(args: DismissArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    let stored = match store.record(Alert::KIND, &args.alert).await {
        Ok(stored) => stored,
        Err(error) => return opened::failed(&error),
    };
    let Some((alert, version)) =
        stored.and_then(|stored| Some((serde_json::from_value::<Alert>(stored.value).ok()?, stored.version)))
    else {
        eprintln!("embargod: there is no alert {:?}; `embargod case list` shows those that are open", args.alert);
        return USAGE;
    };
    if alert.resolved_at.is_some() {
        println!("{} was resolved before", args.alert);
        return FINE;
    }
    let now = SystemClock.now();
    let act = Act {
        outcome: "alert_dismissed",
        command: "embargod case dismiss",
        subject: &args.alert,
        case: alert.case.as_deref(),
        effects: Vec::new(),
        reason: args.reason.as_ref(),
    };
    let decision = act.record(&by_hand::operator(), now);
    let resolved = RecordWrite::guarded(&Alert { resolved_at: Some(now), ..alert }, version);
    let commit = Commit { records: vec![resolved], decision: Some(decision), ..Commit::default() };
    match store.commit(now, commit).await {
        Ok(Settled::Committed) => {
            println!("{} is dismissed", args.alert);
            FINE
        }
        Ok(_) => {
            eprintln!("embargod: {} has just changed; look again: embargod case list", args.alert);
            NO
        }
        Err(error) => opened::failed(&error),
    }
}

async fn open_case(args: &OneArgs) -> Result<(SharedStore, Case), u8> {
    open(&args.one).await
}

async fn open(args: &OneCase) -> Result<(SharedStore, Case), u8> {
    let store = opened::store(args.config.as_deref()).await?;
    let stored = store.record(Case::KIND, args.case.as_str()).await.map_err(|error| opened::failed(&error))?;
    let case = stored.and_then(|stored| serde_json::from_value(stored.value).ok());
    match case {
        Some(case) => Ok((store, case)),
        None => {
            eprintln!("embargod: there is no case {}; `embargod case list` shows those there are", args.case);
            Err(USAGE)
        }
    }
}

/// The policy by which a case is judged. Where none is kept (the operator's default policy), that of the
/// presets: severities and what is missing may then differ.
async fn policy_of(store: &SharedStore, case: &Case) -> Result<Policy, StoreError> {
    let kept = policies::kept_for_case(store, case).await?;
    Ok(kept.unwrap_or_else(Policy::observing))
}

/// Names of the words that are kept of a case: those of its posts, and those it was opened with.
async fn evidence_names(store: &SharedStore, case: &Case) -> Result<Vec<String>, StoreError> {
    let mut names: Vec<String> = case.posts.iter().flat_map(|post| post.evidence.clone()).collect();
    let kept = store.sealed_of(case.id.as_str()).await?;
    names.extend(kept.into_iter().map(|sealed| sealed.name).filter(|name| name == evidence::REPORT));
    Ok(names)
}

async fn read_all<R: Record>(store: &SharedStore) -> Result<Vec<R>, StoreError> {
    let records = store.records(R::KIND).await?;
    let unreadable = |key: &str| StoreError::Corrupt(format!("the {} record {key}", R::KIND));
    records
        .into_iter()
        .map(|record| serde_json::from_value(record.value).map_err(|_| unreadable(&record.key)))
        .collect()
}
