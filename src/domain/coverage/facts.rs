//! What is known about a history, as plain values.

use std::{collections::HashMap, fmt, str::FromStr, sync::OnceLock};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::accounts::Account;

/// Name of a commit; written as 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct CommitId(pub [u8; 20]);

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        hex::encode(id.0)
    }
}

impl TryFrom<String> for CommitId {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CommitId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Name of a change without its place: equal to what `git patch-id --stable` prints for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatchId(pub [u8; 20]);

impl fmt::Debug for PatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// How a trailer says where a change came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrailerKind {
    /// `Backport of SHA from main`
    BackportOf,
    /// `(cherry picked from commit SHA)`
    CherryPickedFrom,
    /// `cherry-pick-of: SHA`
    CherryPickOf,
}

impl TrailerKind {
    /// The words that it is written with.
    pub fn words(self) -> &'static str {
        match self {
            Self::BackportOf => "Backport of",
            Self::CherryPickedFrom => "cherry picked from commit",
            Self::CherryPickOf => "cherry-pick-of",
        }
    }
}

/// A claim in a commit's message that it repeats another commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// How it is said.
    pub kind: TrailerKind,
    /// The other commit as it is written: 7 to 40 hexadecimal digits.
    pub target: String,
}

/// One commit, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its name.
    pub id: CommitId,
    /// Places of its parents in [`History::commits`].
    pub parents: Vec<u32>,
    /// When it was committed, in seconds since 1970.
    pub committed_s: i64,
    /// First line of its message.
    pub subject: String,
    /// Where it says that it came from.
    pub trailers: Vec<Trailer>,
    /// Commits that it says it reverts, as they are written.
    pub reverts: Vec<String>,
    /// Other commits that its message names, as they are written.
    pub mentions: Vec<String>,
    /// Ids of vulnerabilities that its subject names, in upper case.
    pub named_in_subject: Vec<String>,
    /// Ids of vulnerabilities that the rest of its message names, in upper case.
    pub named_in_body: Vec<String>,
}

/// Digest of one changed line with its white space folded.
pub type LineDigest = u32;

/// What a commit changes, as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Over everything; `None` where nothing is changed (merges too).
    pub all: Option<PatchId>,
    /// Over all paths that are no documentation; `None` where there are none.
    pub without_docs: Option<PatchId>,
    /// Whether something else than documentation and tests is changed.
    pub touches_code: bool,
    /// Digests of the lines changed outside of documentation, sorted, each once; at most 4,096 of them.
    pub lines: Vec<LineDigest>,
}

impl Patch {
    /// Which part of its changed lines `others` change too, 0 to 1.
    pub fn contained_in<'a>(&self, others: impl IntoIterator<Item = &'a Self> + Clone) -> f64 {
        if self.lines.is_empty() {
            return 0.0;
        }
        let there =
            |line: &&LineDigest| others.clone().into_iter().any(|other| other.lines.binary_search(line).is_ok());
        self.lines.iter().filter(there).count() as f64 / self.lines.len() as f64
    }

    /// Jaccard similarity of the changed lines, 0 to 1.
    pub fn similarity(&self, other: &Self) -> f64 {
        let (mut left, mut right) = (self.lines.iter().peekable(), other.lines.iter().peekable());
        let (mut common, mut all) = (0_u32, 0_u32);
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(left), Some(right)) => left.cmp(right),
            };
            all += 1;
            if order.is_le() {
                left.next();
            }
            if order.is_ge() {
                right.next();
            }
            common += u32::from(order.is_eq());
        }
        if all == 0 { 0.0 } else { f64::from(common) / f64::from(all) }
    }
}

/// A branch or tag that the policy names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Full name: `refs/heads/main`, `refs/tags/5.1.4`.
    pub name: String,
    /// Place of the commit in [`History::commits`]; annotated tags are peeled.
    pub commit: u32,
    /// Whether it is a tag object that carries a signature; nothing is said about whose.
    pub signed: bool,
}

