//! Teams of an organisation: who is in them.

use serde_json::json;

use super::{Answer, Call, Level, Need, Route, route};
use crate::standin::refusal::{Outcome, Refusal};

const MEMBERS: Need = Need::Permission("members", Level::Read);

pub(super) const ROUTES: &[Route] =
    &[route("GET", "/orgs/{org}/teams/{team}/memberships/{login}", MEMBERS, membership)];

/// 404 for whoever is not in the team, and where there is none.
fn membership(call: &mut Call<'_>) -> Outcome<Answer> {
    let (organisation, team) = (call.param("org").to_owned(), call.param("team").to_owned());
    let login = call.param("login").to_owned();
    let world = call.world();
    let account = world.account(&organisation).ok_or_else(Refusal::not_found)?;
    let found = account.teams.get(&team).is_some_and(|logins| logins.contains(&login.to_lowercase()));
    if !found {
        return Err(Refusal::not_found());
    }
    let url = format!("{}/organizations/{}/team/{team}/memberships/{login}", world.places.api, account.id);
    Ok(Answer::ok(json!({ "url": url, "role": "member", "state": "active" })))
}
