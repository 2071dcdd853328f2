//! The command line: one file or folder per command.
//!
//! What flows in: arguments, standard input, settings. What flows out: answers for people and scripts, and an exit code
//! whose meaning is fixed: 0 fine, 1 the answer is no, 2 usage or input error, 70 internal error. What it must never do:
//! decide (rules are in `domain`), perform an effect by itself (the engine does), or print a secret.

use std::{future::Future, process::ExitCode};

use clap::{Parser, Subcommand};

pub mod audit;
pub mod backup;
mod by_hand;
pub mod case;
pub mod classify;
pub mod coverage;
pub mod deliveries;
pub mod detector;
pub mod doctor;
pub mod effects;
mod opened;
mod page;
pub mod policy;
pub mod rehearse;
pub mod seal;
pub mod serve;
pub mod setup;
pub mod store;
pub mod undo;

/// Exit code: fine.
pub const FINE: u8 = 0;
/// Exit code: the answer is no.
pub const NO: u8 = 1;
/// Exit code: usage or input error.
pub const USAGE: u8 = 2;
/// Exit code: internal error.
pub const INTERNAL: u8 = 70;

/// Enforces a project's vulnerability-disclosure policy on GitHub.
#[derive(Parser)]
#[command(name = "embargod", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::ServeArgs),
    /// Watch the main job happen, with nothing configured: real server, stand-in GitHub, signed webhooks.
    Rehearse(rehearse::RehearseArgs),
    /// Register the App with GitHub and write its keys and settings.
    Setup(Box<setup::SetupArgs>),
    /// Find out what is wrong with an installation, and what to do about it.
    Doctor(doctor::DoctorArgs),
    /// Check, show and try out policies.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Say what a post is, and why.
    Classify(classify::ClassifyArgs),
    /// How well the detector does here.
    #[command(subcommand)]
    Detector(detector::DetectorCommand),
    /// Prove that release tags hold every security fix on every supported series.
    Coverage(coverage::CoverageArgs),
    /// Look at cases and at the reasons behind them.
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Work that was given up: look at it, try it again, or take it off the list.
    #[command(subcommand)]
    Effects(effects::EffectsCommand),
    /// Webhooks that could not be handled: look at them, handle them again, or take them off the list.
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Check that the log of all decisions is whole, and take it elsewhere.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Restore what was public before a case.
    Undo(undo::UndoArgs),
    /// Make, rotate and look at the keys that seal evidence.
    #[command(subcommand)]
    Seal(seal::SealCommand),
    /// Write everything that is kept into one encrypted file, while the server runs.
    Backup(backup::BackupArgs),
    /// Put a backup into an empty database.
    Restore(backup::RestoreArgs),
    /// Look after the database: its schema, and moving to another.
    #[command(subcommand)]
    Store(store::StoreCommand),
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    // A second provider would make rustls refuse to choose; there is only this one.
    let _already_chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print();
            let asked_for_help = !error.use_stderr() && printed.is_ok();
            return ExitCode::from(if asked_for_help { FINE } else { USAGE });
        }
    };
    ExitCode::from(match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Rehearse(args) => rehearse::run(args),
        Command::Setup(args) => setup::run(*args),
        Command::Doctor(args) => doctor::run(args),
        Command::Policy(command) => match command.run() {
            Ok(outcome) => return outcome.into(),
            // Whoever read the answer has seen enough of it.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => FINE,
            Err(error) => {
                eprintln!("embargod: the answer could not be written: {error}");
                INTERNAL
            }
        },
        Command::Classify(args) => classify::run(args),
        Command::Detector(command) => detector::run(command),
        Command::Coverage(args) => coverage::run(args),
        Command::Case(command) => case::run(command),
        Command::Effects(command) => effects::run(command),
        Command::Deliveries(command) => deliveries::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Undo(args) => undo::run(args),
        Command::Seal(command) => return seal::run(command),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => backup::run_restore(args),
        Command::Store(command) => store::run(command),
    })
}

/// Runs an asynchronous command to its end.
pub(crate) fn block_on(command: impl Future<Output = u8>) -> u8 {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(command);
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
            code
        }
        Err(error) => {
            eprintln!("embargod: the runtime could not be started: {error}");
            INTERNAL
        }
    }
}
