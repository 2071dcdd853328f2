//! Every public place where people write: what becomes of the post, of its thread, and of its author.

use embargod::{
    domain::{
        case::{Case, CaseOrigin, Desk},
        intake::texts::{NEUTRAL_BODY, NEUTRAL_TITLE},
    },
    standin::{Advisory, AdvisoryState, Outcome, Post},
};

use crate::kit::{CORA, MALLORY, RAE, REPO, World};

mod discussions_and_commits;

const THREAD_MOVED: &str = "Thank you for taking the time to write. This project handles everything that might touch on \
    security in private first, whether or not it turns out to be a problem, so this thread was moved and is closed for now.\
    \n\nPlease continue through the [private form](https://github.com/acme/framework/security/advisories/new) or by mail to \
    security@acme.example, and leave details out of public places until then. A person answers there within \
    {acknowledged within}.\n\nIf this has nothing to do with security, a maintainer can bring it back as it was.";

const COMMENT_MOVED: &str = "Thank you for taking the time to write. This project handles everything that might touch on \
    security in private first, whether or not it turns out to be a problem, so a comment of this thread was moved. The thread \
    itself stays open.\n\nPlease continue through the [private \
    form](https://github.com/acme/framework/security/advisories/new) or by mail to security@acme.example, and leave details \
    out of public places until then. A person answers there within {acknowledged within}.\n\nIf that comment has nothing to \
    do with security, a maintainer can bring it back as it was.";

/// What somebody did, once everything that follows from it has happened.
async fn settled<T>(world: &World, done: Outcome<T>) -> T {
    world.settle().await;
    done.expect("GitHub allows it")
}

/// A pull request of an outsider that nobody needs to worry about.
async fn harmless_pull(world: &World) -> u64 {
    let ((title, body), github) = (world.harmless(), &world.github);
    let opened = github.open_pull_request(REPO, RAE, &title, &body, "docs", "Say it once");
    settled(world, opened).await
}

async fn harmless_issue(world: &World) -> u64 {
    let (title, body) = world.harmless();
    settled(world, world.github.open_issue(REPO, RAE, &title, &body)).await
}

async fn harmless_discussion(world: &World) -> u64 {
    let (title, body) = world.harmless();
    settled(world, world.github.open_discussion(REPO, RAE, &title, &body)).await
}

/// There is one case with one draft, which holds the words and whose author is thanked and invited.
async fn assert_moved_to_private(world: &World, words: &str, author: &str) {
    let (case, draft) = the_only_case(world).await;
    assert_eq!(case.origin, CaseOrigin::Shielded);
    assert_eq!(case.reporter.login, author);
    assert!(draft.description.contains(words), "the words are kept");
    assert_eq!(draft.collaborators, [author], "the author is invited");
    assert_eq!(draft.credits.len(), 1);
    assert_eq!((draft.credits[0].login.as_str(), draft.credits[0].kind.as_str()), (author, "reporter"));
    assert!(!draft.summary.contains(world.canary.word()), "titles turn up in lists and mails");
}

async fn the_only_case(world: &World) -> (Case, Advisory) {
    let mut cases = world.cases().await;
    assert_eq!(cases.len(), 1, "one case");
    let mut drafts = world.github.advisories(REPO).expect("the repository exists");
    assert_eq!(drafts.len(), 1, "one draft");
    let (case, draft) = (cases.remove(0), drafts.remove(0));
    assert_eq!(draft.state, AdvisoryState::Draft);
    let Desk::Advisory { ghsa, .. } = &case.desk else {
        panic!("the desk is the draft, not {:?}", case.desk);
    };
    assert_eq!(*ghsa, draft.ghsa_id);
    (case, draft)
}

/// The words of a comment or review are gone, and it is folded away.
fn assert_hidden(post: &Post) {
    assert_eq!(post.body, NEUTRAL_BODY);
    assert!(post.minimised.is_some(), "it is folded");
}

/// The thread's own post is as its author left it, and everybody may go on.
fn assert_thread_goes_on(world: &World, number: u64) {
    let thread = world.thread(number);
    let (title, body) = world.harmless();
    assert_eq!((thread.title.as_str(), thread.body()), (&*title, &*body));
    assert!(thread.open && !thread.locked);
}

fn assert_said_once(world: &World, number: u64, text: &str) {
    let said: Vec<_> = world.said(number).iter().map(|s| world.as_read(s)).collect();
    assert_eq!(said, [text]);
}

#[tokio::test]
async fn an_issue_is_emptied_closed_and_locked() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    let number = settled(&world, world.github.open_issue(REPO, MALLORY, &title, &body)).await;

    let thread = world.thread(number);
    assert_eq!((thread.title.as_str(), thread.body()), (NEUTRAL_TITLE, NEUTRAL_BODY));
    assert!(!thread.open && thread.locked);
    assert_said_once(&world, number, THREAD_MOVED);
    assert_moved_to_private(&world, &body, MALLORY).await;
    let (_, draft) = the_only_case(&world).await;
    assert!(draft.description.contains(&title), "the title is kept, too");
    world.finish().await;
}

