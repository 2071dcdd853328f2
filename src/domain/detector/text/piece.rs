//! A stretch of text that can know where each of its bytes comes from.

use std::ops::{Deref, Range};

/// A stretch of text; if it is traced, each byte knows its place in the title or body it was cut from.
///
/// Tracing costs four bytes for each byte of text, so it is left out when a post is only judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    text: String,
    /// For each byte of `text` the offset in the source; empty and unused when not traced.
    from: Vec<u32>,
    traced: bool,
}

impl Deref for Piece {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Piece {
    /// All of `source`.
    pub(super) fn of(source: &str, traced: bool) -> Self {
        let mut piece = Self { text: String::new(), from: Vec::new(), traced };
        piece.push(source, source, &(0..source.len()));
        piece
    }

    /// Appends `text`, which stands somewhere within `range` of `source`, perhaps spelt otherwise there (`&lt;`).
    pub(super) fn push(&mut self, text: &str, source: &str, range: &Range<usize>) {
        self.text.push_str(text);
        if self.traced {
            let here = source.get(range.clone()).and_then(|source| source.find(text));
            let start = range.start + here.unwrap_or(0);
            let step = usize::from(here.is_some());
            self.from.extend((0..text.len()).map(|at| offset(start + at * step)));
        }
    }

    /// Appends another piece. What is not traced counts as coming from where this one ends.
    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        if self.traced {
            let last = self.from.last().copied().unwrap_or(0);
            self.from.extend((0..other.text.len()).map(|at| other.from.get(at).copied().unwrap_or(last)));
        }
    }

    /// A part, which must begin and end between characters.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        let from = self.from.get(range.clone()).unwrap_or_default().to_vec();
        Self { text: self.text[range].to_owned(), from, traced: self.traced }
    }

    /// The lines, without their ends.
    pub(super) fn lines(&self) -> impl Iterator<Item = Self> {
        let mut start = 0;
        self.text.split('\n').map(move |line| {
            let range = start..start + line.len();
            start = range.end + 1;
            self.part(range)
        })
    }

    /// The piece as the lexicon wants it: see [`normalise`].
    pub(super) fn normalised(&self) -> Self {
        let mut piece = Self { text: String::with_capacity(self.text.len()), from: Vec::new(), traced: self.traced };
        normalise_into(&self.text, &mut piece.text, |at, bytes| {
            if self.traced {
                piece.from.resize(piece.from.len() + bytes, self.from[at]);
            }
        });
        piece.from.truncate(piece.text.len());
        piece
    }

    /// Where `range` of this piece stands in the title or body that it was cut from, in bytes; `None` if that is not
    /// known. The end is where the last character begins, plus its length.
    pub fn source(&self, range: Range<usize>, source: &str) -> Option<Range<usize>> {
        let start = *self.from.get(range.start)? as usize;
        let last = *self.from.get(range.end.checked_sub(1)?)? as usize;
        let end = last + source.get(last..)?.chars().next()?.len_utf8();
        (start < end && source.is_char_boundary(start)).then_some(start..end)
    }
}

/// Bodies are bounded far below 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Lower case, single blanks, straight quotes and dashes, nothing invisible.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    normalise_into(text, &mut out, |_, _| {});
    out
}

/// Writes the normalised text; tells for each character read that was not dropped where it began and how many bytes
/// were written for it (more than in the end if the text ends in blanks).
fn normalise_into(text: &str, out: &mut String, mut tell: impl FnMut(usize, usize)) {
    let mut blank = true;
    for (at, c) in text.char_indices() {
        let c = match c {
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{ff07}' | '\u{00b4}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{ff02}' => '"',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            // Full-width forms of ASCII, common in Chinese and Japanese posts.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{00ad}' | '\u{2060}' => continue,
            other => other,
        };
        let before = out.len();
        if c.is_whitespace() || c.is_control() {
            if !blank {
                out.push(' ');
                blank = true;
            }
        } else {
            blank = false;
            if c.is_ascii() {
                out.push(c.to_ascii_lowercase());
            } else {
                out.extend(c.to_lowercase());
            }
        }
        tell(at, out.len() - before);
    }
    out.truncate(out.trim_end().len());
}
