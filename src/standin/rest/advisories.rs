//! Repository security advisories, private reports, and the organisation's list of them.

use serde_json::Value;

use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::change::AdvisoryFields;
use crate::standin::model::{Advisory, AdvisoryState, Credit, Repository};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

const READ: Need = Need::Permission("repository_advisories", Level::Read);
const WRITE: Need = Need::Permission("repository_advisories", Level::Write);

pub(super) const ROUTES: &[Route] = &[
    // Needs write, unlike the list of one repository.
    route("GET", "/orgs/{org}/security-advisories", WRITE, of_organisation),
    route("GET", "/repos/{owner}/{repo}/security-advisories", READ, list),
    route("POST", "/repos/{owner}/{repo}/security-advisories", WRITE, create),
    route("POST", "/repos/{owner}/{repo}/security-advisories/reports", WRITE, report),
    route("GET", "/repos/{owner}/{repo}/security-advisories/{ghsa}", READ, get),
    route("PATCH", "/repos/{owner}/{repo}/security-advisories/{ghsa}", WRITE, update),
    route("POST", "/repos/{owner}/{repo}/security-advisories/{ghsa}/cve", WRITE, request_cve),
];

const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];
const ECOSYSTEMS: [&str; 13] = [
    "rubygems", "npm", "pip", "maven", "nuget", "composer", "go", "rust", "erlang", "actions", "pub", "other", "swift",
];
const CREDITS: [&str; 10] = [
    "analyst",
    "finder",
    "reporter",
    "coordinator",
    "remediation_developer",
    "remediation_reviewer",
    "remediation_verifier",
    "tool",
    "sponsor",
    "other",
];

/// 404 where advisories do not exist: private repositories, Enterprise servers, switched off.
pub(super) fn available(call: &Call<'_>) -> Outcome<()> {
    let on = call.state.world.capabilities.advisories;
    if on && call.repo()?.has_advisories { Ok(()) } else { Err(Refusal::not_found()) }
}

fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    available(call)?;
    let repo = call.repo()?;
    listed(call, repo.advisories.iter().map(|a| (repo, a)).collect())
}

fn of_organisation(call: &mut Call<'_>) -> Outcome<Answer> {
    let world = &call.state.world;
    if !world.capabilities.advisories {
        return Err(Refusal::not_found());
    }
    let organisation = call.param("org");
    world.account(organisation).ok_or_else(Refusal::not_found)?;
    let all = world
        .repositories
        .values()
        .filter(|r| r.owner.eq_ignore_ascii_case(organisation) && call.caller.sees(world, r.id))
        .flat_map(|r| r.advisories.iter().map(move |a| (r, a)));
    listed(call, all.collect())
}

/// Filters, sorts and cuts a list; the cursors are ids of advisories.
fn listed(call: &Call<'_>, mut all: Vec<(&Repository, &Advisory)>) -> Outcome<Answer> {
    let asked = |name: &str| call.query.get(name).map(String::as_str);
    if let Some(state) = asked("state") {
        if !["triage", "draft", "published", "closed"].contains(&state) {
            return Err(Refusal::new(400, "state is not one of triage, draft, published, closed"));
        }
        all.retain(|(_, a)| a.state.as_str() == state);
    }
    match asked("sort").unwrap_or("created") {
        "created" => all.sort_by_key(|(_, a)| (a.created_at, a.id)),
        "updated" => all.sort_by_key(|(_, a)| (a.updated_at, a.id)),
        "published" => all.sort_by_key(|(_, a)| (a.published_at, a.id)),
        _ => {
            return Err(Refusal::new(400, "sort is not one of created, updated, published"));
        }
    }
    if asked("direction") != Some("asc") {
        all.reverse();
    }
    let per_page = asked("per_page").and_then(|p| p.parse().ok());
    let per_page: usize = per_page.unwrap_or(30).clamp(1, 100);
    let place = |cursor: &str| {
        let found = all.iter().position(|(_, a)| a.id.to_string() == cursor);
        found.ok_or_else(|| Refusal::new(400, "invalid cursor"))
    };
    let (start, end) = match (asked("after"), asked("before")) {
        (Some(cursor), _) => {
            let start = place(cursor)? + 1;
            (start, (start + per_page).min(all.len()))
        }
        (None, Some(cursor)) => {
            let end = place(cursor)?;
            (end.saturating_sub(per_page), end)
        }
        (None, None) => (0, per_page.min(all.len())),
    };
    let page = &all[start.min(end)..end];
    let shown = page.iter().map(|(r, a)| render::advisory::advisory(&call.state.world, r, a));
    let mut answer = Answer::ok(shown.collect());
    let mut links = Vec::new();
    if let (true, Some((_, first))) = (start > 0, page.first()) {
        links.push(call.link("before", &first.id.to_string(), "prev"));
    }
    if let (true, Some((_, last))) = (end < all.len(), page.last()) {
        links.push(call.link("after", &last.id.to_string(), "next"));
    }
    if !links.is_empty() {
        answer.headers.push(("link", links.join(", ")));
    }
    Ok(answer)
}

fn shown(call: &Call<'_>, ghsa: &str) -> Outcome<Value> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let advisory = world.advisory(call.repository, ghsa)?;
    Ok(render::advisory::advisory(world, repo, advisory))
}

fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    available(call)?;
    shown(call, call.param("ghsa")).map(Answer::ok)
}

