//! Finds the lexicon's concepts in the segments of a post.
//!
//! One pass of an Aho-Corasick automaton over the text finds the literals with which the lexicon's expressions can
//! begin; only an expression whose beginning is there is tried, at most once for each piece of text. Together with a
//! budget this bounds the time for any text.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{Extractor, Seq};

use super::Place;
use super::lexicon::{self, Family};
use super::text::Segments;

/// Longer lists of possible beginnings than this are given up.
const MAX_BEGINNINGS: usize = 2000;

/// So many bytes of text may be looked at by expressions, all in all, for each post. Real posts need a tenth of it at
/// most; a text that needs more was made to be slow, and what it hides behind that is not looked for.
pub const BUDGET_BYTES: usize = 4 << 20;

/// What one try costs beside the bytes it looks at, in bytes.
const TRY_BYTES: usize = 100;

/// In which places of a post a concept was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In the title.
    pub title: bool,
    /// In prose of the body.
    pub prose: bool,
    /// In a piece of code.
    pub code: bool,
}

impl Found {
    /// Anywhere at all.
    pub fn anywhere(self) -> bool {
        self.title || self.prose || self.code
    }

    fn at(&mut self, place: Place) -> &mut bool {
        match place {
            Place::Title => &mut self.title,
            Place::Body | Place::Post => &mut self.prose,
            Place::Code => &mut self.code,
        }
    }
}

/// Why the lexicon can't be compiled. It is constant, so a test keeps this away.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// A pattern can't be taken apart.
    #[error(transparent)]
    Syntax(#[from] Box<regex_syntax::Error>),
    /// The literals make no automaton.
    #[error(transparent)]
    Literals(#[from] aho_corasick::BuildError),
}

/// The compiled lexicon.
pub struct Matcher {
    literals: AhoCorasick,
    /// For each literal the expressions that may begin with it.
    begins: Vec<Vec<usize>>,
    expressions: Vec<Expression>,
    /// Expressions that may begin with anything, tried everywhere.
    anywhere: Vec<usize>,
    names: Vec<&'static str>,
    families: Vec<Family>,
    /// What each expression completes: concepts, each with the other expressions that must match beside it.
    completes: Vec<Vec<Completion>>,
}

struct Expression {
    regex: LazyRegex,
    /// It must begin where a word begins.
    at_word: bool,
    /// One of its literals is already all of it.
    literal: bool,
    /// Concepts that it helps to complete.
    concepts: Vec<usize>,
}

struct Completion {
    concept: usize,
    beside: Vec<usize>,
    /// Where the order and distance of words matter: looked at only when all words are there.
    confirm: Vec<LazyRegex>,
}

/// Compiled when it is first needed: most posts need few.
struct LazyRegex {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    /// `None` if it is no regular expression; a test keeps such out of the lexicon.
    fn get(&self) -> Option<&Regex> {
        let compile = || RegexBuilder::new(&self.source).unicode(false).build().ok();
        self.compiled.get_or_init(compile).as_ref()
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.get().is_some_and(|regex| regex.is_match(text))
    }

    fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        self.get()?.find(text).map(|found| found.range())
    }
}

impl Matcher {
    /// Compiles the lexicon.
    pub fn compile() -> Result<Self, LexiconError> {
        let mut expressions: Vec<Expression> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut names = Vec::new();
        let mut families = Vec::new();
        let mut completes: Vec<Vec<Completion>> = Vec::new();
        let mut beginnings = Beginnings::default();
        for (concept, (family, entry)) in lexicon::concepts().enumerate() {
            names.push(entry.name);
            families.push(family);
            for pattern in lexicon::patterns_of(entry) {
                let Phrase { words, confirm } = Phrase::parse(pattern);
                let mut indices = Vec::new();
                for word in words {
                    let source = word.source();
                    let index = match known.get(&source) {
                        Some(index) => *index,
                        None => {
                            known.insert(source.clone(), expressions.len());
                            let literal = beginnings.add(expressions.len(), &word)?;
                            let regex = LazyRegex::new(source);
                            let at_word = word.at_word;
                            expressions.push(Expression { regex, at_word, literal, concepts: Vec::new() });
                            completes.push(Vec::new());
                            expressions.len() - 1
                        }
                    };
                    expressions[index].concepts.push(concept);
                    indices.push(index);
                }
                if let Some((first, beside)) = indices.split_first() {
                    completes[*first].push(Completion { concept, beside: beside.to_vec(), confirm });
                }
            }
        }
        let literals = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(&beginnings.literals)?;
        let Beginnings { begins, anywhere, .. } = beginnings;
        Ok(Self { literals, begins, expressions, anywhere, names, families, completes })
    }

