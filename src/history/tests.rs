//! Small repositories, made by git itself.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::*;
use crate::domain::coverage::{CommitId, History, Patch, PatchId};

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
    let theirs = ids_of_git(folder.path());
    for commit in &history.commits {
        let ours = ours.get(&commit.id).copied().flatten().map(|id| hex::encode(id.0));
        assert_eq!(ours.as_ref(), theirs.get(&commit.id.to_string()), "{}", commit.subject);
    }
}

/// Patch-ids of all commits, as git itself has them.
fn ids_of_git(folder: &Path) -> HashMap<String, String> {
    let script = "git rev-list --all | git diff-tree --stdin --root -r -p --no-renames | git patch-id --stable";
    let output = Command::new("sh").arg("-c").arg(script).current_dir(folder).stderr(Stdio::null()).output();
    let said = output.expect("git runs").stdout;
    let said = String::from_utf8_lossy(&said);
    said.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(id, commit)| (commit.to_owned(), id.to_owned()))
        .collect()
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
    fs::write(&path, b"embargod hist 7\n\xff\xff\xff").expect("written");
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

/// A file of a made history: its name, its mode, its content.
fn a_file() -> impl Strategy<Value = (&'static str, &'static str, Vec<u8>)> {
    let names = ["a.py", "src/b c.py", "\"quoted\"", "tab\there", "\u{fc}ml.txt", "docs/notes.txt", "tests/t.py"];
    let modes = ["100644", "100644", "100644", "100755", "120000"];
    let line = prop::sample::select(vec![
        "one",
        "two",
        "  three",
        "- minus",
        "+ plus",
        "@@ -1 +1 @@",
        "diff --git a/x b/x",
        "index 1..2",
        "\\ No",
        "",
        "x\r",
    ]);
    let text = (prop::collection::vec(line, 0..24), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join("\n");
        if ended && !text.is_empty() {
            text.push('\n');
        }
        text.into_bytes()
    });
    let binary = prop::collection::vec(any::<u8>(), 1..40).prop_map(|mut bytes| {
        bytes.push(0);
        bytes
    });
    let content = prop_oneof![6 => text, 1 => binary];
    (prop::sample::select(names.to_vec()), prop::sample::select(modes.to_vec()), content)
}

/// What one commit of a made history does: files that it writes, one that it removes, a submodule that it moves, and
/// whether it is a merge.
type Made = (Vec<(&'static str, &'static str, Vec<u8>)>, Option<usize>, Option<u8>, bool);

/// Feeds a history to `git fast-import`.
fn import(folder: &Path, commits: &[Made]) {
    git(folder, &["init", "--quiet", "--bare", "--initial-branch=main"]);
    let mut stream: Vec<u8> = Vec::new();
    let mut there: Vec<&str> = Vec::new();
    for (number, (files, removed, submodule, merge)) in (1..).zip(commits) {
        let head = format!("commit refs/heads/main\nmark :{number}\ncommitter M <m@x> {number}000 +0000\ndata 1\nx");
        stream.extend(head.as_bytes());
        if *merge && number > 2 {
            stream.extend(format!("\nmerge :{}", number - 2).as_bytes());
        }
        if let Some(name) = removed.and_then(|index| there.get(index).copied()) {
            stream.extend(format!("\nD {}", quoted(name)).as_bytes());
            there.retain(|other| *other != name);
        }
        if let Some(byte) = submodule {
            stream.extend(format!("\nM 160000 {} sub", hex::encode([*byte; 20])).as_bytes());
        }
        for (name, mode, content) in files {
            stream.extend(format!("\nM {mode} inline {}\ndata {}\n", quoted(name), content.len()).as_bytes());
            stream.extend(content);
            there.push(name);
        }
        stream.extend(b"\n\n");
    }
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().expect("piped").write_all(&stream).expect("fed");
    assert!(child.wait().expect("it ends").success());
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_commits_do_their_patch_ids_are_those_of_git(
        commits in prop::collection::vec(
            (prop::collection::vec(a_file(), 0..4), prop::option::of(0..4_usize), prop::option::of(any::<u8>()), any::<bool>()),
            1..12,
        ),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        import(folder.path(), &commits);
        let (source, history) = read(folder.path());
        let ids: Vec<CommitId> = history.commits.iter().map(|commit| commit.id).collect();
        let theirs = ids_of_git(folder.path());
        for (commit, patch) in PatchReader::new(&source).read(&ids, &|_| {}).expect("git answers") {
            let ours = patch.all.map(|id| hex::encode(id.0));
            prop_assert_eq!(ours.as_ref(), theirs.get(&commit.to_string()));
        }
    }

    #[test]
    fn a_damaged_file_costs_time_and_nothing_else(at in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<bool>()) {
        let (folder, kept) = KEPT.with(|(folder, kept)| (folder.path().to_owned(), kept.clone()));
        let mut bytes = kept;
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << bit;
        }
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("kept.history");
        fs::write(&path, bytes).expect("written");
        let (source, whole) = read(&folder);
        let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
        for _ in 0..2 {
            let keeper = Keeper::new(path.clone());
            let mut history = keeper.load();
            source.update(&mut history, &policy, &mut |_| {}).expect("it is read");
            let ids: Vec<CommitId> = whole.commits.iter().map(|commit| commit.id).collect();
            let absent: Vec<CommitId> = ids.iter().filter(|id| !history.patches.contains_key(id)).copied().collect();
            history.patches.extend(PatchReader::new(&source).read(&absent, &|_| {}).expect("git answers"));
            prop_assert_eq!(&history.commits, &whole.commits);
            let (_, patches) = with_patches(&folder);
            for id in &ids {
                prop_assert_eq!(history.patches.get(id), patches.get(id));
                prop_assert_eq!(history.resolve(&id.to_string()[..12]), whole.place(id));
            }
            keeper.save(&history).expect("written");
        }
    }
}

