//! Programs that put embargod's own binary under fire. `cargo xtask crash` and `cargo xtask load` build what is needed
//! and run them.
//!
//! Each driver has a folder of its own; what they share is the stage (a stand-in GitHub in this process, the real
//! binary with an operator's files) and the posts that imagined people write.

mod crash;
mod load;
mod posts;
mod program;
mod stage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why a driver could not go on, for a person.
type Failure = String;

/// Puts embargod under fire.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    driver: Driver,
}

#[derive(Subcommand)]
enum Driver {
    /// Kills the server again and again under load; then nothing may be lost and nothing doubled.
    Crash(crash::Arguments),
    /// Measures how much the server takes in and decides, and what that costs.
    Load(load::Arguments),
}

fn main() -> ExitCode {
    let Arguments { driver } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("xtask: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match driver {
            Driver::Crash(arguments) => crash::run(&arguments).await,
            Driver::Load(arguments) => load::run(&arguments).await,
        }
    });
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(2)
        }
    }
}
