//! `/app…`: the App looking at itself, its installations and its deliveries; and the manifest conversion.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::model::{Installation, Token};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::{auth, manifest, render};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/app", Need::App, app),
    route("GET", "/app/installations", Need::App, installations),
    route("GET", "/app/installations/{installation}", Need::App, installation),
    route("POST", "/app/installations/{installation}/access_tokens", Need::App, token),
    route("GET", "/repos/{owner}/{repo}/installation", Need::App, of_repository),
    route("GET", "/users/{account}/installation", Need::App, of_account),
    route("GET", "/orgs/{account}/installation", Need::App, of_account),
    route("GET", "/app/hook/config", Need::App, hook_config),
    route("PATCH", "/app/hook/config", Need::App, set_hook_config),
    route("GET", "/app/hook/deliveries", Need::App, deliveries),
    route("GET", "/app/hook/deliveries/{delivery}", Need::App, delivery),
    route("POST", "/app/hook/deliveries/{delivery}/attempts", Need::App, redeliver),
    route("POST", "/app-manifests/{code}/conversions", Need::Nothing, convert),
    route("DELETE", "/installation/token", Need::Token, revoke),
];

fn app(call: &mut Call<'_>) -> Outcome<Answer> {
    let world = call.world();
    let app = world.app.as_ref().ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(render::app::app(world, app)))
}

fn installations(call: &mut Call<'_>) -> Outcome<Answer> {
    let world = call.world();
    let all = world.installations.values();
    let all = all.map(|i| render::app::installation(world, i)).collect();
    Ok(call.page(all))
}

fn installation(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("installation")?;
    let world = call.world();
    let found = world.installations.get(&id).cloned();
    shown(call, found)
}

fn of_repository(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = format!("{}/{}", call.param("owner"), call.param("repo"));
    let world = call.world();
    let id = world.find_repository(&name);
    let found = id.and_then(|id| world.installation_of(id)).cloned();
    shown(call, found)
}

fn of_account(call: &mut Call<'_>) -> Outcome<Answer> {
    let account = call.param("account").to_owned();
    let mut all = call.world().installations.values();
    let found = all.find(|i| i.account.eq_ignore_ascii_case(&account));
    let found = found.cloned();
    shown(call, found)
}

fn shown(call: &mut Call<'_>, installation: Option<Installation>) -> Outcome<Answer> {
    let installation = installation.ok_or_else(Refusal::not_found)?;
    let shown = render::app::installation(call.world(), &installation);
    Ok(Answer::ok(shown))
}

/// Mints a token that lasts an hour; `permissions` and `repositories` can only narrow it.
fn token(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("installation")?;
    let body = call.body.clone();
    let world = call.world();
    let installation = world.installations.get(&id);
    let installation = installation.ok_or_else(Refusal::not_found)?.clone();
    let permissions = narrowed_permissions(&installation.permissions, &body)?;
    let visible = |r: &&crate::standin::model::Repository| crate::standin::change::covers(&installation, r);
    let fields = Body::new(&body, "InstallationToken");
    let names = fields.texts("repositories")?;
    let ids: Option<Vec<u64>> = fields.list("repository_ids")?.map(|l| l.iter().filter_map(Value::as_u64).collect());
    let wanted = names.as_ref().map_or(0, Vec::len) + ids.as_ref().map_or(0, Vec::len);
    let chosen: Option<BTreeSet<u64>> = (names.is_some() || ids.is_some()).then(|| {
        let all = world.repositories.values().filter(visible);
        all.filter(|r| {
            names.as_ref().is_some_and(|n| n.contains(&r.name)) || ids.as_ref().is_some_and(|i| i.contains(&r.id))
        })
        .map(|r| r.id)
        .collect()
    });
    if chosen.as_ref().is_some_and(|c| c.len() < wanted) {
        return Err(Refusal::new(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        ));
    }
    let selection = if chosen.is_some() || installation.repositories.is_some() { "selected" } else { "all" };
    let app = world.app.as_ref().map_or(0, |a| a.id);
    let text = format!("ghs_{app}_{}", auth::random_hex(40)?);
    let expires_at = world.now + jiff::SignedDuration::from_hours(1);
    let answer = json!({
        "token": text,
        "expires_at": render::time(expires_at),
        "permissions": permissions,
        "repository_selection": selection,
    });
    world.tokens.insert(
        text,
        Token { installation: id, expires_at, permissions, repositories: chosen.or(installation.repositories) },
    );
    Ok(Answer::with(201, answer))
}

