//! Commands at desks: a maintainer steers a case where people talk about it.

use embargod::{
    domain::{
        case::{Desk, Handling},
        clocks::ClockState,
    },
    standin::{Fault, Match, Role},
};
use jiff::SignedDuration;

use super::at_desk::{ISSUE_DESK, replies, said, settled, the_case, world_with_a_case, write};
use crate::kit::{CASES, CORA, MALLORY, RAE, REPO};

#[tokio::test]
async fn a_maintainer_acknowledges_and_asks_at_either_desk() {
    for desk in [ISSUE_DESK, ""] {
        let mut world = world_with_a_case(desk).await;
        let in_public = world.github.public_transcript();
        write(&world, CORA, "/ack").await;
        let case = the_case(&world).await;
        assert_eq!(case.handling, Handling::Acknowledged);
        let clock = case.clocks.iter().find(|clock| clock.name == "acknowledgment").expect("the clock");
        assert_eq!(clock.state, ClockState::Met);
        write(&world, CORA, "Where do we stand?\n\n/status").await;
        let answered = replies(&world).await;
        assert_eq!(answered.len(), 2, "{answered:?}");
        assert!(answered[0].starts_with("**`/ack`** done."), "{}", answered[0]);
        assert!(answered[1].starts_with("**`/status`** done."), "{}", answered[1]);
        assert!(answered[1].contains("acknowledged"), "{}", answered[1]);

        // Told again, started again, read again: nobody is answered twice.
        let all = said(&world).await;
        let told_again: Vec<u64> = world.github.deliveries().iter().map(|delivery| delivery.id).collect();
        for id in told_again {
            world.github.redeliver(id);
        }
        world.restart().await;
        settled(&world).await;
        settled(&world).await;
        assert_eq!(said(&world).await, all);
        assert_eq!(world.github.public_transcript(), in_public, "nothing of it is public");
        world.finish().await;
    }
}

#[tokio::test]
async fn the_reporter_is_written_to_where_they_read_along() {
    let world = world_with_a_case("").await;
    write(&world, CORA, "/ack").await;
    let all = said(&world).await;
    let to_rae: Vec<&String> = all.iter().filter(|text| text.starts_with("@rae")).collect();
    assert_eq!(to_rae.len(), 1, "{all:?}");
    assert!(to_rae[0].contains("A member of the team has read it"), "{}", to_rae[0]);
    world.finish().await;
}

#[tokio::test]
async fn at_an_issue_the_desk_is_told_what_to_send_to_the_reporter() {
    let world = world_with_a_case(ISSUE_DESK).await;
    write(&world, CORA, "/ack").await;
    let all = said(&world).await;
    assert_eq!(all.iter().filter(|text| text.starts_with("The reporter (`rae`)")).count(), 1, "{all:?}");
    world.finish().await;
}

#[tokio::test]
async fn the_card_is_one_comment_that_is_renewed() {
    for desk in [ISSUE_DESK, ""] {
        let world = world_with_a_case(desk).await;
        write(&world, CORA, "/ack").await;
        write(&world, CORA, "/assign @cora").await;
        let all = said(&world).await;
        let cards: Vec<&String> =
            all.iter().filter(|text| text.contains("SEC-2026-1") && text.contains("**Next**")).collect();
        assert_eq!(cards.len(), 1, "{all:?}");
        assert!(cards[0].contains("cora"), "{}", cards[0]);
        world.finish().await;
    }
}

#[tokio::test]
async fn an_edited_comment_commands_nothing_on_an_advisory_and_that_is_told_once() {
    let world = world_with_a_case("").await;
    let Desk::Advisory { ghsa, .. } = the_case(&world).await.desk else {
        panic!("an advisory was expected");
    };
    let comment = write(&world, CORA, "I look into it.").await;
    assert!(replies(&world).await.is_empty());
    world.clock.advance(SignedDuration::from_secs(5));
    world.github.edit_advisory_comment(REPO, &ghsa, comment, RAE, "/ack").expect("every collaborator may");
    settled(&world).await;
    settled(&world).await;
    assert_eq!(the_case(&world).await.handling, Handling::Received);
    let told = replies(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("edited"), "{}", told[0]);
    world.finish().await;
}

