//! `embargod serve`: the server.

use std::{path::PathBuf, sync::Arc};

use clap::Args;

use super::{FINE, USAGE, block_on};
use crate::{
    clock::SystemClock,
    server::{self, Metrics, telemetry},
    settings::{Role, Settings},
};

/// Arguments of `embargod serve`.
#[derive(Args)]
pub struct ServeArgs {
    /// Settings file; `embargod.toml` of this folder is read where it exists. The environment wins over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What this process does: everything, or a part of it beside others on one PostgreSQL.
    #[arg(long, value_name = "all|receiver|worker|poller")]
    role: Option<Role>,
    /// Only say whether everything needed is there and valid.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(args: ServeArgs) -> u8 {
    let settings = Settings::load(args.config.as_deref()).and_then(|settings| match args.role {
        Some(role) => settings.with_role(role),
        None => Ok(settings),
    });
    let settings = match settings {
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
    let listen = running.listen.map_or_else(|| "-".to_owned(), |address| address.to_string());
    println!("ready listen={listen} admin={}", running.admin_listen);
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
