//! GitHub's API description and example payloads, from the npm packages that `tests/contract-data` pins.
//!
//! They are large and not ours, so they are installed below `target/` and never committed. npm's lock file holds the
//! checksums; the folder is kept for as long as that file stays as it is, and no network is needed then.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Failure, run};

/// Tells the tests where the data is.
pub const DIR_VARIABLE: &str = "EMBARGOD_CONTRACT_DIR";

/// What pins the packages, within the repository.
const PINNED: &str = "tests/contract-data";
const PIN_FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// Marks a complete installation; holds the lock file that it was made from.
const STAMP: &str = "installed-from.json";

/// The example payloads, in the folder that [`install`] returns.
pub const EXAMPLES: &str = "webhook-examples.json";

/// The two files that the tests read, with their places in the packages (385 MB otherwise).
const WANTED: [(&str, &str); 2] = [
    ("node_modules/@octokit/openapi/generated/api.github.com.json", "api.github.com.json"),
    ("node_modules/@octokit/webhooks-examples/api.github.com/index.json", EXAMPLES),
];

/// Makes sure that the data is there and returns its folder.
pub fn install(root: &Path) -> Result<PathBuf, Failure> {
    let pinned = root.join(PINNED);
    let target = root.join("target");
    let dir = target.join("contract");
    let lock = read(&pinned.join(PIN_FILES[1]))?;
    if fs::read(dir.join(STAMP)).is_ok_and(|stamp| stamp == lock) {
        return Ok(dir);
    }
    for (tool, option) in [("node", "--version"), ("npm", "--version")] {
        require(tool, option)?;
    }
    eprintln!("xtask: installing GitHub's API description and example payloads (once; npm, about 40 MB)");
    let work = target.join("contract-npm");
    remove(&work)?;
    remove(&dir)?;
    create(&work)?;
    create(&dir)?;
    for name in PIN_FILES {
        copy(&pinned.join(name), &work.join(name))?;
    }
    run(Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&work)
        // our caller's standard output may be read by a script
        .stdout(Stdio::null()))
    .map_err(|failure| {
        format!("{failure}: npm could not install what {PINNED} pins; is the npm registry reachable?")
    })?;
    for (from, to) in WANTED {
        copy(&work.join(from), &dir.join(to))?;
    }
    remove(&work)?;
    fs::write(dir.join(STAMP), lock).map_err(|error| at(&dir.join(STAMP), &error))?;
    Ok(dir)
}

/// Whether a tool of npm's is there, said in the words of somebody who has to install it.
fn require(tool: &str, option: &str) -> Result<(), Failure> {
    let answer = Command::new(tool).arg(option).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match answer {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!(
            "`{tool}` is needed to install GitHub's API description for the contract tests; \
             on Debian: apt-get install nodejs npm"
        )),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| at(path, &error))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map(drop).map_err(|error| at(from, &error))
}

fn create(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|error| at(dir, &error))
}

fn remove(dir: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(dir, &error)),
        _ => Ok(()),
    }
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display())
}
