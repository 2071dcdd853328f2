//! Security advisories and the comments on them.

use serde_json::{Value, json};

use super::repository::{api, simple, web};
use super::{account, maybe_time, node_id, time};
use crate::standin::model::{Advisory, AdvisoryState, Post, Repository};
use crate::standin::world::World;

/// Schema `repository-advisory`, with the two comment fields that the live API sends on top.
pub(crate) fn advisory(world: &World, repo: &Repository, advisory: &Advisory) -> Value {
    let url = format!("{}/security-advisories/{}", api(world, repo), advisory.ghsa_id);
    let people = |logins: &[String]| -> Vec<Value> {
        let users = logins.iter().map(|l| account::user(world, l));
        users.collect()
    };
    let mut identifiers = vec![json!({"type": "GHSA", "value": advisory.ghsa_id})];
    if let Some(cve) = &advisory.cve_id {
        identifiers.push(json!({"type": "CVE", "value": cve}));
    }
    let credits: Vec<Value> = advisory.credits.iter().map(|c| json!({"login": c.login, "type": c.kind})).collect();
    let detailed: Vec<Value> = advisory
        .credits
        .iter()
        .map(|c| json!({"user": account::user(world, &c.login), "type": c.kind, "state": "pending"}))
        .collect();
    let cwes: Vec<Value> = advisory.cwe_ids.iter().map(|id| json!({"cwe_id": id, "name": id})).collect();
    let teams: Vec<Value> = advisory.teams.iter().map(|slug| team(world, repo, slug)).collect();
    let fork = advisory.private_fork.as_ref().map(|(id, name)| {
        let mut fork = repo.clone();
        (fork.id, fork.name, fork.private) = (*id, name.clone(), true);
        simple(world, &fork)
    });
    let version = advisory.cvss_vector.as_deref().unwrap_or_default();
    let cvss = json!({"vector_string": advisory.cvss_vector, "score": null});
    let none = json!({"vector_string": null, "score": null});
    let (v3, v4) = if version.starts_with("CVSS:4") { (&none, &cvss) } else { (&cvss, &none) };
    let published = advisory.state == AdvisoryState::Published;
    let comments_url = world.capabilities.advisory_comments.then(|| format!("{url}/comments")).filter(|_| !published);
    json!({
        "ghsa_id": advisory.ghsa_id,
        "cve_id": advisory.cve_id,
        "url": url,
        "html_url": format!("{}/security/advisories/{}", web(world, repo), advisory.ghsa_id),
        "summary": advisory.summary,
        "description": advisory.description,
        "severity": advisory.severity,
        "author": account::user(world, &advisory.author),
        "publisher": advisory.publisher.as_ref().map(|p| account::user(world, p)),
        "identifiers": identifiers,
        "state": advisory.state.as_str(),
        "created_at": time(advisory.created_at),
        "updated_at": time(advisory.updated_at),
        "published_at": maybe_time(advisory.published_at),
        "closed_at": maybe_time(advisory.closed_at),
        "withdrawn_at": (advisory.state == AdvisoryState::Withdrawn).then(|| time(advisory.updated_at)),
        "submission": advisory.submission.map(|accepted| json!({"accepted": accepted})),
        "vulnerabilities": advisory.vulnerabilities,
        "cvss": v3,
        "cvss_severities": {"cvss_v3": v3, "cvss_v4": v4},
        "cwes": cwes,
        "cwe_ids": advisory.cwe_ids,
        "credits": credits,
        "credits_detailed": detailed,
        "collaborating_users": people(&advisory.collaborators),
        "collaborating_teams": teams,
        "private_fork": fork,
        "comments": advisory.comments.len(),
        "comments_url": comments_url,
    })
}

fn team(world: &World, repo: &Repository, slug: &str) -> Value {
    let id = slug.bytes().fold(7_u64, |id, b| (id * 31 + u64::from(b)) % 1_000_003);
    let url = format!("{}/orgs/{}/teams/{slug}", world.places.api, repo.owner);
    json!({
        "id": id,
        "node_id": node_id("T", id),
        "name": slug,
        "slug": slug,
        "description": null,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "type": "organization",
        "url": url,
        "html_url": format!("{}/orgs/{}/teams/{slug}", world.places.web, repo.owner),
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "parent": null,
    })
}

/// A comment on an advisory (public preview; not in GitHub's OpenAPI description).
pub(crate) fn comment(world: &World, repo: &Repository, advisory: &Advisory, post: &Post) -> Value {
    let url = format!("{}/security-advisories/{}", api(world, repo), advisory.ghsa_id);
    let page = format!("{}/security/advisories/{}", web(world, repo), advisory.ghsa_id);
    json!({
        "id": post.id,
        "node_id": node_id("RAC", post.id),
        "url": format!("{url}/comments/{}", post.id),
        "html_url": format!("{page}#advisory-comment-{}", post.id),
        "advisory_url": url,
        "body": post.body,
        "user": account::user(world, &post.author),
        "author_association": world.association(repo.id, &post.author),
        "created_at": time(post.created_at),
        "updated_at": time(post.updated_at),
    })
}
