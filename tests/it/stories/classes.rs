//! What a post is decides what happens: a question gets the channel, a doubt a gentle word, everything else nothing.

use embargod::domain::{
    detector::{Detector, builtin},
    intake::IntakeClass,
};

use crate::kit::{MALLORY, RAE, REPO, Setting, World, policy};

const CHANNEL_ASKED: &str = "Thank you for asking first. This project takes reports about security through the [private \
    form](https://github.com/acme/framework/security/advisories/new) or by mail to security@acme.example. A person answers \
    there within {acknowledged within}.\n\nPlease leave details out of public places until then.";

const CHANNEL_BY_MAIL: &str = "Thank you for asking first. This project takes reports about security by mail to \
    security@acme.example. A person answers there within {acknowledged within}.\n\nPlease leave details out of public places \
    until then.";

const CHANNEL_BY_FORM: &str = "Thank you for asking first. This project takes reports about security through the [private \
    form](https://github.com/acme/framework/security/advisories/new). A person answers there within {acknowledged \
    within}.\n\nPlease leave details out of public places until then.";

const WHERE_TO_GO: &str = "Thank you for taking the time to write. In case this touches on security, whether or not it turns \
    out to be a problem: this project handles such questions in private first.\n\nPlease continue through the [private \
    form](https://github.com/acme/framework/security/advisories/new) or by mail to security@acme.example, and leave details \
    out of public places until then. A person answers there within {acknowledged within}.\n\nIf it does not, nothing needs \
    to be done, and the thread goes on as usual.";

fn without_email() -> String {
    policy("shield").replace("  email: security@acme.example\n", "")
}

/// A post that may be about a weakness, or not.
fn doubtful() -> (String, String) {
    (
        "Odd results of order_by".to_owned(),
        "The `order_by` parameter seems to be put into the SQL statement without escaping. SQL injection?".to_owned(),
    )
}

/// A world in which the doubtful post is above the bar for an answer and below the one for acting.
async fn world_that_doubts() -> World {
    let (title, body) = doubtful();
    let score = builtin().judge(&title, &body).score();
    let (reply_at, act_at) = (score / 2.0, f64::midpoint(score, 0.95));
    assert!(reply_at < score && score < act_at);
    let bars = format!("mode: shield\n  reply_at: {reply_at}\n  act_at: {act_at}\n");
    World::with(Setting { policy: Some(policy("shield").replace("mode: shield\n", &bars)), ..Setting::default() }).await
}

async fn opened(world: &World, (title, body): &(String, String)) -> u64 {
    let number = world.github.open_issue(REPO, RAE, title, body).expect("posted");
    world.settle().await;
    number
}

/// The thread is as its author left it.
fn assert_untouched(world: &World, number: u64, (title, body): &(String, String)) {
    let thread = world.thread(number);
    assert_eq!((&thread.title, thread.body()), (title, body.as_str()));
    assert!(thread.open && !thread.locked && thread.labels.is_empty());
    assert!(thread.post.revisions.is_empty());
}

async fn assert_said_alone(world: &World, number: u64, text: &str) {
    let said: Vec<_> = world.said(number).iter().map(|s| world.as_read(s)).collect();
    assert_eq!(said, [text]);
    assert!(world.cases().await.is_empty(), "a question is no case");
    let drafts = world.github.advisories(REPO).expect("the repository");
    assert!(drafts.is_empty());
}

