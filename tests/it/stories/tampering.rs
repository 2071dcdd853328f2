//! Comments that are not what they seem: edited by others, deleted, quoted, told twice, out of order, at once, or late.

use embargod::{
    domain::case::{Desk, Handling},
    standin::Role,
};
use jiff::SignedDuration;

use super::at_desk::{ISSUE_DESK, replies, said, settled, the_case, world_with_a_case, write};
use crate::kit::{CASES, CORA, RAE, REPO, World, code_in};

async fn issue_of(world: &World) -> u64 {
    match the_case(world).await.desk {
        Desk::Issue { number, .. } => number,
        desk => panic!("an issue was expected: {desk:?}"),
    }
}

async fn advisory_of(world: &World) -> String {
    the_case(world).await.ghsa().expect("an advisory").to_owned()
}

#[tokio::test]
async fn a_reporter_who_edits_commands_into_a_maintainers_comment_is_refused_in_private() {
    let mut world = world_with_a_case("").await;
    let ghsa = advisory_of(&world).await;
    let in_public = world.github.public_transcript();
    let before = the_case(&world).await;
    let ran = write(&world, CORA, "/note -- looks real").await;
    let plain = write(&world, CORA, "I look into it.").await;
    let answered = replies(&world).await.len();
    world.clock.advance(SignedDuration::from_secs(5));
    for (comment, text) in [(ran, "/note -- looks real\n/reject spam"), (plain, "/accept\n/lift")] {
        world.github.edit_advisory_comment(REPO, &ghsa, comment, RAE, text).expect("every collaborator may");
    }
    settled(&world).await;
    world.restart().await;
    settled(&world).await;
    let after = the_case(&world).await;
    assert_eq!((after.handling, after.verdict, after.pending), (before.handling, None, Vec::new()));
    let told = replies(&world).await;
    // One stands in the reply that was there, one is new: each comment has one reply.
    assert_eq!(told.len(), answered + 1, "{told:?}");
    assert_eq!(
        told.iter().filter(|text| text.contains("perhaps by somebody else than its author")).count(),
        2,
        "{told:?}"
    );
    assert_eq!(world.github.public_transcript(), in_public, "nothing of it is public");
    world.finish().await;
}

#[tokio::test]
async fn an_edit_back_to_the_old_words_commands_nothing_either() {
    let world = world_with_a_case("").await;
    let ghsa = advisory_of(&world).await;
    let comment = write(&world, CORA, "Let me see.").await;
    for (who, text) in [(RAE, "/ack"), (CORA, "Let me see."), (CORA, "/ack")] {
        world.clock.advance(SignedDuration::from_secs(2));
        world.github.edit_advisory_comment(REPO, &ghsa, comment, who, text).expect("both may");
        settled(&world).await;
    }
    assert_eq!(the_case(&world).await.handling, Handling::Received);
    // Said anew, it counts.
    write(&world, CORA, "/ack").await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    world.finish().await;
}

#[tokio::test]
async fn what_ran_stays_when_its_comment_is_deleted() {
    let mut world = world_with_a_case(ISSUE_DESK).await;
    let comment = write(&world, CORA, "/ack").await;
    let before = said(&world).await;
    world.github.delete_comment(CASES, comment, CORA).expect("her own");
    world.restart().await;
    settled(&world).await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    assert_eq!(said(&world).await, before);
    world.finish().await;
}

#[tokio::test]
async fn quotes_code_and_mails_command_nothing() {
    for desk in [ISSUE_DESK, ""] {
        let world = world_with_a_case(desk).await;
        let before = said(&world).await.len();
        let texts = [
            "> /ack\n\nI agree.",
            "```\n/ack\n```",
            "    /ack",
            "<!--\n/ack\n-->",
            "Fine.\n\nOn Mon, 2 Nov 2026 at 10:00, Cora wrote:\n> /ack",
            "See `/ack`",
        ];
        for text in texts {
            write(&world, CORA, text).await;
        }
        assert_eq!(the_case(&world).await.handling, Handling::Received);
        assert!(replies(&world).await.is_empty());
        assert!(said(&world).await.len() <= before + 1, "nothing but the card");
        world.finish().await;
    }
}

