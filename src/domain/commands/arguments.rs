//! The arguments of a command, read one after the other. Each reading says where it failed and what was expected.

use jiff::Timestamp;

use super::{
    lexer::{Piece, Token, Tokens},
    problem::{Expected, Problem, nearest},
    values::{self, Reading, Scored},
};
use crate::domain::{case::CaseId, embargoed::Embargoed};

/// Free text that somebody wrote with a command. It is never looked into by rules, only sealed.
pub struct Words(pub(super) Embargoed<String>);

impl Words {
    /// Puts text under embargo.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Embargoed::new(text.into()))
    }
}

/// What stands behind a verb.
pub struct Arguments<'a> {
    /// What they are read against.
    pub reading: Reading<'a>,
    line: usize,
    end: usize,
    words: std::collections::VecDeque<Token>,
    flags: Vec<Token>,
    free: Option<String>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(tokens: Tokens, line: usize, reading: Reading<'a>) -> Self {
        let is_word = |token: &Token| matches!(token.piece, Piece::Word(_));
        let (words, flags) = tokens.pieces.into_iter().partition(is_word);
        let words: Vec<Token> = words;
        Self { reading, line, end: tokens.end, words: words.into(), flags, free: tokens.free }
    }

    /// Arguments that are free text as a whole.
    pub(super) fn of_free_text(text: &str, line: usize, end: usize, reading: Reading<'a>) -> Self {
        let own = text.strip_prefix("--").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(text).trim();
        let free = (!own.is_empty()).then(|| own.to_owned());
        Self { reading, line, end, words: std::collections::VecDeque::new(), flags: Vec::new(), free }
    }

    /// Says what is wrong with a word at a column.
    pub fn wrong(&self, column: usize, expected: Expected) -> Problem {
        Problem::at(self.line, column, expected)
    }

    /// The next word, if there is one, with its column.
    pub fn next_word(&mut self) -> Option<(String, usize)> {
        match self.words.pop_front()? {
            Token { column, piece: Piece::Word(word) } => Some((word, column)),
            Token { .. } => None,
        }
    }

    /// Whether no word is left.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The next word, without taking it.
    pub fn peek(&self) -> Option<&str> {
        match &self.words.front()?.piece {
            Piece::Word(word) => Some(word),
            Piece::Flag(..) => None,
        }
    }

    /// The next word, which has to be there.
    ///
    /// # Errors
    /// `expected`, at the end of the line.
    pub fn word(&mut self, expected: Expected) -> Result<(String, usize), Problem> {
        self.next_word().ok_or(Problem::at(self.line, self.end, expected))
    }

    fn read<T>(&mut self, expected: Expected, read: impl FnOnce(&str) -> Result<T, Expected>) -> Result<T, Problem> {
        let (word, column) = self.word(expected)?;
        read(&word).map_err(|expected| Problem::at(self.line, column, expected))
    }

    /// A date; two words where it begins with a weekday.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is no date, or lacks its zone.
    pub fn date(&mut self) -> Result<Timestamp, Problem> {
        let (word, column) = self.word(Expected::Date)?;
        let now = self.reading.now;
        if values::weekday_name(&word).is_some() {
            let (time, column) = self.word(Expected::Date)?;
            return values::weekday(&word, &time, now).map_err(|expected| self.wrong(column, expected));
        }
        if let Some((day, time)) = word.split_once(char::is_whitespace)
            && values::weekday_name(day).is_some()
        {
            return values::weekday(day, time.trim(), now).map_err(|expected| self.wrong(column, expected));
        }
        values::date(&word, now).map_err(|expected| self.wrong(column, expected))
    }

    /// A series.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn series(&mut self) -> Result<String, Problem> {
        let policy = self.reading.policy;
        self.read(Expected::Series, |word| values::series(word.trim_end_matches(','), policy))
    }

    /// A CVE id.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn cve(&mut self) -> Result<String, Problem> {
        self.read(Expected::Cve, values::cve)
    }

    /// GitHub's number of an advisory.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn ghsa(&mut self) -> Result<String, Problem> {
        self.read(Expected::CaseOrGhsa, |word| values::ghsa(word).map_err(|_| Expected::CaseOrGhsa))
    }

    /// A case.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn case(&mut self) -> Result<CaseId, Problem> {
        self.read(Expected::Case, values::case)
    }

    /// A person's login.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn user(&mut self) -> Result<String, Problem> {
        self.read(Expected::User, values::user)
    }

    /// A CVSS vector.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn cvss(&mut self) -> Result<Scored, Problem> {
        self.read(Expected::Cvss, values::cvss)
    }

    /// A weakness of CWE.
    ///
    /// # Errors
    /// A [`Problem`] at the word that is none.
    pub fn cwe(&mut self) -> Result<u32, Problem> {
        self.read(Expected::Cwe, values::cwe)
    }

    /// One of a few words, by its place among them; case and `-` for `_` don't matter.
    ///
    /// # Errors
    /// A [`Problem`] that lists the words and names the nearest.
    pub fn one_of(&mut self, words: &'static [&'static str]) -> Result<usize, Problem> {
        let (word, column) = self.word(Expected::OneOf(words))?;
        let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
        words.iter().position(|known| plain(known) == plain(&word)).ok_or_else(|| {
            let meant = nearest(&word, words.iter().copied());
            self.wrong(column, Expected::OneOf(words)).meaning(meant)
        })
    }

    /// A word that the policy defines: an item, a class, a project.
    ///
    /// # Errors
    /// A [`Problem`] that lists what the policy knows and names the nearest.
    pub fn known<'k>(
        &mut self,
        expected: Expected,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Result<String, Problem> {
        let all = || known.clone().map(str::to_owned);
        let (word, column) = self.word(expected).map_err(|problem| problem.among(all()))?;
        let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
        let word = word.trim_end_matches(',');
        known.clone().find(|name| plain(name) == plain(word)).map(str::to_owned).ok_or_else(|| {
            let meant = nearest(word, known.clone());
            self.wrong(column, expected).among(all()).meaning(meant)
        })
    }

    /// Whether a flag is given. It takes no value.
    ///
    /// # Errors
    /// A [`Problem`] at a flag with a value.
    pub fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        let is_it = |token: &Token| matches!(&token.piece, Piece::Flag(flag, _) if flag.eq_ignore_ascii_case(name));
        let Some(place) = self.flags.iter().position(is_it) else {
            return Ok(false);
        };
        let token = self.flags.remove(place);
        match token.piece {
            Piece::Flag(_, None) => Ok(true),
            _ => Err(self.wrong(token.column, Expected::FlagAlone)),
        }
    }

    /// The free text, if there is any.
    pub fn free(&mut self) -> Option<Words> {
        self.free.take().map(Words::new)
    }

    /// The free text, which has to be there.
    ///
    /// # Errors
    /// A [`Problem`] at the end of the line.
    pub fn need_free(&mut self) -> Result<Words, Problem> {
        self.free().ok_or(Problem::at(self.line, self.end, Expected::FreeText))
    }

    pub(super) fn finish(self) -> Result<(), Problem> {
        if let Some(flag) = self.flags.first() {
            return Err(Problem::at(self.line, flag.column, Expected::Flag));
        }
        if let Some(word) = self.words.front() {
            return Err(Problem::at(self.line, word.column, Expected::EndOfLine));
        }
        Ok(())
    }
}
