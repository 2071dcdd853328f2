//! Running `git` so that neither the repository nor the machine's configuration has a say in what it does.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// A `git` command that reads no configuration but the repository's own, runs no hooks, asks nobody, and speaks English.
pub(super) fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("--no-pager")
        .arg("--no-optional-locks")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"])
        .args(["-c", "safe.directory=*", "-c", "core.quotePath=true", "-c", "gc.auto=0"])
        .arg("-C")
        .arg(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}
