//! The signs besides the words, told as stories: each moves the score as the table says, and none has a post hidden.

use proptest::prelude::*;

use super::*;
use crate::domain::intake::{
    FirstLook, first_look,
    record::PostOutcome,
    tests::{Memory, Story, at, judgement, kinds, policy_with, post},
};
use crate::domain::{
    intake::{
        Named,
        flagged::{self, Label, Said, Tier},
        prior::Shift,
    },
    post::{Post, Surface},
    record::Versioned,
};

/// `act_at` 0.9, `reply_at` 0.5, as in all stories here; the words say `score`.
fn outcome(story: &Story, post: &Post, score: f64) -> (String, Vec<String>) {
    let taken = story.tell(post, &judgement(score, 0.0), &mut Memory::blank(post));
    let rules = taken.decision.reasons.iter().map(|reason| reason.rule.clone());
    (taken.decision.outcome.clone(), rules.filter(|rule| rule.starts_with("context.")).collect())
}

fn shield() -> Story {
    Story::in_mode("shield")
}

fn bot() -> Post {
    let mut post = post(Surface::Issue);
    post.author.is_bot = true;
    post
}

#[test]
fn an_outsiders_post_without_any_sign_is_judged_by_its_words_alone() {
    assert_eq!(outcome(&shield(), &post(Surface::Issue), 0.6), ("replied".to_owned(), vec![]));
    assert_eq!(outcome(&shield(), &post(Surface::Issue), 0.95), ("shielded".to_owned(), vec![]));
}

#[test]
fn what_a_bot_writes_has_to_be_clearer() {
    assert_eq!(outcome(&shield(), &bot(), 0.6).0, "nothing");
    let (outcome, signs) = outcome(&shield(), &bot(), 0.95);
    assert_eq!((outcome.as_str(), signs.as_slice()), ("replied", &["context.bot_author".to_owned()][..]));
}

#[test]
fn a_reason_says_which_sign_how_much_and_where_from() {
    let taken = shield().tell(&bot(), &judgement(0.6, 0.0), &mut Memory::blank(&bot()));
    let reason = &taken.decision.reasons[0];
    assert_eq!(reason.text, "class disclosure: score 0.169 (its words alone 0.600) is below reply_at 0.5");
    let sign = taken.decision.reasons.iter().find(|reason| reason.rule == "context.bot_author").expect("told");
    assert_eq!((sign.text.as_str(), sign.source.as_deref()), ("a bot or App wrote it (-2.00)", Some("user.type")));
}

#[test]
fn a_form_about_security_helps_to_an_answer_and_never_hides() {
    let mut issue = post(Surface::Issue);
    issue.labels = vec!["Security".to_owned()];
    assert_eq!(outcome(&shield(), &issue, 0.4).0, "replied", "the words alone would not be answered");
    assert_eq!(outcome(&shield(), &issue, 0.89).0, "replied", "the words alone would not be hidden");
    for label in ["docs", "type: Documentation", "kind/feature-request"] {
        issue.labels = vec![label.to_owned()];
        assert_eq!(outcome(&shield(), &issue, 0.6).0, "nothing", "{label}");
    }
    for label in ["docker", "insecurity", "area/core"] {
        issue.labels = vec![label.to_owned()];
        assert_eq!(outcome(&shield(), &issue, 0.6), ("replied".to_owned(), vec![]), "{label}");
    }
}

#[test]
fn a_label_that_somebody_put_on_later_is_no_forms() {
    let mut issue = post(Surface::Issue);
    issue.labels = vec!["security".to_owned()];
    issue.happening = Happening::Edited;
    assert_eq!(outcome(&shield(), &issue, 0.4), ("nothing".to_owned(), vec![]));
    let mut insiders = post(Surface::Issue);
    insiders.labels = vec!["security".to_owned()];
    insiders.association = Association::Member;
    assert_eq!(outcome(&shield(), &insiders, 0.4).1, ["context.insider"]);
}

#[test]
fn ids_that_are_public_speak_against_it_and_one_that_is_not_keeps_all_of_them_silent() {
    let naming = |ids: &[&str], published: &[&str]| {
        let words = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let story = Story {
            named: Named { ids: words(ids), ..Named::default() },
            asked: Asked { published_ids: words(published), ..Asked::default() },
            ..shield()
        };
        outcome(&story, &post(Surface::Issue), 0.7).0
    };
    // The posts of these stories are of 2026.
    assert_eq!(naming(&["CVE-2024-1234"], &[]), "nothing", "two years old");
    assert_eq!(naming(&["CVE-2026-1234"], &[]), "replied", "may still be under embargo");
    assert_eq!(naming(&["CVE-2026-1234"], &["CVE-2026-1234"]), "nothing", "published here");
    assert_eq!(naming(&["GHSA-JFH8-C2JP-5V3Q"], &[]), "replied");
    assert_eq!(naming(&["GHSA-JFH8-C2JP-5V3Q"], &["GHSA-jfh8-c2jp-5v3q"]), "nothing");
    assert_eq!(naming(&["CVE-2019-1", "CVE-2026-1234"], &[]), "replied");
}