#[tokio::test]
async fn whoever_asks_for_the_channel_is_given_it() {
    let world = World::new().await;
    let post = world.question();
    let number = opened(&world, &post).await;
    assert_untouched(&world, number, &post);
    assert_said_alone(&world, number, CHANNEL_ASKED).await;
    let (outcome, rules) = world.last_decision_about_a_post_of(RAE).await;
    assert_eq!(outcome, "replied");
    assert!(rules.contains(&"intake.asks_channel".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn whoever_asks_again_in_the_same_thread_was_answered_already() {
    let world = World::new().await;
    let post = world.question();
    let number = opened(&world, &post).await;
    world.github.comment(REPO, number, MALLORY, &post.1).expect("posted");
    world.settle().await;
    assert_said_alone(&world, number, CHANNEL_ASKED).await;
    world.finish().await;
}

#[tokio::test]
async fn a_form_that_is_switched_off_is_not_offered() {
    let world = World::with(Setting { private_reporting: false, ..Setting::default() }).await;
    let number = opened(&world, &world.question()).await;
    assert_said_alone(&world, number, CHANNEL_BY_MAIL).await;
    world.finish().await;
}

#[tokio::test]
async fn a_project_without_an_address_offers_its_form() {
    let world = World::with(Setting { policy: Some(without_email()), ..Setting::default() }).await;
    let number = opened(&world, &world.question()).await;
    assert_said_alone(&world, number, CHANNEL_BY_FORM).await;
    world.finish().await;
}

#[tokio::test]
async fn where_no_channel_works_maintainers_are_alerted_and_nobody_is_sent_anywhere() {
    let world =
        World::with(Setting { private_reporting: false, policy: Some(without_email()), ..Setting::default() }).await;
    let mark = world.github.mark();
    let post = world.question();
    let number = opened(&world, &post).await;
    // A second person asks elsewhere: the same trouble, so the same alert.
    opened(&world, &post).await;

    assert_untouched(&world, number, &post);
    assert!(world.said(number).is_empty());
    assert!(world.writes_since(mark).is_empty());
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].text.contains("private vulnerability reporting"), "{}", alerts[0].text);
    world.finish().await;
}

#[tokio::test]
async fn an_address_that_bounces_is_not_offered_to_the_one_who_says_so() {
    let world = World::new().await;
    let post = (
        "Mail to Security@ACME.example bounces".to_owned(),
        "I tried to report a security vulnerability privately to Security@ACME.example, but the mail came back as \
         undeliverable. Where can I send a security report instead?"
            .to_owned(),
    );
    let number = opened(&world, &post).await;
    assert_said_alone(&world, number, CHANNEL_BY_FORM).await;
    world.finish().await;
}

#[tokio::test]
async fn an_address_that_bounces_and_no_form_is_an_alert() {
    let world = World::with(Setting { private_reporting: false, ..Setting::default() }).await;
    let post = (
        "Mail to security@acme.example bounces".to_owned(),
        "I tried to report a security vulnerability privately to security@acme.example, but the mail came back as \
         undeliverable. Where can I send a security report instead?"
            .to_owned(),
    );
    let number = opened(&world, &post).await;
    assert!(world.said(number).is_empty());
    assert_eq!(world.alerts().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_is_public_already_wished_for_or_every_day_is_left_alone_and_explained() {
    let world = World::new().await;
    // The policy is read once, for the first post.
    opened(&world, &world.harmless()).await;
    for (post, class) in [
        (world.scanner_report(), IntakeClass::KnownPublic),
        (world.hardening_wish(), IntakeClass::Hardening),
        (world.noise(), IntakeClass::Ordinary),
    ] {
        assert_eq!(builtin().judge(&post.0, &post.1).class, class);
        let mark = world.github.mark();
        let number = opened(&world, &post).await;
        assert_eq!(world.github.requests_since(mark).len(), 0);
        assert_untouched(&world, number, &post);
        assert!(world.said(number).is_empty());

        let decisions = world.decisions().await;
        let last = decisions.last().expect("it was decided");
        assert_eq!(last.outcome, "nothing");
        assert!(last.effects.is_empty());
        assert_eq!(last.reasons[0].rule, "intake.below_bar");
        assert!(last.reasons[0].text.contains(class.slug()));
        assert!(last.reasons.iter().any(|r| r.rule.starts_with("detector.")), "and which words led there");
    }
    assert!(world.cases().await.is_empty() && world.alerts().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_doubtful_post_is_told_where_to_go_and_stays_as_it_is() {
    let world = world_that_doubts().await;
    let number = opened(&world, &doubtful()).await;
    assert_untouched(&world, number, &doubtful());
    assert_said_alone(&world, number, WHERE_TO_GO).await;
    let (outcome, rules) = world.last_decision_about_a_post_of(RAE).await;
    assert_eq!(outcome, "replied");
    assert!(rules.contains(&"intake.gentle".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn a_doubtful_post_that_becomes_certain_is_moved_without_a_second_answer() {
    let world = world_that_doubts().await;
    let number = opened(&world, &doubtful()).await;
    assert_eq!(world.said(number).len(), 1);
    assert!(world.thread(number).open);

    let (title, body) = world.exploit();
    world.github.edit_thread(REPO, number, RAE, Some(&title), Some(&body)).expect("edited");
    world.settle().await;
    let thread = world.thread(number);
    assert!(!thread.open && thread.locked);
    assert_eq!(world.said(number).len(), 1, "answered once for ever");
    assert_eq!(world.cases().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_doubtful_pull_request_is_left_alone() {
    let world = world_that_doubts().await;
    let (title, body) = doubtful();
    let mark = world.github.mark();
    world.github.open_pull_request(REPO, RAE, &title, &body, "fix", "Escape").expect("opened");
    world.settle().await;
    assert!(world.writes_since(mark).is_empty());
    let (_, rules) = world.last_decision_about_a_post_of(RAE).await;
    assert!(rules.contains(&"intake.pull_request".to_owned()));
    world.finish().await;
}