/// A repository's past, as far as the policy's refs reach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Parents before children.
    pub commits: Vec<Commit>,
    /// Branches and tags, by name.
    pub references: Vec<Reference>,
    /// Whether the history was cut off (a shallow or partial clone).
    pub partial: bool,
    /// What documents on the main branch say about vulnerabilities.
    pub accounts: Vec<Account>,
    /// The commit of the main branch whose documents they are.
    pub accounts_at: Option<CommitId>,
    /// Commits that the repository has, that somebody names, and that no branch or tag reaches; sorted.
    pub unreached: Vec<CommitId>,
    /// What commits change; only of those that were asked for so far.
    pub patches: HashMap<CommitId, Patch>,
    /// Places in the order of the commits' names.
    #[serde(skip)]
    by_id: Vec<u32>,
    /// Instants and places, by instant.
    #[serde(skip)]
    by_time: OnceLock<Vec<(i64, u32)>>,
}

impl History {
    /// Makes names resolvable again after commits were added or read back.
    pub fn reindex(&mut self) {
        let mut by_id: Vec<u32> = (0_u32..).zip(&self.commits).map(|(place, _)| place).collect();
        by_id.sort_unstable_by_key(|place| self.commits[*place as usize].id);
        self.by_id = by_id;
        self.by_time = OnceLock::new();
    }

    /// Places of the commits made between two instants, both included, in seconds since 1970; oldest first.
    pub fn made_between(&self, from_s: i64, to_s: i64) -> impl Iterator<Item = u32> + '_ {
        let by_time = self.by_time.get_or_init(|| {
            let mut all: Vec<_> = self.commits.iter().map(|commit| commit.committed_s).zip(0..).collect();
            all.sort_unstable();
            all
        });
        let from = by_time.partition_point(|(instant, _)| *instant < from_s);
        by_time[from..].iter().take_while(move |(instant, _)| *instant <= to_s).map(|(_, place)| *place)
    }

    /// The commit at a place.
    pub fn commit(&self, place: u32) -> &Commit {
        &self.commits[place as usize]
    }

    /// Place of a commit.
    pub fn place(&self, id: &CommitId) -> Option<u32> {
        let found = self.by_id.binary_search_by_key(id, |place| self.commit(*place).id);
        found.ok().and_then(|index| self.by_id.get(index).copied())
    }

    /// Place of the one commit that a full or shortened name stands for.
    pub fn resolve(&self, name: &str) -> Option<u32> {
        if let Ok(id) = name.parse() {
            return self.place(&id);
        }
        if name.len() < 7 {
            return None;
        }
        let (low, high) = span_of(name)?;
        let from = self.by_id.partition_point(|place| self.commit(*place).id < low);
        match &self.by_id[from..] {
            [only] if self.commit(*only).id <= high => Some(*only),
            [first, second, ..] if self.commit(*first).id <= high && self.commit(*second).id > high => Some(*first),
            _ => None,
        }
    }

    /// Whether a name stands for a commit that the repository has and no branch or tag reaches.
    pub fn is_unreached(&self, name: &str) -> bool {
        span_of(name).is_some_and(|(low, high)| {
            let from = self.unreached.partition_point(|id| *id < low);
            self.unreached.get(from).is_some_and(|id| *id <= high)
        })
    }

    /// What a commit changes, where that is known.
    pub fn patch(&self, place: u32) -> Option<&Patch> {
        self.patches.get(&self.commit(place).id)
    }
}

/// The least and the greatest name that begin with 7 to 40 hexadecimal digits.
fn span_of(digits: &str) -> Option<(CommitId, CommitId)> {
    let all_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !all_hexadecimal || !(7..=40).contains(&digits.len()) {
        return None;
    }
    Some((format!("{digits:0<40}").parse().ok()?, format!("{digits:f<40}").parse().ok()?))
}

/// A fix to be proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Id of the vulnerability: `CVE-2024-45230`, or the project's own.
    pub id: String,
    /// Day of disclosure.
    pub date: Date,
    /// Its commits on the main branch; `None` where they are to be found.
    pub main: Option<Vec<String>>,
    /// Its commits on series, as somebody recorded them.
    pub series: std::collections::BTreeMap<String, Vec<String>>,
    /// Series that somebody recorded as not affected, and why.
    pub not_affected: std::collections::BTreeMap<String, String>,
}
