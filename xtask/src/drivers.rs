//! Builds embargod's binary as a driver needs it, and the drivers and the trainer themselves, and runs one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Failure, contract_data, peers, run};

/// A build of the binary.
struct Build {
    /// Cargo's arguments.
    arguments: &'static [&'static str],
    /// Folder below `target` in which cargo puts it.
    folder: &'static str,
    /// Name under which it is kept, so that another build does not take its place while it is under fire.
    name: &'static str,
}

/// With places at which it can be made to die.
const MORTAL: Build = Build { arguments: &["--features", "failpoints"], folder: "debug", name: "embargod-failpoints" };

/// As an operator runs it.
const RELEASE: Build = Build { arguments: &["--release"], folder: "release", name: "embargod" };

/// `load`: measures.
pub fn load(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    let peers = peers::install(root)?;
    let mut all: Vec<String> = Vec::new();
    if let Some(folder) = peers {
        all.extend(["--peers".to_owned(), folder.display().to_string()]);
        let examples = contract_data::install(root)?.join(contract_data::EXAMPLES);
        all.extend(["--examples".to_owned(), examples.display().to_string()]);
    }
    all.extend_from_slice(arguments);
    drive(root, "load", &RELEASE, &["--release"], &all)
}

/// `crash`: kills the server again and again.
pub fn crash(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    drive(root, "crash", &MORTAL, &[], arguments)
}

/// `train`: fits the detector's heads.
pub fn train(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    run(cargo(root)
        .args(["run", "--quiet", "--locked", "--package", "trainer", "--", "--root"])
        .arg(root)
        .args(arguments))
}

fn drive(root: &Path, driver: &str, build: &Build, profile: &[&str], arguments: &[String]) -> Result<(), Failure> {
    let binary = built(root, build)?;
    run(cargo(root)
        .args(["run", "--quiet", "--locked", "--package", "drivers"])
        .args(profile)
        .args(["--", driver, "--binary"])
        .arg(binary)
        .args(arguments))
}

fn built(root: &Path, build: &Build) -> Result<PathBuf, Failure> {
    run(cargo(root)
        .args(["build", "--quiet", "--locked", "--package", "embargod", "--bin", "embargod"])
        .args(build.arguments))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let kept = target.join("drivers");
    fs::create_dir_all(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let (from, to) = (target.join(build.folder).join("embargod"), kept.join(build.name));
    fs::copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(to)
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}
