//! What a commit's message claims.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::coverage::{Claims, Trailer, TrailerKind, named_ids};

/// Longest subject that is kept, in bytes.
const SUBJECT_BYTES: usize = 500;

/// How far before a name the words about it stand.
const BLAME_BYTES: usize = 48;

/// Further names of commits are not kept.
const MOST_MENTIONS: usize = 16;

/// Words that may be names of commits, in lower case, and where they stand.
fn names_in(text: &str) -> Vec<(usize, String)> {
    let is_name = |word: &&str| {
        (7..=40).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_name);
    words.map(|word| (word.as_ptr().addr() - text.as_ptr().addr(), word.to_ascii_lowercase())).collect()
}

/// Whether the words before a commit's name say that it brought the fault that is mended here: such a change mends
/// something else than the commit did.
fn is_blamed(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(BLAME_BYTES)..at];
    let before = String::from_utf8_lossy(before).to_ascii_lowercase();
    ["regress", "introduced", "caused", "broke", "bug in", "since "].iter().any(|word| before.contains(word))
}

/// Reads a message.
pub(super) fn read(message: &[u8]) -> (String, Claims) {
    static ORIGINS: LazyLock<[(TrailerKind, Regex); 3]> = LazyLock::new(|| {
        let compile = |expression: &str| Regex::new(expression).expect("a valid expression");
        [
            (
                TrailerKind::BackportOf,
                compile(r"(?im)^[ \t>*]*Backport(?:ed)? of:?\s+(?:commit\s+)?([0-9a-f]{7,40})\b"),
            ),
            (TrailerKind::CherryPickedFrom, compile(r"(?i)cherry[- ]picked from (?:commit )?([0-9a-f]{7,40})\b")),
            (TrailerKind::CherryPickOf, compile(r"(?im)^[ \t]*cherry-pick-of:\s*([0-9a-f]{7,40})\b")),
        ]
    });
    static REVERTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:this reverts commit|reverted|reverts?)\s+(?:commit\s+)?([0-9a-f]{7,40})\b")
            .expect("a valid expression")
    });
    let text = String::from_utf8_lossy(message);
    let text = text.trim_start();
    let (subject, body) = text.split_once('\n').unwrap_or((text, ""));
    let named = names_in(text);
    let mut trailers: Vec<Trailer> = Vec::new();
    let mut reverts: Vec<String> = Vec::new();
    // Most messages name no commit at all.
    if !named.is_empty() {
        for (kind, expression) in ORIGINS.iter() {
            trailers.extend(
                expression
                    .captures_iter(body)
                    .map(|found| Trailer { kind: *kind, target: found[1].to_ascii_lowercase() }),
            );
        }
        reverts.extend(REVERTS.captures_iter(text).map(|found| found[1].to_ascii_lowercase()));
    }
    let is_other = |(at, name): &(usize, String)| {
        !reverts.contains(name) && trailers.iter().all(|trailer| trailer.target != *name) && !is_blamed(text, *at)
    };
    let mentions = named.into_iter().filter(is_other).map(|(_, name)| name).take(MOST_MENTIONS).collect();
    let mut end = subject.len().min(SUBJECT_BYTES);
    while !subject.is_char_boundary(end) {
        end -= 1;
    }
    let claims =
        Claims { trailers, reverts, mentions, named_in_subject: named_ids(subject), named_in_body: named_ids(body) };
    let subject = subject[..end].trim_end().to_owned();
    (subject, claims)
}
