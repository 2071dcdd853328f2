//! One policy out of several texts: preset below organisation below repository.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use garde::Validate;
use serde::Serialize;

use super::decode::{Mismatch, cut, decode};
use super::problem::{PolicyError, Problem, mistake};
use super::tree::{self, Entry, Node, Path, Place, Source, Step, Value};
use super::{Mode, Policy, Preset};

/// Most mistakes that one answer lists.
const MAX_PROBLEMS: usize = 50;

/// Keys of one section of which the upper layer's replaces the lower layer's, because only one of them can hold.
const ALTERNATIVES: [(&[&str], [&str; 2]); 3] = [
    (&["acknowledgment"], ["within_hours", "within_working_days"]),
    (&["redirect", "act_at"], ["a_miss_is_worth", "a_false_alarm_is_worth"]),
    (&["redirect", "reply_at"], ["a_miss_is_worth", "a_false_alarm_is_worth"]),
];

/// The text of one policy file.
#[derive(Clone, PartialEq, Eq)]
pub struct Layer {
    /// What people call the file: `acme/framework .github/embargod.yml`.
    pub origin: String,
    /// What stands in it.
    pub text: String,
}

/// Where a value of the effective policy comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The preset that the policy extends.
    Preset(Preset),
    /// A line of a file.
    File {
        /// The layer's name.
        name: String,
        /// Counted from 1.
        line: u64,
        /// Counted from 1, in characters.
        column: u64,
    },
    /// What the program takes where neither preset nor file says anything.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(preset) => write!(f, "{preset}"),
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

/// A policy with everything decided, and where each value comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The rules.
    pub policy: Policy,
    /// Where each value comes from, by its dotted key (`redirect.mode`, `series.lts."4.2"`). A list is one value.
    pub origins: BTreeMap<String, Origin>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
}

/// Joins a preset and policy files, lowest first (the organisation's, then the repository's). The preset is what the
/// uppermost file that says `extends` names, else `minimal`. Sections and maps are joined key by key; lists and single
/// values are replaced. Without any layer the answer is [`Policy::observing`].
///
/// # Errors
/// All mistakes that can be told apart, each with file, line, column and remedy.
pub fn effective(layers: &[Layer]) -> Result<Effective, PolicyError> {
    if layers.is_empty() {
        return Ok(OBSERVING.clone());
    }
    let mut problems = Vec::new();
    let mut trees = Vec::new();
    for layer in layers {
        let source = Arc::new(Source { name: layer.origin.clone(), text: layer.text.clone(), preset: None });
        match tree::parse(&source) {
            Ok(tree) => trees.push(tree),
            Err(problem) => problems.push(*problem),
        }
    }
    // Each file has to be well-formed by itself, also where another one overrides what it says.
    for tree in &trees {
        let base = preset_tree(extends(std::slice::from_ref(tree)).0);
        let mut joined = base.clone();
        join(&mut joined, tree);
        shape(joined, &base, &mut problems);
    }
    if !problems.is_empty() {
        return refuse(problems);
    }
    let (preset, told) = extends(&trees);
    let mut joined = preset_tree(preset);
    for tree in &trees {
        join(&mut joined, tree);
    }
    let mut effective = decide(&joined)?;
    if !told {
        let place = trees.last().map(|tree| tree.place.clone());
        effective.warnings.extend(place.map(|place| {
            mistake(
                place,
                "no file says what it extends, so minimal supplies the rest".to_owned(),
                "add `extends`, such as `extends: minimal`".to_owned(),
            )
        }));
    }
    Ok(effective)
}

/// Reads one policy file on its own.
///
/// # Errors
/// As [`effective`].
pub fn parse_one(name: &str, text: &str) -> Result<Effective, PolicyError> {
    effective(&[Layer { origin: name.to_owned(), text: text.to_owned() }])
}

impl Policy {
    /// What holds for a repository without a policy: `minimal`, but nothing is done in public.
    pub fn observing() -> Self {
        OBSERVING.policy.clone()
    }
}

static OBSERVING: LazyLock<Effective> = LazyLock::new(|| {
    // Presets are part of the program, and a test reads each of them.
    let mut effective = decide(&preset_tree(Preset::Minimal)).expect("the preset is valid");
    effective.policy.redirect.mode = Mode::Observe;
    effective.policy.version = super::version::of(&effective.policy);
    effective.origins.insert("redirect.mode".to_owned(), Origin::BuiltIn);
    effective
});

