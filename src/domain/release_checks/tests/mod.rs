//! Stories about small histories, and what may never be.

mod decisions;
mod recordings;
mod tags;

use jiff::Timestamp;

use super::*;
use crate::domain::{
    coverage::{Cell, Claims, Commit, CommitId, History, Reference, SeriesKind, SeriesLines, Verdict},
    policy::Series,
    post::RepoName,
};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3_600).expect("in range")
}

fn series() -> Series {
    serde_json::from_str("{}").expect("all keys have defaults")
}

fn mirrored() -> Mirrored {
    Mirrored {
        repository_id: 7,
        repository: RepoName { owner: "acme".to_owned(), name: "framework".to_owned() },
        installation_id: 1,
    }
}

/// A history that is written down commit by commit.
#[derive(Default)]
struct Built(History);

impl Built {
    fn commit(&mut self, parents: &[u32]) -> u32 {
        let place = u32::try_from(self.0.commits.len()).expect("few");
        let mut id = [0; 20];
        id[..4].copy_from_slice(&place.to_be_bytes());
        let committed_s = at(0).as_second() + i64::from(place);
        let subject = format!("commit {place}");
        let commit = Commit::new(CommitId(id), parents.into(), committed_s, &subject, Claims::default());
        self.0.commits.push(commit);
        place
    }

    fn name(&mut self, name: &str, commit: u32, signed: bool) {
        self.0.references.push(Reference { name: name.to_owned(), commit, signed });
    }

    fn done(mut self) -> (History, SeriesLines) {
        self.0.references.sort_by(|a, b| a.name.cmp(&b.name));
        self.0.reindex();
        let lines = SeriesLines::of(&self.0, &series());
        (self.0, lines)
    }
}

/// Main, 5.0 and 5.1 with a release each; the tag `tag` wherever `place` says.
fn world(tag: &str, place: &str, signed: bool) -> (History, SeriesLines) {
    let mut built = Built::default();
    let root = built.commit(&[]);
    let old = built.commit(&[root]);
    let new = built.commit(&[root]);
    let main = built.commit(&[root]);
    let lost = built.commit(&[root]);
    built.name("refs/heads/main", main, false);
    built.name("refs/heads/stable/5.0.x", old, false);
    built.name("refs/heads/stable/5.1.x", new, false);
    built.name("refs/tags/5.0", old, true);
    built.name("refs/tags/5.1", new, true);
    let commit = match place {
        "5.0" => old,
        "5.1" => new,
        "main" => main,
        _ => lost,
    };
    built.name(&format!("refs/tags/{tag}"), commit, signed);
    built.done()
}

fn tag(tag: &str, place: &str, signed: bool) -> TagFacts {
    let (history, lines) = world(tag, place, signed);
    TagFacts::of(&history, &series(), &lines, tag).expect("a release tag")
}

fn cell(series: &str, verdict: Verdict, first_tag: Option<&str>) -> Cell {
    Cell {
        series: series.to_owned(),
        kind: if series == "main" { SeriesKind::Main } else { SeriesKind::Supported },
        verdict,
        commits: Vec::new(),
        first_tag: first_tag.map(str::to_owned),
        first_tag_date: None,
        evidence: Vec::new(),
        notes: Vec::new(),
    }
}

fn advisory() -> PublishedAdvisory {
    PublishedAdvisory {
        withdrawn: false,
        repository_id: 7,
        ghsa: "GHSA-2222-3333-4444".to_owned(),
        cve: Some("CVE-2026-1".to_owned()),
        published_at: at(0),
        commits: Vec::new(),
        patched: vec![Patched::new("framework", "5.0.1, 5.1.1")],
    }
}
