//! The first detector: a softmax over named concepts, with weights that are data.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::features::{Feature, STRUCTURES, features_in, features_of};
use super::matching::Matcher;
use super::text::segment_traced;
use super::weights::{BIAS, WEIGHTS};
use super::{Contribution, Detector, Explanation, Judgement, Mark, Place, Probabilities, lexicon};

/// At or above this score a post may be hidden: about nine of ten posts up there belong in private
/// (27 of 29 of the measured ones; the curve and its doubts are in `docs/detection.md`).
pub const ACT_AT: f64 = 0.75;

/// At or above this score a post gets the gentle answer that says where security questions go.
///
/// One or two of 1,000 ordinary posts reach it; the curve is in `docs/detection.md`.
pub const REPLY_AT: f64 = 0.1;

/// At most this many contributions are told.
const MAX_CONTRIBUTIONS: usize = 8;

/// At most this many places are marked for one contribution.
const MAX_MARKS: usize = 6;

/// Contributions smaller than this, in log-odds, are not worth telling.
const SMALLEST_CONTRIBUTION: f64 = 0.05;

static BUILTIN: LazyLock<ConceptDetector> = LazyLock::new(|| ConceptDetector(Arc::new(Model::compile())));

/// The detector with the built-in lexicon and weights; compiled once (some 35 ms), then shared.
pub fn builtin() -> ConceptDetector {
    BUILTIN.clone()
}

/// Weighs named concepts. Cheap to clone.
#[derive(Clone)]
pub struct ConceptDetector(Arc<Model>);

struct Model {
    matcher: Matcher,
    weights: HashMap<(&'static str, Place), [f64; 5]>,
    says: HashMap<&'static str, &'static str>,
}

impl Model {
    fn compile() -> Self {
        let concepts = lexicon::concepts().map(|(_, concept)| (concept.name, concept.says));
        let structures = STRUCTURES.iter().map(|structure| (structure.name, structure.says));
        Self {
            matcher: Matcher::compile().expect("the lexicon is constant, and a test compiles it"),
            weights: WEIGHTS.iter().map(|(name, place, weights)| ((*name, *place), *weights)).collect(),
            says: concepts.chain(structures).collect(),
        }
    }
}

impl ConceptDetector {
    /// The features that a post has: what the weights are fitted on.
    pub fn features(&self, title: &str, body: &str) -> Vec<Feature> {
        features_of(&self.0.matcher, title, body)
    }

    fn weigh(&self, features: Vec<Feature>) -> Judgement {
        let weighed: Vec<(Feature, [f64; 5])> = features
            .into_iter()
            .filter_map(|feature| Some((feature, *self.0.weights.get(&(feature.name, feature.place))?)))
            .collect();
        let mut logits = BIAS;
        for (_, weights) in &weighed {
            for (logit, weight) in logits.iter_mut().zip(weights) {
                *logit += weight;
            }
        }
        let probabilities = softmax(logits);
        let mut contributions: Vec<Contribution> = weighed
            .iter()
            .map(|(feature, weights)| Contribution {
                feature: feature.name.to_owned(),
                place: feature.place,
                weight: moved(&logits, weights),
                text: self.0.says.get(feature.name).copied().unwrap_or(feature.name).to_owned(),
            })
            .filter(|contribution| contribution.weight.abs() >= SMALLEST_CONTRIBUTION)
            .collect();
        contributions.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        contributions.truncate(MAX_CONTRIBUTIONS);
        Judgement { class: probabilities.most_probable(), probabilities, contributions }
    }
}

impl Detector for ConceptDetector {
    fn judge(&self, title: &str, body: &str) -> Judgement {
        self.weigh(self.features(title, body))
    }

    fn explain(&self, title: &str, body: &str) -> Explanation {
        let segments = segment_traced(title, body);
        let judgement = self.weigh(features_in(&self.0.matcher, &segments));
        let mut marks = Vec::new();
        for (contribution, reason) in judgement.contributions.iter().enumerate() {
            let (pieces, source) = match reason.place {
                Place::Title => (std::slice::from_ref(&segments.title), title),
                Place::Body => (&segments.prose[..], body),
                Place::Code => (&segments.code[..], body),
                Place::Post => continue,
            };
            let here = pieces.iter().flat_map(|piece| {
                let spans = self.0.matcher.spans(&reason.feature, piece);
                spans.into_iter().filter_map(|span| piece.source(span, source))
            });
            let mark = |span| Mark { contribution, place: reason.place, span };
            marks.extend(here.map(mark).take(MAX_MARKS));
        }
        Explanation { judgement, marks }
    }

    fn version(&self) -> &str {
        "concepts-1"
    }
}

fn softmax(logits: [f64; 5]) -> Probabilities {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Probabilities::from_weights(logits.map(|logit| (logit - highest).exp()))
}

/// By how much one feature moves the log-odds of "belongs in private": with it, less without it; to three digits.
fn moved(logits: &[f64; 5], weights: &[f64; 5]) -> f64 {
    let mut without = *logits;
    for (logit, weight) in without.iter_mut().zip(weights) {
        *logit -= weight;
    }
    ((log_odds(logits) - log_odds(&without)) * 1000.0).round() / 1000.0
}

/// Log-odds of the two private classes against the three others.
fn log_odds(logits: &[f64; 5]) -> f64 {
    let log_sum = |part: &[f64]| {
        let highest = part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        highest + part.iter().map(|logit| (logit - highest).exp()).sum::<f64>().ln()
    };
    let (private, public) = logits.split_at(2);
    log_sum(private) - log_sum(public)
}
