//! Patch-ids and changed lines, from the differences that `git diff-tree` prints.
//!
//! The differences are git's own, so that equal ids are equal to `git patch-id --stable`: the same algorithm over another
//! program's differences would give others now and then.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::Stdio,
    thread,
};

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::{HistoryError, Source, git::git};
use crate::domain::coverage::{CommitId, LineDigest, Patch, PatchId};

/// Digests kept of one commit; further ones say nothing about whether two changes are the same.
const MOST_LINES: usize = 4_096;

/// Reads what commits change.
pub struct PatchReader {
    directory: PathBuf,
}

impl PatchReader {
    /// Reads from `source`.
    pub fn new(source: &Source) -> Self {
        Self { directory: source.git_directory().to_owned() }
    }

    /// What each of `commits` changes against its first parent; of merges nothing. `progress` hears how many are done.
    ///
    /// # Errors
    /// Where git fails.
    pub fn read(
        &self,
        commits: &[CommitId],
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<(CommitId, Patch)>, HistoryError> {
        let processes = thread::available_parallelism().map_or(1, usize::from).min(commits.len().div_ceil(64)).max(1);
        let share = commits.len().div_ceil(processes).max(1);
        let done = std::sync::atomic::AtomicUsize::new(0);
        let tick = || progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
        thread::scope(|scope| {
            let shares: Vec<_> =
                commits.chunks(share).map(|commits| scope.spawn(|| self.read_share(commits, &tick))).collect();
            let mut read = Vec::with_capacity(commits.len());
            for share in shares {
                let share = share.join().map_err(|_| HistoryError::Git("a reader broke down".to_owned()))?;
                read.extend(share?);
            }
            Ok(read)
        })
    }

    fn read_share(
        &self,
        commits: &[CommitId],
        tick: &(dyn Fn() + Sync),
    ) -> Result<Vec<(CommitId, Patch)>, HistoryError> {
        let mut child = git(&self.directory)
            .args(["diff-tree", "--stdin", "--root", "-r", "-p", "--no-renames", "--no-ext-diff", "--no-textconv"])
            .args(["--no-color", "--src-prefix=a/", "--dst-prefix=b/", "-U3"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| HistoryError::NoGit(error.to_string()))?;
        let input = child.stdin.take();
        let names: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
        let feeding = thread::spawn(move || {
            // git may end early; its exit code says so.
            input.map(|mut input| input.write_all(names.as_bytes()).ok())
        });
        let mut read = Vec::with_capacity(commits.len());
        if let Some(output) = child.stdout.take() {
            let mut lines = BufReader::with_capacity(1 << 18, output);
            let mut line = Vec::new();
            let mut reading: Option<(CommitId, Reading)> = None;
            loop {
                line.clear();
                let size = lines.read_until(b'\n', &mut line).map_err(|error| HistoryError::Git(error.to_string()))?;
                let header = name_in(&line);
                if size == 0 || header.is_some() {
                    if let Some((commit, finished)) = reading.take() {
                        read.push((commit, finished.finish()));
                        tick();
                    }
                    match header {
                        Some(commit) => reading = Some((commit, Reading::new())),
                        None => break,
                    }
                } else if let Some((_, reading)) = &mut reading {
                    reading.line(&line);
                }
            }
        }
        let _ = feeding.join();
        let status = child.wait().map_err(|error| HistoryError::Git(error.to_string()))?;
        if !status.success() {
            return Err(HistoryError::Git("diff-tree could not read a commit".to_owned()));
        }
        Ok(read)
    }
}

/// A line that holds a commit's name and nothing else. Lines of a difference begin otherwise.
fn name_in(line: &[u8]) -> Option<CommitId> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    if text.len() == 40 { text.parse().ok() } else { None }
}

/// The digests of the files of one commit, added up as `git patch-id --stable` does.
#[derive(Clone, Copy, Default)]
struct Sum([u8; 20], bool);

impl Sum {
    fn add(&mut self, hash: &[u8]) {
        let mut carry = 0_u16;
        for (sum, byte) in self.0.iter_mut().zip(hash) {
            carry += u16::from(*sum) + u16::from(*byte);
            *sum = (carry & 0xff) as u8;
            carry >>= 8;
        }
        self.1 = true;
    }

    fn id(self) -> Option<PatchId> {
        self.1.then_some(PatchId(self.0))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Docs,
    Tests,
    Code,
}

/// Where in one commit's difference the reader stands.
struct Reading {
    hash: Context,
    hashed: bool,
    kind: Kind,
    all: Sum,
    without_docs: Sum,
    touches_code: bool,
    lines: Vec<LineDigest>,
    /// Lines left in this hunk, before and after; `None` while in a file's header.
    left: Option<(u32, u32)>,
    binary: bool,
    blobs: (Vec<u8>, Vec<u8>),
}

impl Reading {
    fn new() -> Self {
        Self {
            hash: Context::new(&SHA1_FOR_LEGACY_USE_ONLY),
            hashed: false,
            kind: Kind::Docs,
            all: Sum::default(),
            without_docs: Sum::default(),
            touches_code: false,
            lines: Vec::new(),
            left: None,
            binary: false,
            blobs: (Vec::new(), Vec::new()),
        }
    }

    fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"\\ ") {
            return;
        }
        let Some((before, after)) = self.left else {
            return self.header(line);
        };
        if self.binary {
            // git leaves the first line of the file behind a binary one out; so do we.
            if line.starts_with(b"diff ") {
                self.binary = false;
                self.left = None;
                self.file(line);
            }
            return;
        }
        if (before, after) == (0, 0) {
            if line.starts_with(b"@@ -") {
                self.left = hunk(line);
                return;
            }
            if line.starts_with(b"diff ") {
                self.flush();
                self.left = None;
                self.file(line);
                self.add(line);
            }
            return;
        }
        let first = line.first().copied().unwrap_or(b' ');
        let gone = u32::from(matches!(first, b'-' | b' '));
        let come = u32::from(matches!(first, b'+' | b' '));
        self.left = Some((before.saturating_sub(gone), after.saturating_sub(come)));
        if first != b' ' && self.kind != Kind::Docs {
            self.digest(line);
        }
        self.add(line);
    }

    fn header(&mut self, line: &[u8]) {
        if line.starts_with(b"diff ") {
            // The first file, or one behind a file whose content did not change: git adds both up as one.
            self.file(line);
        } else if line.starts_with(b"GIT binary patch") || line.starts_with(b"Binary files") {
            let (before, after) = std::mem::take(&mut self.blobs);
            self.hash.update(&before);
            self.hash.update(&after);
            self.hashed = true;
            self.flush();
            self.binary = true;
            self.left = Some((0, 0));
            return;
        } else if let Some(blobs) = line.strip_prefix(b"index ") {
            let words = blobs.split(|byte| matches!(byte, b' ' | b'\n')).next().unwrap_or_default();
            if let Some(dots) = words.windows(2).position(|two| two == b"..") {
                self.blobs = (words[..dots].to_vec(), words[dots + 2..].to_vec());
            }
            return;
        } else if line.starts_with(b"--- ") {
            // "---" and "+++" count as one line before and one after, as git has it.
            self.left = Some((0, 1));
        }
        self.add(line);
    }

    fn file(&mut self, line: &[u8]) {
        let names = line.strip_prefix(b"diff --git ").unwrap_or_default().trim_ascii_end();
        let path = names.get(2..names.len().saturating_sub(1) / 2).unwrap_or_default();
        self.kind = kind_of(&String::from_utf8_lossy(path));
        self.touches_code |= self.kind == Kind::Code;
    }

    /// Hashes a line without its white space.
    fn add(&mut self, line: &[u8]) {
        self.hashed = true;
        for word in line.split(|byte| byte.is_ascii_whitespace() || *byte == 0x0b) {
            self.hash.update(word);
        }
    }

    fn digest(&mut self, line: &[u8]) {
        if self.lines.len() >= MOST_LINES || line[1..].trim_ascii().is_empty() {
            return;
        }
        // FNV-1a
        let mut digest = 0x811c_9dc5_u32;
        for byte in line.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            digest = (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
        self.lines.push(digest);
    }

    fn flush(&mut self) {
        if !self.hashed {
            return;
        }
        let hash = std::mem::replace(&mut self.hash, Context::new(&SHA1_FOR_LEGACY_USE_ONLY)).finish();
        self.hashed = false;
        self.all.add(hash.as_ref());
        if self.kind != Kind::Docs {
            self.without_docs.add(hash.as_ref());
        }
    }

    fn finish(mut self) -> Patch {
        if self.binary {
            // git adds up an empty rest at the end.
            self.hashed = true;
        }
        self.flush();
        self.lines.sort_unstable();
        self.lines.dedup();
        Patch {
            all: self.all.id(),
            without_docs: self.without_docs.id(),
            touches_code: self.touches_code,
            lines: self.lines,
        }
    }
}

/// Lines before and after, of `@@ -1,3 +1,4 @@`.
fn hunk(line: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(line.get(..line.len().min(80))?).ok().or_else(|| {
        let end = line.windows(3).skip(3).position(|three| three == b" @@")? + 3;
        std::str::from_utf8(&line[..end]).ok()
    })?;
    let mut words = text.split(' ').skip(1);
    let count = |word: &str| word.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(words.next()?)?, count(words.next()?)?))
}

/// Whether a path is documentation, whose changes differ from series to series.
pub(super) fn is_documentation(path: &str) -> bool {
    kind_of(path) == Kind::Docs
}

fn kind_of(path: &str) -> Kind {
    let lower = path.to_ascii_lowercase();
    let mut parts: Vec<&str> = lower.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let prose = [".md", ".rst", ".txt", ".adoc", ".html"].iter().any(|end| file.ends_with(end));
    let ledger =
        ["changelog", "changes", "news", "history", "authors", "contributors", "thanks", "readme"].contains(&stem);
    if parts.iter().any(|part| ["tests", "test", "__tests__", "spec", "testing", "testdata"].contains(part))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || file.contains(".test.")
        || file.contains(".spec.")
    {
        return Kind::Tests;
    }
    let in_docs = parts.iter().any(|part| ["docs", "doc", "documentation"].contains(part));
    if in_docs || ledger || (prose && parts.is_empty()) { Kind::Docs } else { Kind::Code }
}
