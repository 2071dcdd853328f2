//! Chores of the repository. `cargo xtask test` is the one test command: it makes sure that GitHub's own data is there
//! for the contract tests, then runs every test of the workspace.

mod contract_data;
mod drivers;
mod fuzz;
mod peers;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const HELP: &str = "\
Chores of the embargod repository

Usage: cargo xtask <CHORE> [ARGUMENTS]

Chores:
  test [ARGUMENTS]   install GitHub's data for the contract tests if it is not there, then run all tests;
                     ARGUMENTS go to `cargo test` as they are: `cargo xtask test -- contract`
  crash [ARGUMENTS]  kill the server again and again under load; then nothing may be lost and nothing doubled.
                     The whole story: --deliveries 10000 --kills 200 --seed N
  fuzz [--seconds N] [TARGET]...
                     run the fuzz targets, each for so many seconds (20)
  load [ARGUMENTS]   measure how much the server takes in and decides, as tables for docs/performance.md:
                     --store sqlite,postgres --seconds 10 --concurrency 1,16,64 --body-bytes 11600
  train --data DIR   train the detector from labelled posts: writes the model, its thresholds and its card
                     (docs/detection.md)
  contract-data      only install that data, and print its folder
  help               print this
";

/// Why a chore could not be done, with the remedy.
type Failure = String;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (chore, rest) = arguments.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    let done = match chore {
        "test" => test(rest),
        "crash" => drivers::crash(&root(), rest),
        "fuzz" => fuzz::fuzz(&root(), rest),
        "load" => drivers::load(&root(), rest),
        "train" => drivers::train(&root(), rest),
        "contract-data" => contract_data::install(&root()).map(|dir| println!("{}", dir.display())),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(format!("there is no chore `{unknown}`: see `cargo xtask help`")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Plain `cargo test`: one process a test binary, so that the 13 MB description is parsed once.
fn test(arguments: &[String]) -> Result<(), Failure> {
    let root = root();
    let data = contract_data::install(&root)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(["test", "--workspace", "--locked"])
        .args(arguments)
        .env(contract_data::DIR_VARIABLE, data)
        .current_dir(root))
}

/// The repository's root folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the repository").to_owned()
}

/// Runs a program to its end; anything but success is a failure that names the program.
fn run(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{name} cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed ({status})")) }
}
