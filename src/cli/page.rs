//! How lists and pages look: 80 columns, absolute instants in UTC with their age, no word cut in two.

use std::io::{self, Write};

use jiff::Timestamp;

use super::{FINE, INTERNAL};

/// Columns of a page.
const WIDTH: usize = 80;

/// `2026-11-21 12:00Z (3 d ago)`.
pub(super) fn instant(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", at.strftime("%Y-%m-%d %H:%MZ"), age(at, now))
}

/// The largest unit that is not zero: `3 d ago`, `in 20 min`.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let long = seconds.unsigned_abs();
    let (many, unit) = match long {
        0..60 => (long, "s"),
        60..3_600 => (long / 60, "min"),
        3_600..86_400 => (long / 3_600, "h"),
        _ => (long / 86_400, "d"),
    };
    if seconds < 0 { format!("in {many} {unit}") } else { format!("{many} {unit} ago") }
}

/// `text` in lines of at most 80 columns, the first after `head`, the others as far in. A word that is longer than a line
/// (a key, an address) stays whole, to be copied.
pub(super) fn wrapped(head: &str, text: &str) -> String {
    let hanging = " ".repeat(head.chars().count());
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(head)
        .subsequent_indent(&hanging)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    textwrap::fill(one_line.trim(), options) + "\n"
}

/// `1 effect`, `2 effects`.
pub(super) fn counted(many: usize, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}

/// The names that are most like `wrong`, best first, at most three.
pub(super) fn nearest(wrong: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut near: Vec<_> = names
        .into_iter()
        .map(|name| (if name.contains(wrong) { 1.0 } else { strsim::jaro_winkler(wrong, &name) }, name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().map(|(_, name)| name).take(3).collect()
}

/// Prints to standard output; the exit code. Whoever stops reading has seen enough.
pub(super) fn print(text: &str) -> u8 {
    let mut out = io::stdout().lock();
    ended(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// The exit code after an answer was written.
pub(super) fn ended(written: io::Result<()>) -> u8 {
    match written {
        Ok(()) => FINE,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => FINE,
        Err(error) => {
            eprintln!("embargod: the answer could not be written: {error}");
            INTERNAL
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_absolute_and_has_an_age() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        for (at, shown) in [
            ("2026-11-21T12:00:00Z", "2026-11-21 12:00Z (0 s ago)"),
            ("2026-11-21T11:01:00Z", "2026-11-21 11:01Z (59 min ago)"),
            ("2026-11-20T12:00:01Z", "2026-11-20 12:00Z (23 h ago)"),
            ("2026-08-01T12:00:00Z", "2026-08-01 12:00Z (112 d ago)"),
            ("2026-11-21T16:00:00Z", "2026-11-21 16:00Z (in 4 h)"),
        ] {
            assert_eq!(instant(at.parse().expect("an instant"), now), shown);
        }
    }

    #[test]
    fn lines_hang_under_their_head_and_keys_stay_whole() {
        let text = wrapped("  last error  ", &"word ".repeat(40));
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("              word")), "{text}");
        let key = "k".repeat(100);
        assert!(wrapped("  ", &format!("see {key}")).contains(&key));
        assert_eq!(wrapped("", "two\nlines\u{1b}"), "two lines\n", "what is printed moves no cursor");
    }

    #[test]
    fn a_typo_finds_its_neighbours() {
        let keys = || ["redact:repo:1/issue/7#0", "lock:repo:1/issue/7#0", "desk:SEC-2026-1"].map(str::to_owned);
        assert_eq!(nearest("redact:repo:1/isue/7#0", keys())[0], "redact:repo:1/issue/7#0");
        assert_eq!(nearest("issue/7", keys()).len(), 2, "a part of the key suffices");
        assert!(nearest("xyz", keys()).is_empty());
    }
}