/// A preset as a tree that also says what it is.
fn preset_tree(preset: Preset) -> Node {
    let source = preset.source();
    let mut tree = tree::parse(&source).expect("presets are valid YAML");
    let place = Place::start(&source);
    if let Value::Map(entries) = &mut tree.value {
        entries.insert(
            0,
            Entry {
                key: "extends".to_owned(),
                place: place.clone(),
                node: Node { value: Value::Text(preset.slug().to_owned()), place },
            },
        );
    }
    tree
}

/// What the uppermost tree with a valid `extends` names, and whether any does.
fn extends(trees: &[Node]) -> (Preset, bool) {
    let named = |tree: &Node| match &tree.get("extends")?.value {
        Value::Text(name) => Preset::ALL.into_iter().find(|preset| preset.slug() == name),
        _ => None,
    };
    match trees.iter().rev().find_map(named) {
        Some(preset) => (preset, true),
        None => (Preset::Minimal, false),
    }
}

fn join(below: &mut Node, above: &Node) {
    for (section, keys) in ALTERNATIVES {
        let section = section.iter().fold(Path::default(), |path, key| path.child(key));
        let Some(given) = above.at(&section) else {
            continue;
        };
        if keys.iter().any(|key| given.get(key).is_some()) {
            for key in keys {
                below.replace(&section.child(key).0, None);
            }
        }
    }
    below.overlay(above);
}

/// Collects what keeps a tree from being a policy. After each mistake the preset's value takes the place of the wrong
/// one, so that the next mistake is found too.
fn shape(mut tree: Node, base: &Node, problems: &mut Vec<Problem>) {
    let mut removed: Vec<Path> = Vec::new();
    while problems.len() < MAX_PROBLEMS {
        let Err(mismatch) = decode::<Policy>(&tree) else {
            return;
        };
        let path = mismatch.path.clone();
        // What is lacking because of an earlier mistake is not a mistake of its own.
        let told = mismatch.lacks.is_some_and(|key| removed.contains(&path.child(key)));
        if !told {
            problems.push(tell(mismatch, &tree));
        }
        if !mend(&mut tree, base, &path) {
            return;
        }
        removed.push(path);
    }
}

fn mend(tree: &mut Node, base: &Node, path: &Path) -> bool {
    if path.0.is_empty() {
        if matches!(tree.value, Value::Map(_)) {
            return false;
        }
        *tree = base.clone();
        return true;
    }
    let replacement = base.at(path).cloned();
    tree.replace(&path.0, replacement)
}

fn tell(mismatch: Mismatch, tree: &Node) -> Problem {
    let Mismatch { path, place, message, remedy, lacks: _ } = mismatch;
    let name = if path.0.is_empty() { "the policy".to_owned() } else { format!("`{path}`") };
    let place = place.map_or_else(|| tree.place.clone(), |place| *place);
    mistake(place, format!("{name} {message}"), remedy)
}

fn refuse<T>(mut problems: Vec<Problem>) -> Result<T, PolicyError> {
    problems.truncate(MAX_PROBLEMS);
    // Rules are told in the order of the sections; people read from the top.
    let mut files: Vec<String> = Vec::new();
    for problem in &problems {
        if !files.contains(&problem.file) {
            files.push(problem.file.clone());
        }
    }
    let rank = |problem: &Problem| files.iter().position(|file| *file == problem.file);
    problems.sort_by_key(|problem| (rank(problem), problem.line, problem.column));
    let mut distinct: Vec<Problem> = Vec::with_capacity(problems.len());
    for problem in problems {
        if !distinct.contains(&problem) {
            distinct.push(problem);
        }
    }
    Err(PolicyError { problems: distinct })
}

/// Makes a policy of a tree that holds every section.
fn decide(tree: &Node) -> Result<Effective, PolicyError> {
    let mut policy: Policy = match decode(tree) {
        Ok(policy) => policy,
        Err(mismatch) => return refuse(vec![tell(mismatch, tree)]),
    };
    if let Err(report) = policy.validate() {
        let broken = report.iter().map(|(path, error)| {
            let path = steps(&path.to_string());
            let (message, remedy) = cut(error.message());
            let (place, written) = blame(tree, &path);
            let by = match written {
                Origin::Preset(preset) => format!(" (from {preset})"),
                _ => String::new(),
            };
            mistake(place, format!("`{path}`{by} {message}"), remedy)
        });
        return refuse(broken.collect());
    }
    policy.version = super::version::of(&policy);
    let mut origins = BTreeMap::new();
    note_origins(tree, &Path::default(), &mut origins);
    note_built_in(&policy, &mut origins);
    let warnings = doubts(&policy, tree);
    Ok(Effective { policy, origins, warnings })
}

