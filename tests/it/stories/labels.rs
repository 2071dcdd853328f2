//! What people say about the bot's judgement is kept beside it, and what they say in public may teach it.

use embargod::{
    domain::{
        detector::{Detector, builtin},
        intake::{
            flagged::{Flagged, Label, Tier},
            prior::Tally,
        },
    },
    standin::Role,
};
use jiff::SignedDuration;
use serde_json::Value;

use crate::kit::{CASES, CORA, MALLORY, RAE, REPO, Setting, World, policy};

/// A world whose desk is an issue, with more lines in the policy's section `redirect`.
async fn world(more: &str) -> World {
    let desk = "desk:\n  kind: repository\n  repository: acme/cases\n";
    let text = policy("shield").replace("mode: shield\n", &format!("mode: shield\n{more}"));
    let mut world = World::with(Setting { policy: Some(text + desk), ..Setting::default() }).await;
    world.words_restored = true;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    world.github.grant(CASES, CORA, Role::Write).expect("a role");
    world
}

async fn exploit(world: &World) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    number
}

async fn says(world: &World, number: u64, text: &str) {
    world.clock.advance(SignedDuration::from_mins(1));
    world.github.comment(REPO, number, CORA, text).expect("said");
    world.settle().await;
}

/// Cora commands at the desk of the first case.
async fn commands(world: &World, text: &str) {
    world.clock.advance(SignedDuration::from_mins(1));
    world.github.comment(CASES, 1, CORA, text).expect("written");
    world.settle().await;
}

async fn flagged(world: &World) -> Vec<Flagged> {
    world.records().await
}

fn label(post: &Flagged) -> Option<Label> {
    post.said().map(|said| said.label)
}

#[tokio::test]
async fn a_refusal_in_public_is_a_label_and_saying_it_again_changes_nothing() {
    let world = world("").await;
    let number = exploit(&world).await;
    let before = flagged(&world).await;
    assert_eq!((before.len(), before[0].tier, before[0].in_public), (1, Tier::Act, true));
    assert_eq!(label(&before[0]), None);
    assert!(before[0].score > 0.5 && !before[0].features.is_empty());

    says(&world, number, "/not-security").await;
    let after = flagged(&world).await;
    let said = after[0].said_in_public.clone().expect("a label");
    assert_eq!((said.label, said.by.as_str()), (Label::Refused, CORA));
    assert_eq!(after[0].said_in_private, None);
    let tally: Vec<Tally> = world.records().await;
    assert_eq!((tally[0].told, tally[0].refused), (1, 1));

    says(&world, number, "/not-security").await;
    for delivery in world.github.deliveries() {
        world.github.redeliver(delivery.id);
    }
    world.settle().await;
    assert_eq!(flagged(&world).await, after);
    assert_eq!(world.records::<Tally>().await, tally);
    world.finish().await;
}

#[tokio::test]
async fn a_refusal_of_a_mere_answer_is_a_label_as_well_and_an_outsiders_is_none() {
    let world = world("").await;
    let (title, body) = world.question();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    world.github.comment(REPO, number, MALLORY, "/not-security").expect("said");
    world.settle().await;
    assert_eq!(label(&flagged(&world).await[0]), None);
    says(&world, number, "/not-security").await;
    let kept = flagged(&world).await;
    assert_eq!((kept[0].tier, label(&kept[0])), (Tier::Channel, Some(Label::Refused)));
    world.finish().await;
}

#[tokio::test]
async fn a_verdict_at_the_desk_is_a_private_label_and_goes_with_it() {
    let world = world("").await;
    exploit(&world).await;
    commands(&world, "/ack\n/affects main\n/accept").await;
    let kept = flagged(&world).await;
    let said = kept[0].said_in_private.clone().expect("a label");
    assert_eq!((said.label, said.by.as_str()), (Label::Confirmed, CORA));
    assert_eq!(kept[0].said_in_public, None);
    assert!(world.records::<Tally>().await.is_empty(), "nothing was said in public");
    world.finish().await;
}

#[tokio::test]
async fn a_report_that_is_no_vulnerability_was_still_no_false_alarm() {
    for (command, expected) in [("/reject invalid", Label::Moot), ("/reject spam", Label::Refused)] {
        let world = world("").await;
        exploit(&world).await;
        commands(&world, &format!("/ack\n{command}")).await;
        assert_eq!(label(&flagged(&world).await[0]), Some(expected), "{command}");
        world.finish().await;
    }
}