#[tokio::test]
async fn an_edit_that_is_told_before_its_comment_runs_each_line_once() {
    let world = world_with_a_case(ISSUE_DESK).await;
    let number = issue_of(&world).await;
    world.github.drop_next_deliveries(1);
    let comment = world.github.comment(CASES, number, CORA, "/ack").expect("said");
    world.github.edit_comment(CASES, comment, CORA, "/ack\n/assign @cora").expect("her own");
    settled(&world).await;
    let case = the_case(&world).await;
    assert_eq!(
        (case.handling, case.people.coordinator.map(|person| person.login)),
        (Handling::Acknowledged, Some(CORA.to_owned()))
    );
    let answered = replies(&world).await;
    for delivery in world.github.deliveries() {
        world.github.redeliver(delivery.id);
    }
    settled(&world).await;
    assert_eq!(replies(&world).await, answered, "the comment itself brings nothing new");
    assert_eq!(answered.len(), 1, "{answered:?}");
    world.finish().await;
}

#[tokio::test]
async fn commands_that_come_in_the_wrong_order_are_judged_as_they_come() {
    let world = world_with_a_case(ISSUE_DESK).await;
    let number = issue_of(&world).await;
    world.github.drop_next_deliveries(1);
    world.github.comment(CASES, number, CORA, "/ack").expect("said");
    let lost = world.github.deliveries().last().expect("it was sent").id;
    write(&world, CORA, "/accept").await;
    assert!(replies(&world).await[0].contains("`/ack`"), "the way on is named");
    world.github.redeliver(lost);
    settled(&world).await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    assert_eq!(replies(&world).await.len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn two_who_command_at_once_are_both_answered_and_one_of_them_steers() {
    for desk in [ISSUE_DESK, ""] {
        let world = world_with_a_case(desk).await;
        world.github.grant(REPO, "sam", Role::Admin).expect("a role");
        world.github.grant(CASES, "sam", Role::Write).expect("a role");
        settled(&world).await;
        for (who, text) in [(CORA, "/assign @cora"), ("sam", "/assign @sam")] {
            match the_case(&world).await.desk {
                Desk::Issue { number, .. } => world.github.comment(CASES, number, who, text),
                _ => world.github.comment_advisory(REPO, &advisory_of(&world).await, who, text),
            }
            .expect("said");
        }
        let other = world.another_engine().await;
        world.wait(SignedDuration::from_secs(0)).await;
        world.clock.advance(SignedDuration::from_secs(11));
        let (one, two) = tokio::join!(world.engine.read_desks_once(), other.read_desks_once());
        assert!(one.is_ok() && two.is_ok());
        let (one, two) = tokio::join!(world.engine.settle(), other.settle());
        assert!(one.is_ok() && two.is_ok());
        settled(&world).await;
        let answered = replies(&world).await;
        assert_eq!(answered.len(), 2, "{answered:?}");
        let steers = the_case(&world).await.people.coordinator.expect("somebody").login;
        assert!([CORA, "sam"].contains(&steers.as_str()), "{steers}");
        let decided = world.decisions().await;
        assert_eq!(decided.iter().filter(|decision| decision.outcome.starts_with("command")).count(), 2);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_command_that_comes_late_waits_until_somebody_says_that_it_still_holds() {
    for desk in [ISSUE_DESK, ""] {
        let mut world = world_with_a_case(desk).await;
        settled(&world).await;
        // The process is down while cora writes.
        match the_case(&world).await.desk {
            Desk::Issue { number, .. } => {
                world.github.drop_next_deliveries(1);
                world.github.comment(CASES, number, CORA, "/ack").expect("said");
            }
            _ => {
                world.github.comment_advisory(REPO, &advisory_of(&world).await, CORA, "/ack").expect("said");
            }
        }
        world.clock.advance(SignedDuration::from_mins(16));
        world.restart().await;
        for delivery in world.github.deliveries() {
            world.github.redeliver(delivery.id);
        }
        settled(&world).await;
        assert_eq!(the_case(&world).await.handling, Handling::Received);
        let waits = replies(&world).await;
        assert!(waits[0].contains("over 15 minutes old"), "{waits:?}");
        write(&world, CORA, &format!("/confirm {}", code_in(&waits[0]))).await;
        assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
        world.finish().await;
    }
}
