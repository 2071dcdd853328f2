//! Which lines of a comment are its author's own prose: nothing in code, quotes, HTML, links, quoted mail or a signature.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

/// A line of own prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProseLine<'a> {
    /// Its number in the comment, from 1.
    pub(super) number: usize,
    /// Column of its first character that is no blank, in characters, from 1.
    pub(super) column: usize,
    /// The line from there on, without blanks at the end.
    pub(super) text: &'a str,
}

/// The lines of own prose that begin with a slash.
pub(super) fn slash_lines(markdown: &str) -> Vec<ProseLine<'_>> {
    if !markdown.contains('/') {
        return Vec::new();
    }
    let foreign = foreign_ranges(markdown);
    let end = end_of_own_words(markdown);
    let mut lines = Vec::new();
    let mut start = 0;
    for (index, raw) in markdown.split_inclusive('\n').enumerate() {
        let trimmed = raw.trim_start_matches([' ', '\t']);
        let indent = raw.len() - trimmed.len();
        let at = start + indent;
        start += raw.len();
        if index >= end {
            break;
        }
        if trimmed.starts_with('/') && !is_within(&foreign, at) {
            let column = raw.get(..indent).map_or(0, |blank| blank.chars().count()) + 1;
            lines.push(ProseLine { number: index + 1, column, text: trimmed.trim_end() });
        }
    }
    lines
}

/// Ranges of the source that are not own prose, sorted by their start and not overlapping.
fn foreign_ranges(markdown: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(markdown, Options::empty());
    let mut ranges: Vec<Range<usize>> =
        parser.reference_definitions().iter().map(|(_, definition)| definition.span.clone()).collect();
    for (event, range) in parser.into_offset_iter() {
        let is_foreign = matches!(
            event,
            Event::Start(
                Tag::BlockQuote(_) | Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Link { .. } | Tag::Image { .. }
            ) | Event::Code(_)
                | Event::InlineHtml(_)
                | Event::Html(_)
        );
        if is_foreign {
            ranges.push(range);
        }
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

fn is_within(ranges: &[Range<usize>], at: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|range| range.contains(&at))
}

/// Number of lines before the signature, or before mail that is quoted without marks.
fn end_of_own_words(markdown: &str) -> usize {
    let lines: Vec<&str> = markdown.lines().map(str::trim_end).collect();
    for (index, line) in lines.iter().enumerate() {
        // RFC 3676, section 4.3; trailing blanks are lost on many ways.
        if *line == "--" {
            return index;
        }
        if line.starts_with("-----Original Message-----") {
            return index;
        }
        let following = lines.get(index + 1).copied().unwrap_or_default();
        if introduces_mail(line) || (line.starts_with("On ") && introduces_mail(&format!("{line} {following}"))) {
            // Marked quotes are told apart by their marks, and own words may follow them.
            let body = lines.iter().skip(index + 1).skip_while(|l| l.is_empty() || l.ends_with("wrote:"));
            let is_marked = body.clone().next().is_some_and(|first| first.trim_start().starts_with('>'));
            if !is_marked {
                return index;
            }
        }
    }
    lines.len()
}

/// "On Tue, 9 Sep 2025 at 17:00, Tom <tom@example.org> wrote:"
fn introduces_mail(line: &str) -> bool {
    line.starts_with("On ") && line.ends_with("wrote:") && line.chars().any(|c| c.is_ascii_digit())
}
