//! `embargod coverage`, as a release manager runs it: the real program on small repositories that git itself made.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

const ID: &str = "CVE-2024-1234";
const SUBJECT: &str = "Fixed CVE-2024-1234 -- Escaped | <b>names</b> of @mia.";

/// A project with the series 5.0 and 5.1, whose fix went to main and 5.1.
struct Project {
    folder: tempfile::TempDir,
    fix: String,
}

impl Project {
    fn new() -> Self {
        let mut project = Self { folder: tempfile::tempdir().expect("a folder"), fix: String::new() };
        let repository = project.path("repository");
        fs::create_dir(&repository).expect("made");
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.write("code.py", 20, "20");
        project.commit("2024-01-01", "Began");
        for (series, day) in [("5.0", "2024-02-01"), ("5.1", "2024-04-01")] {
            project.git(&["checkout", "--quiet", "-b", &format!("stable/{series}.x")]);
            project.commit(day, &format!("Released {series}"));
            project.git(&["tag", series]);
            project.git(&["checkout", "--quiet", "main"]);
            project.commit(day, "Went on");
        }
        project.write("code.py", 20, "twenty");
        project.fix = project.commit("2024-05-01", SUBJECT);
        project.backport("5.1");
        project.git(&["tag", "-a", "5.1.1", "-m", "Tag 5.1.1"]);
        project.git(&["checkout", "--quiet", "main"]);
        fs::write(project.path("policy.yml"), "extends: minimal\nseries: {}\n").expect("written");
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn backport(&self, series: &str) {
        self.git(&["checkout", "--quiet", &format!("stable/{series}.x")]);
        self.write("code.py", 20, "twenty");
        self.commit("2024-05-01", &format!("[{series}.x] {SUBJECT}\n\nBackport of {} from main.", self.fix));
    }

    fn write(&self, name: &str, line: usize, text: &str) {
        let lines = (1..40).map(|number| if number == line { format!("{text}\n") } else { format!("{number}\n") });
        fs::write(self.path("repository").join(name), lines.collect::<String>()).expect("written");
    }

    fn commit(&self, day: &str, message: &str) -> String {
        self.git(&["add", "--all"]);
        let at = format!("{day}T12:00:00Z");
        let committed = self
            .git_command()
            .args(["commit", "--quiet", "--allow-empty", "-m", message])
            .env("GIT_COMMITTER_DATE", &at)
            .env("GIT_AUTHOR_DATE", &at)
            .status()
            .expect("git runs");
        assert!(committed.success());
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn git_command(&self) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(self.path("repository"))
            .args(["-c", "user.name=Mia", "-c", "user.email=mia@example.org", "-c", "commit.gpgsign=false"])
            .args(["-c", "tag.gpgsign=false"])
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        command
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.git_command().args(arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// `embargod coverage …`, in the project's folder, with nothing of this machine but its PATH.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embargod"));
        command
            .arg("coverage")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().expect("the program starts"))
    }

    /// The same, for the fix and the repository of the project.
    fn prove(&self, further: &[&str]) -> Answer {
        let mut arguments = vec!["--git", "repository", "--policy", "policy.yml"];
        arguments.extend(["--fix", ID, "--commit", &self.fix]);
        arguments.extend(further);
        self.run(&arguments)
    }

    fn fixes(&self, value: &Value) -> Answer {
        fs::write(self.path("fixes.json"), value.to_string()).expect("written");
        self.run(&["--git", "repository", "--policy", "policy.yml", "--fixes", "fixes.json", "--format", "json"])
    }
}

struct Answer {
    code: Option<i32>,
    out: String,
    said: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self { code: output.status.code(), out: text(&output.stdout), said: text(&output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.said))
    }