/// Reads a path as garde writes it: `evaluation.checklist[0].id`.
fn steps(text: &str) -> Path {
    let mut steps = Vec::new();
    for part in text.split(['.', '[']) {
        match part.strip_suffix(']').map(str::parse) {
            Some(Ok(index)) => steps.push(Step::Index(index)),
            _ => steps.push(Step::Key(part.to_owned())),
        }
    }
    Path(steps)
}

/// Where a broken rule is told: at the value, or, where a preset supplied it, at what the file wrote beside it.
fn blame(tree: &Node, path: &Path) -> (Place, Origin) {
    let mut nodes = vec![tree];
    for step in &path.0 {
        let inner = nodes.last().and_then(|node| node.at(&Path(vec![step.clone()])));
        match inner {
            Some(node) => nodes.push(node),
            None => break,
        }
    }
    let written = nodes.get(path.0.len()).map_or(Origin::BuiltIn, |node| origin(&node.place));
    for node in nodes.iter().rev() {
        if let Some(place) = written_in_file(node) {
            return (place, written);
        }
    }
    (tree.place.clone(), written)
}

/// The place of a value that a file wrote: this one's, or that of one directly inside.
fn written_in_file(node: &Node) -> Option<Place> {
    let in_file = |place: &Place| place.source.preset.is_none();
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| in_file(&entry.place)).map(|entry| entry.node.place.clone()),
        _ => in_file(&node.place).then(|| node.place.clone()),
    }
}

fn origin(place: &Place) -> Origin {
    match place.source.preset {
        Some(preset) => Origin::Preset(preset),
        None => Origin::File { name: place.source.name.clone(), line: place.line, column: place.column },
    }
}

fn note_origins(node: &Node, path: &Path, origins: &mut BTreeMap<String, Origin>) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                note_origins(&entry.node, &path.child(&entry.key), origins);
            }
        }
        _ => {
            origins.insert(path.to_string(), origin(&node.place));
        }
    }
}

fn note_built_in(policy: &Policy, origins: &mut BTreeMap<String, Origin>) {
    for (key, _) in policy.values() {
        origins.entry(key).or_insert(Origin::BuiltIn);
    }
}

impl Policy {
    /// These rules for a case that is pinned to them, in a repository where `now` is in force. What decides about the case
    /// (clocks, checklist, severity, embargo, notices) stays as it was when the case was opened. Who may speak and where
    /// (`roles`, `desk`, `contact`, `redirect`) and the facts of releases (`series`, `releases`) are those of `now`:
    /// somebody who was taken off a role must not keep it in old cases.
    #[must_use]
    pub fn held_beside(self, now: &Self) -> Self {
        if *now == Self::observing() {
            return self;
        }
        Self {
            redirect: now.redirect.clone(),
            contact: now.contact.clone(),
            desk: now.desk.clone(),
            roles: now.roles.clone(),
            series: now.series.clone(),
            releases: now.releases.clone(),
            ..self
        }
    }

    /// The rules as text, for a case that is pinned to them. JSON is YAML: [`parse_one`] reads it back to the same
    /// policy with the same version.
    pub fn canonical_json(&self) -> String {
        super::version::plain(self).to_string()
    }

    /// Every value by its dotted key, in the order of the keys. A list is one value; what is not set is left out.
    pub fn values(&self) -> Vec<(String, serde_json::Value)> {
        fn walk(path: &Path, value: serde_json::Value, found: &mut Vec<(String, serde_json::Value)>) {
            match value {
                serde_json::Value::Object(map) if !map.is_empty() => {
                    for (key, value) in map {
                        walk(&path.child(&key), value, found);
                    }
                }
                value => found.push((path.to_string(), value)),
            }
        }
        let mut found = Vec::new();
        walk(&Path::default(), super::version::plain(self), &mut found);
        found
    }
}

/// What is allowed but probably not meant.
fn doubts(policy: &Policy, tree: &Node) -> Vec<Problem> {
    let contact = &policy.contact;
    let mut doubts = Vec::new();
    if !contact.private_reporting && contact.email.is_none() && !contact.security_page {
        let (place, _) = blame(tree, &Path::default().child("contact"));
        doubts.push(mistake(
            place,
            "`contact` offers no private channel, so nobody can be sent to one".to_owned(),
            "switch on `contact.private_reporting` or give `contact.email`".to_owned(),
        ));
    }
    doubts
}
