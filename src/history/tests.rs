//! Small repositories, made by git itself.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use super::*;
use crate::domain::coverage::{CommitId, History, PatchId};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=Mia", "-c", "user.email=mia@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Commits of all shapes that a difference can have.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    git(path, &["init", "--quiet", "--initial-branch=main"]);
    let commit = |subject: &str| {
        git(path, &["add", "--all"]);
        git(path, &["commit", "--quiet", "--allow-empty", "-m", subject]);
    };
    let write = |name: &str, bytes: &[u8]| {
        let file = path.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, bytes).expect("written");
    };
    let lines = |from: usize, to: usize| (from..to).map(|line| format!("line {line}\n")).collect::<String>();
    write("src/a.py", lines(0, 60).as_bytes());
    write("docs/notes.txt", b"Notes\n");
    write("logo.png", &[0, 1, 2, 0, 255]);
    commit("Began");
    write("src/a.py", (lines(0, 10) + "  new   line\n" + &lines(10, 50) + &lines(53, 60)).as_bytes());
    write("docs/notes.txt", b"Notes\n\nFixed.");
    commit("Changed in two places, and a file without its last newline");
    write("logo.png", &[0, 9, 9, 0]);
    write("src/b c.py", b"print(1)\n");
    commit("A binary file before a text file with a space in its name");
    write("\u{fc}mlaut.py", b"x = 1\n");
    fs::remove_file(path.join("src/a.py")).expect("removed");
    commit("One removed, one with a name that is quoted");
    write("empty.py", b"");
    commit("An empty file");
    commit("Nothing");
    git(path, &["update-index", "--chmod=+x", "src/b c.py"]);
    git(path, &["commit", "--quiet", "-m", "A mode"]);
    write("src/c.py", b"+ plus\n- minus\n@@ -1 +1 @@\ndiff --git a/x b/x\n");
    commit("Lines that look like a difference");
    write("src/c.py", b"- minus\n@@ -1 +1 @@\n++ twice\n-- twice\n");
    commit("The same, changed");
    folder
}

fn read(folder: &Path) -> (Source, History) {
    let source = Source::open(folder).expect("a repository");
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    let mut history = History::default();
    source.update(&mut history, &policy, &mut |_| {}).expect("it is read");
    (source, history)
}

#[test]
fn patch_ids_are_those_of_git() {
    let folder = repository();
    let (source, history) = read(folder.path());
    let ids: Vec<CommitId> = history.commits.iter().map(|commit| commit.id).collect();
    let ours: HashMap<CommitId, Option<PatchId>> = PatchReader::new(&source)
        .read(&ids, &|_| {})
        .expect("git answers")
        .into_iter()
        .map(|(commit, patch)| (commit, patch.all))
        .collect();
    for commit in &history.commits {
        let name = commit.id.to_string();
        let patch = Command::new("git")
            .arg("-C")
            .arg(folder.path())
            .args(["diff-tree", "--root", "-r", "-p", "--no-renames", &name])
            .output()
            .expect("git runs");
        let mut child = Command::new("git")
            .args(["patch-id", "--stable"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        child.stdin.take().expect("piped").write_all(&patch.stdout).expect("fed");
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout);
        let theirs = said.split(' ').next().filter(|id| id.len() == 40).map(str::to_owned);
        let ours = ours.get(&commit.id).copied().flatten().map(|id| hex::encode(id.0));
        assert_eq!(ours, theirs, "{}", commit.subject);
    }
}

#[test]
fn only_new_commits_are_read_again_and_parents_come_first() {
    let folder = repository();
    let (source, history) = read(folder.path());
    let keeper = Keeper::new(folder.path().join("kept.history"));
    keeper.save(&history).expect("written");
    let mut kept = keeper.load();
    assert_eq!(kept.commits, history.commits);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "One more"]);
    git(folder.path(), &["tag", "-a", "5.1", "-m", "Tag 5.1"]);
    let mut read = 0;
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    source.update(&mut kept, &policy, &mut |count| read = count).expect("it is read");
    assert_eq!(read, 1);
    let tag = kept.references.iter().find(|reference| reference.name == "refs/tags/5.1").expect("the tag");
    assert_eq!(kept.commit(tag.commit).subject, "One more", "an annotated tag is peeled");
    for (place, commit) in (0_u32..).zip(&kept.commits) {
        assert!(commit.parents.iter().all(|parent| *parent < place));
    }
}

#[test]
fn a_spoiled_file_is_no_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept.history");
    fs::write(&path, b"embargod hist 4\n\xff\xff\xff").expect("written");
    assert!(Keeper::new(path).load().commits.is_empty());
}

#[test]
fn a_shallow_clone_is_known_to_be_cut() {
    let folder = repository();
    let (_, whole) = read(folder.path());
    assert!(!whole.partial);
    let clone = tempfile::tempdir().expect("a folder");
    let from = format!("file://{}", folder.path().display());
    let to = clone.path().join("shallow");
    git(clone.path(), &["clone", "--quiet", "--depth", "2", &from, &to.display().to_string()]);
    let (_, cut) = read(&to);
    assert!(cut.partial);
    assert_eq!(cut.commits.len(), 2);
}

