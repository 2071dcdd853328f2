//! Setting effects going again, and taking them off the list.

use jiff::Timestamp;

use super::{FINE, TouchArgs, alert_id, unknown};
use crate::{
    cli::{
        NO,
        by_hand::{operator, resolve_alert},
        opened,
        page::{instant, wrapped},
    },
    clock::{Clock, SystemClock},
    domain::{
        case::Alert,
        effect::Urgency,
        operator::{Act, GivenReason},
        record::Record,
    },
    store::{EffectReport, EffectState, SharedStore, StoreError, Touched},
};

/// What is done to an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Retry,
    Drop,
}

impl Deed {
    fn command(self) -> &'static str {
        match self {
            Self::Retry => "embargod effects retry",
            Self::Drop => "embargod effects drop",
        }
    }
}

/// Does it to each; the worst exit code.
pub(super) async fn run(args: TouchArgs, deed: Deed) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    let mut worst = FINE;
    for key in &args.keys {
        let code = match store.effect(key).await {
            Ok(Some(report)) => match touch(&store, &report, &args.why.reason, deed).await {
                Ok(code) => code,
                Err(error) => opened::failed(&error),
            },
            Ok(None) => unknown(&store, key).await,
            Err(error) => opened::failed(&error),
        };
        worst = worst.max(code);
    }
    worst
}

async fn touch(store: &SharedStore, report: &EffectReport, reason: &GivenReason, deed: Deed) -> Result<u8, StoreError> {
    let now = SystemClock.now();
    let key = report.effect.key.as_str();
    let act = Act {
        outcome: match deed {
            Deed::Retry => "effect_retried",
            Deed::Drop => "effect_dropped",
        },
        command: deed.command(),
        subject: key,
        case: report.effect.case.as_deref(),
        effects: if deed == Deed::Retry { vec![key.to_owned()] } else { Vec::new() },
        reason: Some(reason),
    };
    let entry = act.record(&operator(), now);
    let touched = match deed {
        Deed::Retry => store.revive_effect(key, now, &entry).await?,
        Deed::Drop => store.discard_effect(key, now, &entry).await?,
    };
    match (touched, deed) {
        (Touched::Changed, Deed::Retry) => {
            println!("{key} is tried again");
            println!("  by a running server within a second, else by the next one that starts");
            println!("  see what comes of it: embargod effects show {key}");
            Ok(FINE)
        }
        (Touched::Changed, Deed::Drop) => {
            println!("{key} is dropped");
            tell_of_exposure(store, report).await?;
            if resolve_alert(store, &alert_id(key), now).await? {
                println!("  its alert is resolved");
            }
            Ok(FINE)
        }
        (Touched::NotInThatState, deed) => {
            // It may have moved since it was read.
            let report = store.effect(key).await?.unwrap_or_else(|| report.clone());
            refuse(store, &report, deed, now).await
        }
        (Touched::Unknown, _) => Ok(unknown(store, key).await),
    }
}

async fn refuse(store: &SharedStore, report: &EffectReport, deed: Deed, now: Timestamp) -> Result<u8, StoreError> {
    let key = report.effect.key.as_str();
    let since = report.finished_at.map(|at| format!(" since {}", instant(at, now))).unwrap_or_default();
    match (report.state, deed) {
        (EffectState::Dropped, Deed::Drop) => {
            println!("{key} is dropped{since}");
            // A command that was broken off may have left it open.
            if resolve_alert(store, &alert_id(key), now).await? {
                println!("  its alert is resolved");
            }
            return Ok(FINE);
        }
        (EffectState::Done, _) => eprintln!("embargod: {key} is done{since}; nothing was changed"),
        (EffectState::Running, _) => {
            eprintln!(
                "embargod: {key} is being performed just now; ask again in a moment: embargod effects show {key}"
            );
        }
        (EffectState::Ready, _) => {
            eprintln!("embargod: {key} is going to be tried anyway: embargod effects show {key}");
        }
        (EffectState::Dead | EffectState::Dropped, _) => {
            eprintln!("embargod: {key} has just changed; look again: embargod effects show {key}");
        }
    }
    Ok(NO)
}

/// Whoever drops what protects is told what that means.
async fn tell_of_exposure(store: &SharedStore, report: &EffectReport) -> Result<(), StoreError> {
    let effect = &report.effect;
    if effect.urgency != Urgency::Protecting {
        return Ok(());
    }
    println!("  it was to protect: whatever it was about stays as it is on GitHub now");
    let alert = store.record(Alert::KIND, &alert_id(&effect.key)).await?;
    if let Some(text) = alert.and_then(|alert| serde_json::from_value::<Alert>(alert.value).ok()) {
        print!("{}", wrapped("  ", &text.text));
    } else if let Some(url) = effect.payload.pointer("/place/html_url").and_then(serde_json::Value::as_str) {
        println!("  look at {url}");
    }
    Ok(())
}
