//! What counts besides the words, through the real door: who wrote a post, by which form, which files it changes.

use embargod::domain::detector::{Detector, builtin};

use crate::kit::{RAE, REPO, Setting, World, policy};

/// A question that is between the bars where they lie around its own score.
async fn world_around(post: &(String, String), factor: f64, more: &str) -> World {
    let score = builtin().judge(&post.0, &post.1).score();
    let odds = score / (1.0 - score) * factor;
    let reply_at = odds / (1.0 + odds);
    let lines = format!("mode: shield\n  act_at: 0.9999999\n  reply_at: {reply_at}\n{more}");
    World::with(Setting { policy: Some(policy("shield").replace("mode: shield\n", &lines)), ..Setting::default() })
        .await
}

fn doubtful() -> (String, String) {
    (
        "Odd results of order_by".to_owned(),
        "The `order_by` parameter seems to be put into the SQL statement without escaping. SQL injection?".to_owned(),
    )
}

async fn reasons(world: &World) -> Vec<String> {
    world.last_decision_about_a_post_of(RAE).await.1
}

#[tokio::test]
async fn a_form_that_labels_a_post_as_security_helps_it_to_an_answer() {
    let post = doubtful();
    // The bar is at 1.5 times the odds of the words; the form's label doubles them.
    let world = world_around(&post, 1.5, "").await;
    let plain = world.github.open_issue(REPO, RAE, &post.0, &post.1).expect("posted");
    world.settle().await;
    assert!(world.said(plain).is_empty());
    assert!(reasons(&world).await.contains(&"intake.below_bar".to_owned()));

    let by_form = world.github.open_issue_by_form(REPO, RAE, &post.0, &post.1, &["security"]).expect("posted");
    world.settle().await;
    assert_eq!(world.said(by_form).len(), 1);
    assert!(reasons(&world).await.contains(&"context.security_form".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_of_lock_files_alone_is_no_case() {
    let (title, body) = ("Bump".to_owned(), String::new());
    let world = World::new().await;
    let exploit = world.exploit();
    let score = builtin().judge(&exploit.0, &exploit.1).score();
    world.finish().await;
    // Between the odds of the words and a tenth of them, so that one sign decides.
    let odds = score / (1.0 - score) / 3.0;
    let bar = odds / (1.0 + odds);
    let lines = format!("mode: shield\n  act_at: {bar}\n  reply_at: {bar}\n");
    let text = policy("shield").replace("mode: shield\n", &lines);
    let world = World::with(Setting { policy: Some(text), ..Setting::default() }).await;
    let (exploit_title, exploit_body) = world.exploit();
    // The words come with an edit, once the files are known.
    for (files, cases) in [(&["Cargo.lock", "web/yarn.lock"][..], 0), (&["Cargo.lock", "src/query.rs"][..], 1)] {
        let branch = format!("bump-{cases}");
        let number = world.github.open_pull_request(REPO, RAE, &title, &body, &branch, "Bump").expect("opened");
        world.github.set_changed_files(REPO, number, files).expect("changed");
        world.settle().await;
        world.github.edit_thread(REPO, number, RAE, Some(&exploit_title), Some(&exploit_body)).expect("edited");
        world.settle().await;
        assert_eq!(world.cases().await.len(), cases, "{files:?}");
        assert_eq!(reasons(&world).await.contains(&"context.lock_files".to_owned()), cases == 0);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_post_about_a_dependency_of_the_policy_has_to_be_clearer() {
    let post = doubtful();
    let world = world_around(&post, 0.8, "  dependencies: [sqlkit]\n").await;
    let plain = world.github.open_issue(REPO, RAE, &post.0, &post.1).expect("posted");
    world.settle().await;
    assert_eq!(world.said(plain).len(), 1);
    let world_of_words = format!("{} (sqlkit)", post.0);
    let about = world.github.open_issue(REPO, RAE, &world_of_words, &post.1).expect("posted");
    world.settle().await;
    assert!(world.said(about).is_empty());
    assert!(reasons(&world).await.contains(&"context.dependency".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn what_the_policy_allows_stays_and_is_explained_by_its_place() {
    let more = "  allow: { titles: [\"[lab]*\"], labels: [ctf] }\n";
    let text = policy("shield").replace("mode: shield\n", &format!("mode: shield\n{more}"));
    let world = World::with(Setting { policy: Some(text), ..Setting::default() }).await;
    let (title, body) = world.exploit();
    let mark = world.github.mark();
    world.github.open_issue(REPO, RAE, &format!("[Lab] {title}"), &body).expect("posted");
    world.settle().await;
    world.github.open_issue_by_form(REPO, RAE, &title, &body, &["CTF"]).expect("posted");
    world.settle().await;
    assert!(world.writes_since(mark).is_empty() && world.cases().await.is_empty());
    let decisions = world.decisions().await;
    let of_posts = decisions.iter().filter(|decision| decision.feature == "redirect");
    let why: Vec<&str> = of_posts.map(|decision| decision.reasons[0].text.as_str()).collect();
    assert_eq!(
        why,
        [
            "`redirect.allow.titles[0]` of the policy leaves it alone",
            "`redirect.allow.labels[0]` of the policy leaves it alone"
        ]
    );
    let moved = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert!(world.ending(moved).await.is_shielded());
    world.finish().await;
}

#[tokio::test]
async fn a_cost_in_the_policy_decides_who_is_answered() {
    let post = doubtful();
    let score = builtin().judge(&post.0, &post.1).score();
    for (worth, answers) in [(1.05 / score, 1), (0.9 * (1.0 / score - 1.0), 0)] {
        let lines = format!("mode: shield\n  act_at: 0.9999999\n  reply_at: {{ a_miss_is_worth: {worth} }}\n");
        let text = policy("shield").replace("mode: shield\n", &lines);
        let world = World::with(Setting { policy: Some(text), ..Setting::default() }).await;
        let number = world.github.open_issue(REPO, RAE, &post.0, &post.1).expect("posted");
        world.settle().await;
        assert_eq!(world.said(number).len(), answers, "a miss is worth {worth} at a score of {score}");
        world.finish().await;
    }
}
