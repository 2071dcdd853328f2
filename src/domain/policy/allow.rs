//! `redirect.allow`: posts about which the redirect does nothing, because this project writes so every day.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Posts that the redirect leaves alone whatever their words are: for scanners, capture-the-flag tasks, applications that
/// are vulnerable on purpose. Nobody is told of such a post, not even in private. Patterns are plain words in which `*`
/// stands for anything; upper and lower case are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct Allow {
    /// Patterns that a whole title must match: `"[challenge]*"`; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 100), inner(custom(pattern)))]
    #[schemars(length(max = 100))]
    pub titles: Vec<String>,
    /// Patterns of labels that the post carries when it is opened; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 100), inner(custom(pattern)))]
    #[schemars(length(max = 100))]
    pub labels: Vec<String>,
    /// Logins of authors, such as `"scanner[bot]"`; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 100), inner(custom(pattern)))]
    #[schemars(length(max = 100))]
    pub authors: Vec<String>,
    /// Patterns of paths; a pull request is left alone where each file that it changes matches one: "challenges/*"; at
    /// most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 100), inner(custom(pattern)))]
    #[schemars(length(max = 100))]
    pub paths: Vec<String>,
}

impl Allow {
    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.titles.is_empty() && self.labels.is_empty() && self.authors.is_empty() && self.paths.is_empty()
    }
}

fn pattern(pattern: &str, _: &()) -> garde::Result {
    match pattern.trim_matches(['*', ' ']).chars().count() {
        // Three characters: a shorter one would match by accident.
        0..3 => Err(garde::Error::new(
            "says too little; give 3 characters or more beside `*`, or set `redirect.mode: observe` to leave all posts alone",
        )),
        3..=200 => Ok(()),
        _ => Err(garde::Error::new("is too long; give at most 200 characters")),
    }
}

/// Whether `text` as a whole matches `pattern`, in which each `*` stands for any characters, also none. Upper and lower case
/// are the same. Takes time in proportion to the lengths of both.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The first place is as good as any: what follows only has more room.
        match left.find(part) {
            Some(place) => left = &left[place + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_is_plain_words_and_stars() {
        for (pattern, text) in [
            ("challenge", "Challenge"),
            ("[challenge]*", "[Challenge] SQL injection"),
            ("*.lock", "deep/down/Cargo.lock"),
            ("labs/*/exploit.*", "labs/7/exploit.py"),
            ("a*a*a", "aaa"),
            ("a**b", "a-b"),
            ("*", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("challenge", "a challenge"),
            ("[challenge]*", "SQL injection [challenge]"),
            ("a*a*a", "aa"),
            ("ab*ba", "aba"),
            ("labs/*/exploit.*", "labs/exploit.py"),
            (".lock", "Cargo.lock"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_few() {
        // With a search that goes back this would take longer than the universe has.
        let text = "a".repeat(20_000);
        assert!(!matches(&("a*".repeat(90) + "b"), &text));
        assert!(matches(&("a*".repeat(90) + "a"), &text));
    }
}
