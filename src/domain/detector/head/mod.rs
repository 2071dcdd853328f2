//! A head: one linear model over the features of a post, read from a file of numbers.
//!
//! What flows in: the slots of named features and the hashed wording of a post. What flows out: one sum for each output.
//! What it must never do: know a word of any text it was trained on. Files are written by `cargo xtask train`.

mod file;

pub use file::FileError;

use super::features::Input;
use super::grams::Gram;

/// A post's wording counts as if it had at least so many words and pairs that the head knows.
const FEWEST_GRAMS: usize = 4;

/// One linear model with one or several outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// What every post starts with, one for each output.
    pub bias: Vec<f32>,
    /// Weights of the named features, `outputs` for each slot (see [`super::features::Slots`]).
    pub named: Vec<f32>,
    /// What a step of a gram's weight is worth, one for each output.
    pub scale: Vec<f32>,
    /// The words and pairs that it knows, hashed, in rising order.
    pub grams: Vec<Gram>,
    /// Weights of those in steps, `outputs` for each.
    pub steps: Vec<i8>,
}

/// The wording of a post as a head sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wording {
    /// Where the grams that are known stand in [`Head::grams`], rising.
    known: Vec<usize>,
}

impl Wording {
    /// What each known word or pair counts for: long posts say no more than short ones by being long.
    pub fn factor(&self) -> f64 {
        length_factor(self.known.len())
    }
}

impl Head {
    /// How many outputs there are.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The weight of a named feature for one output.
    pub fn named_weight(&self, slot: usize, output: usize) -> f64 {
        self.named.get(slot * self.outputs() + output).copied().map_or(0.0, f64::from)
    }

    /// The words and pairs of a post that this head knows. `grams` rise.
    pub fn wording(&self, grams: &[Gram]) -> Wording {
        let mut known = Vec::with_capacity(grams.len());
        let mut from = 0;
        for gram in grams {
            // Both rise, so the search goes on where it ended, in growing strides.
            let mut stride = 1;
            while self.grams.get(from + stride).is_some_and(|other| other < gram) {
                from += stride;
                stride *= 2;
            }
            let end = (from + stride + 1).min(self.grams.len());
            from += self.grams[from..end].partition_point(|other| other < gram);
            if self.grams.get(from) == Some(gram) {
                known.push(from);
            }
        }
        Wording { known }
    }

    /// The weight of one word or pair for one output, within a post of this wording.
    pub fn gram_weight(&self, gram: Gram, wording: &Wording, output: usize) -> f64 {
        self.grams.binary_search(&gram).map_or(0.0, |at| self.step(at, output) * wording.factor())
    }

    /// The known words and pairs with their weights for one output.
    pub fn weights<'a>(&'a self, wording: &'a Wording, output: usize) -> impl Iterator<Item = (Gram, f64)> + 'a {
        let factor = wording.factor();
        wording.known.iter().map(move |at| (self.grams[*at], self.step(*at, output) * factor))
    }

    /// The sum for one output.
    pub fn sum(&self, input: &Input, wording: &Wording, output: usize) -> f64 {
        let named: f64 = input.features.iter().map(|feature| self.named_weight(feature.slot, output)).sum();
        let wording: f64 = self.weights(wording, output).map(|(_, weight)| weight).sum();
        self.bias.get(output).copied().map_or(0.0, f64::from) + named + wording
    }

    /// All sums, in the order of the outputs.
    pub fn sums(&self, input: &Input) -> Vec<f64> {
        let wording = self.wording(&input.grams);
        (0..self.outputs()).map(|output| self.sum(input, &wording, output)).collect()
    }

    fn step(&self, at: usize, output: usize) -> f64 {
        let steps = self.steps.get(at * self.outputs() + output).copied().unwrap_or(0);
        f64::from(steps) * self.scale.get(output).copied().map_or(0.0, f64::from)
    }
}

/// What each of so many different words and pairs counts for.
pub fn length_factor(grams: usize) -> f64 {
    1.0 / (grams.max(FEWEST_GRAMS) as f64).sqrt()
}

/// The logistic function.
pub fn logistic(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum).exp())
}