/// GitHub's people assign an id later; here nobody does.
fn request_cve(call: &mut Call<'_>) -> Outcome<Answer> {
    available(call)?;
    let advisory = call.state.world.advisory(call.repository, call.param("ghsa"))?;
    if advisory.cve_id.is_some() {
        return Err(Refusal::new(422, "The advisory has a CVE already."));
    }
    Ok(Answer::with(202, serde_json::json!({})))
}

fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let known = [
        "summary",
        "description",
        "vulnerabilities",
        "cve_id",
        "cwe_ids",
        "credits",
        "severity",
        "cvss_vector_string",
        "start_private_fork",
    ];
    file(call, &known, &["summary", "description", "vulnerabilities"], false)
}

fn report(call: &mut Call<'_>) -> Outcome<Answer> {
    let known = [
        "summary",
        "description",
        "vulnerabilities",
        "cwe_ids",
        "severity",
        "cvss_vector_string",
        "start_private_fork",
    ];
    file(call, &known, &["summary", "description"], true)
}

fn file(call: &mut Call<'_>, known: &[&str], needed: &[&str], reported: bool) -> Outcome<Answer> {
    available(call)?;
    let (actor, repository, value) = (call.actor(), call.repository, call.body.clone());
    let body = Body::new(&value, "RepositoryAdvisory");
    body.only(known)?;
    for field in needed {
        if body.get(field).is_none_or(Value::is_null) {
            return Err(body.wrong(field, &format!("\"{field}\" wasn't supplied.")));
        }
    }
    let fields = fields(&body)?;
    let world = call.world();
    let ghsa = world.file_advisory(repository, &actor, reported, fields)?;
    Ok(Answer::with(201, shown(call, &ghsa)?))
}

fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    available(call)?;
    let (actor, repository, value) = (call.actor(), call.repository, call.body.clone());
    let body = Body::new(&value, "RepositoryAdvisory");
    body.only(&[
        "summary",
        "description",
        "vulnerabilities",
        "cve_id",
        "cwe_ids",
        "credits",
        "severity",
        "cvss_vector_string",
        "state",
        "collaborating_users",
        "collaborating_teams",
    ])?;
    let mut fields = fields(&body)?;
    let state = body.choice("state", &["published", "closed", "draft"])?;
    fields.state = state.map(|s| match s.as_str() {
        "published" => AdvisoryState::Published,
        "closed" => AdvisoryState::Closed,
        _ => AdvisoryState::Draft,
    });
    fields.collaborators = body.texts("collaborating_users")?;
    fields.teams = body.texts("collaborating_teams")?;
    let ghsa = call.param("ghsa").to_owned();
    let world = call.world();
    world.patch_advisory(repository, &ghsa, &actor, fields)?;
    get(call)
}

fn fields(body: &Body<'_>) -> Outcome<AdvisoryFields> {
    let severity = body.nullable_text("severity")?;
    let cvss_vector = body.nullable_text("cvss_vector_string")?;
    if matches!((&severity, &cvss_vector), (Some(Some(_)), Some(Some(_)))) {
        return Err(body.wrong("severity", "only one of severity and cvss_vector_string may be given"));
    }
    body.choice("severity", &SEVERITIES)?;
    let (summary, description) = (body.text("summary")?, body.text("description")?);
    for (field, text, most) in [("summary", &summary, 1024), ("description", &description, 65_535)] {
        let length = text.as_ref().map_or(0, |t| t.chars().count());
        if length > most {
            return Err(body.wrong(field, &format!("is too long (maximum is {most} characters)")));
        }
    }
    Ok(AdvisoryFields {
        summary,
        description,
        severity,
        cvss_vector,
        cve_id: body.nullable_text("cve_id")?,
        cwe_ids: body.texts("cwe_ids")?,
        vulnerabilities: vulnerabilities(body)?,
        credits: credits(body)?,
        start_private_fork: body.get("start_private_fork") == Some(&Value::Bool(true)),
        ..AdvisoryFields::default()
    })
}

fn vulnerabilities(body: &Body<'_>) -> Outcome<Option<Vec<Value>>> {
    let Some(list) = body.list("vulnerabilities")? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    for one in list {
        let fields = Body::new(one, "RepositoryAdvisory");
        fields.only(&["package", "vulnerable_version_range", "patched_versions", "vulnerable_functions"])?;
        let package = fields.get("package").unwrap_or(&Value::Null);
        let package = Body::new(package, "RepositoryAdvisory");
        package.needed_text("ecosystem")?;
        package.choice("ecosystem", &ECOSYSTEMS)?;
        all.push(serde_json::json!({
            "package": {
                "ecosystem": package.text("ecosystem")?,
                "name": package.text("name")?,
            },
            "vulnerable_version_range": fields.text("vulnerable_version_range")?,
            "patched_versions": fields.text("patched_versions")?,
            "vulnerable_functions": fields.texts("vulnerable_functions")?.unwrap_or_default(),
        }));
    }
    Ok(Some(all))
}

fn credits(body: &Body<'_>) -> Outcome<Option<Vec<Credit>>> {
    let Some(list) = body.list("credits")? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    for one in list {
        let fields = Body::new(one, "RepositoryAdvisory");
        fields.only(&["login", "type"])?;
        fields.choice("type", &CREDITS)?;
        all.push(Credit { login: fields.needed_text("login")?, kind: fields.needed_text("type")? });
    }
    Ok(Some(all))
}
