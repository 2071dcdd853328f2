//! `embargod serve`: the server.

use std::{path::PathBuf, sync::Arc};

use clap::Args;

use super::{FINE, USAGE, block_on};
use crate::{
    clock::SystemClock,
    server::{self, Metrics, telemetry},
    settings::Settings,
};

/// Arguments of `embargod serve`.
#[derive(Args)]
pub struct ServeArgs {
    /// Settings file; `embargod.toml` of this folder is read where it exists. The environment wins over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only say whether everything needed is there and valid.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(args: ServeArgs) -> u8 {
    let settings = match Settings::load(args.config.as_deref()) {
        Ok(settings) => settings,
        Err(problems) => {
            eprintln!("embargod: the settings are not complete\n{problems}");
            return USAGE;
        }
    };
    if args.check { block_on(check(settings)) } else { block_on(serve(settings)) }
}

async fn check(settings: Settings) -> u8 {
    match server::engine(&settings, Arc::new(SystemClock)).await {
        Ok(_) => {
            println!("settings, keys, database and default policy are valid; `embargod doctor` also asks GitHub");
            FINE
        }
        Err(problems) => {
            eprintln!("embargod: the settings are not valid\n{problems}");
            USAGE
        }
    }
}

async fn serve(settings: Settings) -> u8 {
    let telemetry = telemetry::start(&settings.log, settings.log_format, settings.otlp_endpoint.as_deref());
    let running = match server::start(&settings, Arc::new(SystemClock), Metrics::install()).await {
        Ok(running) => running,
        Err(problems) => {
            eprintln!("embargod: cannot start\n{problems}");
            telemetry.end().await;
            return USAGE;
        }
    };
    println!("ready listen={} admin={}", running.listen, running.admin_listen);
    asked_to_stop().await;
    tracing::info!("stopping: no new deliveries, finishing what is under way");
    running.stop().await;
    telemetry.end().await;
    FINE
}

/// Waits for SIGTERM or an interrupt.
pub(super) async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be heard; only an interrupt stops the server");
                drop(interrupt.await);
            }
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
