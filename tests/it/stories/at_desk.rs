//! What stories about desks share: a world with one case, and people who write at its desk, whichever it is.

use embargod::{
    domain::case::{Case, Desk},
    standin::Role,
};
use jiff::SignedDuration;

use crate::kit::{CASES, CORA, MALLORY, RAE, REPO, Setting, World, policy};

/// The part of a policy that makes an issue of the private repository the desk.
pub const ISSUE_DESK: &str = "desk:\n  kind: repository\n  repository: acme/cases\n";

/// A world in which an exploit was posted and taken out of sight.
pub async fn world_with_a_case(desk: &str) -> World {
    let policy = format!("{}{desk}", policy("shield"));
    let world = World::with(Setting { policy: Some(policy), ..Setting::default() }).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    for login in [CORA, MALLORY] {
        world.github.grant(CASES, login, Role::Write).expect("a role");
    }
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    world
}

pub async fn the_case(world: &World) -> Case {
    let mut cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

/// Somebody writes at the desk, whichever it is; the number of the comment.
pub async fn write(world: &World, who: &str, text: &str) -> u64 {
    let written = match the_case(world).await.desk {
        Desk::Issue { number, .. } => world.github.comment(CASES, number, who, text),
        Desk::Advisory { ghsa, .. } => world.github.comment_advisory(REPO, &ghsa, who, text),
        desk => panic!("no desk: {desk:?}"),
    };
    let id = written.expect("written");
    settled(world).await;
    id
}

/// Everything happens that happens by itself within the next seconds.
pub async fn settled(world: &World) {
    world.wait(SignedDuration::from_secs(11)).await;
    world.engine.read_desks_once().await.expect("GitHub answers");
    world.settle().await;
}

/// What the bot said at the desk, in order.
pub async fn said(world: &World) -> Vec<String> {
    let bot = world.github.bot_login();
    let said: Vec<(String, String)> = match the_case(world).await.desk {
        Desk::Issue { number, .. } => world.github.issue(CASES, number).expect("it exists").comment_texts(),
        Desk::Advisory { ghsa, .. } => {
            let comments = world.github.advisory(REPO, &ghsa).expect("it exists").comments;
            comments.into_iter().map(|comment| (comment.author, comment.body)).collect()
        }
        desk => panic!("no desk: {desk:?}"),
    };
    said.into_iter().filter(|(author, _)| *author == bot).map(|(_, text)| text).collect()
}

/// The replies to commands among it.
pub async fn replies(world: &World) -> Vec<String> {
    said(world).await.into_iter().filter(|text| text.starts_with("**`/") || text.starts_with("**Line ")).collect()
}
