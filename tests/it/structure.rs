//! The rules of the house that a compiler does not know: who may know whom, and what must not be written down.
//!
//! Each rule is a small function over source text, shown to be able to fail at the end of the file, and then held
//! against the whole tree. A complaint names file and line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// No Rust file is longer; about 500 is where to start cutting.
const MOST_LINES: usize = 600;

/// The rooms of the shell, which the rules must not know.
const SHELL: &str = "(?:backup|cli|clock|dashboard|engine|exports|github|health|history|keys|mail|paging|receiver|sealing|settings|standin|store)";

/// Who besides `github` may speak HTTP to the outside, and why.
const REQWEST_ALLOWED: &[(&str, &str)] = &[
    ("src/github/", "the client"),
    ("src/standin/", "delivers its webhooks"),
    ("src/cli/setup", "exchanges the manifest's code before there is an App to be"),
    ("src/cli/rehearse", "plays the people of the story"),
    ("src/server/telemetry/otlp", "sends traces to the operator's collector"),
    ("src/paging/", "posts to the operator's paging service"),
    ("src/cli/doctor", "asks the webhook's address whether it answers"),
];

/// Who may grant a clearance, and why. Everybody else is handed one.
const CLEARANCE_ALLOWED: &[(&str, &str)] = &[
    ("src/server/mod.rs", "wires the program together"),
    ("src/cli/backup", "an operator's commands that read a backup, whose chunks are sealed like texts"),
    ("src/cli/policy/simulate", "an operator's command that judges a post from a file"),
];

#[test]
fn the_rules_are_pure() {
    let impure = impurity();
    let complaints = everywhere("src/domain", |file| {
        // tests may read their fixtures
        if is_test(&file.name) { Vec::new() } else { file.matches(&impure) }
    });
    none(&complaints, "the domain neither acts nor knows anybody; pass it values");
}

#[test]
fn only_the_store_knows_sql() {
    let sqlx = Regex::new(r"\bsqlx\b").expect("a valid pattern");
    let complaints =
        everywhere("src", |file| if file.name.starts_with("src/store/") { Vec::new() } else { file.matches(&sqlx) });
    none(&complaints, "put the query behind the `Store` trait");
}

#[test]
fn only_the_client_speaks_to_github() {
    let reqwest = Regex::new(r"\breqwest\b").expect("a valid pattern");
    let complaints =
        everywhere(
            "src",
            |file| {
                if allowed(REQWEST_ALLOWED, &file.name) { Vec::new() } else { file.matches(&reqwest) }
            },
        );
    none(&complaints, "go through `github`, where tokens, budgets and retries are");
}

#[test]
fn the_stand_in_knows_nothing_of_the_rest() {
    let complaints = everywhere("src/standin", out_of_standin);
    none(&complaints, "the stand-in must not agree with the bot by sharing its code");
}

#[test]
fn clearances_are_granted_only_where_the_program_is_wired() {
    let grant = Regex::new(r"\bClearance\s*::\s*grant\b").expect("a valid pattern");
    let complaints = everywhere("src", |file| {
        if is_test(&file.name) || allowed(CLEARANCE_ALLOWED, &file.name) { Vec::new() } else { file.matches(&grant) }
    });
    none(&complaints, "take a `&Clearance` as an argument");
}

#[test]
fn every_folder_says_what_it_is_for() {
    let complaints: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(|root| {
            everywhere(root, |file| {
                let is_room = file.name.ends_with("/mod.rs") && !is_test(&file.name);
                let silent = is_room && opening_lines(&file.text) < 3;
                if silent { vec![format!("{}:1", file.name)] } else { Vec::new() }
            })
        })
        .collect();
    none(&complaints, "open with `//!`: what the room is for, what flows in and out, what it must never do");
}

#[test]
fn no_file_has_grown_past_one_purpose() {
    let complaints: Vec<String> = tree()
        .into_iter()
        .filter(|file| file.name.ends_with(".rs"))
        .map(|file| (file.text.lines().count(), file.name))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, name)| format!("{name}: {lines} lines"))
        .collect();
    none(&complaints, "cut it where its purposes part");
}

#[test]
fn nothing_names_a_registry_or_this_machine() {
    let words = forbidden_words();
    let complaints: Vec<String> = tree()
        .into_iter()
        // Cargo writes its own
        .filter(|file| !file.name.ends_with("Cargo.lock"))
        .flat_map(|file| containing(&file, &words))
        .collect();
    none(&complaints, "a package's name suffices; paths are relative to the repository");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let complaints: Vec<String> = tree()
        .iter()
        .filter(|file| file.name.ends_with(".md"))
        .flat_map(|file| {
            let folder = root.join(&file.name).parent().expect("a file is in a folder").to_owned();
            let lost = local_links(&file.text).into_iter().filter(move |link| !folder.join(link).exists());
            lost.map(|link| format!("{}: {link}", file.name)).collect::<Vec<_>>()
        })
        .collect();
    none(&complaints, "mend the link, or write what it promises");
}

