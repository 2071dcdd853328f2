//! `embargod undo CASE`: restores what was public before a case.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;

use super::{FINE, INTERNAL, NO, USAGE, block_on, by_hand};
use crate::{
    clock::SystemClock,
    domain::{
        case::{Case, CaseId},
        intake::desk,
    },
    engine::{Engine, request_undo},
    server,
    settings::Settings,
    store::{EffectReport, EffectState},
};

/// How long the command waits for the restoring calls; what is left then goes on in the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Arguments of `embargod undo`.
#[derive(Args)]
pub struct UndoArgs {
    /// The case, for example SEC-2026-7.
    case: CaseId,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: UndoArgs) -> u8 {
    match Settings::load(args.config.as_deref()) {
        Ok(settings) => block_on(undo(args.case, settings)),
        Err(problems) => {
            eprintln!("embargod: the settings are not complete\n{problems}");
            USAGE
        }
    }
}

async fn undo(id: CaseId, settings: Settings) -> u8 {
    let engine = match server::engine(&settings, Arc::new(SystemClock)).await {
        Ok(engine) => engine,
        Err(problems) => {
            eprintln!("embargod: cannot start\n{problems}");
            return USAGE;
        }
    };
    match restore(&engine, &id).await {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("embargod: {id} could not be undone: {trouble}");
            INTERNAL
        }
    }
}

async fn restore(engine: &Engine, id: &CaseId) -> Result<u8, crate::engine::Trouble> {
    let shop = engine.shop();
    let Some(case) = shop.read::<Case>(id.as_str()).await? else {
        eprintln!("embargod: there is no case {id}; `embargod case list` shows those there are");
        return Ok(USAGE);
    };
    if case.value.restored_at.is_some() {
        println!("{id} was undone before; nothing is left to restore");
        return Ok(FINE);
    }
    shop.store.begin_serving(shop.clock.now()).await?;
    request_undo(shop, id, &by_hand::operator()).await?;
    // A running server may take the work first; both ways end in the same rows.
    let started = tokio::time::Instant::now();
    let finished = loop {
        engine.settle().await?;
        let finished = is_finished(engine, id).await?;
        if finished || started.elapsed() > PATIENCE {
            break finished;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let restoring = restoring(engine, id).await?;
    for report in &restoring {
        println!("{}", line(report));
    }
    let failed = restoring.iter().any(|report| report.state == EffectState::Dead);
    for remark in desk::cannot_be_undone() {
        println!("note: {remark}");
    }
    Ok(if finished && !failed { FINE } else { NO })
}

fn line(report: &EffectReport) -> String {
    let what = &report.effect.key;
    match report.state {
        EffectState::Done => match report.result.get("left_alone").and_then(|why| why.as_str()) {
            Some(why) => format!("left alone: {what}: {why}"),
            None => format!("done: {what}"),
        },
        EffectState::Dead => format!("failed: {what}: {}", report.last_error.as_deref().unwrap_or("no reason kept")),
        EffectState::Ready | EffectState::Running => {
            format!("still waiting: {what}: {}", report.last_error.as_deref().unwrap_or("the server goes on with it"))
        }
        EffectState::Dropped => format!("not needed any more: {what}"),
    }
}

async fn restoring(engine: &Engine, id: &CaseId) -> Result<Vec<EffectReport>, crate::engine::Trouble> {
    let effects = engine.shop().store.effects(Some(id.as_str()), u32::MAX).await?;
    let restoring = |report: &EffectReport| matches!(report.effect.kind.as_str(), "restore_post" | "unlock_thread");
    Ok(effects.into_iter().filter(restoring).collect())
}

/// Whether the undo was decided and every restoring effect is over.
async fn is_finished(engine: &Engine, id: &CaseId) -> Result<bool, crate::engine::Trouble> {
    let case = engine.shop().read::<Case>(id.as_str()).await?;
    let decided = case.is_some_and(|case| case.value.restored_at.is_some());
    let open = |report: &EffectReport| matches!(report.state, EffectState::Ready | EffectState::Running);
    Ok(decided && !restoring(engine, id).await?.iter().any(open))
}