#[test]
fn a_pull_request_that_changes_lock_files_alone_alarms_nobody() {
    let pull = post(Surface::PullRequest);
    let with = |files: &[&str]| {
        let changed = files.iter().map(|file| (*file).to_owned()).collect();
        let story = Story { asked: Asked { changed_files: Some(changed), ..Asked::default() }, ..shield() };
        outcome(&story, &pull, 0.95).0
    };
    assert_eq!(with(&["Cargo.lock", "web/package-lock.json"]), "nothing");
    assert_eq!(with(&["Cargo.lock", "src/lib.rs"]), "alerted");
    assert_eq!(with(&[]), "alerted", "nothing is known");
}

#[test]
fn a_post_about_a_dependency_and_one_of_a_contributor_have_to_be_clearer() {
    let about = Story { named: Named { dependency: Some(0), ..Named::default() }, ..shield() };
    assert_eq!(outcome(&about, &post(Surface::Issue), 0.6).0, "nothing");
    let mut known = post(Surface::Issue);
    known.association = Association::Contributor;
    assert_eq!(outcome(&shield(), &known, 0.55).0, "nothing");
    let mut first = post(Surface::Issue);
    first.association = Association::FirstTimeContributor;
    assert_eq!(outcome(&shield(), &first, 0.46).0, "replied");
}

#[test]
fn the_prior_of_the_repository_is_a_reason_like_the_others() {
    let rare = Story { prior: Some(Shift::Learnt { log_odds: -1.0, told: 4, refused: 4 }), ..shield() };
    let taken = rare.tell(&post(Surface::Issue), &judgement(0.6, 0.0), &mut Memory::blank(&post(Surface::Issue)));
    assert_eq!(taken.decision.outcome, "nothing");
    let reason = taken.decision.reasons.iter().find(|reason| reason.rule == "context.prior").expect("told");
    assert_eq!(reason.text, "maintainers refused 4 of 4 answers here in public (-1.00)");
}

#[test]
fn what_the_policy_allows_is_left_alone_and_nobody_is_told() {
    let allowing =
        |what: &str| Story { policy: policy_with("shield", &format!("  allow: {{ {what} }}\n")), ..shield() };
    let mut issue = post(Surface::Issue);
    issue.labels = vec!["CTF".to_owned()];
    let story = allowing("labels: [other, ctf]");
    let taken = story.tell(&issue, &judgement(0.97, 0.0), &mut Memory::blank(&issue));
    assert_eq!((taken.decision.outcome.as_str(), kinds(&taken)), ("nothing", vec![]));
    assert_eq!(taken.decision.reasons[0].text, "`redirect.allow.labels[1]` of the policy leaves it alone");

    assert_eq!(outcome(&allowing("authors: [Mallory]"), &post(Surface::Issue), 0.97).0, "nothing");
    assert_eq!(outcome(&allowing("authors: [rae]"), &post(Surface::Issue), 0.97).0, "shielded");
    let titled =
        Story { named: Named { allowed_title: Some(0), ..Named::default() }, ..allowing("titles: [\"lab*\"]") };
    assert_eq!(outcome(&titled, &post(Surface::Issue), 0.97).0, "nothing");

    let pull = |files: &[&str]| {
        let changed = files.iter().map(|file| (*file).to_owned()).collect();
        let asked = Asked { changed_files: Some(changed), ..Asked::default() };
        outcome(&Story { asked, ..allowing("paths: [\"labs/*\"]") }, &post(Surface::PullRequest), 0.97).0
    };
    assert_eq!(pull(&["labs/1/app.py", "labs/readme"]), "nothing");
    assert_eq!(pull(&["labs/1/app.py", "src/app.py"]), "alerted");
}

#[test]
fn a_cost_in_the_policy_is_the_bar() {
    let mut costly = policy_with("reply", "");
    costly.redirect.reply_at = crate::domain::policy::Bar::MissIsWorth(20.0);
    let story = Story { policy: costly, ..Story::in_mode("reply") };
    let issue = post(Surface::Issue);
    assert_eq!(outcome(&story, &issue, 0.047).0, "nothing");
    assert_eq!(outcome(&story, &issue, 0.048).0, "replied");
    let taken = story.tell(&issue, &judgement(0.2, 0.0), &mut Memory::blank(&issue));
    assert!(taken.decision.reasons[0].text.contains("reply_at 0.048 (a miss is worth 20)"));
}