#[tokio::test]
async fn a_comment_under_an_issue_is_hidden_and_the_issue_goes_on() {
    let world = World::new().await;
    let number = harmless_issue(&world).await;
    let words = world.exploit_comment();
    settled(&world, world.github.comment(REPO, number, MALLORY, &words)).await;

    assert_hidden(&world.thread(number).comments[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_under_an_issue_that_is_edited_into_an_exploit_is_hidden() {
    let world = World::new().await;
    let number = harmless_issue(&world).await;
    let comment = settled(&world, world.github.comment(REPO, number, MALLORY, "I see this, too.")).await;
    assert_eq!(world.thread(number).comments[0].post.minimised, None);

    let words = world.exploit_comment();
    settled(&world, world.github.edit_comment(REPO, comment, MALLORY, &words)).await;
    assert_hidden(&world.thread(number).comments[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_is_left_as_it_is_and_maintainers_choose_in_private() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    let mark = world.github.mark();
    let number =
        settled(&world, world.github.open_pull_request(REPO, MALLORY, &title, &body, "fix", "Escape order_by")).await;

    let thread = world.thread(number);
    assert_eq!((&thread.title, thread.body()), (&title, body.as_str()));
    assert!(thread.open && !thread.locked);
    assert!(world.said(number).is_empty());
    let writes: Vec<_> = world.writes_since(mark).into_iter().map(|w| (w.method, w.path)).collect();
    assert_eq!(
        writes,
        [("POST".to_owned(), format!("/repos/{REPO}/security-advisories"))],
        "the draft is all that was written"
    );
    let (case, draft) = the_only_case(&world).await;
    assert_eq!(case.origin, CaseOrigin::PullRequest);
    assert!(draft.description.contains(&body));
    assert!(draft.description.contains("choose"), "{}", draft.description);
    assert!(draft.collaborators.is_empty(), "the author is not invited");
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_is_edited_into_an_exploit_is_told_in_private_once() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let (title, body) = world.exploit();
    let github = &world.github;
    github.edit_thread(REPO, number, RAE, Some(&title), Some(&body)).expect("edited");
    world.settle().await;
    // The same again, as when a label is set or a typo mended and put back.
    github.edit_thread(REPO, number, RAE, None, Some("nothing")).expect("edited");
    world.settle().await;
    github.edit_thread(REPO, number, RAE, None, Some(&body)).expect("edited");
    world.settle().await;

    assert_eq!(world.thread(number).body(), body);
    assert!(world.said(number).is_empty());
    let (case, draft) = the_only_case(&world).await;
    assert_eq!(case.origin, CaseOrigin::PullRequest);
    assert!(draft.collaborators.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_comment_under_a_pull_request_is_hidden_and_the_work_goes_on() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let words = world.exploit_comment();
    settled(&world, world.github.comment(REPO, number, MALLORY, &words)).await;

    assert_hidden(&world.thread(number).comments[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_under_a_pull_request_that_is_edited_into_an_exploit_is_hidden() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let comment = settled(&world, world.github.comment(REPO, number, MALLORY, "Nice.")).await;
    let words = world.exploit_comment();
    settled(&world, world.github.edit_comment(REPO, comment, MALLORY, &words)).await;

    assert_hidden(&world.thread(number).comments[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_review_is_hidden_and_its_verdict_stays() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let words = world.exploit_comment();
    settled(&world, world.github.review(REPO, number, MALLORY, "CHANGES_REQUESTED", &words)).await;

    let thread = world.thread(number);
    let review = &thread.pull().expect("a pull request").reviews[0];
    assert_hidden(&review.post);
    assert_eq!(review.state, "CHANGES_REQUESTED");
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_review_that_is_edited_into_an_exploit_is_hidden() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let review = settled(&world, world.github.review(REPO, number, MALLORY, "COMMENTED", "Looks good.")).await;
    let words = world.exploit_comment();
    settled(&world, world.github.edit_comment(REPO, review, MALLORY, &words)).await;

    let thread = world.thread(number);
    assert_hidden(&thread.pull().expect("a pull request").reviews[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn an_approval_without_words_costs_nothing() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let mark = world.github.mark();
    settled(&world, world.github.review(REPO, number, MALLORY, "APPROVED", "")).await;
    assert_eq!(world.github.requests_since(mark).len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_comment_on_a_line_of_a_diff_is_hidden() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let words = world.exploit_comment();
    settled(&world, world.github.review_comment(REPO, number, MALLORY, "src/cache.rs", &words)).await;

    let thread = world.thread(number);
    assert_hidden(&thread.pull().expect("a pull request").review_comments[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_on_a_line_that_is_edited_into_an_exploit_is_hidden() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let comment = settled(&world, world.github.review_comment(REPO, number, MALLORY, "src/cache.rs", "Typo?")).await;
    let words = world.exploit_comment();
    settled(&world, world.github.edit_comment(REPO, comment, MALLORY, &words)).await;

    let thread = world.thread(number);
    assert_hidden(&thread.pull().expect("a pull request").review_comments[0].post);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn several_posts_of_a_thread_make_one_case_and_one_answer() {
    let world = World::new().await;
    let number = harmless_pull(&world).await;
    let words = world.exploit_comment();
    let github = &world.github;
    github.comment(REPO, number, MALLORY, &words).expect("posted");
    github.review(REPO, number, RAE, "COMMENTED", &words).expect("reviewed");
    github.review_comment(REPO, number, MALLORY, "src/cache.rs", &words).expect("posted");
    // Nobody hides what a maintainer writes, but its words belong to the case.
    github.comment(REPO, number, CORA, &words).expect("posted");
    world.settle().await;

    let thread = world.thread(number);
    let pull = thread.pull().expect("a pull request");
    assert_hidden(&thread.comments[0].post);
    assert_hidden(&pull.reviews[0].post);
    assert_hidden(&pull.review_comments[0].post);
    let by_cora: Vec<_> = thread.comments.iter().filter(|c| c.post.author == CORA).collect();
    assert_eq!(by_cora[0].post.body, words);
    assert_said_once(&world, number, COMMENT_MOVED);
    let (case, draft) = the_only_case(&world).await;
    assert_eq!(case.posts.len(), 4);
    assert_eq!(draft.comments.len(), 3, "the desk is told of the three that came later");
    assert!(draft.comments.iter().all(|c| c.body.contains(&words)));
    world.finish().await;
}
