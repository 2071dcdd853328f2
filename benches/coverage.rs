//! How fast fix coverage is against git itself, on one machine in one run.
//!
//! `cargo bench --bench coverage -- --git DIR --fixes FILE` measures a real history; without `--git` a small one is made.
//! Prints a Markdown table. Figures are the best of three rounds; close other work first.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use embargod::{
    domain::{
        coverage::{CommitId, Coverage, Fix, FixCoverage, History, Judgement, SeriesLines},
        policy::Series,
    },
    history::{Keeper, PatchReader, Source},
};
use jiff::civil::Date;

/// The best of so many rounds counts.
const ROUNDS: usize = 3;

/// A fix as a file names it.
#[derive(serde::Deserialize)]
struct NamedFix {
    id: String,
    date: Date,
    #[serde(default)]
    main: Option<Vec<String>>,
    #[serde(default)]
    series: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    not_affected: BTreeMap<String, String>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|one| one == name).and_then(|at| arguments.get(at + 1));
    let folder = tempfile::tempdir().expect("a folder");
    let (repository, fixes) = match (value("--git"), value("--fixes")) {
        (Some(repository), Some(fixes)) => (PathBuf::from(repository), fixes_in(Path::new(fixes))),
        _ => made(folder.path()),
    };
    let series = value("--series").map_or_else(|| "{}".to_owned(), |path| fs::read_to_string(path).expect("a policy"));
    let policy: Series = serde_json::from_str(&series).expect("series of a policy");
    let whole = arguments.iter().any(|one| one == "--whole");

    // git's own way is measured on a copy with a commit-graph; the repository that was shown stays as it is.
    let copy = folder.path().join("copy");
    git(folder.path(), &["clone", "--quiet", "--bare", "--shared", &repository.display().to_string(), "copy"]);
    git(&copy, &["commit-graph", "write", "--reachable", "--changed-paths"]);

    println!("| figure | git | embargod | times as fast |\n|---|---|---|---|");
    let kept = folder.path().join("kept.history");
    let mut coverage = Coverage::default();
    let cold = best(1, || {
        let _ = fs::remove_file(&kept);
        coverage = cover(&repository, &policy, &fixes, &kept);
    });
    let commits: Vec<CommitId> = coverage.fixes.iter().flat_map(commits_of).collect();
    if whole {
        let theirs = best(1, || patch_ids_by_git(&copy));
        let ours = best(1, || patch_ids(&repository, &policy));
        row("patch-ids of the whole history, cold", theirs, ours);
        row("the archive alone, cold, against all of git's patch-ids", theirs, cold);
    }
    let theirs = best(1, || commits.iter().for_each(|commit| contained_by_git(&copy, commit)));
    let ours = best(ROUNDS, || drop(cover(&repository, &policy, &fixes, &kept)));
    row(&format!("{} fixes, {} commits on branches, warm", fixes.len(), commits.len()), theirs, ours);
    if let Some(fix) = fixes.first() {
        let one = std::slice::from_ref(fix);
        let commit = commits.first().copied();
        let theirs = best(ROUNDS, || commit.iter().for_each(|commit| tags_by_git(&copy, commit)));
        let ours = best(ROUNDS * 3, || drop(cover(&repository, &policy, one, &kept)));
        row("a new tag, one fix, warm", theirs, ours);
    }
    if let Some(peak) = peak_mib() {
        println!("\nLargest memory of this process: {peak} MiB.");
    }
}

fn row(what: &str, theirs: Duration, ours: Duration) {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    println!("| {what} | {} | {} | {:.1} |", ms(theirs), ms(ours), theirs.as_secs_f64() / ours.as_secs_f64());
}

fn best(rounds: usize, mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..rounds).map(once).min().unwrap_or_default()
}

/// All that `embargod coverage` does but printing.
fn cover(repository: &Path, policy: &Series, fixes: &[Fix], kept: &Path) -> Coverage {
    let source = Source::open(repository).expect("a repository");
    let keeper = Keeper::new(kept.to_owned());
    let mut history = keeper.load();
    let known = history.commits.len();
    source.update(&mut history, policy, &mut |_| {}).expect("it is read");
    let lines = SeriesLines::of(&history, policy);
    let needed: Vec<CommitId> = {
        let judgement = Judgement::new(&history, policy, &lines, None);
        let needed = fixes.iter().flat_map(|fix| judgement.needs(fix)).map(|place| history.commit(place).id);
        let mut needed: Vec<_> = needed.filter(|id| !history.patches.contains_key(id)).collect();
        needed.sort_by_key(|id| history.place(id));
        needed.dedup();
        needed
    };
    let read = PatchReader::new(&source).read(&needed, &|_| {}).expect("git answers");
    history.patches.extend(needed.iter().map(|id| (*id, Default::default())));
    history.patches.extend(read);
    if !needed.is_empty() || history.commits.len() != known {
        keeper.save(&history).expect("it is kept");
    }
    let judgement = Judgement::new(&history, policy, &lines, None);
    Coverage { fixes: fixes.iter().map(|fix| judgement.of(fix)).collect() }
}

