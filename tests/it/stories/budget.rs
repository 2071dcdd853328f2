//! What it costs: GitHub's patience is a budget, and the first calls go to what protects.

use embargod::{domain::intake::texts::NEUTRAL_BODY, standin::LoggedRequest};

use crate::kit::{CASES, MALLORY, RAE, REPO, Setting, World, policy};

/// Somebody who sees the private repository: the account that owns it.
const INSIDER: &str = "acme";

/// Calls that one redirect may cost at most, with nothing known beforehand.
const MOST_CALLS: usize = 9;

/// The calls since `mark`, each in a line, for people who read a failure.
fn listed(calls: &[LoggedRequest]) -> String {
    calls
        .iter()
        .map(|c| {
            let query = c.body["query"].as_str().unwrap_or_default();
            let query: String = query.chars().take(60).collect();
            format!("{} {} {} {query}\n", c.status, c.method, c.path)
        })
        .collect()
}

fn assert_cheap(world: &World, what: &str, mark: usize) {
    let calls = world.github.requests_since(mark);
    assert!(calls.iter().any(|c| c.mutates), "{what}: nothing was done at all");
    assert!(calls.len() <= MOST_CALLS, "{what} cost {} calls:\n{}", calls.len(), listed(&calls));
}

/// The process starts anew: no token, no policy, no channel in memory.
async fn gone_cold(world: &mut World) -> usize {
    world.settle().await;
    world.restart().await;
    world.github.mark()
}

