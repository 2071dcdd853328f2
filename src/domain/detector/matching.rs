//! Finds the lexicon's concepts in the segments of a post.

use std::collections::HashMap;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::lexicon::{self, Family};
use super::text::Segments;

/// Bound for the compiled lexicon, in bytes.
const COMPILED_BYTES: usize = 64 << 20;

/// Bound for one set's lazily built automaton, in bytes for each thread that judges at the same time.
const CACHE_BYTES: usize = 4 << 20;

/// Several small automata stay far smaller than one of everything, whose states would be combinations of all of them.
const EXPRESSIONS_PER_SET: usize = 128;

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
}

/// The compiled lexicon.
pub struct Matcher {
    sets: Vec<RegexSet>,
    expressions: Vec<String>,
    names: Vec<&'static str>,
    families: Vec<Family>,
    /// What each expression completes: concepts, each with the other expressions that must match beside it.
    completes: Vec<Vec<Completion>>,
}

struct Completion {
    concept: usize,
    beside: Vec<usize>,
    /// Where the order and distance of words matter: looked at only when all words are there.
    confirm: Vec<Regex>,
}

impl Matcher {
    /// Compiles the lexicon. An error names a pattern of ours that is no regular expression; a test keeps it away.
    pub fn compile() -> Result<Self, regex::Error> {
        let mut expressions: Vec<String> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut names = Vec::new();
        let mut families = Vec::new();
        let mut completes: Vec<Vec<Completion>> = Vec::new();
        for (concept, (family, entry)) in lexicon::concepts().enumerate() {
            names.push(entry.name);
            families.push(family);
            for pattern in lexicon::patterns_of(entry) {
                let Phrase { words, confirm } = Phrase::parse(pattern)?;
                let mut words = words.into_iter().map(|expression| {
                    *known.entry(expression).or_insert_with_key(|expression| {
                        expressions.push(expression.clone());
                        completes.push(Vec::new());
                        expressions.len() - 1
                    })
                });
                let Some(first) = words.next() else { continue };
                let beside = words.collect();
                completes[first].push(Completion { concept, beside, confirm });
            }
        }
        let sets = expressions
            .chunks(EXPRESSIONS_PER_SET)
            .map(|some| {
                RegexSetBuilder::new(some).unicode(false).size_limit(COMPILED_BYTES).dfa_size_limit(CACHE_BYTES).build()
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { sets, expressions, names, families, completes })
    }

    /// The concepts' names, in the order of [`Matcher::find`].
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The concepts' families, in the same order.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Where each concept was found.
    pub fn find(&self, segments: &Segments) -> Vec<Found> {
        let mut found = vec![Found::default(); self.names.len()];
        let mut matched = vec![false; self.expressions.len()];
        self.look_at(&segments.title, &mut matched, |concept| found[concept].title = true);
        for sentence in &segments.prose {
            self.look_at(sentence, &mut matched, |concept| found[concept].prose = true);
        }
        for piece in &segments.code {
            self.look_at(piece, &mut matched, |concept| found[concept].code = true);
        }
        found
    }

    /// Where the words of the concept of this name stand in one piece of text, in bytes; in no order.
    ///
    /// Looks for them anew, one expression after the other: for a post that somebody looks at.
    pub fn spans(&self, concept: &str, text: &str) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let Some(concept) = self.names.iter().position(|name| *name == concept) else {
            return spans;
        };
        let find = |expression: usize| {
            let regex = RegexBuilder::new(&self.expressions[expression]).unicode(false).build().ok()?;
            regex.find(text.as_bytes()).map(|found| found.range())
        };
        for (first, completions) in self.completes.iter().enumerate() {
            for completion in completions.iter().filter(|completion| completion.concept == concept) {
                let words: Option<Vec<_>> =
                    std::iter::once(first).chain(completion.beside.iter().copied()).map(find).collect();
                let confirmed: Option<Vec<_>> =
                    completion.confirm.iter().map(|r| r.find(text.as_bytes()).map(|found| found.range())).collect();
                match (words, confirmed) {
                    (Some(words), Some(confirmed)) if confirmed.is_empty() => spans.extend(words),
                    (Some(_), Some(confirmed)) => spans.extend(confirmed),
                    _ => {}
                }
            }
        }
        spans
    }

    /// Tells every concept in one piece of text, some more than once; `matched` is scratch space.
    fn look_at(&self, text: &str, matched: &mut [bool], mut tell: impl FnMut(usize)) {
        if text.is_empty() {
            return;
        }
        matched.fill(false);
        for (set, matched) in self.sets.iter().zip(matched.chunks_mut(EXPRESSIONS_PER_SET)) {
            for expression in &set.matches(text.as_bytes()) {
                matched[expression] = true;
            }
        }
        let complete = |completion: &&Completion| {
            completion.beside.iter().all(|other| matched[*other])
                && completion.confirm.iter().all(|confirm| confirm.is_match(text.as_bytes()))
        };
        for (_, completions) in matched.iter().zip(&self.completes).filter(|(matched, _)| **matched) {
            for completion in completions.iter().filter(complete) {
                tell(completion.concept);
            }
        }
    }
}

/// A pattern of the lexicon, taken apart.
struct Phrase {
    /// Expressions without gaps; all must match.
    words: Vec<String>,
    confirm: Vec<Regex>,
}

impl Phrase {
    fn parse(pattern: &str) -> Result<Self, regex::Error> {
        let mut words = Vec::new();
        let mut confirm = Vec::new();
        for part in pattern.split(" && ") {
            let mut whole = String::new();
            let mut rest = part;
            while let Some((before, gap, after)) = split_at_gap(rest) {
                let word = at_word_start(&lexicon::expand(before));
                whole.push_str(&format!("{word}[^ ]* (?:[^ ]+ ){{0,{gap}}}"));
                words.push(word);
                rest = after;
            }
            let word = at_word_start(&lexicon::expand(rest));
            if !whole.is_empty() {
                whole.push_str(&word);
                confirm.push(RegexBuilder::new(&whole).unicode(false).build()?);
            }
            words.push(word);
        }
        Ok(Self { words, confirm })
    }
}

/// Splits `A ~3 B` into `A`, 3 and `B`.
fn split_at_gap(pattern: &str) -> Option<(&str, u8, &str)> {
    let (before, rest) = pattern.split_once(" ~")?;
    let (gap, after) = rest.split_once(' ')?;
    Some((before, gap.parse().ok()?, after))
}

/// Lets an expression start only where a word starts, if it starts with a letter or digit of ASCII.
fn at_word_start(expression: &str) -> String {
    // Whatever letters follow at the end do not decide whether it matches.
    let expression = expression.trim_end_matches("[a-z]*");
    let mut first = expression;
    while let Some(inner) = first.strip_prefix("(?:").or_else(|| first.strip_prefix('[')) {
        first = inner;
    }
    if first.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        format!(r"\b(?:{expression})")
    } else {
        format!("(?:{expression})")
    }
}
