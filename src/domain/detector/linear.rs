//! The detector: linear heads over named features and hashed wording, with weights that are data.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use super::features::{FeatureReader, Input, Slots};
use super::grams::placed_grams;
use super::head::{Head, Wording, logistic};
use super::text::{Piece, Segments, segment_traced};
use super::{Contribution, Detector, Explanation, Judgement, Mark, Place, Probabilities, REPLY_AT};
use crate::domain::intake::IntakeClass;

/// The head that tells what belongs in private: one output, log-odds.
const PRIVATE: &[u8] = include_bytes!("models/private.head");

/// The head that tells the classes apart: one output each, in the order of [`IntakeClass::ALL`].
const CLASSES: &[u8] = include_bytes!("models/classes.head");

/// At most this many contributions are told.
const MAX_CONTRIBUTIONS: usize = 12;

/// At most this many places are marked for one contribution.
const MAX_MARKS: usize = 6;

/// Contributions smaller than this, in log-odds, are not worth telling.
const SMALLEST_CONTRIBUTION: f64 = 0.05;

/// The names of the two contributions that wording makes, each in each place: for and against private.
const WORDING: [(&str, &str); 2] =
    [("wording_of_reports", "wording typical of reports"), ("wording_of_others", "wording typical of other posts")];

static BUILTIN: LazyLock<LinearDetector> = LazyLock::new(|| LinearDetector(Arc::new(Model::load())));

/// The detector with the built-in lexicon and weights; compiled once, then shared.
pub fn builtin() -> LinearDetector {
    BUILTIN.clone()
}

/// Weighs named features and wording. Cheap to clone.
#[derive(Clone)]
pub struct LinearDetector(Arc<Model>);

struct Model {
    reader: FeatureReader,
    private: Head,
    classes: Head,
}

impl Model {
    fn load() -> Self {
        let reader = FeatureReader::new().expect("the lexicon is constant, and a test compiles it");
        let read =
            |file| Head::read(file, reader.slots()).expect("the file is part of the program, and a test reads it");
        Self { private: read(PRIVATE), classes: read(CLASSES), reader }
    }
}

impl LinearDetector {
    /// Reads off posts what heads weigh: for other heads over the same features.
    pub fn reader(&self) -> &FeatureReader {
        &self.0.reader
    }

    fn weigh(&self, input: &Input) -> Judgement {
        let private = &self.0.private;
        let wording = private.wording(&input.grams);
        let log_odds = private.sum(input, &wording, 0);
        let (class, probabilities) = combined(log_odds, &self.0.classes.sums(input), REPLY_AT);
        let contributions = contributions(private, input, &wording, self.0.reader.slots());
        Judgement { class, probabilities, contributions }
    }

    /// Where a reason stands in a piece of its place; of wording the strongest words first.
    fn spans(&self, reason: &Contribution, piece: &Piece, wording: &Wording) -> Vec<Range<usize>> {
        let Some(against) = WORDING.iter().position(|(name, _)| *name == reason.feature) else {
            return self.0.reader.matcher().spans(&reason.feature, piece);
        };
        let sign = if against == 1 { -1.0 } else { 1.0 };
        let weigh = |gram| self.0.private.gram_weight(gram, wording, 0) * sign;
        let placed = placed_grams(piece, reason.place).into_iter();
        let mut weighed: Vec<_> = placed.map(|placed| (weigh(placed.gram), placed.span)).collect();
        weighed.retain(|(weight, _)| *weight >= SMALLEST_CONTRIBUTION);
        weighed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        weighed.into_iter().map(|(_, span)| span).collect()
    }
}

impl Detector for LinearDetector {
    fn judge(&self, title: &str, body: &str) -> Judgement {
        self.weigh(&self.0.reader.read(title, body))
    }

    fn explain(&self, title: &str, body: &str) -> Explanation {
        let segments = segment_traced(title, body);
        let input = self.0.reader.read_segments(&segments);
        let judgement = self.weigh(&input);
        let wording = self.0.private.wording(&input.grams);
        let mut marks = Vec::new();
        for (contribution, reason) in judgement.contributions.iter().enumerate() {
            let (pieces, source) = pieces_of(&segments, reason.place, title, body);
            let spans = pieces.iter().flat_map(|piece| {
                let spans = self.spans(reason, piece, &wording);
                spans.into_iter().filter_map(|span| piece.source(span, source))
            });
            let mark = |span| Mark { contribution, place: reason.place, span };
            marks.extend(spans.map(mark).take(MAX_MARKS));
        }
        Explanation { judgement, marks }
    }

    fn version(&self) -> &str {
        "linear-2"
    }
}

/// The pieces of a place, and the text that they were cut from.
fn pieces_of<'a>(segments: &'a Segments, place: Place, title: &'a str, body: &'a str) -> (&'a [Piece], &'a str) {
    match place {
        Place::Title => (std::slice::from_ref(&segments.title), title),
        Place::Body => (&segments.prose, body),
        Place::Code => (&segments.code, body),
        Place::Post => (&[], body),
    }
}

/// Class and probabilities, from the log-odds of "belongs in private" and the sums of the class head.
///
/// The log-odds alone decide between the two private classes and the three others; the class head only says how each
/// side is divided. The class is one of the private ones from `class_at` on, a score; of the classes on that side it is
/// the most probable.
pub fn combined(private: f64, classes: &[f64], class_at: f64) -> (IntakeClass, Probabilities) {
    let private = logistic(private);
    let highest = classes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights = [0.0; 5];
    for (weight, class) in weights.iter_mut().zip(classes) {
        *weight = (class - highest).max(-60.0).exp();
    }
    let (inside, outside) = weights.split_at_mut(2);
    for (side, share) in [(inside, private), (outside, 1.0 - private)] {
        let total: f64 = side.iter().sum();
        side.iter_mut().for_each(|weight| *weight *= share / total);
    }
    let probabilities = Probabilities::from_weights(weights);
    let (inside, outside) = IntakeClass::ALL.split_at(2);
    let side = if private >= class_at { inside } else { outside };
    let mut class = side[0];
    for other in side {
        if probabilities.of(*other) > probabilities.of(class) {
            class = *other;
        }
    }
    (class, probabilities)
}

/// What moved the first output of a head, strongest first. Wording is told as a whole: a word of the model that stands
/// in the post is a word of the post.
pub fn contributions(head: &Head, input: &Input, words: &Wording, slots: &Slots) -> Vec<Contribution> {
    let mut contributions: Vec<Contribution> = input
        .features
        .iter()
        .map(|feature| Contribution {
            feature: feature.name.to_owned(),
            place: feature.place,
            weight: head.named_weight(feature.slot, 0),
            text: slots.says(feature.slot).to_owned(),
        })
        .collect();
    let mut wording: HashMap<(Place, bool), f64> = HashMap::new();
    for (gram, weight) in head.weights(words, 0) {
        *wording.entry((gram.place(), weight < 0.0)).or_default() += weight;
    }
    for place in Place::ALL {
        for ((feature, text), against) in WORDING.into_iter().zip([false, true]) {
            if let Some(weight) = wording.get(&(place, against)) {
                let (feature, text) = (feature.to_owned(), text.to_owned());
                contributions.push(Contribution { feature, place, weight: *weight, text });
            }
        }
    }
    for contribution in &mut contributions {
        contribution.weight = (contribution.weight * 1000.0).round() / 1000.0;
    }
    contributions.retain(|contribution| contribution.weight.abs() >= SMALLEST_CONTRIBUTION);
    contributions.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    contributions.truncate(MAX_CONTRIBUTIONS);
    contributions
}