#[tokio::test]
async fn no_word_of_a_post_is_kept_with_its_label() {
    let world = world("").await;
    let number = exploit(&world).await;
    says(&world, number, "/not-security").await;
    let kept = serde_json::to_string(&flagged(&world).await).expect("plain data");
    world.canary.must_not_be_in("the labels", kept.as_bytes());
    assert!(!kept.contains("order_by") && !kept.contains("password"), "{kept}");
    world.finish().await;
}

#[tokio::test]
async fn the_report_shows_what_was_said_to_people_and_to_scripts() {
    let world = world("").await;
    let number = exploit(&world).await;
    says(&world, number, "/not-security").await;
    exploit(&world).await;
    let shown = world.command(&["detector", "report"]).await;
    let text = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.status.success() && text.contains("acme/framework") && text.contains("tier act"), "{text}");
    let json = world.command(&["detector", "report", "--json"]).await;
    let value: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let all = &value["lines"][0];
    let counted = ["told", "refused", "unlabelled"].map(|key| all[key].as_u64());
    assert_eq!(counted, [Some(2), Some(1), Some(1)]);
    assert_eq!(all["precision"]["value"], 0.0);
    world.finish().await;
}

/// How many of five doubtful posts were answered, if each answer is refused or not. The bar lies a little below their odds.
async fn answered(prior: &str, refuse: bool) -> (usize, Vec<String>) {
    let title = "Odd results of order_by";
    let body = "The `order_by` parameter seems to be put into the SQL statement without escaping. SQL injection?";
    let score = builtin().judge(title, body).score();
    let odds = score / (1.0 - score) * 0.8;
    let bars = format!("  act_at: 0.9999999\n  reply_at: {}\n{prior}", odds / (1.0 + odds));
    let world = world(&bars).await;
    let mut answered = 0;
    for _ in 0..5 {
        let number = world.github.open_issue(REPO, RAE, title, body).expect("posted");
        world.settle().await;
        let said = !world.said(number).is_empty();
        answered += usize::from(said);
        if said && refuse {
            says(&world, number, "/not-security").await;
        }
    }
    let (_, rules) = world.last_decision_about_a_post_of(RAE).await;
    world.finish().await;
    (answered, rules)
}

#[tokio::test]
async fn where_maintainers_refuse_in_public_the_bot_grows_quieter_and_says_why() {
    let auto = "  prior: auto\n";
    let (all, _) = answered(auto, false).await;
    assert_eq!(all, 5, "clear enough to be answered");
    let (fewer, rules) = answered(auto, true).await;
    assert_eq!(fewer, 1, "one refusal moves the odds by a third");
    assert!(rules.contains(&"context.prior".to_owned()), "{rules:?}");
    let (all, _) = answered("", true).await;
    assert_eq!(all, 5, "nothing is learnt unless the policy asks for it");
}

/// The same public events; in private a report is accepted, rejected, or not looked at.
#[tokio::test]
async fn what_is_said_at_a_desk_changes_nothing_in_public() {
    let mut seen = Vec::new();
    for private in ["", "/ack\n/affects main\n/accept", "/ack\n/reject spam", "/ack\n/reject invalid"] {
        let world = world("  prior: auto\n").await;
        exploit(&world).await;
        world.clock.advance(SignedDuration::from_mins(1));
        if !private.is_empty() {
            world.github.comment(CASES, 1, CORA, private).expect("written");
            world.settle().await;
            assert!(flagged(&world).await[0].said_in_private.is_some(), "{private}");
        }
        let (title, body) = world.question();
        for n in 0..2 {
            let number = world.github.open_issue(REPO, MALLORY, &format!("{title} {n}"), &body).expect("posted");
            world.settle().await;
            if n == 0 {
                says(&world, number, "/not-security").await;
            }
        }
        exploit(&world).await;
        let tally: Vec<Tally> = world.records().await;
        assert_eq!((tally[0].told, tally[0].refused), (2, 1), "after {private:?}");
        let shown = serde_json::to_string(&world.github.public_transcript()).expect("JSON");
        let shown =
            shown.replace(world.canary.word(), "CANARY").replace(&world.github.web_url(), "https://github.example");
        seen.push(without_marks(&shown));
        world.finish().await;
    }
    for other in &seen[1..] {
        assert_eq!(other, &seen[0]);
    }
}

/// Each world has a sealing key of its own, and so marks of its own.
fn without_marks(shown: &str) -> String {
    let mark = regex::Regex::new("<!-- embargod:[^ ]* -->").expect("a valid pattern");
    mark.replace_all(shown, "<!-- mark -->").into_owned()
}
