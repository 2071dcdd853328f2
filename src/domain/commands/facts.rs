//! Which series are supported, as commands need to know it.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use crate::domain::{
    case::MAIN,
    coverage::{ReleaseDays, SeriesKind, SeriesName, supported_by_days},
    policy::Policy,
};

/// The series that get security fixes on a day, and the last days of those whose end is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesFacts {
    /// By name; `main` is among them.
    pub supported: BTreeMap<String, SeriesKind>,
    /// The last day of support, where the policy names one.
    pub last_days: BTreeMap<String, Date>,
}

impl SeriesFacts {
    /// What holds on `day`, by the policy's rule and the days of releases. Without a `series` section, or where no
    /// tags could be read (`days` is `None`), only the main branch and what the policy names with a date is known.
    pub fn on(day: Date, policy: &Policy, days: Option<&ReleaseDays>) -> Self {
        let mut facts = Self { supported: BTreeMap::from([(MAIN.to_owned(), SeriesKind::Main)]), ..Self::default() };
        let Some(series) = &policy.series else {
            return facts;
        };
        match days {
            Some(days) => {
                let kinds = supported_by_days(series, days, day);
                facts.supported.extend(kinds.into_iter().map(|(name, kind)| (name.to_string(), kind)));
            }
            None => {
                let named = series.lts.iter().filter(|(_, last)| **last >= day);
                facts.supported.extend(named.map(|(name, _)| (name.clone(), SeriesKind::Supported)));
            }
        }
        for (name, last) in &series.lts {
            let after = last.saturating_add(1.day());
            let goes_on = days.is_some_and(|days| {
                SeriesName::parse(name).is_some_and(|name| supported_by_days(series, days, after).contains_key(&name))
            });
            if !goes_on {
                facts.last_days.insert(name.clone(), *last);
            }
        }
        facts
    }

    /// The supported series as people read them: "main, 5.2, 5.1, 4.2; pre-release, patch but no release: 6.0".
    pub fn words(&self) -> String {
        let newest_first = |kind: SeriesKind| {
            let mut names: Vec<SeriesName> = self
                .supported
                .iter()
                .filter(|(_, known)| **known == kind)
                .filter_map(|(name, _)| SeriesName::parse(name))
                .collect();
            names.sort_by(|a, b| b.cmp(a));
            names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>()
        };
        let mut all = vec![MAIN.to_owned()];
        all.extend(newest_first(SeriesKind::Supported));
        let ahead = newest_first(SeriesKind::Prerelease);
        if ahead.is_empty() {
            all.join(", ")
        } else {
            format!("{}; pre-release, patch but no release: {}", all.join(", "), ahead.join(", "))
        }
    }
}