    /// The concepts' names, in the order of [`Matcher::find`].
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The concepts' families, in the same order.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Expressions that are no regular expressions; there must be none.
    #[cfg(test)]
    pub fn broken(&self) -> Vec<&str> {
        let words = self.expressions.iter().map(|expression| &expression.regex);
        let all = words.chain(self.completes.iter().flatten().flat_map(|completion| &completion.confirm));
        all.filter(|regex| regex.get().is_none()).map(|regex| regex.source.as_str()).collect()
    }

    /// How much of the budget a post takes, in bytes.
    #[cfg(test)]
    pub fn work(&self, segments: &Segments) -> usize {
        BUDGET_BYTES - self.search(segments).budget
    }

    /// Where each concept was found.
    pub fn find(&self, segments: &Segments) -> Vec<Found> {
        self.search(segments).found
    }

    fn search(&self, segments: &Segments) -> Search {
        let mut search = Search {
            found: vec![Found::default(); self.names.len()],
            seen: vec![0; self.expressions.len()],
            matched: vec![0; self.expressions.len()],
            piece: 0,
            budget: BUDGET_BYTES,
            candidates: Vec::new(),
            complete: Vec::new(),
        };
        self.look_at(&segments.title, Place::Title, &mut search);
        for sentence in &segments.prose {
            self.look_at(sentence, Place::Body, &mut search);
        }
        for piece in &segments.code {
            self.look_at(piece, Place::Code, &mut search);
        }
        search
    }

    /// Marks every concept in one piece of text.
    fn look_at(&self, text: &str, place: Place, search: &mut Search) {
        if text.is_empty() {
            return;
        }
        let text = text.as_bytes();
        search.piece += 1;
        search.candidates.clear();
        search.complete.clear();
        search.candidates.extend_from_slice(&self.anywhere);
        for hit in self.literals.find_overlapping_iter(text) {
            let boundary = is_boundary(text, hit.start());
            for expression in &self.begins[hit.pattern().as_usize()] {
                let about = &self.expressions[*expression];
                if search.seen[*expression] == search.piece || about.at_word && !boundary {
                    continue;
                }
                search.seen[*expression] = search.piece;
                if about.literal {
                    search.matched[*expression] = search.piece;
                    search.complete.push(*expression);
                } else {
                    search.candidates.push(*expression);
                }
            }
        }
        for at in 0..search.candidates.len() {
            let expression = search.candidates[at];
            let about = &self.expressions[expression];
            let wanted = about.concepts.iter().any(|concept| !*search.found[*concept].at(place));
            if wanted && search.may_try(text) && about.regex.is_match(text) {
                search.matched[expression] = search.piece;
                search.complete.push(expression);
            }
        }
        for at in 0..search.complete.len() {
            for completion in &self.completes[search.complete[at]] {
                if !*search.found[completion.concept].at(place)
                    && completion.beside.iter().all(|other| search.matched[*other] == search.piece)
                    && completion.confirm.iter().all(|confirm| search.may_try(text) && confirm.is_match(text))
                {
                    *search.found[completion.concept].at(place) = true;
                }
            }
        }
    }

    /// Where the words of the concept of this name stand in one piece of text, in bytes; in no order.
    ///
    /// Looks for them anew, one expression after the other: for a post that somebody looks at.
    pub fn spans(&self, concept: &str, text: &str) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let Some(concept) = self.names.iter().position(|name| *name == concept) else {
            return spans;
        };
        let find = |regex: &LazyRegex| regex.find(text.as_bytes());
        for (first, completions) in self.completes.iter().enumerate() {
            for completion in completions.iter().filter(|completion| completion.concept == concept) {
                let all = std::iter::once(first).chain(completion.beside.iter().copied());
                let words: Option<Vec<_>> = all.map(|word| find(&self.expressions[word].regex)).collect();
                let confirmed: Option<Vec<_>> = completion.confirm.iter().map(find).collect();
                match (words, confirmed) {
                    (Some(words), Some(confirmed)) if confirmed.is_empty() => spans.extend(words),
                    (Some(_), Some(confirmed)) => spans.extend(confirmed),
                    _ => {}
                }
            }
        }
        spans
    }
}

