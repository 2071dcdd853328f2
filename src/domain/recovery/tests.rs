//! What is news, in examples and in general.

use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).expect("in range")
}

/// Watched since minute 0, looked at in minute 100.
const LOOK: fn() -> Look = || Look { watched_since: at(0), at: at(100) };

fn issue(created: i64, updated: i64) -> Listed<'static> {
    Listed { surface: Surface::Issue, revision: "now", is_own: false, created_at: at(created), updated_at: at(updated) }
}

fn comment(created: i64, updated: i64) -> Listed<'static> {
    Listed { surface: Surface::IssueComment, ..issue(created, updated) }
}

fn seen(revision: &str, outcome: PostOutcome) -> Seen {
    Seen { revision: revision.to_owned(), outcome, redacted_at: None }
}

#[test]
fn a_post_that_nobody_told_of_is_news_when_its_time_is_over() {
    assert_eq!(finding(&issue(10, 10), None, LOOK()), Finding::News(Happening::Created));
    assert_eq!(finding(&issue(95, 95), None, LOOK()), Finding::News(Happening::Created));
    assert_eq!(finding(&issue(96, 96), None, LOOK()), Finding::TooYoung);
}

#[test]
fn a_post_that_was_judged_is_known_whatever_moved_its_thread() {
    for outcome in [PostOutcome::Nothing, PostOutcome::Replied, PostOutcome::Alerted, PostOutcome::Cleared] {
        assert_eq!(finding(&issue(10, 99), Some(&seen("now", outcome)), LOOK()), Finding::Known);
    }
}

#[test]
fn a_lost_edit_is_news_and_an_old_thread_is_not() {
    let before = seen("before", PostOutcome::Nothing);
    assert_eq!(finding(&issue(10, 20), Some(&before), LOOK()), Finding::News(Happening::Edited));
    assert_eq!(finding(&issue(10, 99), Some(&before), LOOK()), Finding::TooYoung);
    assert_eq!(finding(&issue(-10, 20), Some(&before), LOOK()), Finding::News(Happening::Edited));
    assert_eq!(finding(&issue(-10, 20), None, LOOK()), Finding::BeforeTheWatch);
    assert_eq!(finding(&comment(-10, -10), None, LOOK()), Finding::BeforeTheWatch);
    assert_eq!(finding(&comment(-10, 20), None, LOOK()), Finding::News(Happening::Edited));
}

#[test]
fn words_that_were_taken_out_of_sight_are_missed_only_once_that_was_done() {
    let shielded = |redacted_at| Seen { redacted_at, ..seen("now", PostOutcome::Shielded) };
    assert_eq!(finding(&issue(10, 20), Some(&shielded(None)), LOOK()), Finding::Known);
    assert_eq!(finding(&issue(10, 20), Some(&shielded(Some(at(99)))), LOOK()), Finding::Known);
    assert_eq!(finding(&issue(10, 50), Some(&shielded(Some(at(20)))), LOOK()), Finding::WordsAreBack);
    assert_eq!(finding(&issue(10, 98), Some(&shielded(Some(at(20)))), LOOK()), Finding::TooYoung);
}

#[test]
fn what_the_bot_wrote_is_never_news() {
    let own = Listed { is_own: true, ..issue(10, 10) };
    assert_eq!(finding(&own, None, LOOK()), Finding::Own);
}

#[test]
fn a_mark_stops_before_the_first_young_post() {
    let posts = [(at(1), Finding::Known), (at(2), Finding::News(Happening::Created)), (at(3), Finding::TooYoung)];
    assert_eq!(advanced(at(0), posts), at(2));
    assert_eq!(advanced(at(5), posts), at(5));
    assert_eq!(advanced(at(0), []), at(0));
}

/// One post of an imagined repository, and whether its webhook came.
#[derive(Clone, Debug)]
struct Published {
    minute: i64,
    told: bool,
}

fn published() -> impl Strategy<Value = Vec<Published>> {
    let post = (0_i64..300, any::<bool>()).prop_map(|(minute, told)| Published { minute, told });
    prop::collection::vec(post, 0..40)
}

proptest! {
    /// Whenever the looks come, and however often: each lost post is found once, and none that was told.
    #[test]
    fn every_lost_post_is_found_exactly_once(mut posts in published(), looks in prop::collection::vec(1_i64..90, 0..8)) {
        posts.sort_by_key(|post| post.minute);
        let mut known: Vec<bool> = vec![false; posts.len()];
        let mut found = vec![0; posts.len()];
        let (mut mark, mut minute) = (at(0), 0);
        for pause in looks.into_iter().chain([400]) {
            minute += pause;
            let look = Look { watched_since: at(0), at: at(minute) };
            let mut listed = Vec::new();
            for (index, post) in posts.iter().enumerate() {
                if at(post.minute) < mark || post.minute > minute {
                    continue;
                }
                let memory = (post.told || known[index]).then(|| seen("now", PostOutcome::Nothing));
                let verdict = finding(&issue(post.minute, post.minute), memory.as_ref(), look);
                if matches!(verdict, Finding::News(_)) {
                    found[index] += 1;
                    known[index] = true;
                }
                listed.push((at(post.minute), verdict));
            }
            let next = advanced(mark, listed.iter().copied());
            prop_assert!(next >= mark);
            let young = listed.iter().filter(|(_, verdict)| *verdict == Finding::TooYoung);
            for (updated_at, _) in young {
                prop_assert!(*updated_at >= next, "the mark passed a young post");
            }
            mark = next;
        }
        for (post, times) in posts.iter().zip(found) {
            prop_assert_eq!(times, i32::from(!post.told), "{:?}", post);
        }
    }

    /// What was judged with the very words that are listed is never news, whatever the instants.
    #[test]
    fn judged_words_are_not_news(created in -500_i64..500, later in 0_i64..500, now in -500_i64..1_000) {
        let look = Look { watched_since: at(0), at: at(now) };
        for listed in [issue(created, created + later), comment(created, created + later)] {
            let verdict = finding(&listed, Some(&seen("now", PostOutcome::Replied)), look);
            prop_assert_eq!(verdict, Finding::Known);
        }
    }
}