    fn verdicts(&self) -> Vec<(String, String)> {
        let of = |cell: &Value, key: &str| cell[key].as_str().unwrap_or_default().to_owned();
        let json = self.json();
        let cells = json["fixes"].as_array().into_iter().flatten().flat_map(|fix| fix["cells"].as_array()).flatten();
        cells.map(|cell| (of(cell, "series"), of(cell, "verdict"))).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pairs(cells: &[(&str, &str)]) -> Vec<(String, String)> {
    cells.iter().map(|(series, verdict)| ((*series).to_owned(), (*verdict).to_owned())).collect()
}

#[test]
fn a_forgotten_series_is_missing_and_the_exit_code_says_so() {
    let project = Project::new();
    let answer = project.prove(&["--format", "json"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(answer.verdicts(), pairs(&[("main", "covered"), ("5.0", "missing"), ("5.1", "covered")]));
    assert!(answer.said.contains("2024-05-01 counts"), "the assumed day is told: {}", answer.said);
    let cell = &answer.json()["fixes"][0]["cells"][2];
    assert_eq!(cell["first_tag"], "5.1.1");
    assert_eq!(cell["evidence"][0]["kind"], "trailer");

    project.backport("5.0");
    assert_eq!(project.prove(&["--format", "json"]).verdicts()[1], ("5.0".to_owned(), "not_tagged_yet".to_owned()));
    project.git(&["tag", "5.0.1"]);
    let answer = project.prove(&[]);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.said);
    assert!(answer.out.ends_with("1 fix, 3 cells: 3 covered\n"), "{}", answer.out);
}

#[test]
fn a_reason_closes_a_gap_and_a_commit_from_nowhere_is_unknown() {
    let project = Project::new();
    let answer = project.fixes(&json!([{"id": ID, "date": "2024-05-01", "main": [project.fix],
        "not_affected": {"5.0": "the parser came with 5.1"}}]));
    assert_eq!(answer.code, Some(0));
    assert_eq!(answer.verdicts()[1].1, "not_affected");
    let answer = project.fixes(&json!([{"id": "CVE-2024-9", "date": "2024-05-01", "main": ["1".repeat(40)]}]));
    assert_eq!(answer.code, Some(3));
    assert!(answer.verdicts().iter().all(|(_, verdict)| verdict == "unknown"));
    let answer = project.fixes(&json!([]));
    assert_eq!((answer.code, answer.out.as_str()), (Some(0), "{\"fixes\":[]}\n"));
}

#[test]
fn markdown_and_pages_take_no_orders_from_commit_messages() {
    let project = Project::new();
    let page = project.prove(&["--format", "html", "--explain"]).out;
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script") && !page.contains("http://"));
    assert!(!page.contains("<b>names") && page.contains("names"), "{page}");
    let markdown = project.prove(&["--format", "markdown", "--explain"]).out;
    assert!(markdown.contains("| CVE-2024-1234 | 2024-05-01 | 5.0 | \u{274c} missing |  |  |  |"), "{markdown}");
    assert!(markdown.contains("\\| &lt;b&gt;names&lt;/b&gt; of @<!-- -->mia"), "{markdown}");
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let project = Project::new();
    assert!(!project.prove(&[]).out.contains('\u{1b}'));
    let arguments = ["--git", "repository", "--policy", "policy.yml", "--fix", ID, "--date", "2024-05-01"];
    let coloured = project.command(&arguments).env("CLICOLOR_FORCE", "1").output().expect("starts");
    assert!(text(&coloured.stdout).contains('\u{1b}'));
    let mut plain = project.command(&arguments);
    let plain = plain.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().expect("starts");
    assert!(!text(&plain.stdout).contains('\u{1b}'));
}

#[test]
fn an_explanation_names_every_step_and_what_is_to_be_done() {
    let project = Project::new();
    let tree = project.prove(&["--explain"]).out;
    for words in [
        "5.0: missing",
        "to do: make the fix on this series",
        "looked at: it is supported from 2024-04-01 (5.1) as one of the latest 2",
        "\u{2713} trailer: \"Backport of",
        "\u{b7} ancestor: it is a commit of this branch alone",
        "in 5.1.1 first",
    ] {
        assert!(tree.contains(words), "{words}: {tree}");
    }
    let json = project.prove(&["--explain", "--format", "json"]).json();
    assert_eq!(json["fixes"][0]["cells"][2]["explained"]["commits"][0]["steps"][2]["decisive"], true);
}

#[test]
fn what_a_scan_proposes_can_be_proved() {
    let project = Project::new();
    let scan = project.run(&["scan", "--git", "repository", "--policy", "policy.yml", "--format", "json"]);
    assert_eq!(scan.code, Some(0), "{}", scan.said);
    let proposals = scan.json();
    assert_eq!((&proposals[0]["id"], &proposals[0]["main"]), (&json!(ID), &json!([project.fix])));
    assert_eq!(proposals[0]["confidence"], "sure");
    let answer = project.fixes(&proposals);
    assert_eq!(answer.verdicts(), pairs(&[("main", "covered"), ("5.0", "missing"), ("5.1", "covered")]));
}

#[test]
fn an_address_is_copied_and_a_cut_copy_is_never_believed_to_lack_a_fix() {
    let project = Project::new();
    let address = |name: &str| format!("file://{}", project.path(name).display());
    let prove = |address: &str| {
        let arguments = ["--git", address, "--policy", "policy.yml", "--fix", ID, "--date", "2024-05-01"];
        project.run(&[&arguments[..], &["--format", "json", "--cache", "kept"]].concat())
    };
    let whole = prove(&address("repository"));
    assert_eq!(whole.verdicts(), pairs(&[("main", "covered"), ("5.0", "missing"), ("5.1", "covered")]));
    project.git(&[
        "clone",
        "--quiet",
        "--bare",
        "--depth",
        "1",
        "--no-single-branch",
        &address("repository"),
        "../cut",
    ]);
    let cut = prove(&address("cut"));
    assert_eq!(cut.verdicts()[1].1, "unknown", "{}", cut.said);
    assert!(cut.said.contains("cut off"), "{}", cut.said);
    // The rest was fetched since: what was kept of the cut history must not stay.
    let rest =
        project.git_command().args(["-C", "../cut", "fetch", "--quiet", "--unshallow"]).status().expect("git runs");
    assert!(rest.success());
    assert_eq!(prove(&address("cut")).verdicts()[1].1, "missing");
    let local = project.run(&["--git", "cut", "--policy", "policy.yml", "--fix", ID, "--date", "2024-05-01"]);
    assert_eq!(local.code, Some(1), "{}", local.said);
}

/// A `git` that writes down how it was called, and fails.
fn spying_git(folder: &Path) {
    let script = "#!/bin/sh\necho \"$@\" >> \"${0%/*}/arguments\"\n/usr/bin/env >> \"${0%/*}/environment\"\n\
                  case \"$*\" in *fetch*) echo 'fatal: could not read from https://example.org/a/b' >&2; exit 128;; esac\n";
    fs::create_dir(folder).expect("made");
    let path = folder.join("git");
    fs::write(&path, script).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("allowed");
}

#[test]
fn a_token_is_on_no_command_line_and_in_no_complaint() {
    let project = Project::new();
    let bin = project.path("bin");
    spying_git(&bin);
    let address = "https://example.org/a/b";
    let answer = project
        .command(&["--git", address, "--policy", "policy.yml", "--fix", ID, "--date", "2024-05-01", "--cache", "kept"])
        .env("PATH", &bin)
        .env("EMBARGOD_GIT_TOKEN", "s3cr3t")
        .output()
        .map(Answer::of)
        .expect("starts");
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.said.contains("could not be fetched") && answer.said.contains("EMBARGOD_GIT_TOKEN"),
        "{}",
        answer.said
    );
    let arguments = fs::read_to_string(bin.join("arguments")).expect("git was called");
    let environment = fs::read_to_string(bin.join("environment")).expect("git was called");
    // x-access-token:s3cr3t
    let credentials = "eC1hY2Nlc3MtdG9rZW46czNjcjN0";
    for place in [&arguments, &answer.said, &answer.out] {
        assert!(!place.contains("s3cr3t") && !place.contains(credentials), "{place}");
    }
    assert!(environment.contains(credentials) && environment.contains("http.https://example.org/.extraHeader"));
    assert!(!environment.contains("s3cr3t"));
    assert!(arguments.contains("+refs/heads/stable/*.x:refs/heads/stable/*.x") && !arguments.contains("pull"));
}

#[test]
fn complaints_name_the_place_and_what_to_do() {
    let project = Project::new();
    let said = |arguments: &[&str]| {
        let answer = project.run(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?}: {}{}", answer.out, answer.said);
        assert_eq!(answer.out, "");
        answer.said
    };
    let with = |further: &[&str]| said(&[&["--git", "repository", "--policy", "policy.yml"], further].concat());
    let file = |content: &str| {
        fs::write(project.path("bad.json"), content).expect("written");
        with(&["--fixes", "bad.json"])
    };
    for (complaint, words) in [
        (
            said(&["--git", "nowhere", "--policy", "policy.yml", "--fix", ID, "--date", "2024-05-01"]),
            "no such file or folder",
        ),
        (said(&["--git", "bin.git", "--policy", "none.yml", "--fix", ID, "--date", "2024-05-01"]), "none.yml"),
        (
            said(&[
                "--git",
                "https://a:b@example.org/x",
                "--policy",
                "policy.yml",
                "--fix",
                ID,
                "--date",
                "2024-05-01",
            ]),
            "leave it out",
        ),
        (
            said(&["--git", "ssh://example.org/x", "--policy", "policy.yml", "--fix", ID, "--date", "2024-05-01"]),
            "https://",
        ),
        (with(&[]), "coverage scan"),
        (with(&["--fix", ID]), "--commit SHA"),
        (with(&["--commit", "abcdef1", "--fix", ID, "--date", "2024-05-01"]), "behind the --fix"),
        (with(&["--fix", ID, "--commit", "abcdef1"]), "--date"),
        (with(&["--fix", ID, "--date", "2024-05-01T10:00"]), "offset"),
        (file("[{\"id\": 1"), "line 1"),
        (file("{}"), "must be a list"),
        (file("[{\"id\":\"a\",\"date\":\"2024-05-01\"},{\"id\":\"b\"}]"), "/1: lacks \"date\""),
        (file("[{\"id\":\"a\",\"date\":\"2024-02-30\"}]"), "/0/date"),
        (file("[{\"id\":\"a\",\"date\":\"2024-05-01\",\"mian\":[]}]"), "/0/mian"),
        (file("[{\"id\":\"a\",\"date\":\"2024-05-01\",\"series\":{\"5.1\":[\"xyz\"]}}]"), "/0/series/5.1/0"),
        (file("[{\"id\":\"a\",\"date\":\"2024-05-01\",\"series\":{\"stabel\":[]}}]"), "/0/series/stabel"),
    ] {
        assert!(complaint.contains(words), "{words}: {complaint}");
    }
    fs::write(project.path("policy.yml"), "extends: minimal\n").expect("written");
    assert!(with(&["--fix", ID, "--date", "2024-05-01"]).contains("has no `series`"));
}

#[test]
fn a_cache_that_cannot_be_written_costs_time_and_nothing_else() {
    let project = Project::new();
    fs::write(project.path("file"), "").expect("written");
    let answer = project.prove(&["--cache", "file/below"]);
    assert_eq!(answer.code, Some(1), "{}", answer.said);
    assert!(answer.said.contains("cannot be kept") && answer.said.contains("--cache"), "{}", answer.said);
}