fn patch_ids(repository: &Path, policy: &Series) {
    let source = Source::open(repository).expect("a repository");
    let mut history = History::default();
    source.update(&mut history, policy, &mut |_| {}).expect("it is read");
    let all: Vec<CommitId> = history.commits.iter().map(|commit| commit.id).collect();
    drop(PatchReader::new(&source).read(&all, &|_| {}).expect("git answers"));
}

fn patch_ids_by_git(copy: &Path) {
    let script = "git log -p --branches --tags | git patch-id --stable >/dev/null";
    let status = Command::new("sh").arg("-c").arg(script).current_dir(copy).status().expect("git runs");
    assert!(status.success());
}

fn contained_by_git(copy: &Path, commit: &CommitId) {
    tags_by_git(copy, commit);
    git(copy, &["branch", "--contains", &commit.to_string()]);
}

fn tags_by_git(copy: &Path, commit: &CommitId) {
    git(copy, &["tag", "--contains", &commit.to_string()]);
}

fn commits_of(fix: &FixCoverage) -> Vec<CommitId> {
    fix.cells.iter().skip(1).flat_map(|cell| cell.commits.clone()).collect()
}

fn fixes_in(path: &Path) -> Vec<Fix> {
    let text = fs::read_to_string(path).expect("a list of fixes");
    let named: Vec<NamedFix> = serde_json::from_str(&text).expect("a list of fixes");
    let fixes = named.into_iter();
    fixes
        .map(|NamedFix { id, date, main, series, not_affected }| Fix { id, date, main, series, not_affected })
        .collect()
}

/// A history with four series, a hundred fixes and three thousand commits.
fn made(folder: &Path) -> (PathBuf, Vec<Fix>) {
    let path = folder.join("made");
    fs::create_dir_all(&path).expect("a folder");
    git(&path, &["init", "--quiet", "--bare", "--initial-branch=main"]);
    let mut stream = String::new();
    let mut mark = 0;
    let mut fixes = Vec::new();
    let start: Date = "2020-01-01".parse().expect("a day");
    let mut commit = |stream: &mut String, branch: &str, day: i64, subject: &str, file: &str, text: &str, from: u32| {
        mark += 1;
        let seconds = 1_577_880_000 + day * 86_400;
        stream.push_str(&format!("commit refs/heads/{branch}\nmark :{mark}\ncommitter M <m@x> {seconds} +0000\n"));
        stream.push_str(&format!("data {}\n{subject}\n", subject.len()));
        if from > 0 {
            stream.push_str(&format!("from :{from}\n"));
        }
        stream.push_str(&format!("M 100644 inline {file}\ndata {}\n{text}\n", text.len()));
        mark
    };
    let tag = |stream: &mut String, name: &str, mark: u32| {
        stream.push_str(&format!("reset refs/tags/{name}\nfrom :{mark}\n\n"));
    };
    let mut main = 0;
    for series in 0..4_i64 {
        for number in 0..400 {
            let day = series * 200 + number / 2;
            let file = format!("src/file_{}.txt", number % 40);
            main = commit(
                &mut stream,
                "main",
                day,
                &format!("Change {series}.{number}"),
                &file,
                &format!("{number}\n"),
                0,
            );
        }
        let branch = format!("stable/1.{series}.x");
        let first =
            commit(&mut stream, &branch, series * 200 + 199, "Began", "VERSION", &format!("1.{series}\n"), main);
        tag(&mut stream, &format!("1.{series}"), first);
        for number in 0..25_i64 {
            let day = series * 200 + 200 + number * 4;
            let id = format!("CVE-202{series}-1{number:03}");
            let subject = format!("Fixed {id} -- Checked input {number}.");
            let (file, text) = (format!("src/checked_{series}_{number}.txt"), format!("checked {number}\n"));
            commit(&mut stream, "main", day, &subject, &file, &text, 0);
            let backport = format!("[1.{series}.x] {subject}");
            let last = commit(&mut stream, &branch, day, &backport, &file, &text, 0);
            tag(&mut stream, &format!("1.{series}.{}", number + 1), last);
            let date = start.checked_add(jiff::Span::new().days(day)).expect("a day");
            fixes.push(Fix { id, date, main: None, series: BTreeMap::new(), not_affected: BTreeMap::new() });
        }
    }
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(&path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().expect("piped").write_all(stream.as_bytes()).expect("fed");
    assert!(child.wait().expect("it ends").success());
    (path, fixes)
}

fn git(folder: &Path, arguments: &[&str]) {
    let status =
        Command::new("git").args(arguments).current_dir(folder).stdout(Stdio::null()).status().expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}

/// Largest resident memory of this process so far, where the system says it.
fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kib| kib / 1024)
}
