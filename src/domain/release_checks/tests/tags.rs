//! Where a tag stands, and whether it holds a fix.

use super::*;

fn rules(name: &str, place: &str, signed: bool) -> Vec<&'static str> {
    TagFinding::of(&tag(name, place, signed), true).iter().map(TagFinding::rule).collect()
}

#[test]
fn a_tag_on_the_branch_of_its_series_is_fine() {
    assert_eq!(rules("5.1.1", "5.1", true), Vec::<&str>::new());
    assert_eq!(rules("5.1.1", "5.1", false), ["unsigned"]);
    assert_eq!(TagFinding::of(&tag("5.1.1", "5.1", false), false), [], "the policy does not ask");
}

#[test]
fn a_tag_elsewhere_is_told_by_where_it_stands() {
    assert_eq!(rules("5.1.1", "main", true), ["wrong_branch"]);
    assert_eq!(rules("5.1.1", "nowhere", true), ["wrong_branch"]);
    assert_eq!(rules("5.1.1", "5.0", true), ["not_of_its_series"]);
}

#[test]
fn a_series_without_a_branch_is_released_from_main() {
    assert_eq!(rules("6.0a1", "main", true), Vec::<&str>::new());
    assert_eq!(rules("6.0a1", "nowhere", true), ["wrong_branch"]);
}

#[test]
fn a_name_that_is_no_version_is_none_of_our_business() {
    let (history, lines) = world("nightly", "main", false);
    assert_eq!(TagFacts::of(&history, &series(), &lines, "nightly"), None);
}

#[test]
fn a_moved_tag_is_told_with_both_places() {
    let mut facts = tag("5.1.1", "5.1", true);
    facts.moved_from = Some("f".repeat(40));
    let told: Vec<_> = TagFinding::of(&facts, false).iter().map(|finding| finding.sentence(&facts.tag)).collect();
    assert_eq!(told, ["the tag 5.1.1 was moved from ffffffffff to 0000000200"]);
}

#[test]
fn a_release_holds_what_an_earlier_one_of_its_series_held() {
    let (_, lines) = world("5.1.1", "5.1", false);
    let line = lines.all().last().expect("5.1");
    let since = |first: &str, tag: &str| holding(&cell("5.1", Verdict::Covered, Some(first)), line, tag);
    assert_eq!(since("5.1", "5.1.1"), Holding::Held { since: "5.1".to_owned() });
    assert_eq!(since("5.1.1", "5.1.1"), Holding::Held { since: "5.1.1".to_owned() });
    assert_eq!(since("5.1.1", "5.1"), Holding::OnTheBranchOnly, "the earlier one was made without");
    assert_eq!(since("5.1.9", "5.1.1"), Holding::Unknown, "a release that is not there proves nothing");
    for (verdict, expected) in [
        (Verdict::Missing, Holding::Missing),
        (Verdict::NotTaggedYet, Holding::OnTheBranchOnly),
        (Verdict::NotAffected, Holding::NotAffected),
        (Verdict::Unknown, Holding::Unknown),
        (Verdict::AdvisoryOnly, Holding::Unknown),
    ] {
        assert_eq!(holding(&cell("5.1", verdict, None), line, "5.1.1"), expected);
    }
}