#[test]
fn the_rules_above_can_fail() {
    let impure = impurity();
    for bad in [
        "pub async fn decide() {}",
        "let x = later.await;",
        "use std::fs;",
        "use std::{collections::HashMap, net::IpAddr};",
        "use std::time::Instant;",
        "let t = SystemTime::now();",
        "let t = jiff::Timestamp::now();",
        "tracing::info!(\"x\");",
        "use crate::store::Store;",
        "use crate::{domain::post::Post, github::Client};",
        "use crate::{\n    domain::post::Post,\n    engine,\n};",
    ] {
        assert!(!sample(bad).matches(&impure).is_empty(), "not caught: {bad}");
    }
    for good in [
        "// async, tokio and std::fs are words here",
        "use crate::domain::effect::Effect;",
        "/// Stored by `crate::store`.",
        "use std::{collections::BTreeMap, fmt};",
        "let restored = case.store_key();",
    ] {
        assert!(sample(good).matches(&impure).is_empty(), "caught wrongly: {good}");
    }
    assert!(out_of_standin(&sample("use crate::standin::world::World;")).is_empty());
    for bad in ["use crate::clock::Clock;", "use crate::{standin::world, domain};", "use embargod::domain;"] {
        assert_eq!(out_of_standin(&sample(bad)).len(), 1, "not caught: {bad}");
    }
    assert_eq!(sample("fn a() {}\n\nuse std::fs;").matches(&impure), ["sample.rs:3: std::fs"]);
    assert_eq!(opening_lines("//! One.\n//!\n//! Two.\n\nmod a;"), 3);
    assert_eq!(opening_lines("mod a;\n//! late"), 0);
    let host = sample(&format!("see {}", forbidden_words()[0]));
    assert_eq!(containing(&host, &forbidden_words()).len(), 1);
    let links = local_links("see [a](b.md#c), [d](https://e.example/f) and [g](../h/)");
    assert_eq!(links, ["b.md", "../h/"]);
    assert!(tree().len() > 20, "the tree was not found");
}

/// What rules must not contain. Groups of `use` are read as a whole.
fn impurity() -> Regex {
    let standard = r"(?:fs|net|process|thread|env|io)";
    let crates = r"(?:tokio|reqwest|sqlx|axum|hyper|tracing|metrics|moka|rand|futures_util|async_trait)";
    let patterns = [
        r"\basync\b".to_owned(),
        r"\.await\b".to_owned(),
        format!(r"\b{crates}\s*::"),
        format!(r"\buse\s+{crates}\b"),
        format!(r"\bstd::{standard}\b"),
        format!(r"\bstd::\{{[^;]*?\b{standard}\b"),
        r"\b(?:SystemTime|Instant)\b".to_owned(),
        r"\b(?:Timestamp|Zoned)::now\b".to_owned(),
        format!(r"\bcrate::{SHELL}\b"),
        format!(r"\bcrate::\{{(?:[^;]*?[\s,{{])?{SHELL}\b"),
    ];
    Regex::new(&patterns.join("|")).expect("a valid pattern")
}

/// Paths out of `crate::standin`. A group from the crate's root counts as one: it can hold any room.
fn out_of_standin(file: &SourceFile) -> Vec<String> {
    let path = Regex::new(r"\b(?:crate|embargod)::(?:\w+|\{)").expect("a valid pattern");
    let mut found = file.matches(&path);
    found.retain(|complaint| !complaint.ends_with("crate::standin"));
    found
}

/// Hosts of package registries and paths of build machines, in pieces so that this file does not hold them.
fn forbidden_words() -> Vec<String> {
    [
        ["crates", ".io"],
        ["registry.", "npmjs"],
        ["pypi", ".org"],
        ["files.", "pythonhosted"],
        ["deb.", "debian"],
        ["proxy.", "golang"],
        ["/work/", "shared"],
        ["/work/", "w/"],
        ["/root/", "."],
    ]
    .iter()
    .map(|pieces| pieces.concat())
    .collect()
}

/// A text file of the tree.
struct SourceFile {
    /// Path from the root, with `/`.
    name: String,
    text: String,
}

impl SourceFile {
    /// `file:line: match` for each match outside of comments.
    fn matches(&self, pattern: &Regex) -> Vec<String> {
        let code = without_comments(&self.text);
        pattern
            .find_iter(&code)
            .map(|found| {
                let line = code[..found.start()].matches('\n').count() + 1;
                let what = found.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
                format!("{}:{line}: {what}", self.name)
            })
            .collect()
    }
}

fn sample(text: &str) -> SourceFile {
    SourceFile { name: "sample.rs".to_owned(), text: text.to_owned() }
}

/// The text with line comments blanked; lines keep their numbers. Block comments are not in use here.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| match line.find("//") {
        // an address in a string is no comment
        Some(start) if !line[..start].ends_with(':') => &line[..start],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn opening_lines(text: &str) -> usize {
    text.lines().take_while(|line| line.starts_with("//!")).count()
}

fn containing(file: &SourceFile, words: &[String]) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| words.iter().any(|word| line.contains(word.as_str())))
        .map(|(index, _)| format!("{}:{}", file.name, index + 1))
        .collect()
}

/// Targets of Markdown links within the repository, without their anchors.
fn local_links(text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s#]+)[^)]*\)").expect("a valid pattern");
    link.captures_iter(text)
        .map(|found| found[1].to_owned())
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

fn allowed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(prefix, _)| name.starts_with(prefix))
}

#[track_caller]
fn none(complaints: &[String], remedy: &str) {
    assert!(complaints.is_empty(), "{remedy}:\n  {}", complaints.join("\n  "));
}

/// Complaints of `rule` about the Rust files below `folder`.
fn everywhere(folder: &str, rule: impl Fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    let prefix = format!("{folder}/");
    tree().iter().filter(|file| file.name.starts_with(&prefix) && file.name.ends_with(".rs")).flat_map(rule).collect()
}

/// All text files of the repository that people write.
fn tree() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("the repository can be read");
        for path in entries.map(|entry| entry.expect("the repository can be read").path()) {
            let name = relative(root, &path);
            let made = ["target", ".git", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"].contains(&name.as_str());
            if made || name.ends_with("/node_modules") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.push(SourceFile { name, text });
            }
        }
    }
    files
}

fn relative(root: &Path, path: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(root).expect("a path below the root").to_owned();
    parts.to_string_lossy().replace('\\', "/")
}
