//! Cross-validation by owner: every post is judged by a model that saw nothing of its owner, calibration included.

use embargod::domain::detector::features::{Input, Slots};
use embargod::domain::detector::head::logistic;

use crate::model::Recipe;
use crate::regression::{Problem, fit};
use crate::rows::{Post, Source, folds};
use crate::sparse::Sparse;

/// How many folds.
pub const FOLDS: usize = 10;

/// Scores are calibrated to this share of posts that belong in private: what GitHub's stream holds.
pub const PREVALENCE: f64 = 0.004;

/// For each post its sums, by a model fitted without its owner.
pub fn unseen_sums(
    recipe: Recipe,
    slots: &Slots,
    posts: &[Post],
    inputs: &[Input],
    fold_of: &[usize],
) -> Vec<Vec<f64>> {
    let mut sums = vec![Vec::new(); posts.len()];
    for fold in 0..FOLDS {
        let (training, held_out): (Vec<usize>, Vec<usize>) = (0..posts.len()).partition(|row| fold_of[*row] != fold);
        let (_, matrix, fitted) = recipe.fit(slots, posts, inputs, &training);
        for row in held_out {
            sums[row] = fitted.sums(&matrix, row);
        }
    }
    sums
}

/// Turns sums into calibrated log-odds: a slope and an offset.
#[derive(Clone, Copy, Debug)]
pub struct Calibration {
    /// Multiplies the sum.
    pub slope: f64,
    /// Is added then.
    pub offset: f64,
}

impl Calibration {
    /// Fits slope and offset on the natural mix, and shifts it to [`PREVALENCE`].
    pub fn learn(posts: &[Post], sums: &[f64], rows: impl Iterator<Item = usize>) -> Self {
        let rows: Vec<usize> = rows.filter(|row| posts[*row].source == Source::Dev).collect();
        let mut matrix = Sparse::new(1);
        sums.iter().for_each(|sum| matrix.push([(0, *sum as f32)]));
        let targets: Vec<u8> = posts.iter().map(|post| u8::from(post.positive)).collect();
        let fitted = fit(&Problem {
            features: &matrix,
            rows: &rows,
            targets: &targets,
            weights: &vec![1.0; posts.len()],
            outputs: 1,
            ridge: 1e-3,
            expected: &[],
        });
        let positives = rows.iter().filter(|row| posts[**row].positive).count();
        let share = positives as f64 / rows.len().max(1) as f64;
        let log_odds = |share: f64| (share / (1.0 - share)).ln();
        let shift = log_odds(PREVALENCE) - log_odds(share);
        Self { slope: fitted.numbers[0], offset: fitted.numbers[1] + shift }
    }

    /// Calibrated log-odds.
    pub fn log_odds(self, sum: f64) -> f64 {
        sum * self.slope + self.offset
    }
}

/// Calibrated scores, each by a calibration that saw nothing of the post's fold.
pub fn unseen_scores(posts: &[Post], sums: &[f64], fold_of: &[usize]) -> Vec<f64> {
    let others = |fold| (0..posts.len()).filter(move |row| fold_of[*row] != fold);
    let calibrations: Vec<Calibration> = (0..FOLDS).map(|fold| Calibration::learn(posts, sums, others(fold))).collect();
    sums.iter().zip(fold_of).map(|(sum, fold)| logistic(calibrations[*fold].log_odds(*sum))).collect()
}

/// Everything that is judged by cross-validation, once.
pub struct Validated {
    /// The fold of each post.
    pub fold_of: Vec<usize>,
    /// Sums of the private head.
    pub private: Vec<f64>,
    /// Calibrated scores.
    pub scores: Vec<f64>,
    /// Sums of the class head.
    pub classes: Vec<Vec<f64>>,
}

impl Validated {
    /// Judges all posts.
    pub fn run(slots: &Slots, posts: &[Post], inputs: &[Input], seed: u64) -> Self {
        let fold_of = folds(posts, FOLDS, seed);
        let private = first(unseen_sums(Recipe::PRIVATE, slots, posts, inputs, &fold_of));
        let classes = unseen_sums(Recipe::CLASSES, slots, posts, inputs, &fold_of);
        Self { scores: unseen_scores(posts, &private, &fold_of), fold_of, private, classes }
    }
}

/// The only output of each.
pub fn first(sums: Vec<Vec<f64>>) -> Vec<f64> {
    sums.into_iter().map(|sums| sums[0]).collect()
}