#[test]
fn a_post_about_which_something_is_done_is_kept_for_labels_without_a_word_of_it() {
    let issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    shield().tell(&issue, &judgement(0.97, 0.01), &mut memory);
    let kept = memory.flagged.clone().expect("kept");
    assert_eq!((kept.tier, kept.outcome, kept.in_public), (Tier::Act, PostOutcome::Shielded, true));
    assert_eq!(kept.features, ["crafted_input"]);
    assert_eq!((kept.decision.as_str(), kept.model.as_str()), ("guid-1", "test-1"));
    assert_eq!(memory.thread.value.flagged, [issue.place.post_key()]);
    let stored = serde_json::to_string(&kept).expect("plain data");
    assert!(!stored.contains("canary"), "{stored}");

    let mut memory = Memory::blank(&issue);
    shield().tell(&issue, &judgement(0.2, 0.0), &mut memory);
    assert!(memory.flagged.is_none(), "nothing was done");

    let pull = post(Surface::PullRequest);
    let mut memory = Memory::blank(&pull);
    shield().tell(&pull, &judgement(0.97, 0.0), &mut memory);
    assert!(!memory.flagged.expect("kept").in_public, "told in private alone");
}

#[test]
fn saying_it_twice_is_one_label_and_what_is_said_in_private_is_not_in_the_tally() {
    let issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    shield().tell(&issue, &judgement(0.97, 0.0), &mut memory);
    let kept = memory.flagged.expect("kept");
    let versioned = |value| vec![Versioned { value, version: 1 }];
    let refused = Said { label: Label::Refused, by: "cora".to_owned(), at: at(9) };

    let private = flagged::said_in_private(versioned(kept.clone()), Some(&refused));
    assert_eq!(private.len(), 1);
    let after: flagged::Flagged = serde_json::from_value(private[0].value.clone()).expect("flagged");
    assert_eq!(after.said(), Some(&refused));
    assert!(flagged::said_in_private(versioned(after.clone()), Some(&refused)).is_empty(), "said before");
    assert_eq!(flagged::said_in_private(versioned(after.clone()), None).len(), 1, "taken back");

    let public = flagged::said_in_public(versioned(after.clone()), &refused);
    let tally = flagged::tally(12, &[after.clone(), kept.clone()], &public, at(9)).expect("something was said");
    assert_eq!((tally.told, tally.refused), (1, 1), "one post, however often it is listed");
    let other = flagged::Flagged { key: "repo:12/issue/8".to_owned(), ..after };
    let tally = flagged::tally(12, &[kept, other], &public, at(9)).expect("something was said");
    assert_eq!((tally.told, tally.refused), (2, 1), "a label from a desk counts for nothing here");
}

proptest! {
    /// Whatever speaks for a post besides its words, it is never hidden where its words alone would not have it hidden.
    #[test]
    fn only_words_have_a_post_hidden(
        score in 0.0_f64..0.9,
        first in any::<bool>(),
        labelled in any::<bool>(),
        prior in proptest::option::of(-3.0_f64..3.0),
    ) {
        let mut issue = post(Surface::Issue);
        if first {
            issue.association = Association::FirstTimeContributor;
        }
        if labelled {
            issue.labels = vec!["vulnerability".to_owned()];
        }
        let story = Story { prior: prior.map(Shift::Given), ..shield() };
        let taken = story.tell(&issue, &judgement(score, 0.0), &mut Memory::blank(&issue));
        prop_assert_ne!(taken.decision.outcome, "shielded");
    }

    /// What is asked for after the first look can only take away, so the first look may end with nothing.
    #[test]
    fn what_the_first_look_lets_go_would_not_come_back(score in 0.0_f64..1.0, lock in any::<bool>(), old in any::<bool>()) {
        let issue = post(Surface::Issue);
        let asked = Asked {
            changed_files: lock.then(|| vec!["Cargo.lock".to_owned()]),
            published_ids: if old { vec!["CVE-2026-9".to_owned()] } else { Vec::new() },
        };
        let story = Story { named: Named { ids: vec!["CVE-2026-9".to_owned()], ..Named::default() }, ..shield() };
        let memory = Memory::blank(&issue);
        let judged = judgement(score, 0.0);
        let inquiry = story.inquiry(&issue, &judged, &memory);
        let (before, after) = (weigh(&inquiry, None), weigh(&inquiry, Some(&asked)));
        prop_assert!(after.score <= before.score && after.hide_score <= before.hide_score);
        if matches!(first_look(&inquiry), FirstLook::Decided(_)) {
            prop_assert!(before.score < 0.5);
        }
    }
}

#[test]
fn the_page_shows_the_very_table() {
    let page = include_str!("../../../docs/detector-tuning.md");
    for sign in SIGNS {
        let row = format!("| `{}` | {} | {:+.1} |", sign.name, sign.text, sign.log_odds);
        assert!(page.contains(&row), "{row}");
    }
}
