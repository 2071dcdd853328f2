//! Runs the fuzz targets for a bounded time, guided by coverage, on the toolchain that everything else is built with:
//! what `cargo fuzz` asks of a nightly compiler are sanitizers, and without `unsafe` there is little for them to find.

use std::{env, fs, path::Path, process::Command};

use crate::{Failure, run};

/// Every target, with the length of its inputs at most, in bytes.
const TARGETS: [(&str, u32); 10] = [
    ("webhook_body", 65_536),
    ("form_body", 16_384),
    ("signature_header", 1_024),
    ("policy_text", 8_192),
    ("detector_text", 16_384),
    ("settings_text", 4_096),
    ("portable_row", 8_192),
    ("backup_file", 4_096),
    ("client_header", 1_024),
    ("command_text", 16_384),
];

/// What libFuzzer needs to see where an input led.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

const USAGE: &str = "cargo xtask fuzz [--seconds N] [TARGET]...";

/// `fuzz [--seconds N] [TARGET]...`
pub fn fuzz(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    let (seconds, chosen) = asked(arguments)?;
    let target = root.join("target/fuzz");
    let host = host()?;
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // naming the target keeps the flags away from build scripts, which are linked without libFuzzer
    build
        .args(["build", "--quiet", "--locked", "--bins", "--target", &host, "--manifest-path"])
        .arg(root.join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", INSTRUMENTED)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(&mut build)
        .map_err(|failure| format!("{failure}: libFuzzer needs a C++ compiler; on Debian: apt-get install g++"))?;
    let programs = target.join(&host).join("debug");
    for (name, most_bytes) in
        TARGETS.into_iter().filter(|(name, _)| chosen.is_empty() || chosen.iter().any(|c| c == name))
    {
        one(root, &programs, name, most_bytes, seconds)?;
    }
    Ok(())
}

/// Found inputs go below `target`; what is committed are the seeds.
fn one(root: &Path, programs: &Path, name: &str, most_bytes: u32, seconds: u32) -> Result<(), Failure> {
    let seeds = root.join("fuzz/seeds").join(name);
    let found = root.join("target/fuzz/corpus").join(name);
    let crashes = root.join("target/fuzz/artifacts").join(name);
    for folder in [&found, &crashes] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let log = root.join("target/fuzz").join(format!("{name}.log"));
    let file = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let status = Command::new(programs.join(name))
        .arg(&found)
        .args(seeds.is_dir().then_some(&seeds))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={most_bytes}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .stderr(file)
        .status()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    let said = fs::read_to_string(&log).unwrap_or_default();
    if !status.success() {
        let end: Vec<&str> = said.lines().rev().take(30).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        return Err(format!(
            "{name} found something:\n{}\nIts input is in {}; put it into a test beside the code that failed, then mend it",
            end.join("\n"),
            crashes.display()
        ));
    }
    let stat = |key: &str| said.lines().find_map(|line| line.strip_prefix(key)).map_or("?", str::trim).to_owned();
    let covered = said.lines().rev().find_map(|line| line.split_once("cov: ")?.1.split(' ').next());
    println!(
        "{name}: {} inputs in {seconds} s, {} places reached, {} inputs kept",
        stat("stat::number_of_executed_units:"),
        covered.unwrap_or("?"),
        fs::read_dir(&found).map_or(0, Iterator::count),
    );
    Ok(())
}

fn asked(arguments: &[String]) -> Result<(u32, Vec<String>), Failure> {
    let (mut seconds, mut chosen) = (20, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let value = rest.next().and_then(|value| value.parse().ok());
            seconds = value.filter(|seconds| *seconds > 0).ok_or_else(|| format!("how many seconds? {USAGE}"))?;
        } else if TARGETS.iter().any(|(name, _)| name == argument) {
            chosen.push(argument.clone());
        } else {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no target `{argument}`: {}; {USAGE}", names.join(", ")));
        }
    }
    Ok((seconds, chosen))
}

/// The machine's own target, as rustc names it.
fn host() -> Result<String, Failure> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).arg("-vV").output().map_err(|error| format!("rustc cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say what it builds for".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn time_and_targets_are_understood() {
        assert_eq!(asked(&[]), Ok((20, Vec::new())));
        assert_eq!(asked(&words("--seconds 5 form_body")), Ok((5, words("form_body"))));
        for wrong in ["--seconds", "--seconds 0", "--seconds many", "no_such_target"] {
            assert!(asked(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_target_of_the_folder_is_run() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
        let mut files: Vec<String> = fs::read_dir(folder)
            .expect("the folder")
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
            .collect();
        files.sort();
        let mut known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
