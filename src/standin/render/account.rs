//! People, organisations and machines.

use serde_json::{Value, json};

use super::node_id;
use crate::standin::model::{Account, AccountKind};
use crate::standin::world::World;

/// Schema `simple-user`. A login that left is GitHub's `ghost`.
pub(crate) fn user(world: &World, login: &str) -> Value {
    let (id, login, kind) = world
        .account(login)
        .map_or_else(|| (10_137, "ghost".to_owned(), AccountKind::User), |a| (a.id, a.login.clone(), a.kind));
    let web = match (kind, login.strip_suffix("[bot]")) {
        (AccountKind::Bot, Some(slug)) => format!("{}/apps/{slug}", world.places.web),
        _ => format!("{}/{login}", world.places.web),
    };
    let name = login.replace('[', "%5B").replace(']', "%5D");
    let api = format!("{}/users/{name}", world.places.api);
    json!({
        "login": login,
        "id": id,
        "node_id": node_id(if kind == AccountKind::Bot { "BOT" } else { "U" }, id),
        "avatar_url": format!("{}/avatars/{id}", world.places.web),
        "gravatar_id": "",
        "url": api,
        "html_url": web,
        "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
        "type": kind.as_str(),
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// Schema `organization-simple`, as payloads carry it.
pub(crate) fn organisation(world: &World, account: &Account) -> Value {
    let api = format!("{}/orgs/{}", world.places.api, account.login);
    json!({
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": api,
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events"),
        "hooks_url": format!("{api}/hooks"),
        "issues_url": format!("{api}/issues"),
        "members_url": format!("{api}/members{{/member}}"),
        "public_members_url": format!("{api}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/{}", world.places.web, account.id),
        "description": null,
    })
}
