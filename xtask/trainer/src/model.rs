//! From posts to heads: which numbers a post becomes, how much it counts, and how fitted numbers become a file's steps.

use std::collections::BTreeMap;

use embargod::domain::detector::features::{Input, Slots};
use embargod::domain::detector::grams::Gram;
use embargod::domain::detector::head::{Head, length_factor};

use crate::regression::{Fitted, Problem, fit};
use crate::rows::{Post, Source};
use crate::sparse::Sparse;

/// A named feature counts for this much, a word for its rarity: named features are the better judges, so the ridge
/// leaves them more room than a single word has.
const NAMED: f64 = 0.15;

/// The rarity of words is told in this unit.
const RARITY: f64 = 0.2;

/// Words that are rarer than this are told as if they were not: they are too few to be sure of.
const HIGHEST_RARITY: f64 = 7.0;

/// Words that fewer posts than this have are not known.
const FEWEST_POSTS: u32 = 5;

/// What named features are expected to add to the log-odds of "private" before any post was seen: attack strings are so
/// rare in the data that the ridge would leave them next to nothing, and so clear that they need no data.
const EXPECTED: &[(&str, f64)] = &[
    ("exploit_string", 0.5),
    ("exploit_with_request", 0.5),
    ("exploit_code_shown", 0.5),
    ("attack_string_and_consequence", 1.0),
    ("attack_string_in_request", 1.0),
];

/// Which features a head may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// Named features.
    pub named: bool,
    /// Words and pairs of words.
    pub wording: bool,
}

impl Uses {
    /// Everything.
    pub const ALL: Self = Self { named: true, wording: true };
    /// The lexicon and the structure alone.
    pub const NAMED: Self = Self { named: true, wording: false };
    /// Wording alone.
    pub const WORDING: Self = Self { named: false, wording: true };
}

/// What each column of the matrix stands for, and how it is scaled.
pub struct Columns {
    uses: Uses,
    slots: usize,
    /// The known words and pairs, rising.
    grams: Vec<Gram>,
    /// What each of them counts for.
    rarity: Vec<f64>,
}

impl Columns {
    /// Learns from the training posts alone which words there are and how rare they are. No label is looked at.
    pub fn learn(uses: Uses, slots: &Slots, inputs: &[Input], training: &[usize]) -> Self {
        let mut posts_with: BTreeMap<Gram, u32> = BTreeMap::new();
        if uses.wording {
            for gram in training.iter().flat_map(|row| &inputs[*row].grams) {
                *posts_with.entry(*gram).or_default() += 1;
            }
        }
        posts_with.retain(|_, posts| *posts >= FEWEST_POSTS);
        let rarity = |posts: &u32| {
            let rarity = ((1 + training.len()) as f64 / f64::from(1 + posts)).ln() + 1.0;
            RARITY * rarity.min(HIGHEST_RARITY)
        };
        let rarity = posts_with.values().map(rarity).collect();
        Self { uses, slots: slots.len(), grams: posts_with.into_keys().collect(), rarity }
    }

    /// The matrix of all posts.
    pub fn matrix(&self, inputs: &[Input]) -> Sparse {
        let mut matrix = Sparse::new(self.slots + self.grams.len());
        for input in inputs {
            let named = input.features.iter().filter(|_| self.uses.named).map(|feature| (feature.slot, NAMED as f32));
            let known: Vec<usize> = input.grams.iter().filter_map(|gram| self.grams.binary_search(gram).ok()).collect();
            let factor = length_factor(known.len());
            let words = known.iter().map(|at| (self.slots + at, (self.rarity[*at] * factor) as f32));
            matrix.push(named.chain(words));
        }
        matrix
    }

