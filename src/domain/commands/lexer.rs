//! A command's line cut into tokens, each with the column where it begins.

use super::problem::{Expected, Problem};

/// A piece of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word, or several in quotes.
    Word(String),
    /// `--name` or `--name=value`.
    Flag(String, Option<String>),
}

/// A piece and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Column of its first character, in characters of the whole line, from 1.
    pub(super) column: usize,
    pub(super) piece: Piece,
}

/// A line after its verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) pieces: Vec<Token>,
    /// What stands after ` -- `.
    pub(super) free: Option<String>,
    /// Column just behind the line, for "something is missing".
    pub(super) end: usize,
}

/// Cuts `text`, which begins at `column` of line `line`.
pub(super) fn cut(text: &str, line: usize, column: usize) -> Result<Tokens, Problem> {
    let mut tokens = Tokens { end: column + text.chars().count(), ..Tokens::default() };
    let mut rest = text;
    let mut at = column;
    loop {
        let trimmed = rest.trim_start();
        at += rest.chars().count() - trimmed.chars().count();
        rest = trimmed;
        if rest.is_empty() {
            return Ok(tokens);
        }
        if let Some(after) = rest.strip_prefix("--")
            && (after.is_empty() || after.starts_with(char::is_whitespace))
        {
            let free = after.trim();
            tokens.free = (!free.is_empty()).then(|| free.to_owned());
            return Ok(tokens);
        }
        let (piece, length) = one(rest).ok_or(Problem::at(line, at, Expected::ClosingQuote))?;
        let taken: String = rest.chars().take(length).collect();
        tokens.pieces.push(Token { column: at, piece });
        rest = rest.get(taken.len()..).unwrap_or_default();
        at += length;
    }
}

/// The first piece of `text`, and its length in characters. `None` where a quote is not closed.
fn one(text: &str) -> Option<(Piece, usize)> {
    if let Some(name_on) = text.strip_prefix("--") {
        let name: String = name_on.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let after = name_on.get(name.len()..).unwrap_or_default();
        let Some(value) = after.strip_prefix('=') else {
            // A flag ends with its name; what sticks to it makes it a flag that nobody knows.
            let stuck: String = after.chars().take_while(|c| !c.is_whitespace()).collect();
            let length = 2 + name.len() + stuck.chars().count();
            return Some((Piece::Flag(format!("{name}{stuck}"), None), length));
        };
        let (value, length) = word(value)?;
        return Some((Piece::Flag(name.clone(), Some(value)), 2 + name.len() + 1 + length));
    }
    word(text).map(|(word, length)| (Piece::Word(word), length))
}

/// A word, plain or in double quotes (also the curly ones that editors make).
fn word(text: &str) -> Option<(String, usize)> {
    let mut chars = text.chars();
    let is_quote = |c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}');
    if !chars.next().is_some_and(is_quote) {
        let plain: String = text.chars().take_while(|c| !c.is_whitespace()).collect();
        let length = plain.chars().count();
        return Some((plain, length));
    }
    let mut inner = String::new();
    let mut length = 1;
    let mut escaped = false;
    for c in chars {
        length += 1;
        match c {
            _ if escaped => {
                inner.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if is_quote(c) => return Some((inner, length)),
            c => inner.push(c),
        }
    }
    None
}