/// What is known while one post is searched.
struct Search {
    found: Vec<Found>,
    /// The last piece in which an expression's beginning was seen.
    seen: Vec<u32>,
    /// The last piece in which an expression matched.
    matched: Vec<u32>,
    /// Number of the current piece, from 1.
    piece: u32,
    budget: usize,
    candidates: Vec<usize>,
    complete: Vec<usize>,
}

impl Search {
    /// Whether the budget allows one more look at this text; takes it off.
    fn may_try(&mut self, text: &[u8]) -> bool {
        let cost = text.len() + TRY_BYTES;
        let allowed = self.budget >= cost;
        self.budget = self.budget.saturating_sub(cost);
        allowed
    }
}

/// Whether `\b` holds here, without Unicode.
fn is_boundary(text: &[u8], at: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_word(at.checked_sub(1).and_then(|before| text.get(before))) != is_word(text.get(at))
}

/// The literals with which expressions begin.
#[derive(Default)]
struct Beginnings {
    literals: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, usize>,
    begins: Vec<Vec<usize>>,
    anywhere: Vec<usize>,
}

impl Beginnings {
    /// Takes in an expression; tells whether its literals are all of it.
    fn add(&mut self, expression: usize, word: &Word) -> Result<bool, LexiconError> {
        let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
        let parsed = parser.parse(&word.inner).map_err(Box::new)?;
        let looks_around = !parsed.properties().look_set().is_empty();
        let mut extractor = Extractor::new();
        extractor.limit_total(MAX_BEGINNINGS);
        let mut beginnings: Seq = extractor.extract(&parsed);
        beginnings.dedup();
        let literal = beginnings.is_exact() && !looks_around;
        match beginnings.literals() {
            Some(literals) if literals.iter().all(|literal| !literal.is_empty()) => {
                for literal in literals {
                    self.begins_with(expression, literal.as_bytes());
                }
                Ok(literal)
            }
            _ => {
                self.anywhere.push(expression);
                Ok(false)
            }
        }
    }

    fn begins_with(&mut self, expression: usize, literal: &[u8]) {
        let index = *self.known.entry(literal.to_vec()).or_insert_with(|| {
            self.literals.push(literal.to_vec());
            self.begins.push(Vec::new());
            self.literals.len() - 1
        });
        self.begins[index].push(expression);
    }
}

/// A pattern of the lexicon, taken apart.
struct Phrase {
    /// Expressions without gaps; all must match.
    words: Vec<Word>,
    confirm: Vec<LazyRegex>,
}

impl Phrase {
    fn parse(pattern: &str) -> Self {
        let mut words = Vec::new();
        let mut confirm = Vec::new();
        for part in pattern.split(" && ") {
            let mut whole = String::new();
            let mut rest = part;
            while let Some((before, gap, after)) = split_at_gap(rest) {
                let word = Word::parse(before);
                whole.push_str(&format!("{}[^ ]* (?:[^ ]+ ){{0,{gap}}}", word.source()));
                words.push(word);
                rest = after;
            }
            let word = Word::parse(rest);
            if !whole.is_empty() {
                whole.push_str(&word.source());
                confirm.push(LazyRegex::new(whole));
            }
            words.push(word);
        }
        Self { words, confirm }
    }
}

/// Splits `A ~3 B` into `A`, 3 and `B`.
fn split_at_gap(pattern: &str) -> Option<(&str, u8, &str)> {
    let (before, rest) = pattern.split_once(" ~")?;
    let (gap, after) = rest.split_once(' ')?;
    Some((before, gap.parse().ok()?, after))
}

/// An expression without gaps.
struct Word {
    inner: String,
    /// It may begin only where a word begins, because it begins with a letter or digit of ASCII.
    at_word: bool,
}

impl Word {
    fn parse(pattern: &str) -> Self {
        let expanded = lexicon::expand(pattern);
        // Whatever letters follow at the end do not decide whether it matches.
        let inner = expanded.trim_end_matches("[a-z]*");
        let mut first = inner;
        while let Some(deeper) = first.strip_prefix("(?:").or_else(|| first.strip_prefix('[')) {
            first = deeper;
        }
        let at_word = first.starts_with(|c: char| c.is_ascii_alphanumeric());
        Self { inner: inner.to_owned(), at_word }
    }

    fn source(&self) -> String {
        let boundary = if self.at_word { r"\b" } else { "" };
        format!("{boundary}(?:{})", self.inner)
    }
}
