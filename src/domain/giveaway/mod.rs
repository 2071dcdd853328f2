//! Giving away a fix: would a commit message, a branch's name or a release's text tell strangers that a security fix is in it?
//!
//! What flows in: such a text. What flows out: log-odds, an answer, and the signs that led there in plain words. What it must
//! never do: repeat words of the text, or know anything about cases (whoever asks has to know that something is secret).
//!
//! It is a head of its own beside the [detector](super::detector): a report tells an attack, a fix tells what it prevents. The
//! words are those by which [`coverage`](super::coverage) finds fixes in histories; their weights were fitted
//! (`docs/detector-tuning.md`).

use crate::domain::{
    coverage::{scan_words, subject_without_marks},
    detector::{Contribution, Place},
};

#[cfg(test)]
mod tests;

/// Which kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first line is the subject.
    Commit,
    /// Words are put together by `-`, `_` and `/`.
    Branch,
    /// The first line is the title.
    Release,
}

/// From these log-odds on a text counts as giving a fix away. Where a fix is secret, one is much more likely than in all of a
/// history, on which the log-odds are fitted; so the bar is far below zero, where a subject that names a weakness is enough.
pub const GIVES_AWAY_FROM: f64 = -5.7;

/// Log-odds of any commit, before its words are looked at.
const BIAS: f64 = -7.6;

/// Longest part of a text that is read, in bytes.
const READ_BYTES: usize = 4_000;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct GiveAway {
    /// Log-odds that a commit with such words is a security fix, in a history of which about 1 in 170 commits is one.
    pub log_odds: f64,
    /// Signs, strongest first.
    pub contributions: Vec<Contribution>,
    /// Ids of vulnerabilities that it names, in upper case.
    pub ids: Vec<String>,
}

impl GiveAway {
    /// Whether it would give a fix away. `is_public` says of an id whether everybody knows it already.
    pub fn gives_away(&self, is_public: impl Fn(&str) -> bool) -> bool {
        self.log_odds >= GIVES_AWAY_FROM || self.ids.iter().any(|id| !is_public(id))
    }
}

/// One sign: where it is looked for, by which words, and what it weighs.
struct Sign {
    name: &'static str,
    place: Place,
    words: &'static [&'static str],
    weight: f64,
    text: &'static str,
}

const AIMS: &[&str] = &[
    "attacker",
    "untrusted",
    "crafted",
    "malicious",
    "user-supplied",
    "user supplied",
    "user input",
    "user-controlled",
    "remote",
    "unauthenticated",
    "other users",
    "arbitrary",
];

const PREVENTING: &[&str] = &[
    "prevent",
    "avoid",
    "mitigat",
    "protect",
    "restrict",
    "reject",
    "disallow",
    "forbid",
    "escape",
    "sanitiz",
    "sanitis",
    "harden",
    "enforce",
    "made sure",
    "ensure",
    "block",
    "guard",
    "verif",
    "check",
];

const TOLD_AFTERWARDS: &[&str] = &[
    "security archive",
    "release notes",
    "release note",
    "security release",
    "security policy",
    "changelog",
    "cleaned up",
    "documented",
];

/// The fitted table. A row beside the subject's looks at the rest of the text.
const SIGNS: [Sign; 11] = [
    Sign {
        name: "says_security",
        place: Place::Title,
        words: scan_words::PLAIN,
        weight: 5.0,
        text: "the subject says that it is about security",
    },
    Sign {
        name: "names_weakness",
        place: Place::Title,
        words: scan_words::STRONG,
        weight: 2.0,
        text: "the subject names a kind of weakness or attack",
    },
    Sign {
        name: "hints",
        place: Place::Title,
        words: scan_words::WEAK,
        weight: 1.8,
        text: "the subject has a word that security fixes often have",
    },
    Sign {
        name: "names_attacker",
        place: Place::Title,
        words: AIMS,
        weight: 1.3,
        text: "the subject speaks of hostile input or people",
    },
    Sign {
        name: "prevents",
        place: Place::Title,
        words: PREVENTING,
        weight: 0.8,
        text: "the subject says that something is prevented",
    },
    Sign {
        name: "harmless",
        place: Place::Title,
        words: scan_words::HARMLESS,
        weight: -0.6,
        text: "the subject names a reason that is not security",
    },
    Sign {
        name: "told_afterwards",
        place: Place::Title,
        words: TOLD_AFTERWARDS,
        weight: -0.7,
        text: "the subject is about documents",
    },
    Sign {
        name: "says_security",
        place: Place::Body,
        words: scan_words::PLAIN,
        weight: 2.7,
        text: "the text says that it is about security",
    },
    Sign {
        name: "names_weakness",
        place: Place::Body,
        words: scan_words::STRONG,
        weight: 3.7,
        text: "the text names a kind of weakness or attack",
    },
    Sign {
        name: "hints",
        place: Place::Body,
        words: scan_words::WEAK,
        weight: -0.7,
        text: "the text has words that many long texts have",
    },
    Sign {
        name: "names_attacker",
        place: Place::Body,
        words: AIMS,
        weight: 0.9,
        text: "the text speaks of hostile input or people",
    },
];

/// A prevention of something that sounds like security.
const PREVENTS_SUCH: f64 = 0.4;

/// Work that is done for every series and mends nothing.
const HOUSEKEEPING: f64 = -1.7;

/// Looks at a text. For a commit and a release `title` is the first line and `body` the rest; of a branch there is only the
/// title. Time grows linearly with the text, of which 4,000 bytes are read.
pub fn look(kind: Kind, title: &str, body: &str) -> GiveAway {
    let title = match kind {
        Kind::Branch => title.replace(['-', '_', '/', '.'], " "),
        Kind::Commit | Kind::Release => subject_without_marks(cut(title)).to_owned(),
    };
    let (title, body) = (cut(&title).to_lowercase(), cut(body).to_lowercase());
    let mut log_odds = BIAS;
    let mut contributions = Vec::new();
    let mut count = |name: &str, place, weight: f64, text: &str| {
        log_odds += weight;
        contributions.push(Contribution { feature: name.to_owned(), place, weight, text: text.to_owned() });
    };
    let mut sounds = false;
    let mut prevents = false;
    for sign in &SIGNS {
        let source = if sign.place == Place::Title { &title } else { &body };
        if scan_words::word_in(source, sign.words).is_some() {
            count(sign.name, sign.place, sign.weight, sign.text);
            let in_title = sign.place == Place::Title;
            prevents |= in_title && sign.name == "prevents";
            sounds |= in_title && ["says_security", "names_weakness", "hints", "names_attacker"].contains(&sign.name);
        }
    }
    if sounds && prevents {
        count("prevents_such", Place::Title, PREVENTS_SUCH, "and what is prevented sounds like security");
    }
    if kind == Kind::Commit && scan_words::is_housekeeping(&title) {
        count("housekeeping", Place::Title, HOUSEKEEPING, "the subject is about work that mends nothing");
    }
    contributions.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let mut ids = super::coverage::named_ids(&title);
    ids.extend(super::coverage::named_ids(&body));
    ids.sort();
    ids.dedup();
    GiveAway { log_odds, contributions, ids }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(READ_BYTES)]
}
