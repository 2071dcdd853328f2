//! The report as it is read.

use jiff::Timestamp;

use super::*;
use crate::domain::{
    intake::{
        flagged::{Flagged, Label, Said, Tier},
        record::PostOutcome,
    },
    post::{RepoName, Surface},
};

fn flagged(number: u64, tier: Tier, rule: &str, label: Option<Label>) -> Flagged {
    let said = |label| Said { label, by: "cora".to_owned(), at: Timestamp::UNIX_EPOCH };
    Flagged {
        key: format!("repo:12/issue/{number}"),
        repository_id: 12,
        repository: RepoName { owner: "acme".to_owned(), name: "framework".to_owned() },
        surface: Surface::Issue,
        decision: format!("guid-{number}"),
        at: Timestamp::UNIX_EPOCH,
        model: "test-1".to_owned(),
        words: 0.9,
        score: 0.9,
        tier,
        outcome: PostOutcome::Replied,
        in_public: true,
        features: vec![rule.to_owned(), "another".to_owned()],
        said_in_public: None,
        said_in_private: label.map(said),
    }
}

fn some() -> Vec<Line> {
    report::lines(&[
        flagged(1, Tier::Act, "injection", Some(Label::Confirmed)),
        flagged(2, Tier::Act, "injection", Some(Label::Refused)),
        flagged(3, Tier::Act, "xss", Some(Label::Moot)),
        flagged(4, Tier::Reply, "xss", None),
    ])
}

#[test]
fn each_repository_tier_and_rule_has_its_line() {
    let shown = table(&some());
    let expected = "\
acme/framework
                                      told  right  wrong moot silent  precision
all                                      4      1      1    1      1  0.50 (0.09 to 0.91)
  tier act                               3      1      1    1      0  0.50 (0.09 to 0.91)
    injection                            2      1      1    0      0  0.50 (0.09 to 0.91)
    xss                                  1      0      0    1      0  -
  tier reply                             1      0      0    0      1  -
    xss                                  1      0      0    0      1  -
";
    assert_eq!(shown.split("\nright =").next(), Some(expected));
}

#[test]
fn scripts_get_the_same_as_numbers() {
    let value: serde_json::Value = serde_json::from_str(&as_json(&some())).expect("JSON");
    let all = &value["lines"][0];
    assert_eq!(
        (&all["repository"], &all["told"], &all["unlabelled"]),
        (&json!("acme/framework"), &json!(4), &json!(1))
    );
    assert_eq!((&all["tier"], &all["rule"]), (&json!(null), &json!(null)));
    assert_eq!(all["precision"]["value"], json!(0.5));
    assert_eq!(value["lines"][3]["precision"], json!(null));
}

#[test]
fn an_empty_store_says_so() {
    assert_eq!(table(&[]), "nothing was held for private yet\n");
}
