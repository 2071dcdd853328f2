//! Repositories: themselves, their files, who may do what, private reporting; and the general questions.

use serde_json::json;

use super::{Answer, Call, Level, Need, Route, route};
use crate::standin::auth::Caller;
use crate::standin::model::AccountKind;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

const METADATA: Need = Need::Permission("metadata", Level::Read);
const CONTENTS: Need = Need::Permission("contents", Level::Read);

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/meta", Need::Nothing, meta),
    route("GET", "/zen", Need::Nothing, zen),
    route("GET", "/rate_limit", Need::Nothing, rate_limit),
    route("GET", "/installation/repositories", Need::Token, of_installation),
    route("GET", "/users/{login}", Need::Nothing, user),
    route("GET", "/repos/{owner}/{repo}", METADATA, repository),
    route("GET", "/repos/{owner}/{repo}/contents", CONTENTS, contents),
    route("GET", "/repos/{owner}/{repo}/contents/{path…}", CONTENTS, contents),
    route("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", METADATA, permission),
    route("GET", "/repos/{owner}/{repo}/private-vulnerability-reporting", METADATA, private_reporting),
    route(
        "PUT",
        "/repos/{owner}/{repo}/private-vulnerability-reporting",
        Need::Permission("administration", Level::Write),
        |call| set_private_reporting(call, true),
    ),
    route(
        "DELETE",
        "/repos/{owner}/{repo}/private-vulnerability-reporting",
        Need::Permission("administration", Level::Write),
        |call| set_private_reporting(call, false),
    ),
];

fn meta(_: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::ok(json!({
        "verifiable_password_authentication": false,
        "hooks": ["127.0.0.0/8", "::1/128"],
        "web": ["127.0.0.0/8", "::1/128"],
        "api": ["127.0.0.0/8", "::1/128"],
        "git": ["127.0.0.0/8", "::1/128"],
    })))
}

fn zen(_: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::ok("Anything added dilutes everything else.".into()))
}

fn rate_limit(call: &mut Call<'_>) -> Outcome<Answer> {
    let now = call.state.world.now;
    let core = call.state.limits.shown(now);
    Ok(Answer::ok(json!({
        "resources": {"core": core, "search": core, "graphql": core},
        "rate": core,
    })))
}

fn user(call: &mut Call<'_>) -> Outcome<Answer> {
    let login = call.param("login").to_owned();
    let world = call.world();
    world.account(&login).ok_or_else(Refusal::not_found)?;
    let mut shown = render::account::user(world, &login);
    let since = render::time(world.now);
    for (key, value) in [
        ("name", json!(login)),
        ("public_repos", json!(0)),
        ("public_gists", json!(0)),
        ("followers", json!(0)),
        ("following", json!(0)),
        ("created_at", json!(since)),
        ("updated_at", json!(since)),
    ] {
        shown[key] = value;
    }
    for key in ["company", "blog", "location", "email", "hireable", "bio"] {
        shown[key] = serde_json::Value::Null;
    }
    Ok(Answer::ok(shown))
}

fn of_installation(call: &mut Call<'_>) -> Outcome<Answer> {
    let Caller::Installation { id, token, .. } = &call.caller else {
        return Err(Refusal::forbidden("Resource not accessible by integration"));
    };
    let world = &call.state.world;
    let narrowed = world.tokens.get(token).and_then(|t| t.repositories.clone());
    let installation = world.installations.get(id).ok_or_else(Refusal::not_found)?;
    let all = world.repositories.values();
    let all = all
        .filter(|r| crate::standin::change::covers(installation, r))
        .filter(|r| narrowed.as_ref().is_none_or(|n| n.contains(&r.id)));
    let all = all.map(|r| render::repository::full(world, r)).collect();
    Ok(call.page_in(all, Some("repositories")))
}

fn repository(call: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::ok(render::repository::full(&call.state.world, call.repo()?)))
}

/// A file, or the entries of a folder. Only the default branch has files here.
fn contents(call: &mut Call<'_>) -> Outcome<Answer> {
    let path = call.param("path").trim_matches('/').to_owned();
    let (world, repo) = (&call.state.world, call.repo()?);
    if let Some(text) = repo.files.get(&path) {
        return Ok(Answer::ok(render::git::file(world, repo, &path, text)));
    }
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut entries = std::collections::BTreeMap::new();
    for (file, text) in &repo.files {
        if let Some(rest) = file.strip_prefix(&prefix) {
            let (name, folder) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
            entries.insert(format!("{prefix}{name}"), (folder, text));
        }
    }
    if entries.is_empty() {
        return Err(Refusal::not_found());
    }
    let listed = entries.into_iter().map(|(path, (folder, text))| {
        let mut entry = render::git::file(world, repo, &path, text);
        if let Some(map) = entry.as_object_mut() {
            map.remove("content");
            map.remove("encoding");
        }
        if folder {
            entry["type"] = "dir".into();
            entry["size"] = 0.into();
            entry["download_url"] = serde_json::Value::Null;
        }
        entry
    });
    Ok(Answer::ok(listed.collect()))
}

fn permission(call: &mut Call<'_>) -> Outcome<Answer> {
    let login = call.param("login").to_owned();
    let (world, repository) = (&call.state.world, call.repository);
    let account = world.account(&login).ok_or_else(Refusal::not_found)?;
    if account.kind == AccountKind::Organization {
        return Err(Refusal::not_found());
    }
    let role = world.role(repository, &login);
    let mut user = render::account::user(world, &login);
    user["role_name"] = role.name().into();
    user["permissions"] = json!({
        "pull": role.name() != "none",
        "triage": role >= crate::standin::model::Role::Triage,
        "push": role >= crate::standin::model::Role::Write,
        "maintain": role >= crate::standin::model::Role::Maintain,
        "admin": role >= crate::standin::model::Role::Admin,
    });
    Ok(Answer::ok(json!({
        "permission": role.legacy_permission(),
        "role_name": role.name(),
        "user": user,
    })))
}

fn private_reporting(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    if repo.private || !repo.has_advisories {
        return Err(Refusal::new(422, "Private vulnerability reporting is not available on this repository."));
    }
    Ok(Answer::ok(json!({"enabled": repo.private_reporting})))
}

fn set_private_reporting(call: &mut Call<'_>, enabled: bool) -> Outcome<Answer> {
    private_reporting(call)?;
    let repository = call.repository;
    let repo = call.world().repository_mut(repository)?;
    repo.private_reporting = enabled;
    Ok(Answer::empty(204))
}
