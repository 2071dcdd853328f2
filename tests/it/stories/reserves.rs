//! GitHub's requests run short: what takes exposed words out of sight goes first, the rest waits for the next window.

use embargod::standin::{Fault, Match};
use jiff::SignedDuration;

use crate::kit::{MALLORY, RAE, REPO, World};

#[tokio::test]
async fn the_last_requests_are_kept_for_protection() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    world.settle().await;
    // Enough for the questions, the edit and the lock of one exploit, and nearly nothing else.
    world.github.set_budget(5);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    let thread = world.thread(number);
    assert!(thread.locked && thread.body() != body, "protected");
    assert!(world.said(number).is_empty(), "courtesy waits");
    let refused = world.github.requests().iter().filter(|request| request.status == 403).count();
    assert_eq!(refused, 0, "the limit was never run into");
    world.wait(SignedDuration::from_mins(30)).await;
    assert!(world.said(number).is_empty(), "still the same window");
    world.github.set_budget(5_000);
    world.wait(SignedDuration::from_mins(31)).await;
    assert!(world.ending(number).await.is_shielded());
    let tries = world.effects().await.iter().map(|report| report.attempts).max();
    assert_eq!(tries, Some(1), "waiting for requests is no try");
    world.finish().await;
}

#[tokio::test]
async fn a_pause_that_github_asks_for_is_kept_by_others_but_not_by_protection() {
    let world = World::new().await;
    let limit = Fault::SecondaryLimit { status: 403, retry_after_s: 90 };
    world.github.fault(Match::path("/security-advisories").method("POST").times(1), limit);
    let (title, body) = world.exploit();
    let first = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    let second = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    let drafts = || {
        let requests = world.github.requests();
        requests.iter().filter(|r| r.method == "POST" && r.path.ends_with("/security-advisories")).count()
    };
    assert_eq!(drafts(), 1, "nobody else runs into the limit");
    for number in [first, second] {
        assert!(world.thread(number).locked, "#{number} is protected all the same");
    }
    world.wait(SignedDuration::from_secs(89)).await;
    assert_eq!(drafts(), 1);
    world.wait(SignedDuration::from_secs(1)).await;
    for number in [first, second] {
        assert!(world.ending(number).await.is_shielded());
    }
    world.finish().await;
}
