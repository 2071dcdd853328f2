//! Repositories, whole and small.

use serde_json::{Value, json};

use super::{account, node_id, time};
use crate::standin::model::{Repository, ThreadKind};
use crate::standin::world::World;

/// API address of a repository.
pub(crate) fn api(world: &World, repo: &Repository) -> String {
    format!("{}/repos/{}", world.places.api, repo.full_name())
}

/// Web address of a repository.
pub(crate) fn web(world: &World, repo: &Repository) -> String {
    format!("{}/{}", world.places.web, repo.full_name())
}

const LINKS: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// Schema `simple-repository`.
pub(crate) fn simple(world: &World, repo: &Repository) -> Value {
    let (api, web) = (api(world, repo), web(world, repo));
    let mut shown = json!({
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name(),
        "private": repo.private,
        "owner": account::user(world, &repo.owner),
        "html_url": web,
        "description": null,
        "fork": false,
    });
    for (key, path) in LINKS {
        shown[key] = format!("{api}{path}").into();
    }
    shown
}

/// Schemas `full-repository` and `repository`.
pub(crate) fn full(world: &World, repo: &Repository) -> Value {
    let web = web(world, repo);
    let open = repo.threads.values().filter(|t| t.open && !matches!(t.kind, ThreadKind::Discussion)).count();
    let created = time(repo.created_at);
    let mut shown = simple(world, repo);
    let more = json!({
        "visibility": if repo.private { "private" } else { "public" },
        "default_branch": repo.default_branch,
        "clone_url": format!("{web}.git"),
        "git_url": format!("{web}.git"),
        "ssh_url": format!("git@localhost:{}.git", repo.full_name()),
        "svn_url": web,
        "mirror_url": null,
        "homepage": null,
        "language": null,
        "license": null,
        "topics": [],
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "network_count": 0,
        "subscribers_count": 0,
        "size": 1,
        "open_issues": open,
        "open_issues_count": open,
        "is_template": false,
        "web_commit_signoff_required": false,
        "allow_forking": true,
        "archived": false,
        "disabled": false,
        "has_issues": true,
        "has_projects": false,
        "has_downloads": true,
        "has_wiki": false,
        "has_pages": false,
        "has_discussions": true,
        "created_at": created,
        "updated_at": created,
        "pushed_at": created,
    });
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

/// The repository in a webhook. Push events write its instants as seconds.
pub(crate) fn payload(world: &World, repo: &Repository, push: bool) -> Value {
    let mut shown = full(world, repo);
    shown["custom_properties"] = json!({});
    if push {
        shown["created_at"] = repo.created_at.as_second().into();
        shown["pushed_at"] = world.now.as_second().into();
        shown["stargazers"] = 0.into();
        shown["master_branch"] = repo.default_branch.clone().into();
        shown["owner"]["name"] = repo.owner.clone().into();
    }
    if let Value::Object(map) = &mut shown {
        map.remove("network_count");
        map.remove("subscribers_count");
    }
    shown
}
