//! Mirrors: bare copies of repositories, fetched by the `git` program.
//!
//! A token goes to git by its environment, never on a command line; only https (and files, for tests and for those who
//! mirror by themselves) is spoken; only the refs that the policy names are fetched. A fetch that takes too long or grows
//! too large is stopped, and what was there before stays. One fetch at a time: a lock on a file beside the mirror, which
//! git itself holds, too, so that it stays locked while a git outlives the program that started it.

use std::{
    fs::{self, File, TryLockError},
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
        self.fetch_watched(url, token, policy, &mut |_| {})
    }

    /// The same; `progress` hears about once a second how many bytes the mirror holds.
    ///
    /// # Errors
    /// As [`Mirror::fetch`].
    pub fn fetch_watched(
        &self,
        url: &str,
        token: Option<&SecretString>,
        policy: &Series,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), HistoryError> {
        self.bring(url, token, &refspecs(policy), None, progress)
    }

    /// Brings the branches whose names begin with `prefix`, and nothing else, up to date with the repository at `url`. What the
    /// repository at `lender` holds is borrowed from there, so the lender must stay.
    ///
    /// # Errors
    /// As [`Mirror::fetch`].
    pub fn fetch_branches(
        &self,
        url: &str,
        token: Option<&SecretString>,
        prefix: &str,
        lender: &Path,
    ) -> Result<(), HistoryError> {
        let refspecs = [format!("+refs/heads/{prefix}*:refs/heads/{prefix}*")];
        self.bring(url, token, &refspecs, Some(lender), &mut |_| {})
    }

    fn bring(
        &self,
        url: &str,
        token: Option<&SecretString>,
        refspecs: &[String],
        lender: Option<&Path>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), HistoryError> {
        check_address(url).map_err(|what| HistoryError::Git(what.to_owned()))?;
        let begun = Instant::now();
        fs::create_dir_all(&self.path).map_err(|error| self.unwritable(&error))?;
        let lock = self.lock(begun)?;
        self.make()?;
        if let Some(lender) = lender {
            self.borrow(lender)?;
        }
        self.tidy();
        let mut command = git(&self.path);
        if token.is_some() {
            // A token is for the place that it was given for, and for no other.
            command.args(["-c", "http.followRedirects=false"]);
        }
        command
            .args(["fetch", "--prune", "--force", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"])
            .args(["--no-write-fetch-head", "--update-shallow", "--quiet"])
            // What was cut off at the source then may be there now.
            .args(self.path.join("shallow").exists().then_some("--unshallow"))
            .args(["--end-of-options", url])
            .args(refspecs)
            .env("GIT_ALLOW_PROTOCOL", "https:file")
            .env("HOME", &self.path)
            .stdin(lock.try_clone().map_err(|error| self.unwritable(&error))?)
            .stdout(Stdio::null());
        for name in CONNECTION {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(token) = token.filter(|_| url.starts_with("https://")) {
            let credentials = BASE64_STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", origin(url)))
                .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {credentials}"));
        }
        let child = command.spawn().map_err(|error| HistoryError::NoGit(error.to_string()))?;
        self.watch(child, url, begun, progress)?;
        self.graph(begun)?;
        // The lock is let go only now.
        drop(lock);
        Ok(())
    }

    fn unwritable(&self, error: &std::io::Error) -> HistoryError {
        HistoryError::Git(format!("the folder for copies, {}, cannot be used: {error}", self.path.display()))
    }

    /// Waits until nobody else fetches into this mirror.
    fn lock(&self, begun: Instant) -> Result<File, HistoryError> {
        let path = self.path.with_extension("lock");
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| self.unwritable(&error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if self.is_late(begun) => {
                    return Err(HistoryError::Git("another run was fetching the same all the time".to_owned()));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
                Err(TryLockError::Error(error)) => return Err(self.unwritable(&error)),
            }
        }
    }

    fn is_late(&self, begun: Instant) -> bool {
        begun.elapsed().as_millis() > u128::from(self.limits.time_ms)
    }

    /// Takes away what a fetch left that was cut off: half a pack, locks that nobody holds. Only under the lock.
    fn tidy(&self) {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else if name.ends_with(".lock") || name.starts_with("tmp_") {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    fn make(&self) -> Result<(), HistoryError> {
        if ["HEAD", "config", "objects", "refs"].iter().all(|name| self.path.join(name).exists()) {
            return Ok(());
        }
        let made = git(&self.path)
            .args(["init", "--bare", "--quiet", "--template=", "--initial-branch=unborn"])
            .stdout(Stdio::null())
            .status()
            .map_err(|error| HistoryError::NoGit(error.to_string()))?;
        if made.success() { Ok(()) } else { Err(HistoryError::Git("a bare repository could not be made".to_owned())) }
    }

    fn borrow(&self, lender: &Path) -> Result<(), HistoryError> {
        let objects = fs::canonicalize(lender.join("objects")).map_err(|error| self.unwritable(&error))?;
        let mut line = objects.into_os_string();
        line.push("\n");
        let folder = self.path.join("objects/info");
        let written =
            fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("alternates"), line.as_encoded_bytes()));
        written.map_err(|error| self.unwritable(&error))
    }

    /// Walks are several times faster with it.
    fn graph(&self, begun: Instant) -> Result<(), HistoryError> {
        let child = git(&self.path)
            .args(["commit-graph", "write", "--reachable", "--split", "--no-progress"])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| HistoryError::NoGit(error.to_string()))?;
        self.watch(child, "", begun, &mut |_| {})
    }

    fn watch(
        &self,
        mut child: Child,
        url: &str,
        begun: Instant,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), HistoryError> {
        let complaint = child.stderr.take().map(|stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.take(64 * 1024).read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let mut looks = 0_u32;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(error) => return Err(HistoryError::Git(error.to_string())),
            }
            looks += 1;
            let mut too_large = false;
            if looks.is_multiple_of(10) {
                let size = size_of(&self.path);
                progress(size);
                too_large = size > self.limits.size_bytes;
            }
            if too_large || self.is_late(begun) {
                let _ = child.kill();
                let _ = child.wait();
                let why = if too_large {
                    "grew too large and was stopped (--fetch-size)"
                } else {
                    "took too long and was stopped (--fetch-time)"
                };
                return Err(HistoryError::Git(why.to_owned()));
            }
            thread::sleep(LOOK);
        };
        if status.success() {
            // It may have been done between two looks.
            if size_of(&self.path) > self.limits.size_bytes {
                return Err(HistoryError::Git("the copy is larger than allowed (--fetch-size)".to_owned()));
            }
            return Ok(());
        }
        let complaint = complaint.and_then(|reading| reading.join().ok()).unwrap_or_default();
        Err(HistoryError::Git(first_line(&complaint, url)))
    }
}

