//! What is known about a history, as plain values.

use std::{
    fmt,
    ops::Deref,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

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

/// What the messages of many commits say, in one piece: subjects one behind the other, and claims in their kept form,
/// which are opened when they are asked for.
#[derive(Debug, Default)]
pub struct Messages {
    subjects: String,
    claims: Vec<u8>,
    /// Where the claims of a commit that claims something begin.
    starts: Vec<u32>,
    opened: Vec<OnceLock<Claims>>,
}

impl Messages {
    /// Takes what was kept: all subjects, all claims, and where each begins.
    pub fn new(subjects: String, claims: Vec<u8>, starts: Vec<u32>) -> Self {
        let opened = vec![OnceLock::new(); starts.len()];
        Self { subjects, claims, starts, opened }
    }

    fn claims(&self, index: u32) -> Option<&Claims> {
        let opened = self.opened.get(index as usize)?;
        Some(opened.get_or_init(|| {
            let kept = self.starts.get(index as usize).and_then(|start| self.claims.get(*start as usize..));
            kept.and_then(|kept| postcard::take_from_bytes(kept).ok()).map(|(claims, _)| claims).unwrap_or_default()
        }))
    }
}

/// A part of the subjects of many commits.
#[derive(Clone)]
pub struct Text {
    messages: Arc<Messages>,
    start: u32,
    length: u32,
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        let (start, length) = (self.start as usize, self.length as usize);
        self.messages.subjects.get(start..start + length).unwrap_or_default()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// What a commit's message claims; most claim nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
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

/// One commit, without its text.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its name.
    pub id: CommitId,
    /// Places of its parents in [`super::History::commits`].
    pub parents: Parents,
    /// When it was committed, in seconds since 1970.
    pub committed_s: i64,
    /// First line of its message.
    pub subject: Text,
    /// Which claims among those of its messages are its own; none where there is no such.
    claims: u32,
}

/// Of a commit that claims nothing.
const NO_CLAIMS: u32 = u32::MAX;

impl Commit {
    /// A commit that was just read.
    pub fn new(id: CommitId, parents: Parents, committed_s: i64, subject: &str, claims: Claims) -> Self {
        let length = u32::try_from(subject.len()).unwrap_or_default();
        let opened = vec![OnceLock::from(claims)];
        let messages = Messages { subjects: subject.to_owned(), claims: Vec::new(), starts: Vec::new(), opened };
        let subject = Text { messages: Arc::new(messages), start: 0, length };
        Self { id, parents, committed_s, subject, claims: 0 }
    }

    /// A commit whose subject, `(start, length)` in bytes, and claims are in `messages`.
    pub fn kept(
        id: CommitId,
        parents: Parents,
        committed_s: i64,
        messages: &Arc<Messages>,
        subject: (u32, u32),
        claims: Option<u32>,
    ) -> Self {
        let subject = Text { messages: Arc::clone(messages), start: subject.0, length: subject.1 };
        Self { id, parents, committed_s, subject, claims: claims.unwrap_or(NO_CLAIMS) }
    }
}

impl PartialEq for Commit {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.parents == other.parents && self.subject == other.subject && **self == **other
    }
}

impl Eq for Commit {}

impl Deref for Commit {
    type Target = Claims;

    /// What its message claims, or that it claims nothing.
    fn deref(&self) -> &Claims {
        static NONE: Claims = Claims {
            trailers: Vec::new(),
            reverts: Vec::new(),
            mentions: Vec::new(),
            named_in_subject: Vec::new(),
            named_in_body: Vec::new(),
        };
        self.subject.messages.claims(self.claims).unwrap_or(&NONE)
    }
}

/// Places of a commit's parents: almost always one or two.
pub type Parents = SmallVec<[u32; 2]>;

/// A branch or tag that the policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Full name: `refs/heads/main`, `refs/tags/5.1.4`.
    pub name: String,
    /// Place of the commit in [`super::History::commits`]; annotated tags are peeled.
    pub commit: u32,
    /// Whether it is a tag object that carries a signature; nothing is said about whose.
    pub signed: bool,
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
