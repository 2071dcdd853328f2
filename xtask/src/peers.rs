//! What `cargo xtask load` compares embargod with, from the npm packages that `xtask/peers` pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Failure, run};

const PINNED: &str = "xtask/peers";
const FILES: [&str; 5] = ["package.json", "package-lock.json", "probot-run.mjs", "probot.mjs", "octokit.mjs"];

/// Installs them below `target` and returns their folder; `None` where there is no node.
pub fn install(root: &Path) -> Result<Option<PathBuf>, Failure> {
    let is_there = |tool: &str| {
        let version = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    if !is_there("node") || !is_there("npm") {
        eprintln!("xtask: node and npm are not there, so nothing is compared; on Debian: apt-get install nodejs npm");
        return Ok(None);
    }
    let folder = root.join("target/peers");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let lock = fs::read(root.join(PINNED).join(FILES[1])).map_err(|error| format!("{PINNED}: {error}"))?;
    let is_installed =
        folder.join("node_modules").is_dir() && fs::read(folder.join(FILES[1])).is_ok_and(|old| old == lock);
    for name in FILES {
        let from = root.join(PINNED).join(name);
        fs::copy(&from, folder.join(name)).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    if !is_installed {
        run(Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder)
            .stdout(Stdio::null()))?;
    }
    Ok(Some(folder))
}