async fn thread_of_each_kind(world: &World) -> (u64, u64, u64) {
    let (title, body) = world.harmless();
    let github = &world.github;
    let issue = github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let pull = github.open_pull_request(REPO, RAE, &title, &body, "docs", "Say it once").expect("opened");
    let discussion = github.open_discussion(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    (issue, pull, discussion)
}

#[tokio::test]
async fn a_thread_of_its_own_is_moved_cheaply_with_nothing_known_beforehand() {
    let mut world = World::new().await;
    let (title, body) = world.exploit();
    let (issue, pull, discussion) = thread_of_each_kind(&world).await;

    let mark = gone_cold(&mut world).await;
    let github = &world.github;
    github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    assert_cheap(&world, "an issue", mark);

    let mark = gone_cold(&mut world).await;
    let github = &world.github;
    github.open_discussion(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a discussion", mark);

    let mark = gone_cold(&mut world).await;
    let github = &world.github;
    github.open_pull_request(REPO, MALLORY, &title, &body, "fix", "Escape").expect("opened");
    world.settle().await;
    assert_cheap(&world, "a pull request", mark);

    for (number, what) in
        [(issue, "an edited issue"), (discussion, "an edited discussion"), (pull, "an edited pull request")]
    {
        let mark = gone_cold(&mut world).await;
        world.github.edit_thread(REPO, number, RAE, None, Some(&body)).expect("edited");
        world.settle().await;
        assert_cheap(&world, what, mark);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_post_in_a_thread_is_moved_cheaply_with_nothing_known_beforehand() {
    let mut world = World::new().await;
    let words = world.exploit_comment();

    let (issue, pull, discussion) = thread_of_each_kind(&world).await;
    // Others write there, too.
    for _ in 0..3 {
        world.github.comment(REPO, issue, RAE, "Me, too.").expect("posted");
    }
    let mark = gone_cold(&mut world).await;
    world.github.comment(REPO, issue, MALLORY, &words).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a comment under an issue", mark);

    let mark = gone_cold(&mut world).await;
    world.github.comment(REPO, pull, MALLORY, &words).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a comment under a pull request", mark);

    let mark = gone_cold(&mut world).await;
    world.github.comment_discussion(REPO, discussion, MALLORY, &words, None).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a comment in a discussion", mark);

    let (_, pull, _) = thread_of_each_kind(&world).await;
    let mark = gone_cold(&mut world).await;
    world.github.review(REPO, pull, MALLORY, "COMMENTED", &words).expect("reviewed");
    world.settle().await;
    assert_cheap(&world, "a review", mark);

    let (_, pull, _) = thread_of_each_kind(&world).await;
    let mark = gone_cold(&mut world).await;
    world.github.review_comment(REPO, pull, MALLORY, "src/lib.rs", &words).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a comment on a line", mark);

    let mark = gone_cold(&mut world).await;
    world.github.comment_commit(REPO, "main", MALLORY, &words).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a comment on a commit", mark);
    // GitHub refuses the edit of a comment on a commit; that is tried again later.
    world.losses_expected = true;
    world.finish().await;
}

#[tokio::test]
async fn questions_and_second_texts_are_cheap_too() {
    let mut world = World::new().await;
    let (title, body) = world.question();
    let (issue, _, _) = thread_of_each_kind(&world).await;
    let mark = gone_cold(&mut world).await;
    world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a question", mark);

    let mark = gone_cold(&mut world).await;
    world.github.comment(REPO, issue, MALLORY, &body).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a question in a comment", mark);

    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    let mark = gone_cold(&mut world).await;
    world.github.edit_thread(REPO, number, MALLORY, Some(&title), Some(&body)).expect("edited");
    world.settle().await;
    assert_cheap(&world, "an exploit that is brought back", mark);
    world.finish().await;
}

#[tokio::test]
async fn what_is_ordinary_costs_nothing_once_the_policy_is_known() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let mark = world.github.mark();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert_eq!(world.github.requests_since(mark).len(), 2, "a token, and the policy");

    let mark = world.github.mark();
    let (issue, pull, discussion) = thread_of_each_kind(&world).await;
    let github = &world.github;
    for number in [issue, pull] {
        github.comment(REPO, number, RAE, "Me, too.").expect("posted");
    }
    github.comment_discussion(REPO, discussion, RAE, "Me, too.", None).expect("posted");
    github.open_issue(CASES, INSIDER, &title, &body).expect("posted");
    world.settle().await;
    assert_eq!(world.github.requests_since(mark).len(), 0, "neither in public nor in private repositories");
    world.finish().await;
}

#[tokio::test]
async fn a_private_repository_costs_nothing_from_the_start() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let mark = world.github.mark();
    world.github.open_issue(CASES, INSIDER, &title, &body).expect("posted");
    world.settle().await;
    assert_eq!(world.github.requests_since(mark).len(), 0);
    assert!(!world.decisions().await.is_empty(), "it was looked at all the same");
    world.finish().await;
}

#[tokio::test]
async fn the_first_write_replaces_the_words_and_the_second_locks() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    let mark = world.github.mark();
    let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;

    let writes = world.writes_since(mark);
    let order: Vec<_> = writes.iter().map(|w| format!("{} {}", w.method, w.path)).collect();
    let ghsa = &world.github.advisories(REPO).expect("there")[0].ghsa_id;
    let issue = format!("/repos/{REPO}/issues/{number}");
    let advisories = format!("/repos/{REPO}/security-advisories");
    assert_eq!(order[0], format!("PATCH {issue}"));
    assert_eq!(writes[0].body["body"], NEUTRAL_BODY);
    assert_eq!(writes[0].body["state"], "closed", "the same edit closes the issue");
    assert_eq!(order[1], format!("PUT {issue}/lock"));
    assert_eq!(
        order[2..],
        [format!("POST {advisories}"), format!("PATCH {advisories}/{ghsa}"), format!("POST {issue}/comments"),],
        "then the private side, and the comment last"
    );
    world.finish().await;
}

#[tokio::test]
async fn the_first_write_about_a_comment_replaces_its_words() {
    let world = World::new().await;
    let (issue, _, _) = thread_of_each_kind(&world).await;
    let mark = world.github.mark();
    let comment = world.github.comment(REPO, issue, MALLORY, &world.exploit_comment()).expect("posted");
    world.settle().await;
    let writes = world.writes_since(mark);
    assert_eq!(
        (writes[0].method.as_str(), writes[0].path.as_str()),
        ("PATCH", format!("/repos/{REPO}/issues/comments/{comment}").as_str())
    );
    assert_eq!(writes[0].body["body"], NEUTRAL_BODY);
    world.finish().await;
}

#[tokio::test]
async fn a_busy_thread_is_answered_once_and_stays_cheap() {
    let mut world = World::new().await;
    let (issue, _, _) = thread_of_each_kind(&world).await;
    for round in 0..250 {
        world.github.comment(REPO, issue, RAE, &format!("Me, too ({round}).")).expect("posted");
    }
    let words = world.exploit_comment();
    let mark = gone_cold(&mut world).await;
    world.github.comment(REPO, issue, MALLORY, &words).expect("posted");
    world.settle().await;
    assert_cheap(&world, "a comment under 250 others", mark);
    assert_eq!(world.said(issue).len(), 1);

    world.github.comment(REPO, issue, MALLORY, &words).expect("posted");
    world.settle().await;
    assert_eq!(world.said(issue).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn in_a_busy_thread_that_is_older_than_the_bot_it_looks_for_what_was_said() {
    let world = World::new().await;
    // Opened and discussed while the bot was not there to hear of it.
    let (title, body) = world.harmless();
    world.github.drop_next_deliveries(251);
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    for round in 0..250 {
        world.github.comment(REPO, number, RAE, &format!("Me, too ({round}).")).expect("posted");
    }
    let mark = world.github.mark();
    world.github.comment(REPO, number, MALLORY, &world.exploit_comment()).expect("posted");
    world.settle().await;
    assert_eq!(world.said(number).len(), 1);
    let calls = world.github.requests_since(mark);
    let pages =
        calls.iter().filter(|c| c.method == "GET" && c.path.ends_with(&format!("/issues/{number}/comments"))).count();
    assert_eq!(pages, 3, "a hundred comments a page");
    // Token, policy, permission and form; edit, fold, draft, invitation; three pages and the comment.
    assert_eq!(calls.len(), 12, "{}", listed(&calls));
    world.finish().await;
}

#[tokio::test]
async fn an_organisations_repository_without_a_policy_costs_one_look_more() {
    let setting = Setting { policy: None, default_policy: Some(policy("shield")), ..Setting::default() };
    let world = World::with(setting).await;
    let (title, body) = world.exploit();
    let mark = world.github.mark();
    let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    assert!(world.thread(number).locked);
    let asked = world.github.requests_since(mark);
    let looks =
        asked.iter().filter(|request| request.path == "/repos/acme/.github/contents/.github/embargod.yml").count();
    // A known excess over the budget: with nothing cached, the organisation's own policy is the tenth call.
    assert_eq!((asked.len(), looks), (10, 1));
    world.finish().await;
}
