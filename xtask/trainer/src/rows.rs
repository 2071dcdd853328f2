//! Reads the labelled posts. Their texts stay in memory: nothing here writes them anywhere.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use embargod::domain::intake::IntakeClass;
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::Failure;

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `detection/dev.jsonl.gz`: about the natural mix.
    Dev,
    /// `detection/dev_extra.jsonl.gz`: further owners, another mix, most negatives assumed.
    Extra,
    /// `intake/dev.jsonl`: the five classes, a mix by design.
    Intake,
}

impl Source {
    /// The name in the card.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Extra => "dev_extra",
            Self::Intake => "intake",
        }
    }
}

/// A labelled post.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where from.
    pub source: Source,
    /// Owner of its project, lower case: what folds are made of.
    pub owner: String,
    /// Title.
    pub title: String,
    /// Body.
    pub body: String,
    /// It belongs in private.
    pub positive: bool,
    /// What the annotator called it.
    pub kind: String,
    /// Classes that are right, as bits in the order of [`IntakeClass::ALL`]; several if the annotator did not say.
    pub classes: u8,
    /// One class was named.
    pub class_is_sure: bool,
}

impl Post {
    /// Plainly ordinary: no maintainer's "security" label, nothing picked for looking alike.
    pub fn is_plain(&self) -> bool {
        self.kind == "ordinary" && self.source != Source::Intake
    }

    /// Sounds like security and is none.
    pub fn is_hard(&self) -> bool {
        !self.positive && !self.is_plain()
    }
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    id: serde_json::Value,
    project: Option<String>,
    title: Option<String>,
    body: Option<String>,
    label: serde_json::Value,
    kind: Option<String>,
    intake: Option<String>,
}

/// All posts below a data folder, in the order of the files.
pub fn read_all(data: &Path) -> Result<Vec<Post>, Failure> {
    let mut posts = Vec::new();
    for (file, source) in [
        ("detection/dev.jsonl.gz", Source::Dev),
        ("detection/dev_extra.jsonl.gz", Source::Extra),
        ("intake/dev.jsonl", Source::Intake),
    ] {
        let path = data.join(file);
        read_file(&path, |row| posts.push(post(row, source)))?;
    }
    Ok(posts)
}

/// The posts of one file, in its order, each a plain post or one that belongs in private.
pub fn read_plain(path: &Path) -> Result<Vec<Post>, Failure> {
    let mut posts = Vec::new();
    let plain = |row| {
        let post = post(row, Source::Dev);
        let (title, body) = out_of_page(&post.title, &post.body);
        Post { kind: "ordinary".to_owned(), title, body, ..post }
    };
    read_file(path, |row| posts.push(plain(row)))?;
    Ok(posts)
}

/// Reports that were kept as web pages: the title out of its element, entities as characters.
fn out_of_page(title: &str, body: &str) -> (String, String) {
    let (inner, rest) = match body.strip_prefix("<title>").and_then(|rest| rest.split_once("</title>")) {
        Some((inner, rest)) if title.is_empty() => (inner, rest),
        _ => (title, body),
    };
    let characters = |text: &str| {
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
    };
    (characters(inner), characters(rest))
}

fn read_file(path: &Path, mut take: impl FnMut(Row)) -> Result<(), Failure> {
    let fault = |what: String| format!("{}: {what}", path.display());
    let file = File::open(path).map_err(|error| fault(error.to_string()))?;
    let zipped = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if zipped { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    for (line, text) in BufReader::new(reader).lines().enumerate() {
        let text = text.map_err(|error| fault(error.to_string()))?;
        // Its position only: the message could quote the post.
        take(
            serde_json::from_str(&text)
                .map_err(|error| fault(format!("line {}, column {}", line + 1, error.column())))?,
        );
    }
    Ok(())
}

fn post(row: Row, source: Source) -> Post {
    let class = row.intake.as_deref().or(row.label.as_str()).and_then(class_of);
    let positive = match class {
        Some(class) if row.label.is_string() => matches!(class, IntakeClass::Disclosure | IntakeClass::AsksChannel),
        _ => row.label.as_u64() == Some(1),
    };
    let kind = row.kind.unwrap_or_default();
    let classes = match class {
        Some(class) => 1 << class as u8,
        None => classes_of(positive, &kind),
    };
    let project = row.project.or_else(|| row.id.as_str().map(str::to_owned)).unwrap_or_default();
    Post {
        source,
        owner: project.split('/').next().unwrap_or_default().to_lowercase(),
        title: row.title.unwrap_or_default(),
        body: row.body.unwrap_or_default(),
        positive,
        classes,
        class_is_sure: classes.count_ones() == 1,
        kind,
    }
}

fn class_of(slug: &str) -> Option<IntakeClass> {
    IntakeClass::ALL.into_iter().find(|class| class.slug() == slug)
}

/// The classes that an annotator's kind leaves open.
fn classes_of(positive: bool, kind: &str) -> u8 {
    let bits = |classes: &[IntakeClass]| classes.iter().fold(0, |bits, class| bits | 1 << *class as u8);
    match (positive, kind) {
        (true, "channel-request") => bits(&[IntakeClass::AsksChannel]),
        (true, _) => bits(&[IntakeClass::Disclosure]),
        (false, "dependency" | "known-public") => bits(&[IntakeClass::KnownPublic]),
        (false, "hardening" | "policy") => bits(&[IntakeClass::Hardening]),
        (false, "security-team-label" | "security-labelled-not-vuln") => {
            bits(&[IntakeClass::KnownPublic, IntakeClass::Hardening, IntakeClass::Ordinary])
        }
        (false, _) => bits(&[IntakeClass::Ordinary]),
    }
}

/// Deals owners into folds: shuffled by the seed, then each owner to the fold with the fewest positives, then rows.
pub fn folds(posts: &[Post], folds: usize, seed: u64) -> Vec<usize> {
    let mut owners: HashMap<&str, (usize, usize)> = HashMap::new();
    for post in posts {
        let (positives, rows) = owners.entry(&post.owner).or_default();
        *positives += usize::from(post.positive);
        *rows += 1;
    }
    let mut order: Vec<(u64, &str)> = owners.keys().map(|owner| (crate::random::hash(seed, owner), *owner)).collect();
    order.sort_unstable();
    let mut filled = vec![(0, 0); folds];
    let mut fold_of = HashMap::new();
    for (_, owner) in order {
        let (positives, rows) = owners[owner];
        let fold = (0..folds).min_by_key(|fold| filled[*fold]).unwrap_or(0);
        filled[fold].0 += positives;
        filled[fold].1 += rows;
        fold_of.insert(owner, fold);
    }
    posts.iter().map(|post| fold_of[post.owner.as_str()]).collect()
}
