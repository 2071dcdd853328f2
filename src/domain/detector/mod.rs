//! The detector: judges by a post's words alone whether it belongs in private, and says why.
//!
//! What flows in: title and body. What flows out: a [`Judgement`]: a class, five probabilities, and the contributions
//! that led there. What it must never do: look at who posted or where (that is the intake rule's), keep state, or repeat
//! a post's words in a reason.

pub mod features;
pub mod grams;
pub mod head;
pub mod lexicon;
mod linear;
pub mod matching;
pub mod text;
mod thresholds;

#[cfg(test)]
mod tests;

pub use linear::{LinearDetector, builtin, combined, contributions};
pub use thresholds::{ACT_AT, CURVE, REPLY_AT};

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::intake::IntakeClass;

/// Judges posts. The first implementation weighs concept groups; a trained one stands behind the same trait.
pub trait Detector: Send + Sync + 'static {
    /// Judges one post.
    fn judge(&self, title: &str, body: &str) -> Judgement;

    /// Judges one post and says where in it the reasons stand. The judgement is that of [`Detector::judge`].
    ///
    /// Slower than judging; for people who look at one post. A detector that cannot point has no marks.
    fn explain(&self, title: &str, body: &str) -> Explanation {
        Explanation { judgement: self.judge(title, body), marks: Vec::new() }
    }

    /// Name and version of the model, kept with each decision.
    fn version(&self) -> &str;
}

/// One probability for each class; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probabilities([f64; 5]);

impl Probabilities {
    /// Normalises non-negative weights, in the order of [`IntakeClass::ALL`].
    ///
    /// All-zero or non-finite weights give the certainty of `ordinary`.
    pub fn from_weights(weights: [f64; 5]) -> Self {
        let total: f64 = weights.iter().sum();
        if !(total.is_finite() && total > 0.0 && weights.iter().all(|w| *w >= 0.0)) {
            return Self([0.0, 0.0, 0.0, 0.0, 1.0]);
        }
        Self(weights.map(|weight| weight / total))
    }

    /// The probability of one class.
    pub fn of(&self, class: IntakeClass) -> f64 {
        self.0[class as usize]
    }

    /// The most probable class; the first of [`IntakeClass::ALL`] wins a tie.
    pub fn most_probable(&self) -> IntakeClass {
        let mut best = IntakeClass::Disclosure;
        for class in IntakeClass::ALL {
            if self.of(class) > self.of(best) {
                best = class;
            }
        }
        best
    }

    /// The probability that the post belongs in private: disclosure or a question for the channel.
    pub fn belongs_in_private(&self) -> f64 {
        (self.of(IntakeClass::Disclosure) + self.of(IntakeClass::AsksChannel)).clamp(0.0, 1.0)
    }
}

/// Where in a post a contribution was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The title.
    Title,
    /// Prose of the body.
    Body,
    /// A code block, log or stack trace of the body.
    Code,
    /// The post as a whole.
    Post,
}

impl Place {
    /// All places, in the order of their discriminants.
    pub const ALL: [Self; 4] = [Self::Title, Self::Body, Self::Code, Self::Post];
}

/// One thing that moved the judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The feature's name: `crafted_input`.
    pub feature: String,
    /// Where it was found.
    #[serde(rename = "where")]
    pub place: Place,
    /// How far it moved the score; positive speaks for private.
    pub weight: f64,
    /// The feature in plain words: "crafted input crosses a trust boundary". Never words of the post.
    pub text: String,
}

/// What the detector says of a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The class.
    pub class: IntakeClass,
    /// The probabilities behind it.
    pub probabilities: Probabilities,
    /// What led there, strongest first.
    pub contributions: Vec<Contribution>,
}

impl Judgement {
    /// The probability that the post belongs in private, 0 to 1.
    pub fn score(&self) -> f64 {
        self.probabilities.belongs_in_private()
    }
}

/// What the measured posts say of one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// The threshold.
    pub score: f64,
    /// Share of the posts that belong in private that reach it.
    pub recall: f64,
    /// Plain ordinary posts of 1,000 that reach it.
    pub false_alarms: f64,
    /// Share of the posts that only sound like security that reach it.
    pub hard_false_alarms: f64,
}

/// A judgement together with the places that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the detector says.
    pub judgement: Judgement,
    /// Where its contributions stand, in the order of the contributions; marks may overlap.
    pub marks: Vec<Mark>,
}

/// A stretch of the post that a contribution comes from.
///
/// It is for showing a post to somebody who has it before their eyes. It can't be serialised: what is stored keeps
/// reasons only, never a way back to the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The contribution's position in [`Judgement::contributions`].
    pub contribution: usize,
    /// Which text `span` is of: the title, or the body ([`Place::Body`] and [`Place::Code`]). Never [`Place::Post`].
    pub place: Place,
    /// Bytes of the title or of the body as they were given; begins and ends between characters.
    pub span: Range<usize>,
}
