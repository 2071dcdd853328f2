//! How often the redirect was right, counted from labels.

use std::collections::BTreeMap;

pub use super::flagged::Flagged;
use super::flagged::{Label, Tier};
use crate::domain::post::RepoName;

/// How many posts of a kind there were, and what was said about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Posts about which something was done.
    pub told: u64,
    /// Those of them where everybody can see it.
    pub in_public: u64,
    /// Labelled [`Label::Confirmed`].
    pub confirmed: u64,
    /// Labelled [`Label::Refused`].
    pub refused: u64,
    /// Labelled [`Label::Moot`].
    pub moot: u64,
    /// Without a label.
    pub unlabelled: u64,
}

/// A share with the interval in which it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The share that was counted, 0 to 1.
    pub value: f64,
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
}

impl Count {
    fn take(&mut self, post: &Flagged) {
        self.told += 1;
        self.in_public += u64::from(post.in_public);
        *match post.said().map(|said| said.label) {
            Some(Label::Confirmed) => &mut self.confirmed,
            Some(Label::Refused) => &mut self.refused,
            Some(Label::Moot) => &mut self.moot,
            None => &mut self.unlabelled,
        } += 1;
    }

    /// Confirmed of confirmed and refused, with Wilson's interval; `None` where there is neither.
    pub fn precision(&self) -> Option<Share> {
        let n = (self.confirmed + self.refused) as f64;
        if n == 0.0 {
            return None;
        }
        let (p, z) = (self.confirmed as f64 / n, 1.96_f64);
        let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let (middle, scale) = (p + z * z / (2.0 * n), 1.0 + z * z / n);
        Some(Share { value: p, from: ((middle - spread) / scale).max(0.0), to: ((middle + spread) / scale).min(1.0) })
    }
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The repository, by its latest name.
    pub repository: RepoName,
    /// The tier; `None` for all of the repository.
    pub tier: Option<Tier>,
    /// The feature that spoke for private most; `None` for all of the tier.
    pub rule: Option<String>,
    /// What was counted.
    pub count: Count,
}

/// The report: repositories by name, each with a line for all, its tiers, and the rules of each tier, most frequent first.
pub fn lines(posts: &[Flagged]) -> Vec<Line> {
    let mut repositories: BTreeMap<u64, Vec<&Flagged>> = BTreeMap::new();
    for post in posts {
        repositories.entry(post.repository_id).or_default().push(post);
    }
    let mut named: Vec<(RepoName, Vec<&Flagged>)> = repositories
        .into_values()
        .filter_map(|posts| {
            let latest = posts.iter().max_by_key(|post| post.at)?;
            Some((latest.repository.clone(), posts))
        })
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named.iter().flat_map(|(repository, posts)| of_repository(repository, posts)).collect()
}

fn of_repository(repository: &RepoName, posts: &[&Flagged]) -> Vec<Line> {
    let mut all = Count::default();
    let mut tiers: BTreeMap<Tier, (Count, BTreeMap<&str, Count>)> = BTreeMap::new();
    for post in posts {
        all.take(post);
        let (tier, rules) = tiers.entry(post.tier).or_default();
        tier.take(post);
        rules.entry(post.features.first().map_or("none", String::as_str)).or_default().take(post);
    }
    let line = |tier, rule, count| Line { repository: repository.clone(), tier, rule, count };
    let mut lines = vec![line(None, None, all)];
    for (tier, (count, rules)) in tiers {
        lines.push(line(Some(tier), None, count));
        let mut rules: Vec<_> = rules.into_iter().collect();
        rules.sort_by_key(|(name, count)| (std::cmp::Reverse(count.told), *name));
        lines.extend(rules.into_iter().map(|(rule, count)| line(Some(tier), Some(rule.to_owned()), count)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let share = |confirmed, refused| Count { confirmed, refused, ..Count::default() }.precision();
        assert_eq!(share(0, 0), None);
        // From Brown, Cai and DasGupta's formula, by hand: 9 of 10.
        let nine = share(9, 1).expect("counted");
        assert!((nine.from - 0.596).abs() < 0.001 && (nine.to - 0.982).abs() < 0.001, "{nine:?}");
        let all = share(5, 0).expect("counted");
        assert!(all.to > 0.999 && (all.from - 0.566).abs() < 0.001, "{all:?}");
    }
}
