//! The words by which a scan tells security fixes from other work.
//!
//! They were chosen on one long history (Django's to 2024); other projects speak otherwise now and then.

use super::evidence::bare_subject;

/// A subject as the name of a change: without marks, ends that differ from series to series, and signs.
pub(super) fn key_of(subject: &str) -> String {
    let bare = bare_subject(subject).to_lowercase();
    let bare = bare.split("backport of").next().unwrap_or_default();
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Work that is done for every series and mends nothing.
pub(crate) fn is_housekeeping(bare: &str) -> bool {
    const BEGINS: [&str; 10] = [
        "revert",
        "bump",
        "update translation",
        "updated translation",
        "merge",
        "prepare",
        "post-release",
        "back to development",
        "release ",
        "pinned",
    ];
    const HOLDS: [&str; 12] = [
        "translation",
        "release notes",
        "version number",
        "version bump",
        "flake8",
        "docstring",
        "gitignore",
        " tests ",
        "tox ",
        "for release",
        "security release",
        "copyright",
    ];
    BEGINS.iter().any(|words| bare.starts_with(words)) || HOLDS.iter().any(|words| bare.contains(words))
}

/// Words that say it plainly.
pub(crate) const PLAIN: &[&str] = &[
    "security issue",
    "security fix",
    "security alert",
    "security bug",
    "security announcement",
    "security hole",
    "vulnerab",
    "disclosure",
    "exploit",
    "denial of service",
    "denial-of-service",
    "code execution",
];

/// Words that stand for security mostly.
pub(crate) const STRONG: &[&str] = &[
    "security",
    "attack",
    "xss",
    "cross-site",
    "csrf",
    "dos",
    "redos",
    "injection",
    "traversal",
    "spoof",
    "malicious",
    "is_safe_url",
    "poison",
    "catastrophic backtracking",
    "brute force",
    "timing",
    "enumeration",
    "privilege",
    "clickjacking",
    "use after free",
    "use-after-free",
    "out of bounds",
    "out-of-bounds",
    "overflow",
];

/// Words that stand for security now and then.
pub(crate) const WEAK: &[&str] = &[
    "leak",
    "unsafe",
    "escap",
    "autoescap",
    "sanitiz",
    "sanitis",
    "permission",
    "session",
    "password",
    "token",
    "host header",
    "redirect",
    "infinite loop",
    "large memory",
    "hijack",
    "bypass",
    "arbitrary",
    "validat",
    "other hosts",
    "quadratic",
    "backtracking",
    "limit",
    "trust",
    "newlines",
    "restrict",
    "header",
    "unauthor",
    "credential",
    "secret",
    "unexpected results",
    "logout",
    "o(n)",
];

/// Words of other reasons to mend what is old.
pub(crate) const HARMLESS: &[&str] = &[
    "crash",
    "data loss",
    "loss of",
    "migration",
    "regression",
    "compat",
    "deprecat",
    "typo",
    "help text",
    "alignment",
];

/// The first of `words` that `subject` holds at the start of a word.
pub(crate) fn word_in(subject: &str, words: &[&'static str]) -> Option<&'static str> {
    let subject = subject.to_lowercase();
    words.iter().copied().find(|word| {
        subject.match_indices(word).any(|(place, _)| {
            let before = subject[..place].chars().next_back();
            let after = subject[place + word.len()..].chars().next();
            // Short words stand alone: `dos` is no `ends`.
            let begins = before.is_none_or(|c| !c.is_alphanumeric());
            let ends = after.is_none_or(|c| if word.len() > 4 { c != '_' } else { !c.is_alphanumeric() });
            begins && ends
        })
    })
}