    /// A head of fitted numbers, with every output's sum multiplied by `slope` and then raised by `offset`.
    pub fn head(&self, fitted: &Fitted, slope: f64, offset: f64) -> Head {
        let outputs = fitted.outputs;
        let named = self.slots * outputs;
        let (weights, bias) = fitted.numbers.split_at((self.slots + self.rarity.len()) * outputs);
        let (named, words) = weights.split_at(named);
        let words: Vec<f64> =
            words.iter().enumerate().map(|(at, weight)| weight * slope * self.rarity[at / outputs]).collect();
        let scale: Vec<f64> = (0..outputs).map(|output| step(&words, output, outputs)).collect();
        let steps = words.iter().enumerate().map(|(at, weight)| {
            let scale = scale[at % outputs];
            if scale == 0.0 { 0 } else { (weight / scale).round().clamp(-127.0, 127.0) as i8 }
        });
        Head {
            bias: bias.iter().map(|bias| (bias * slope + offset) as f32).collect(),
            named: named.iter().map(|weight| (weight * slope * NAMED) as f32).collect(),
            grams: self.grams.clone(),
            steps: steps.collect(),
            scale: scale.into_iter().map(|scale| scale as f32).collect(),
        }
    }
}

/// The value of one step: the largest weights may be cut a little, so that the many small ones are told apart.
fn step(words: &[f64], output: usize, outputs: usize) -> f64 {
    let mut sizes: Vec<f64> = words.iter().skip(output).step_by(outputs).map(|weight| weight.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len().saturating_sub(1 + sizes.len() / 10_000)).map_or(0.0, |size| size / 127.0)
}

/// How a head is fitted.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Which features.
    pub uses: Uses,
    /// The ridge.
    pub ridge: f64,
    /// The class head instead of the binary one.
    pub classes: bool,
}

impl Recipe {
    /// The head that tells what belongs in private.
    pub const PRIVATE: Self = Self { uses: Uses::ALL, ridge: 0.1, classes: false };
    /// The head that tells the five classes apart.
    pub const CLASSES: Self = Self { uses: Uses::NAMED, ridge: 0.1, classes: true };

    fn outputs(self) -> usize {
        if self.classes { 5 } else { 1 }
    }

    /// Fits on the training posts.
    pub fn fit(self, slots: &Slots, posts: &[Post], inputs: &[Input], training: &[usize]) -> (Columns, Sparse, Fitted) {
        let columns = Columns::learn(self.uses, slots, inputs, training);
        let matrix = columns.matrix(inputs);
        let targets: Vec<u8> =
            posts.iter().map(|post| if self.classes { post.classes } else { u8::from(post.positive) }).collect();
        let weights: Vec<f64> =
            posts.iter().map(|post| if self.classes { class_weight(post) } else { private_weight(post) }).collect();
        let expected = if self.classes { Vec::new() } else { expected(slots) };
        let fitted = fit(&Problem {
            expected: &expected,
            features: &matrix,
            rows: training,
            targets: &targets,
            weights: &weights,
            outputs: self.outputs(),
            ridge: self.ridge,
        });
        (columns, matrix, fitted)
    }
}

/// The columns of [`EXPECTED`], in every place.
fn expected(slots: &Slots) -> Vec<(usize, f64)> {
    let of_slot = |slot| {
        let (name, _) = slots.name(slot)?;
        let (_, weight) = EXPECTED.iter().find(|(expected, _)| *expected == name)?;
        Some((slot, weight / NAMED))
    };
    (0..slots.len()).filter_map(of_slot).collect()
}

/// `dev_extra` has another mix and mostly assumed negatives, so it counts less; what sounds like security and is none
/// counts more, because it is what the head must learn to leave alone.
fn private_weight(post: &Post) -> f64 {
    let source = if post.source == Source::Extra { 0.6 } else { 1.0 };
    let hard = if post.is_hard() && post.source != Source::Intake { 3.0 } else { 1.0 };
    source * hard
}

/// The classes are told apart on the intake set's even mix: ordinary posts of the other sets count little, rare classes
/// more.
fn class_weight(post: &Post) -> f64 {
    let source = match post.source {
        Source::Dev => 1.0,
        Source::Extra => 0.6,
        Source::Intake => 3.0,
    };
    let rare = match post.classes {
        _ if !post.class_is_sure => 1.0,
        0b0_0001 => 1.0,
        0b0_0010 => 3.0,
        0b1_0000 if post.source == Source::Intake => 1.0,
        0b1_0000 => 0.03,
        _ => 4.0,
    };
    source * rare
}
