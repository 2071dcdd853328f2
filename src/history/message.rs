//! What a commit's message claims.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::coverage::{Trailer, TrailerKind, named_ids};

/// The claims of one message.
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) trailers: Vec<Trailer>,
    pub(super) reverts: Vec<String>,
    pub(super) named_in_subject: Vec<String>,
    pub(super) named_in_body: Vec<String>,
}

/// Longest subject that is kept, in bytes.
const SUBJECT_BYTES: usize = 500;

/// Reads a message.
pub(super) fn claims(message: &[u8]) -> Claims {
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
    let mut trailers = Vec::new();
    for (kind, expression) in ORIGINS.iter() {
        trailers.extend(
            expression.captures_iter(body).map(|found| Trailer { kind: *kind, target: found[1].to_ascii_lowercase() }),
        );
    }
    let mut end = subject.len().min(SUBJECT_BYTES);
    while !subject.is_char_boundary(end) {
        end -= 1;
    }
    Claims {
        subject: subject[..end].trim_end().to_owned(),
        trailers,
        reverts: REVERTS.captures_iter(text).map(|found| found[1].to_ascii_lowercase()).collect(),
        named_in_subject: named_ids(subject),
        named_in_body: named_ids(body),
    }
}
