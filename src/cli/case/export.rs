//! `embargod case timeline` and `embargod case export`: what happened to a case, for people and for the file.

use std::{fmt::Write, sync::Arc};

use clap::Args;
use serde_json::{Value, json};

use super::{OneArgs, OneCase, open, open_case, read_all};
use crate::{
    cli::{FINE, INTERNAL, USAGE, opened},
    clock::SystemClock,
    domain::{
        case::{Alert, Case},
        decision::DecisionRecord,
    },
    engine::{Engine, evidence},
    server,
    settings::Settings,
    store::{EffectReport, EffectState, SharedStore, StoreError},
};

/// Arguments of `embargod case export`.
#[derive(Args)]
pub struct ExportArgs {
    #[command(flatten)]
    one: OneCase,
    /// Also the sealed words: of the report, of posts. They are under embargo; put the file where nobody else reads it.
    #[arg(long)]
    with_words: bool,
}

/// One line of a timeline.
struct Line {
    at: jiff::Timestamp,
    value: Value,
    text: String,
}

async fn lines(store: &SharedStore, case: &Case) -> Result<Vec<Line>, StoreError> {
    let id = case.id.as_str();
    let decided = store.decisions(Some(id), u32::MAX).await?.into_iter().map(|decision| decided(&decision));
    let effects = store.effects(Some(id), u32::MAX).await?;
    let mut lines: Vec<Line> = decided.chain(effects.iter().filter_map(done)).collect();
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

fn decided(decision: &DecisionRecord) -> Line {
    let reasons: Vec<&str> = decision.reasons.iter().map(|reason| reason.text.as_str()).collect();
    let actor = decision.actor.as_ref().map(|actor| format!(" by {actor}")).unwrap_or_default();
    Line {
        at: decision.at,
        value: json!({
            "at": decision.at, "what": "decision", "feature": decision.feature, "outcome": decision.outcome,
            "actor": decision.actor, "reasons": reasons,
        }),
        text: format!("{}{actor}: {}", decision.outcome, reasons.join("; ")),
    }
}

fn done(report: &EffectReport) -> Option<Line> {
    let at = report.finished_at?;
    let state = match report.state {
        EffectState::Done if report.result.get("left_alone").is_none() => "done",
        EffectState::Dead => "given up",
        _ => return None,
    };
    let kind = &report.effect.kind;
    let key = &report.effect.key;
    // Looks of the clocks say what they found in decisions of their own.
    (kind != "case_tick").then(|| Line {
        at,
        value: json!({ "at": at, "what": "effect", "kind": kind, "effect": key, "state": state }),
        text: format!("  {kind} {state}"),
    })
}

/// Runs `embargod case timeline`.
pub(super) async fn timeline(args: OneArgs) -> u8 {
    let (store, case) = match open_case(&args).await {
        Ok(found) => found,
        Err(code) => return code,
    };
    let lines = match lines(&store, &case).await {
        Ok(lines) => lines,
        Err(error) => return opened::failed(&error),
    };
    if args.json {
        println!("{}", Value::Array(lines.into_iter().map(|line| line.value).collect()));
        return FINE;
    }
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}  {}", line.at.strftime("%Y-%m-%d %H:%MZ"), line.text);
    }
    for clock in case.clocks.iter().filter(|clock| clock.is_open()) {
        let due = clock.due.strftime("%Y-%m-%d %H:%MZ");
        let _ = writeln!(text, "{due}  due: {} ({})", clock.name, clock.state.word());
    }
    print!("{text}");
    FINE
}

/// Runs `embargod case export`.
pub(super) async fn run(args: ExportArgs) -> u8 {
    let (store, case) = match open(&args.one).await {
        Ok(found) => found,
        Err(code) => return code,
    };
    let engine = if args.with_words {
        let ready = match Settings::load(args.one.config.as_deref()) {
            Ok(settings) => server::engine(&settings, Arc::new(SystemClock)).await,
            Err(problems) => Err(problems),
        };
        match ready {
            Ok(engine) => Some(engine),
            Err(problems) => {
                eprintln!("embargod: the words cannot be opened\n{problems}");
                return USAGE;
            }
        }
    } else {
        None
    };
    let mut value = match export(&store, &case).await {
        Ok(value) => value,
        Err(error) => return opened::failed(&error),
    };
    if let Some(engine) = engine {
        match words(&engine, &case).await {
            Ok(words) => value["words"] = words,
            Err(trouble) => {
                eprintln!("embargod: {trouble}");
                return INTERNAL;
            }
        }
    }
    println!("{value:#}");
    FINE
}

async fn export(store: &SharedStore, case: &Case) -> Result<Value, StoreError> {
    let id = case.id.as_str();
    let mut alerts = read_all::<Alert>(store).await?;
    alerts.retain(|alert| alert.case.as_deref() == Some(id));
    let effects: Vec<Value> = store
        .effects(Some(id), u32::MAX)
        .await?
        .into_iter()
        .map(|report| {
            json!({
                "effect": report.effect, "state": report.state, "attempts": report.attempts, "result": report.result,
                "last_error": report.last_error, "enqueued_at": report.enqueued_at, "finished_at": report.finished_at,
            })
        })
        .collect();
    let sealed: Vec<Value> =
        store.sealed_of(id).await?.into_iter().map(|sealed| json!({ "name": sealed.name, "at": sealed.at })).collect();
    Ok(json!({
        "format": "embargod-case/1",
        "case": super::view::json(case, &super::policy_of(store, case).await?),
        "record": case,
        "decisions": store.decisions(Some(id), u32::MAX).await?,
        "effects": effects,
        "alerts": alerts,
        "sealed": sealed,
    }))
}

/// The words of the report and of the case's posts, by the name of their evidence.
async fn words(engine: &Engine, case: &Case) -> Result<Value, crate::engine::Trouble> {
    let shop = engine.shop();
    let mut words = serde_json::Map::new();
    for name in super::evidence_names(&shop.store, case).await? {
        let one = evidence::open(&*shop.store, &shop.sealer, &shop.clearance, case.id.as_str(), &name).await?;
        let told = json!({ "author": one.author, "taken_at": one.taken_at, "title": one.title, "body": one.body });
        words.insert(name, told);
    }
    Ok(Value::Object(words))
}