thread_local! {
    /// A history, and what is kept of it.
    static KEPT: (tempfile::TempDir, Vec<u8>) = {
        let folder = repository();
        let (mut history, patches) = with_patches(folder.path());
        history.patches.extend(patches);
        let place = tempfile::tempdir().expect("a folder");
        let keeper = Keeper::new(place.path().join("kept.history"));
        keeper.save(&history).expect("written");
        (folder, fs::read(place.path().join("kept.history")).expect("read"))
    };
}

fn with_patches(folder: &Path) -> (History, HashMap<CommitId, Patch>) {
    let (source, history) = read(folder);
    let ids: Vec<CommitId> = history.commits.iter().map(|commit| commit.id).collect();
    let patches = PatchReader::new(&source).read(&ids, &|_| {}).expect("git answers");
    (history, patches.into_iter().collect())
}

#[test]
fn a_branch_that_was_pushed_by_force_and_a_tag_that_was_deleted_leave_nothing_behind() {
    let folder = repository();
    git(folder.path(), &["branch", "stable/5.1.x"]);
    git(folder.path(), &["tag", "5.1", "stable/5.1.x"]);
    let (_, before) = read(folder.path());
    let keeper = Keeper::new(folder.path().join("kept.history"));
    keeper.save(&before).expect("written");
    git(folder.path(), &["tag", "-d", "5.1"]);
    git(folder.path(), &["branch", "--force", "stable/5.1.x", "HEAD~3"]);
    let mut kept = keeper.load();
    let (source, fresh) = read(folder.path());
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    source.update(&mut kept, &policy, &mut |_| {}).expect("it is read");
    assert_eq!(kept.references, fresh.references);
}

#[test]
fn what_is_appended_to_a_kept_file_is_read_back() {
    let folder = repository();
    let (_, history) = read(folder.path());
    let path = folder.path().join(".git/kept.history");
    Keeper::new(path.clone()).save(&history).expect("written");
    let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
    for round in 0..4 {
        let size = fs::metadata(&path).expect("there").len();
        git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", &format!("Round {round}\n\nRefs 0123abcd.")]);
        let keeper = Keeper::new(path.clone());
        let mut kept = keeper.load();
        let (source, fresh) = read(folder.path());
        source.update(&mut kept, &policy, &mut |_| {}).expect("it is read");
        let tip = fresh.commits.last().expect("one").id;
        kept.patches.extend(PatchReader::new(&source).read(&[tip], &|_| {}).expect("git answers"));
        kept.patches.insert(tip, Patch::default());
        keeper.save(&kept).expect("written");
        let added = fs::metadata(&path).expect("there").len() - size;
        assert!(added < 1_000, "{added} bytes for one commit");
        let again = Keeper::new(path.clone()).load();
        assert_eq!(again.commits, fresh.commits);
        assert_eq!(again.commit(again.place(&tip).expect("known")).mentions, ["0123abcd"]);
        assert!(again.patches.contains_key(&tip));
    }
}

#[test]
fn documents_of_the_main_branch_are_read_and_dropped_backports_are_noticed() {
    let folder = repository();
    let dropped = git(folder.path(), &["rev-parse", "HEAD"]);
    git(folder.path(), &["reset", "--quiet", "--hard", "HEAD~1"]);
    let there = git(folder.path(), &["rev-parse", "HEAD"]);
    let text = format!("CVE-2026-1111\n=============\n\n* 5.1 `{}`\n* 5.2 `{}`\n", there.trim(), dropped.trim());
    fs::create_dir_all(folder.path().join("docs")).expect("made");
    fs::write(folder.path().join("docs/security.txt"), text).expect("written");
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "-m", "An archive"]);
    let (_, history) = read(folder.path());
    assert_eq!(history.accounts.len(), 1);
    assert_eq!(history.accounts[0].commits.len(), 2);
    assert!(history.is_unreached(dropped.trim()) && !history.is_unreached(there.trim()));
}
