//! Mirrors: bare copies of repositories, fetched by the `git` program.
//!
//! A token goes to git by its environment, never on a command line; only https (and files, for tests and for those who
//! mirror by themselves) is spoken; only the refs that the policy names are fetched, and tags. A fetch that takes too long
//! or grows too large is stopped, and what was there before stays.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};

use super::{HistoryError, git::git};
use crate::domain::policy::Series;

/// How often a running fetch is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Bounds of one fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MirrorLimits {
    /// Longest duration, in milliseconds; default 30 minutes.
    pub time_ms: u64,
    /// Largest size of the mirror, in bytes; default 20 GiB.
    pub size_bytes: u64,
}

impl Default for MirrorLimits {
    fn default() -> Self {
        Self { time_ms: 30 * 60_000, size_bytes: 20 << 30 }
    }
}

/// A bare copy of a repository.
pub struct Mirror {
    path: PathBuf,
    limits: MirrorLimits,
}

impl Mirror {
    /// The mirror at `path`, made by the first fetch.
    pub fn new(path: PathBuf, limits: MirrorLimits) -> Self {
        Self { path, limits }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Brings it up to date with the repository at `url`.
    ///
    /// # Errors
    /// Where git is missing, refuses, takes too long or brings too much.
    pub fn fetch(&self, url: &str, token: Option<&SecretString>, policy: &Series) -> Result<(), HistoryError> {
        if !(url.starts_with("https://") || url.starts_with("file://")) {
            return Err(HistoryError::Git("only https:// and file:// addresses are fetched".to_owned()));
        }
        self.make()?;
        let mut command = git(&self.path);
        command
            .args(["fetch", "--prune", "--force", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"])
            .args(["--no-write-fetch-head", "--quiet", "--end-of-options", url])
            .args(refspecs(policy))
            .env("GIT_ALLOW_PROTOCOL", "https:file")
            .env("HOME", &self.path)
            .stdout(Stdio::null());
        if let Some(token) = token {
            let credentials = BASE64_STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", origin(url)))
                .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {credentials}"));
        }
        let child = command.spawn().map_err(|error| HistoryError::NoGit(error.to_string()))?;
        self.watch(child, url)?;
        self.graph()
    }

    fn make(&self) -> Result<(), HistoryError> {
        if self.path.join("HEAD").exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.path).map_err(|error| HistoryError::Git(error.to_string()))?;
        let made = git(&self.path)
            .args(["init", "--bare", "--quiet", "--template=", "--initial-branch=unborn"])
            .stdout(Stdio::null())
            .status()
            .map_err(|error| HistoryError::NoGit(error.to_string()))?;
        if made.success() { Ok(()) } else { Err(HistoryError::Git("a bare repository could not be made".to_owned())) }
    }

    /// Walks are several times faster with it.
    fn graph(&self) -> Result<(), HistoryError> {
        let child = git(&self.path)
            .args(["commit-graph", "write", "--reachable", "--split", "--no-progress"])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| HistoryError::NoGit(error.to_string()))?;
        self.watch(child, "")
    }

    fn watch(&self, mut child: Child, url: &str) -> Result<(), HistoryError> {
        let complaint = child.stderr.take().map(|stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.take(64 * 1024).read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let begun = Instant::now();
        let mut looks = 0_u32;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(error) => return Err(HistoryError::Git(error.to_string())),
            }
            looks += 1;
            let too_long = begun.elapsed().as_millis() > u128::from(self.limits.time_ms);
            let too_large = looks.is_multiple_of(10) && size_of(&self.path) > self.limits.size_bytes;
            if too_long || too_large {
                let _ = child.kill();
                let _ = child.wait();
                let why = if too_long { "took too long and was stopped" } else { "grew too large and was stopped" };
                return Err(HistoryError::Git(why.to_owned()));
            }
            thread::sleep(LOOK);
        };
        if status.success() {
            return Ok(());
        }
        let complaint = complaint.and_then(|reading| reading.join().ok()).unwrap_or_default();
        Err(HistoryError::Git(first_line(&complaint, url)))
    }
}

/// The refs that matter: the main branch, the branches of series, and tags, under their own names.
fn refspecs(policy: &Series) -> Vec<String> {
    let main = &policy.main;
    let branches = policy.branches.replace("{series}", "*");
    vec![
        format!("+refs/heads/{main}:refs/heads/{main}"),
        format!("+refs/heads/{branches}:refs/heads/{branches}"),
        "+refs/tags/*:refs/tags/*".to_owned(),
    ]
}

/// Scheme and host of an address, with a slash.
fn origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| format!("{}/", url.origin().ascii_serialization()))
}

/// git's first line of complaint, without the address, which may hold a password.
fn first_line(complaint: &str, url: &str) -> String {
    let line = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    let path = url.strip_prefix("file://").unwrap_or(url);
    let line =
        if url.is_empty() { line.to_owned() } else { line.replace(url, "the address").replace(path, "the address") };
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
