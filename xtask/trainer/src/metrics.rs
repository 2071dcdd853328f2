//! Figures about a ranking, and how sure they are.

use std::collections::BTreeMap;

use crate::random::Random;

/// Samples drawn for an interval.
const SAMPLES: usize = 1000;

/// A judged post, as the figures need it.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// Its score.
    pub score: f64,
    /// It belongs in private.
    pub positive: bool,
    /// It is plainly ordinary.
    pub plain: bool,
    /// Number of its owner.
    pub owner: usize,
}

/// Area under precision and recall, as average precision; ties are taken together.
pub fn average_precision(posts: &[Judged]) -> f64 {
    let positives = posts.iter().filter(|post| post.positive).count();
    let (mut area, mut hits, mut seen) = (0.0, 0, 0);
    for group in ranked(posts).chunk_by(|a, b| a.score == b.score) {
        let new = group.iter().filter(|post| post.positive).count();
        hits += new;
        seen += group.len();
        area += new as f64 * hits as f64 / seen as f64;
    }
    area / positives.max(1) as f64
}

/// The lowest threshold that at most so many of 1,000 plain ordinary posts reach.
pub fn threshold_at_alarms(posts: &[Judged], alarms: f64) -> f64 {
    let mut plain: Vec<f64> = posts.iter().filter(|post| post.plain).map(|post| post.score).collect();
    plain.sort_by(|a, b| b.total_cmp(a));
    let allowed = (alarms * plain.len() as f64 / 1000.0) as usize;
    plain.get(allowed).map_or(0.0, |score| score.next_up())
}

/// The lowest threshold above which the precision is at least this; infinite if there is none.
pub fn threshold_at_precision(posts: &[Judged], precision: f64) -> f64 {
    let (mut hits, mut seen, mut threshold) = (0, 0, f64::INFINITY);
    for group in ranked(posts).chunk_by(|a, b| a.score == b.score) {
        hits += group.iter().filter(|post| post.positive).count();
        seen += group.len();
        if hits as f64 / seen as f64 >= precision {
            threshold = group[0].score;
        }
    }
    threshold
}

/// Share of the chosen posts that reach a threshold.
pub fn share(posts: &[Judged], threshold: f64, which: impl Fn(&Judged) -> bool) -> f64 {
    let chosen = posts.iter().filter(|post| which(post));
    let (all, reached) =
        chosen.fold((0, 0), |(all, reached), post| (all + 1, reached + usize::from(post.score >= threshold)));
    reached as f64 / f64::from(all.max(1))
}

/// Share of the positives that reach a threshold.
pub fn recall(posts: &[Judged], threshold: f64) -> f64 {
    share(posts, threshold, |post| post.positive)
}

/// Share of the posts that only sound like security that reach a threshold.
pub fn hard_alarms(posts: &[Judged], threshold: f64) -> f64 {
    share(posts, threshold, |post| !post.positive && !post.plain)
}

/// Of the posts that reach a threshold, the share that belongs in private.
pub fn precision(posts: &[Judged], threshold: f64) -> f64 {
    let reached = posts.iter().filter(|post| post.score >= threshold);
    let (hits, all) = reached.fold((0, 0), |(hits, all), post| (hits + usize::from(post.positive), all + 1));
    if all == 0 { 1.0 } else { hits as f64 / f64::from(all) }
}

fn ranked(posts: &[Judged]) -> Vec<Judged> {
    let mut ranked = posts.to_vec();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Measured on all posts.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Measures a figure, and again on samples of whole owners drawn with replacement.
pub fn with_interval(posts: &[Judged], seed: u64, figure: impl Fn(&[Judged]) -> f64) -> Figure {
    let mut owners: BTreeMap<usize, Vec<Judged>> = BTreeMap::new();
    for post in posts {
        owners.entry(post.owner).or_default().push(*post);
    }
    let owners: Vec<Vec<Judged>> = owners.into_values().collect();
    let mut random = Random::new(seed);
    let mut values: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let sample: Vec<Judged> =
                (0..owners.len()).flat_map(|_| owners[random.below(owners.len())].iter().copied()).collect();
            figure(&sample)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((SAMPLES - 1) as f64 * share) as usize];
    Figure { value: figure(posts), low: at(0.025), high: at(0.975) }
}

/// The mean over classes of the harmonic mean of precision and recall; classes that never occur do not count.
pub fn macro_f1(pairs: &[(usize, usize)], classes: usize) -> f64 {
    let scores: Vec<f64> = (0..classes).filter_map(|class| f1(pairs, class)).collect();
    scores.iter().sum::<f64>() / scores.len().max(1) as f64
}

fn f1(pairs: &[(usize, usize)], class: usize) -> Option<f64> {
    let count = |test: &dyn Fn(&(usize, usize)) -> bool| pairs.iter().filter(|pair| test(pair)).count();
    let both = count(&|(truth, said)| *truth == class && *said == class);
    let truth = count(&|(truth, _)| *truth == class);
    let said = count(&|(_, said)| *said == class);
    (truth > 0).then(|| 2.0 * both as f64 / (truth + said) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posts(scores: &[(f64, bool, bool)]) -> Vec<Judged> {
        let judged = |(owner, (score, positive, plain)): (usize, &(f64, bool, bool))| Judged {
            score: *score,
            positive: *positive,
            plain: *plain,
            owner,
        };
        scores.iter().enumerate().map(judged).collect()
    }

    #[test]
    fn a_ranking_is_measured() {
        let posts = posts(&[(0.9, true, false), (0.8, false, false), (0.7, true, false), (0.1, false, true)]);
        assert!((average_precision(&posts) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(threshold_at_precision(&posts, 0.9), 0.9);
        assert_eq!(threshold_at_precision(&posts, 0.6), 0.7);
        let threshold = threshold_at_alarms(&posts, 2.0);
        assert!(threshold > 0.1 && threshold < 0.7);
        assert_eq!(
            (recall(&posts, threshold), hard_alarms(&posts, threshold), precision(&posts, 0.7)),
            (1.0, 1.0, 2.0 / 3.0)
        );
        let sure = with_interval(&posts, 7, average_precision);
        assert!(sure.low <= sure.value && sure.value <= sure.high);
    }

    #[test]
    fn classes_weigh_alike_however_rare() {
        let pairs = [(0, 0), (0, 0), (0, 0), (1, 0)];
        assert!((macro_f1(&pairs, 5) - (6.0 / 7.0 + 0.0) / 2.0).abs() < 1e-12);
    }
}