/// What git may know of the way to the network: proxies, and whose certificates are believed.
const CONNECTION: [&str; 8] =
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "GIT_SSL_CAINFO", "SSL_CERT_FILE"];

/// The folder below `folder` for the mirror of an address.
pub fn mirror_folder(folder: &Path, url: &str) -> PathBuf {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix(".git").unwrap_or(url);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, url.as_bytes());
    folder.join(format!("{}.git", hex::encode(&digest.as_ref()[..12])))
}

/// Whether an address can be fetched without telling anybody else a secret.
///
/// # Errors
/// With what is wrong about it; the address itself is not repeated.
pub fn check_address(url: &str) -> Result<(), &'static str> {
    let wrong = |what| Err(what);
    if url.starts_with("file://") {
        return Ok(());
    }
    let Some(parsed) = url::Url::parse(url).ok().filter(|parsed| parsed.scheme() == "https") else {
        return wrong("only https:// and file:// addresses are fetched");
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return wrong("the address holds a name or password, which others could read; leave it out");
    }
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return wrong("the address holds white space");
    }
    Ok(())
}

/// The refs that matter, under their own names: the main branch, the branches of series, the tags that they became, and
/// the tags of releases. Of a tag's pattern only what stands before the series and after the rest can be said to git.
fn refspecs(policy: &Series) -> Vec<String> {
    let branches = policy.branches.replace("{series}", "*");
    let tags = |pattern: &str| {
        let before = pattern.split('{').next().unwrap_or_default();
        let after = pattern.rsplit('}').next().unwrap_or_default();
        format!("refs/tags/{before}*{after}")
    };
    let mut names = vec![
        format!("refs/heads/{}", policy.main),
        format!("refs/heads/{branches}"),
        format!("refs/tags/{branches}"),
        tags(&policy.tags),
        tags(&policy.prerelease_tags),
    ];
    names.sort();
    names.dedup();
    names.into_iter().map(|name| format!("+{name}:{name}")).collect()
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