fn narrowed_permissions(granted: &BTreeMap<String, String>, body: &Value) -> Outcome<BTreeMap<String, String>> {
    let Some(wanted) = body.get("permissions").and_then(Value::as_object) else {
        return Ok(granted.clone());
    };
    let mut narrowed = BTreeMap::from([("metadata".to_owned(), "read".to_owned())]);
    for (area, level) in wanted {
        let level = level.as_str().unwrap_or_default();
        let needed = match level {
            "read" => Level::Read,
            _ => Level::Write,
        };
        if !granted.get(area).is_some_and(|g| needed.met_by(g)) {
            return Err(Refusal::new(422, "The permissions requested are not granted to this installation."));
        }
        narrowed.insert(area.clone(), level.to_owned());
    }
    Ok(narrowed)
}

fn revoke(call: &mut Call<'_>) -> Outcome<Answer> {
    if let auth::Caller::Installation { token, .. } = &call.caller {
        let token = token.clone();
        call.world().tokens.remove(&token);
    }
    Ok(Answer::empty(204))
}

fn hook_config(call: &mut Call<'_>) -> Outcome<Answer> {
    let hook = &call.state.deliveries.hook;
    Ok(Answer::ok(json!({
        "content_type": if hook.form_encoded { "form" } else { "json" },
        "insecure_ssl": "0",
        "secret": "********",
        "url": hook.url,
    })))
}

fn set_hook_config(call: &mut Call<'_>) -> Outcome<Answer> {
    let value = call.body.clone();
    let body = Body::new(&value, "Hook");
    let hook = &mut call.state.deliveries.hook;
    if let Some(url) = body.text("url")? {
        hook.url = Some(url);
    }
    if let Some(secret) = body.text("secret")? {
        hook.secret = secret;
    }
    if let Some(kind) = body.choice("content_type", &["json", "form"])? {
        hook.form_encoded = kind == "form";
    }
    hook_config(call)
}

/// Newest first; `cursor` is the delivery after which to go on.
fn deliveries(call: &mut Call<'_>) -> Outcome<Answer> {
    let status = call.query.get("status").map(String::as_str);
    if status.is_some_and(|s| !["success", "failure"].contains(&s)) {
        return Err(Refusal::new(422, "status must be success or failure"));
    }
    let wanted = |success: bool| status.is_none_or(|s| (s == "success") == success);
    let per_page = call.query.get("per_page").and_then(|p| p.parse().ok());
    let per_page: usize = per_page.unwrap_or(30).clamp(1, 100);
    let cursor = match call.query.get("cursor") {
        Some(cursor) => {
            let id = cursor.trim_start_matches("v1_").parse::<u64>();
            id.map_err(|_| Refusal::new(400, "invalid cursor"))?
        }
        None => u64::MAX,
    };
    let log = &call.state.deliveries.log;
    let mut older = log.iter().rev().filter(|d| d.id < cursor && wanted(d.succeeded()));
    let page: Vec<_> = older.by_ref().take(per_page).collect();
    let more = older.next().is_some();
    let mut answer = Answer::ok(page.iter().map(|d| d.summary()).collect());
    if more && let Some(last) = page.last() {
        let next = call.link("cursor", &format!("v1_{}", last.id), "next");
        answer.headers.push(("link", next));
    }
    Ok(answer)
}

fn delivery(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("delivery")?;
    let mut log = call.state.deliveries.log.iter();
    let found = log.find(|d| d.id == id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(found.whole()))
}

fn redeliver(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("delivery")?;
    let now = call.state.world.now;
    if !call.state.deliveries.redeliver(id, now) {
        return Err(Refusal::not_found());
    }
    Ok(Answer::with(202, json!({})))
}

fn convert(call: &mut Call<'_>) -> Outcome<Answer> {
    let code = call.param("code").to_owned();
    manifest::convert(call.state, &code).map(|app| Answer::with(201, app))
}