#[test]
fn a_mirror_holds_the_refs_that_the_policy_names_and_keeps_what_it_had() {
    let folder = repository();
    git(folder.path(), &["branch", "stable/5.1.x"]);
    git(folder.path(), &["branch", "topic"]);
    let place = tempfile::tempdir().expect("a folder");
    let mirror = mirror::Mirror::new(place.path().join("mirror"), mirror::MirrorLimits::default());
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    let url = format!("file://{}", folder.path().display());
    mirror.fetch(&url, None, &policy).expect("fetched");
    let names = git(mirror.path(), &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(names.lines().collect::<Vec<_>>(), ["refs/heads/main", "refs/heads/stable/5.1.x"]);
    let gone = mirror.fetch("file:///nonexistent/repository", None, &policy).expect_err("not there");
    assert!(!gone.to_string().contains("/nonexistent"), "{gone}");
    assert!(mirror.fetch("ssh://example.org/x", None, &policy).is_err());
    let (_, history) = read(mirror.path());
    assert_eq!(history.commits.len(), 9);
}

#[test]
fn a_mirror_of_a_cut_history_is_known_to_be_cut() {
    let folder = repository();
    let cut = tempfile::tempdir().expect("a folder");
    let from = format!("file://{}", folder.path().display());
    git(cut.path(), &["clone", "--quiet", "--depth", "2", &from, "."]);
    let place = tempfile::tempdir().expect("a folder");
    let mirror = mirror::Mirror::new(place.path().join("mirror"), mirror::MirrorLimits::default());
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    mirror.fetch(&format!("file://{}", cut.path().display()), None, &policy).expect("fetched");
    let (_, history) = read(mirror.path());
    assert!(history.partial);
    assert_eq!(history.commits.len(), 2);
}

#[test]
fn what_a_killed_fetch_left_is_taken_away_and_a_graph_is_kept() {
    let folder = repository();
    let place = tempfile::tempdir().expect("a folder");
    let mirror = mirror::Mirror::new(place.path().join("mirror"), mirror::MirrorLimits::default());
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    let url = format!("file://{}", folder.path().display());
    mirror.fetch(&url, None, &policy).expect("fetched");
    assert!(mirror.path().join("objects/info/commit-graphs/commit-graph-chain").exists());
    let left = ["packed-refs.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_x"];
    for name in left {
        fs::write(mirror.path().join(name), b"").expect("written");
    }
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "One more"]);
    mirror.fetch(&url, None, &policy).expect("fetched again");
    assert!(left.iter().all(|name| !mirror.path().join(name).exists()));
    assert_eq!(read(mirror.path()).1.commits.len(), 10);
}

#[test]
fn two_fetches_into_one_mirror_wait_for_each_other() {
    let folder = repository();
    let place = tempfile::tempdir().expect("a folder");
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    let url = format!("file://{}", folder.path().display());
    let path = place.path().join("mirror.git");
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    mirror::Mirror::new(path.clone(), mirror::MirrorLimits::default()).fetch(&url, None, &policy)
                })
            })
            .collect();
        for run in runs {
            assert_eq!(run.join().expect("no panic"), Ok(()));
        }
    });
    // While somebody holds it, nobody else gets in, and says so.
    let lock = fs::File::create(place.path().join("mirror.lock")).expect("a file");
    lock.lock().expect("locked");
    let hurried = mirror::MirrorLimits { time_ms: 1, ..mirror::MirrorLimits::default() };
    let refused = mirror::Mirror::new(path, hurried).fetch(&url, None, &policy).expect_err("locked");
    assert!(refused.to_string().contains("another run"), "{refused}");
}

#[test]
fn a_mirror_that_is_too_large_is_refused() {
    let folder = repository();
    let place = tempfile::tempdir().expect("a folder");
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    let small = mirror::MirrorLimits { size_bytes: 10, ..mirror::MirrorLimits::default() };
    let mirror = mirror::Mirror::new(place.path().join("mirror"), small);
    let refused = mirror.fetch(&format!("file://{}", folder.path().display()), None, &policy).expect_err("too large");
    assert!(refused.to_string().contains("--fetch-size"), "{refused}");
}

#[test]
fn addresses_that_tell_secrets_or_speak_otherwise_are_refused() {
    assert_eq!(mirror::check_address("https://example.org/a/b.git"), Ok(()));
    for address in [
        "http://example.org/a",
        "ssh://git@example.org/a",
        "ext::sh -c id",
        "https://mia:secret@example.org/a",
        "https://token@example.org/a",
        "git@example.org:a/b",
    ] {
        let refused = mirror::check_address(address).expect_err(address);
        assert!(!refused.contains("secret") && !refused.contains("token@"), "{refused}");
    }
}
