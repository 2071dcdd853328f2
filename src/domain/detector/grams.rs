//! Words and pairs of words of a post, hashed: what the weights for wording are fitted on.
//!
//! Title, prose and code count apart. A word is a run of ASCII letters, digits, underscores and whatever is not ASCII;
//! numbers are told by their length only, and what is longer than any word is told by being long. No word is stored
//! anywhere: a model knows hashes, and words are only ever read from the post at hand.

use std::ops::Range;

use super::Place;
use super::text::Segments;

/// Words of more bytes than this are not told apart.
const LONGEST_WORD: usize = 24;

/// Numbers of more digits than this are not told apart.
const LONGEST_NUMBER: usize = 5;

/// A hashed word or pair of words. The lowest two bits tell its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(u32);

impl Gram {
    /// Where it stands.
    pub fn place(self) -> Place {
        Place::ALL[(self.0 & 3) as usize]
    }

    /// The number that a model's file knows it by.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The gram of a number; any number is one.
    pub fn of_number(number: u32) -> Self {
        Self(number)
    }
}

/// A word or pair of words, and where it stands in its piece, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedGram {
    /// Its hash.
    pub gram: Gram,
    /// Where it stands.
    pub span: Range<usize>,
}

/// The different words and pairs of words of a post, sorted. Linear in the post but for the sorting.
pub fn grams_of(segments: &Segments) -> Vec<Gram> {
    let mut grams = Vec::with_capacity(256);
    for (place, piece) in segments.pieces() {
        each_gram(piece, place, |gram, _, _| grams.push(gram));
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The words and pairs of one piece in their order, each time that they stand there.
pub fn placed_grams(piece: &str, place: Place) -> Vec<PlacedGram> {
    let mut grams = Vec::new();
    each_gram(piece, place, |gram, start, end| grams.push(PlacedGram { gram, span: start..end }));
    grams
}

fn each_gram(piece: &str, place: Place, mut tell: impl FnMut(Gram, usize, usize)) {
    let bytes = piece.as_bytes();
    let seed = mix(place as u64 + 1);
    let mut previous: Option<(u64, usize)> = None;
    let mut start = 0;
    while start < bytes.len() {
        if !is_word(bytes[start]) {
            start += 1;
            continue;
        }
        let mut end = start;
        let mut digits = true;
        let mut hash = FNV_OFFSET;
        while let Some(&byte) = bytes.get(end).filter(|byte| is_word(**byte)) {
            digits &= byte.is_ascii_digit();
            hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
            end += 1;
        }
        let length = end - start;
        if digits {
            hash = mix(length.min(LONGEST_NUMBER) as u64);
        } else if length > LONGEST_WORD {
            hash = mix(1000);
        }
        tell(fold(mix(hash ^ seed), place), start, end);
        if let Some((before, from)) = previous {
            let pair = before.rotate_left(21).wrapping_mul(FNV_PRIME) ^ hash ^ seed;
            tell(fold(mix(pair), place), from, end);
        }
        previous = Some((hash, start));
        start = end;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// Spreads every bit over the whole number (the finaliser of MurmurHash3).
fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

fn fold(hash: u64, place: Place) -> Gram {
    Gram((hash >> 32) as u32 & !3 | place as u32)
}
