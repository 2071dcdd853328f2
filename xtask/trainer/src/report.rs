//! What is measured, and the thresholds that follow from it.

use std::collections::HashMap;
use std::fmt::Write;

use embargod::domain::detector::combined;
use embargod::domain::detector::features::{Input, Slots};
use embargod::domain::intake::IntakeClass;

use crate::metrics::{
    Figure, Judged, average_precision, hard_alarms, macro_f1, precision, recall, share, threshold_at_alarms,
    threshold_at_precision, with_interval,
};
use crate::model::{Recipe, Uses};
use crate::rows::{Post, Source, folds};
use crate::validate::{FOLDS, PREVALENCE, Validated, first, unseen_scores, unseen_sums};

/// The gentle tier may disturb at most so many of 1,000 plain ordinary posts ...
const REPLY_ALARMS: f64 = 2.0;

/// ... and a miss is worth so many needless comments to it.
const NEEDLESS: f64 = 20.0;

/// The firm tier must be right so often ...
const ACT_PRECISION: f64 = 0.9;

/// ... in a stream with this share of posts that belong in private: about what GitHub has.
const STREAM: f64 = 0.005;

/// Scores whose figures are told in the curve.
const CURVE: &[f64] =
    &[0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// A named figure of a ranking.
pub struct Measure {
    /// In words.
    pub name: &'static str,
    /// How it is computed.
    pub of: fn(&[Judged]) -> f64,
}

/// The figures of the table.
pub const MEASURES: &[Measure] = &[
    Measure { name: "PR-AUC", of: average_precision },
    Measure {
        name: "recall at 2 false alarms per 1,000 plain ordinary posts",
        of: |posts| recall(posts, threshold_at_alarms(posts, 2.0)),
    },
    Measure { name: "recall at precision .9", of: |posts| recall(posts, threshold_at_precision(posts, 0.9)) },
    Measure {
        name: "false alarms on hard negatives at 2 per 1,000 plain ones",
        of: |posts| hard_alarms(posts, threshold_at_alarms(posts, 2.0)),
    },
    Measure {
        name: "false alarms on hard negatives at precision .9",
        of: |posts| hard_alarms(posts, threshold_at_precision(posts, 0.9)),
    },
];

/// What another set of features is worth.
pub struct Ablation {
    /// In words.
    pub name: &'static str,
    /// The judged posts.
    pub judged: Vec<(Source, Judged)>,
}

/// All that was measured.
pub struct Report {
    /// Every post but those of the intake set.
    pub judged: Vec<(Source, Judged)>,
    /// The same with owners dealt otherwise, and with fewer features.
    pub ablations: Vec<Ablation>,
    /// Kinds of positives: source, kind, judged posts.
    pub kinds: Vec<(Source, String, Vec<Judged>)>,
    /// True class and said class of the intake posts.
    pub classes: Vec<(usize, usize)>,
    /// Firm threshold.
    pub act_at: f64,
    /// Gentle threshold.
    pub reply_at: f64,
    /// At thresholds that were chosen on the other folds: hits, alarms, positives, for firm and gentle.
    pub honest: [(usize, usize, usize); 2],
    /// Draws the samples.
    pub seed: u64,
}

impl Report {
    /// Measures everything.
    pub fn make(slots: &Slots, posts: &[Post], inputs: &[Input], validated: &Validated, seed: u64) -> Self {
        let judged = judge(posts, &validated.scores);
        let dev = of_source(&judged, Source::Dev);
        let (act_at, reply_at) = (firm(&dev), gentle(&dev));
        let ablation = |name, uses, seed| {
            let fold_of = folds(posts, FOLDS, seed);
            let sums = first(unseen_sums(Recipe { uses, ..Recipe::PRIVATE }, slots, posts, inputs, &fold_of));
            Ablation { name, judged: judge(posts, &unseen_scores(posts, &sums, &fold_of)) }
        };
        let ablations = vec![
            ablation("all features, owners dealt otherwise", Uses::ALL, seed + 1),
            ablation("named features alone", Uses::NAMED, seed),
            ablation("wording alone", Uses::WORDING, seed),
        ];
        Self {
            kinds: kinds(posts, &validated.scores),
            classes: classes(posts, validated, reply_at),
            honest: honest(posts, validated),
            judged,
            ablations,
            act_at,
            reply_at,
            seed,
        }
    }

    /// The posts of one source.
    pub fn of(&self, source: Source) -> Vec<Judged> {
        of_source(&self.judged, source)
    }

    /// The figures in short, for the terminal.
    pub fn figures(&self) -> String {
        let mut text = String::new();
        for source in [Source::Dev, Source::Extra] {
            let _ = writeln!(text, "{}\n{}", source.name(), ranking(&self.of(source), self.seed));
        }
        for ablation in &self.ablations {
            let _ = write!(text, "{}:", ablation.name);
            for measure in MEASURES {
                let _ = write!(text, " {:.3}", (measure.of)(&of_source(&ablation.judged, Source::Dev)));
            }
            text.push('\n');
        }
        let _ = writeln!(text, "act at {}, reply at {}; honest {:?}", self.act_at, self.reply_at, self.honest);
        let _ = writeln!(text, "five classes, macro F1 {:.3}", macro_f1(&self.classes, 5));
        text
    }

    /// Macro F1 of the five classes, with its interval (posts drawn with replacement).
    pub fn class_figure(&self) -> Figure {
        let index = |owner| Judged { score: 0.0, positive: false, plain: false, owner };
        let posts: Vec<Judged> = (0..self.classes.len()).map(index).collect();
        with_interval(&posts, self.seed, |sample| {
            let pairs: Vec<(usize, usize)> = sample.iter().map(|post| self.classes[post.owner]).collect();
            macro_f1(&pairs, IntakeClass::ALL.len())
        })
    }

    /// Recall, false alarms per 1,000 plain posts and share of hard negatives, at one threshold.
    pub fn at(&self, threshold: f64) -> (f64, f64, f64) {
        let dev = self.of(Source::Dev);
        let alarms = 1000.0 * share(&dev, threshold, |post| post.plain);
        (recall(&dev, threshold), alarms, hard_alarms(&dev, threshold))
    }

    /// Precision at a threshold in a stream with this share of posts that belong in private.
    pub fn precision_in(&self, threshold: f64, stream: f64) -> f64 {
        precision_in(&self.of(Source::Dev), threshold, stream)
    }

    /// Thresholds of the curve, the chosen ones among them.
    pub fn curve(&self) -> Vec<f64> {
        let mut curve = CURVE.to_vec();
        curve.extend([self.act_at, self.reply_at]);
        curve.sort_by(f64::total_cmp);
        curve.dedup();
        curve
    }

    /// Groups of posts of the natural mix with similar scores: mean score, share of positives, posts. Scores are moved
    /// to the mix of the set.
    pub fn calibration_points(&self) -> Vec<(f64, f64, usize)> {
        let dev = self.of(Source::Dev);
        let share = dev.iter().filter(|post| post.positive).count() as f64 / dev.len() as f64;
        let odds = |share: f64| share / (1.0 - share);
        let shift = odds(share) / odds(PREVALENCE);
        let moved = |score: f64| score * shift / (score * shift + 1.0 - score);
        let edges = [0.0, 0.002, 0.01, 0.05, 0.15, 0.3, 0.5, 0.7, 0.9, 1.01];
        let groups = edges.windows(2).map(|edge| {
            let inside = |post: &&Judged| (edge[0]..edge[1]).contains(&moved(post.score));
            let group: Vec<&Judged> = dev.iter().filter(inside).collect();
            let mean = group.iter().map(|post| moved(post.score)).sum::<f64>() / group.len().max(1) as f64;
            let positives = group.iter().filter(|post| post.positive).count();
            (mean, positives as f64 / group.len().max(1) as f64, group.len())
        });
        groups.filter(|(_, _, posts)| *posts > 0).collect()
    }

    /// The Rust file of the thresholds.
    pub fn thresholds(&self) -> String {
        let mut text = format!(
            "//! Thresholds and measured curve of the built-in model. Written by `cargo xtask train`; do not edit by hand.\n\n\
             use super::CurvePoint;\n\n\
             /// At or above this score a post may be hidden: about nine of ten posts up there belong in private.\n\
             pub const ACT_AT: f64 = {};\n\n\
             /// At or above this score a post gets the gentle answer that says where security questions go, and its class is a\n\
             /// private one.\n\
             pub const REPLY_AT: f64 = {};\n\n\
             /// Measured by cross-validation on projects that were not trained on, lowest threshold first.\n\
             #[rustfmt::skip]\n\
             pub const CURVE: &[CurvePoint] = &[\n",
            self.act_at, self.reply_at
        );
        for score in self.curve() {
            let (recall, alarms, hard) = self.at(score);
            let _ = writeln!(
                text,
                "    CurvePoint {{ score: {score:?}, recall: {recall:.3}, false_alarms: {alarms:.2}, hard_false_alarms: {hard:.4} }},"
            );
        }
        text.push_str("];\n");
        text
    }
}

fn ranking(posts: &[Judged], seed: u64) -> String {
    let mut text = String::new();
    for measure in MEASURES {
        let Figure { value, low, high } = with_interval(posts, seed, measure.of);
        let _ = writeln!(text, "  {:<60} {value:.3} ({low:.3} to {high:.3})", measure.name);
    }
    text
}

fn judge(posts: &[Post], scores: &[f64]) -> Vec<(Source, Judged)> {
    let mut owners: HashMap<&str, usize> = HashMap::new();
    let mut judged = Vec::new();
    for (post, score) in posts.iter().zip(scores) {
        let next = owners.len();
        let owner = *owners.entry(&post.owner).or_insert(next);
        if post.source != Source::Intake {
            let (positive, plain) = (post.positive, post.is_plain());
            judged.push((post.source, Judged { score: *score, positive, plain, owner }));
        }
    }
    judged
}

/// The posts of one source.
pub fn of_source(judged: &[(Source, Judged)], source: Source) -> Vec<Judged> {
    judged.iter().filter(|(of, _)| *of == source).map(|(_, judged)| *judged).collect()
}

/// Precision in a stream with another share of positives than the measured one.
fn precision_in(posts: &[Judged], threshold: f64, stream: f64) -> f64 {
    let share = posts.iter().filter(|post| post.positive).count() as f64 / posts.len() as f64;
    let measured = precision(posts, threshold);
    let odds = |share: f64| share / (1.0 - share);
    let hits = measured * odds(stream) / odds(share);
    hits / (hits + 1.0 - measured)
}

/// The lowest threshold that is right often enough in the stream, rounded up to a twentieth: a finer one is noise.
fn firm(posts: &[Judged]) -> f64 {
    let share = posts.iter().filter(|post| post.positive).count() as f64 / posts.len() as f64;
    let odds = |share: f64| share / (1.0 - share);
    let missing = (1.0 - ACT_PRECISION) / ACT_PRECISION * odds(STREAM) / odds(share);
    round_up(threshold_at_precision(posts, 1.0 / (1.0 + missing)).min(0.95), 20.0)
}

/// Where a calibrated score makes an answer worth its cost, unless that disturbs too many.
fn gentle(posts: &[Judged]) -> f64 {
    round_up(threshold_at_alarms(posts, REPLY_ALARMS).max(1.0 / (1.0 + NEEDLESS)), 100.0)
}

fn round_up(score: f64, steps: f64) -> f64 {
    (score * steps).ceil() / steps
}

/// For each fold of the natural mix: thresholds from the other folds, hits and alarms in this one.
fn honest(posts: &[Post], validated: &Validated) -> [(usize, usize, usize); 2] {
    let mut honest = [(0, 0, 0); 2];
    for fold in 0..FOLDS {
        let mut others = Vec::new();
        let mut held_out = Vec::new();
        for ((post, score), of) in posts.iter().zip(&validated.scores).zip(&validated.fold_of) {
            if post.source == Source::Dev {
                let judged = Judged { score: *score, positive: post.positive, plain: post.is_plain(), owner: 0 };
                if *of == fold { held_out.push(judged) } else { others.push(judged) }
            }
        }
        for ((hits, alarms, positives), threshold) in honest.iter_mut().zip([firm(&others), gentle(&others)]) {
            for post in &held_out {
                let reached = post.score >= threshold;
                *hits += usize::from(reached && post.positive);
                *alarms += usize::from(reached && !post.positive);
                *positives += usize::from(post.positive);
            }
        }
    }
    honest
}

fn kinds(posts: &[Post], scores: &[f64]) -> Vec<(Source, String, Vec<Judged>)> {
    let mut kinds: Vec<(Source, String, Vec<Judged>)> = Vec::new();
    for (post, score) in posts.iter().zip(scores).filter(|(post, _)| post.positive && post.source != Source::Intake) {
        let judged = Judged { score: *score, positive: true, plain: false, owner: 0 };
        match kinds.iter_mut().find(|(source, kind, _)| *source == post.source && *kind == post.kind) {
            Some((_, _, of_kind)) => of_kind.push(judged),
            None => kinds.push((post.source, post.kind.clone(), vec![judged])),
        }
    }
    kinds.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    kinds
}

fn classes(posts: &[Post], validated: &Validated, class_at: f64) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (row, post) in posts.iter().enumerate().filter(|(_, post)| post.source == Source::Intake) {
        let score = validated.scores[row].clamp(1e-12, 1.0 - 1e-12);
        let (class, _) = combined((score / (1.0 - score)).ln(), &validated.classes[row], class_at);
        pairs.push((post.classes.trailing_zeros() as usize, class as usize));
    }
    pairs
}
