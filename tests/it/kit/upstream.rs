//! A real repository beside the stand-in, which knows of it only what is pushed: made by the `git` program, with dates of
//! its own.

use std::{cell::Cell, path::PathBuf, process::Command, rc::Rc};

use embargod::{engine::releases::Mirrors, history::mirror::MirrorLimits, standin::Commit};
use jiff::{SignedDuration, Timestamp};

use super::{CORA, REPO, World};

/// See the module.
pub struct Upstream {
    folder: Rc<tempfile::TempDir>,
    /// What GitHub calls it.
    name: &'static str,
    /// The date of the next commit.
    next: Cell<Timestamp>,
}

impl Upstream {
    /// A repository whose first commit is on `main`.
    pub fn new() -> Self {
        let folder = Rc::new(tempfile::tempdir().expect("a folder"));
        let next = Cell::new("2026-06-01T09:00:00Z".parse().expect("an instant"));
        let upstream = Self { folder, name: REPO, next };
        std::fs::create_dir_all(upstream.path()).expect("a folder");
        upstream.git(&["init", "--quiet", "--initial-branch=main"]);
        upstream.commit("main", "src/app.py", "print('hello')\n", "Began.");
        upstream
    }

    /// A repository of its own with everything that is in this one, at GitHub under another `name`; no fork.
    pub fn copy_to(&self, name: &'static str) -> Self {
        let copy = Self { folder: Rc::clone(&self.folder), name, next: Cell::new(self.next.get()) };
        std::fs::create_dir_all(copy.path()).expect("a folder");
        copy.git(&["init", "--quiet", "--initial-branch=unborn"]);
        let from = self.path().display().to_string();
        copy.git(&["fetch", "--quiet", "--no-tags", &from, "+refs/heads/*:refs/heads/*"]);
        copy
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("{}.git", self.name))
    }

    /// Where the bot mirrors it.
    pub fn mirrors(&self) -> Mirrors {
        Mirrors {
            folder: self.mirror_folder(),
            git_base: format!("file://{}", self.folder.path().display()),
            limits: MirrorLimits { time_ms: 60_000, size_bytes: 1 << 30 },
        }
    }

    /// The folder of the mirrors.
    pub fn mirror_folder(&self) -> PathBuf {
        self.folder.path().join("mirrors")
    }

    /// The date of the next commit is `date`.
    pub fn it_is(&self, date: &str) {
        self.next.set(date.parse().expect("an instant"));
    }

    /// Makes `branch` at `from`.
    pub fn branch(&self, branch: &str, from: &str) {
        self.git(&["branch", branch, from]);
    }

    /// Takes a branch over from another repository, as it stands there.
    pub fn take(&self, from: &Self, branch: &str, to: &str) {
        let path = from.path().display().to_string();
        self.git(&["fetch", "--quiet", "--no-tags", "--update-head-ok", &path, &format!("{branch}:{to}")]);
    }

    /// Commits a file's new text on a branch; the commit's name.
    pub fn commit(&self, branch: &str, path: &str, text: &str, message: &str) -> String {
        self.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]);
        if self.has(branch) {
            self.git(&["reset", "--quiet", "--hard"]);
        }
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("written");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Tags a commit, with a tag object.
    pub fn tag(&self, tag: &str, at: &str) {
        self.git(&["tag", "--force", "--annotate", "--message", "Released.", tag, at]);
    }

    /// The commit that a name stands for.
    pub fn sha(&self, name: &str) -> String {
        self.git(&["rev-parse", &format!("{name}^{{commit}}")])
    }

    /// Pushes these refs (whole names) to GitHub, at once.
    pub fn push(&self, world: &World, refs: &[&str]) {
        let log = self.git(&["log", "--all", "--reverse", "--topo-order", "--format=%H %P%x09%s"]);
        let commits = log.lines().map(|line| {
            let (names, subject) = line.split_once('\t').expect("a subject");
            let mut names = names.split(' ').filter(|name| !name.is_empty()).map(str::to_owned);
            Commit {
                sha: names.next().expect("a commit"),
                message: subject.to_owned(),
                author: CORA.to_owned(),
                at: world.now(),
                parents: names.collect(),
            }
        });
        world.github.take_over(self.name, commits.collect()).expect("taken over");
        let named: Vec<(&str, String)> = refs.iter().map(|name| (*name, self.sha(name))).collect();
        let named: Vec<(&str, &str)> = named.iter().map(|(name, sha)| (*name, sha.as_str())).collect();
        world.github.push_refs(self.name, CORA, &named).expect("pushed");
    }

    /// GitHub's git does not answer any more; the commit on which `stable/5.1.x` stands.
    pub fn hide(&self) -> String {
        let sha = self.sha("stable/5.1.x");
        std::fs::rename(self.path(), self.folder.path().join("hidden")).expect("moved");
        sha
    }

    /// GitHub's git answers again.
    pub fn show(&self) {
        std::fs::rename(self.folder.path().join("hidden"), self.path()).expect("moved");
    }

    /// Pushes these refs onto a commit that GitHub knows.
    pub fn push_as(&self, world: &World, refs: &[&str], sha: &str) {
        let named: Vec<(&str, &str)> = refs.iter().map(|name| (*name, sha)).collect();
        world.github.push_refs(self.name, CORA, &named).expect("pushed");
    }

    fn has(&self, branch: &str) -> bool {
        let reference = format!("refs/heads/{branch}");
        self.run(&["rev-parse", "--quiet", "--verify", &reference]).status.success()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {complaint}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> std::process::Output {
        let date = self.next.get();
        self.next.set(date + SignedDuration::from_mins(1));
        let date = date.to_string();
        Command::new("git")
            .arg("-C")
            .arg(self.path())
            .args(["-c", "user.name=Cora", "-c", "user.email=cora@acme.example", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("HOME", self.folder.path())
            .output()
            .expect("git runs")
    }
}