#[tokio::test]
async fn at_an_issue_an_edit_counts_only_if_its_author_made_it() {
    let world = world_with_a_case(ISSUE_DESK).await;
    let comment = write(&world, CORA, "I look into it.").await;
    world.github.edit_comment(CASES, comment, MALLORY, "/ack").expect("write may");
    settled(&world).await;
    assert_eq!(the_case(&world).await.handling, Handling::Received);
    assert!(replies(&world).await[0].contains("edited"));
    let own = write(&world, CORA, "Let me see.").await;
    world.github.edit_comment(CASES, own, CORA, "Let me see.\n\n/ack").expect("her own");
    settled(&world).await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    assert_eq!(replies(&world).await.len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_line_that_is_added_is_answered_in_the_same_reply() {
    let world = world_with_a_case(ISSUE_DESK).await;
    let comment = write(&world, CORA, "/ack").await;
    world.github.edit_comment(CASES, comment, CORA, "/ack\n/status").expect("her own");
    settled(&world).await;
    let answered = replies(&world).await;
    assert_eq!(answered.len(), 1, "{answered:?}");
    assert!(answered[0].contains("**`/ack`** done.") && answered[0].contains("**`/status`** done."), "{}", answered[0]);
    assert_eq!(answered[0].matches("**`/ack`** done.").count(), 1, "{}", answered[0]);
    world.finish().await;
}

#[tokio::test]
async fn who_has_no_role_is_refused_and_an_unknown_word_stays_silent() {
    for (desk, who) in [(ISSUE_DESK, MALLORY), ("", RAE)] {
        let world = world_with_a_case(desk).await;
        write(&world, who, "/ack").await;
        assert_eq!(the_case(&world).await.handling, Handling::Received);
        let answered = replies(&world).await;
        assert_eq!(answered.len(), 1, "{answered:?}");
        assert!(answered[0].starts_with("**`/ack`** refused."), "{}", answered[0]);
        let before = said(&world).await;
        write(&world, CORA, "/var/log holds more, and /etc/passwd, too").await;
        assert_eq!(said(&world).await, before);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_commands_nothing_any_more() {
    let world = world_with_a_case(ISSUE_DESK).await;
    world.github.grant(REPO, CORA, Role::Read).expect("a role");
    write(&world, CORA, "/ack").await;
    assert_eq!(the_case(&world).await.handling, Handling::Received);
    assert!(replies(&world).await[0].starts_with("**`/ack`** refused."));
    world.finish().await;
}

#[tokio::test]
async fn a_reply_whose_answer_was_lost_is_found_again() {
    for desk in [ISSUE_DESK, ""] {
        let world = world_with_a_case(desk).await;
        let replying = Match::path("/comments").method("POST").body("`/status`").times(1);
        world.github.fault(replying, Fault::DropAnswerAfterDoing);
        write(&world, CORA, "/status").await;
        for pause_s in [5, 30, 120] {
            world.wait(SignedDuration::from_secs(pause_s)).await;
        }
        assert_eq!(replies(&world).await.len(), 1);
        world.finish().await;
    }
}

#[tokio::test]
async fn where_github_refuses_comments_on_advisories_maintainers_are_told_why_once() {
    let world = world_with_a_case("").await;
    world.github.set_capabilities(|can| can.advisory_comments = false);
    settled(&world).await;
    world.wait(SignedDuration::from_hours(2)).await;
    settled(&world).await;
    let alerts: Vec<_> = world.alerts().await.into_iter().filter(|alert| alert.id == "silent:SEC-2026-1").collect();
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].text.contains("desk.kind: repository"), "{}", alerts[0].text);
    let decided = world.decisions().await;
    assert_eq!(decided.iter().filter(|decision| decision.outcome == "desk_silent").count(), 1);
    world.github.set_capabilities(|can| can.advisory_comments = true);
    world.wait(SignedDuration::from_hours(2)).await;
    settled(&world).await;
    let open = world.alerts().await;
    assert!(open.iter().all(|alert| alert.id != "silent:SEC-2026-1"), "it works again: {open:?}");
    world.finish().await;
}

#[tokio::test]
async fn the_advisory_is_kept_in_step_and_what_a_hand_set_is_shown_and_left() {
    let world = world_with_a_case("").await;
    for text in ["/ack", "/cwe CWE-89"] {
        write(&world, CORA, text).await;
    }
    let Desk::Advisory { ghsa, .. } = the_case(&world).await.desk else {
        panic!("an advisory was expected");
    };
    let weaknesses = || world.github.advisory(REPO, &ghsa).expect("it exists").cwe_ids;
    assert_eq!(weaknesses(), ["CWE-89"]);
    world.github.set_advisory_cwes(REPO, &ghsa, CORA, &["CWE-564"]).expect("set");
    write(&world, CORA, "/cwe CWE-79").await;
    assert_eq!(weaknesses(), ["CWE-564"], "somebody's hand is not overwritten");
    let told = said(&world).await;
    assert_eq!(told.iter().filter(|text| text.contains("`CWE-564`, set by hand")).count(), 1, "{told:?}");
    world.finish().await;
}

#[tokio::test]
async fn every_desk_gets_its_card_before_anybody_commands() {
    for desk in [ISSUE_DESK, ""] {
        let mut world = world_with_a_case(desk).await;
        settled(&world).await;
        let first = said(&world).await;
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(first[0].contains("**Next**") && first[0].contains("/ack"), "{}", first[0]);
        world.restart().await;
        settled(&world).await;
        assert_eq!(said(&world).await, first);
        write(&world, CORA, "/ack").await;
        let later = said(&world).await;
        assert_ne!(later[0], first[0], "the card is renewed in place");
        assert_eq!(later.iter().filter(|text| text.contains("**Next**")).count(), 1, "{later:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn what_people_write_freely_is_sealed_and_reaches_the_reporter_alone() {
    for desk in [ISSUE_DESK, ""] {
        let world = world_with_a_case(desk).await;
        let in_public = world.github.public_transcript();
        let word = world.canary.word().to_owned();
        write(&world, CORA, &format!("/need info -- Does {word} need a login?\n")).await;
        write(&world, CORA, &format!("/note -- looks like {word} of last year")).await;
        let all = said(&world).await;
        assert_eq!(
            all.iter().filter(|text| text.contains(&format!("Does {word} need a login?"))).count(),
            1,
            "{all:?}"
        );
        assert!(all.iter().all(|text| !text.contains("of last year")), "{all:?}");
        assert_eq!(world.github.public_transcript(), in_public);
        world.finish().await;
    }
}

#[tokio::test]
async fn the_history_is_shown_at_the_desk() {
    let world = world_with_a_case("").await;
    write(&world, CORA, "/ack").await;
    write(&world, CORA, "/timeline\n/explain").await;
    let all = said(&world).await;
    let timeline = all.iter().find(|text| text.starts_with("**Timeline**")).expect("shown");
    assert!(timeline.contains("commanded (desk, `cora`)"), "{timeline}");
    let reasons = all.iter().find(|text| text.starts_with("**Decisions and reasons**")).expect("shown");
    assert!(reasons.contains("`commands.ack`"), "{reasons}");
    world.finish().await;
}

#[tokio::test]
async fn not_security_at_the_desk_brings_the_public_post_back() {
    for desk in [ISSUE_DESK, ""] {
        let mut world = world_with_a_case(desk).await;
        let number = the_case(&world).await.posts[0].place.thread.number;
        write(&world, CORA, "/not-security").await;
        settled(&world).await;
        let (title, body) = world.exploit();
        let thread = world.thread(number);
        assert_eq!((thread.title.as_str(), thread.body()), (title.as_str(), body.as_str()));
        assert_eq!(the_case(&world).await.handling, Handling::Rejected);
        world.words_restored = true;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_quiet_advisory_costs_no_requests() {
    let world = world_with_a_case("").await;
    // The first looks see the card come and remember how far they read.
    for _ in 0..4 {
        settled(&world).await;
    }
    let installation = world.engine.shop().github.installation(the_case(&world).await.installation_id);
    let left = || installation.budget().expect("GitHub told").remaining;
    let before = left();
    let mark = world.github.mark();
    for _ in 0..20 {
        settled(&world).await;
    }
    assert!(world.github.requests_since(mark).len() >= 20, "it was asked");
    assert_eq!(left(), before, "and every answer was free");
    world.finish().await;
}

#[tokio::test]
async fn a_fix_is_recorded_and_its_coverage_shown_at_the_desk() {
    for desk in [ISSUE_DESK, ""] {
        let world = world_with_a_case(desk).await;
        let in_public = world.github.public_transcript();
        write(&world, CORA, "/coverage").await;
        let before = said(&world).await;
        assert!(before.iter().any(|text| text.contains("Nobody has recorded a commit of the fix yet")), "{before:?}");
        write(&world, CORA, "/fix main not-a-commit").await;
        assert!(replies(&world).await[1].contains("7 to 40 hexadecimal digits"));
        write(&world, CORA, "/fix main 0123456789ab\n/coverage").await;
        let shown = said(&world).await;
        assert!(shown.iter().any(|text| text.contains("the mirror was not looked at since")), "{shown:?}");
        let decisions = world.engine.shop().store.decisions(None, u32::MAX).await.expect("the store answers");
        let recorded: Vec<_> = decisions.iter().filter(|decision| decision.outcome == "fix_recorded").collect();
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].actor.as_deref(), Some(CORA));
        assert_eq!(world.github.public_transcript(), in_public, "nothing of it is public");
        world.finish().await;
    }
}
