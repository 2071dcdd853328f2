//! What an operator learns of cases at the command line, with the server running or not.

use serde_json::Value;

use super::at_desk::{settled, the_case, write};
use crate::kit::{CORA, RAE, REPO, Setting, World, policy};

async fn reported() -> World {
    let world = World::with(Setting { policy: Some(policy("shield")), ..Setting::default() }).await;
    world.github.grant(REPO, CORA, embargod::standin::Role::Admin).expect("a role");
    world.live_now();
    let (title, body) = world.exploit();
    world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    for _ in 0..2 {
        settled(&world).await;
    }
    let word = world.canary.word().to_owned();
    write(&world, CORA, &format!("/ack\n/class sql-injection\n/note -- {word} is the parser")).await;
    world
}

async fn json(world: &World, arguments: &[&str]) -> Value {
    let told = world.command(arguments).await;
    assert_eq!(told.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_are_listed_shown_and_explained_without_a_word_of_the_report() {
    let world = reported().await;
    let id = the_case(&world).await.id.to_string();
    let list = json(&world, &["case", "list", "--json"]).await;
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let shown = json(&world, &["case", "show", &id, "--json"]).await;
    assert_eq!(shown["case"], Value::from(id.as_str()));
    assert_eq!(shown["handling"], "acknowledged");
    assert_eq!(shown["severity"], "high");
    assert_eq!(shown["desk"]["kind"], "advisory");
    assert_eq!(shown["clocks"][0]["name"], "acknowledgment");
    assert_eq!(shown["clocks"][0]["state"], "met");
    assert_eq!(shown["policy"], Value::from(the_case(&world).await.policy_version));
    let page = world.command(&["case", "show", &id]).await;
    assert!(String::from_utf8_lossy(&page.stdout).contains("/check"), "what comes next is named");
    let explained = json(&world, &["case", "explain", &id, "--json"]).await;
    assert!(explained.to_string().contains("commands.ack"), "{explained}");
    let timeline = json(&world, &["case", "timeline", &id, "--json"]).await;
    let actors: Vec<&Value> = timeline.as_array().expect("a list").iter().map(|line| &line["actor"]).collect();
    assert!(actors.contains(&&Value::from(CORA)), "{timeline}");
    let exported = json(&world, &["case", "export", &id]).await;
    assert_eq!(exported["case"]["case"], Value::from(id.as_str()));
    let unknown = world.command(&["case", "show", "SEC-2026-99"]).await;
    assert_eq!(unknown.status.code(), Some(2));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_opened_by_hand_where_there_is_a_policy_and_nowhere_else() {
    let world = World::new().await;
    world.live_now();
    let opened = world.command(&["case", "open", "--repository", REPO, "--title", "Came by mail"]).await;
    assert_eq!(opened.status.code(), Some(0), "{}", String::from_utf8_lossy(&opened.stderr));
    assert!(String::from_utf8_lossy(&opened.stdout).trim().starts_with("SEC-20"));
    assert_eq!(world.cases().await.len(), 1);
    world.finish().await;

    let world = World::with(Setting { policy: None, ..Setting::default() }).await;
    world.live_now();
    let refused = world.command(&["case", "open", "--repository", REPO, "--title", "Came by mail"]).await;
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("no policy") && said.contains("default_policy_path"), "{said}");
    assert!(world.cases().await.is_empty());
    world.finish().await;
}
