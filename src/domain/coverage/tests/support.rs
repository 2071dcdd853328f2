//! Which series count on which day, and what tags are called.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::{
    super::{SeriesKind, SeriesLines, SeriesName, supported_on, tag_name},
    built::Built,
};

fn kinds(built: &Built, day: jiff::civil::Date) -> Vec<(String, SeriesKind)> {
    let lines = SeriesLines::of(&built.history, &built.policy);
    supported_on(&built.policy, &lines, day).into_iter().map(|(name, kind)| (name.to_string(), kind)).collect()
}

fn three_series() -> Built {
    let mut built = Built::two_series();
    built.on(date(2026, 5, 20)).commit("main", "Went further").make();
    built.branch("stable/6.0.x", "main");
    built.commit("stable/6.0.x", "Prepared 6.0a1").make();
    built.tag("6.0a1", "stable/6.0.x");
    built.on(date(2026, 8, 5)).commit("stable/6.0.x", "Released 6.0").make();
    built.tag("6.0", "stable/6.0.x");
    built
}

#[test]
fn first_and_last_day_both_count() {
    let built = three_series();
    let supported = |day| {
        let kinds = kinds(&built, day);
        let supported = kinds.into_iter().filter(|(_, kind)| *kind == SeriesKind::Supported);
        supported.map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(supported(date(2025, 12, 2)), ["5.1"]);
    assert_eq!(supported(date(2025, 12, 3)), ["5.1", "5.2"], "released on that day");
    assert_eq!(supported(date(2026, 8, 5)), ["5.1", "5.2", "6.0"], "the last day of 5.1");
    assert_eq!(supported(date(2026, 8, 6)), ["5.2", "6.0"]);
}

#[test]
fn a_series_with_long_term_support_counts_to_its_last_day() {
    let mut built = three_series();
    built.policy.lts.insert("5.1".to_owned(), date(2027, 4, 7));
    assert_eq!(kinds(&built, date(2027, 4, 7)).len(), 3);
    assert_eq!(kinds(&built, date(2027, 4, 8)).len(), 2);
}

#[test]
fn the_table_counts_more_than_tags() {
    let mut built = three_series();
    built.policy.released.insert("6.0".to_owned(), date(2026, 9, 1));
    built.policy.released.insert("6.1".to_owned(), date(2027, 1, 1));
    let names = |day| kinds(&built, day).into_iter().map(|(name, kind)| format!("{name} {kind:?}")).collect::<Vec<_>>();
    assert_eq!(names(date(2026, 8, 6)), ["5.1 Supported", "5.2 Supported", "6.0 Prerelease"]);
    assert_eq!(names(date(2026, 9, 2)), ["5.2 Supported", "6.0 Supported"]);
    assert_eq!(names(date(2027, 1, 2)), ["6.0 Supported", "6.1 Supported"], "without a tag of its own");
}

#[test]
fn a_series_in_pre_release_is_a_kind_of_its_own() {
    let built = three_series();
    let before = kinds(&built, date(2026, 5, 19));
    assert!(before.iter().all(|(name, _)| name != "6.0"));
    let during = kinds(&built, date(2026, 5, 20));
    assert!(during.contains(&("6.0".to_owned(), SeriesKind::Prerelease)));
}

#[test]
fn tags_are_read_by_the_pattern_and_the_branches_that_there_are() {
    let built = Built::two_series();
    let known: BTreeSet<SeriesName> = ["5.1", "5.2"].iter().filter_map(|name| SeriesName::parse(name)).collect();
    let read =
        |tag: &str| tag_name(&built.policy, tag, &known).map(|name| format!("{} {:?}", name.series, name.version));
    assert_eq!(read("5.1").as_deref(), Some("5.1 Final(0)"));
    assert_eq!(read("5.1.4").as_deref(), Some("5.1 Final(4)"));
    assert_eq!(read("5.1rc1").as_deref(), Some("5.1 Pre(Candidate, 1)"));
    assert_eq!(read("1.0c2").as_deref(), Some("1.0 Pre(Candidate, 2)"));
    assert_eq!(read("2028.3").as_deref(), Some("2028 Final(3)"), "named by year");
    assert_eq!(read("2028").as_deref(), Some("2028 Final(0)"));
    assert_eq!(read("nightly"), None);
    assert_eq!(read("v5.1.4"), None, "another project's pattern");
}

#[test]
fn a_module_in_the_pattern_belongs_to_its_tags_alone() {
    let mut built = Built::two_series();
    built.policy.tags = "server/v{series}.{patch}".to_owned();
    let read = |tag: &str| tag_name(&built.policy, tag, &BTreeSet::new()).map(|name| name.series.to_string());
    assert_eq!(read("server/v3.7.1").as_deref(), Some("3.7"));
    assert_eq!(read("v3.7.1"), None);
}
