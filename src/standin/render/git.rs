//! Commits, refs, files, check runs.

use base64::Engine as _;
use serde_json::{Value, json};

use super::repository::{api, web};
use super::{account, app, node_id, time};
use crate::standin::model::{CheckRun, Commit, Repository};
use crate::standin::world::World;

fn signature(commit: &Commit) -> Value {
    json!({
        "name": commit.author,
        "email": format!("{}@users.noreply.example.org", commit.author),
        "date": time(commit.at),
    })
}

/// Schema `commit`.
pub(crate) fn commit(world: &World, repo: &Repository, commit: &Commit) -> Value {
    let url = format!("{}/commits/{}", api(world, repo), commit.sha);
    let parents: Vec<Value> =
        commit.parents.iter().map(|p| json!({"sha": p, "url": format!("{}/commits/{p}", api(world, repo))})).collect();
    json!({
        "sha": commit.sha,
        "node_id": format!("C_kwDO{}", commit.sha),
        "url": url,
        "html_url": format!("{}/commit/{}", web(world, repo), commit.sha),
        "comments_url": format!("{url}/comments"),
        "commit": {
            "url": format!("{}/git/commits/{}", api(world, repo), commit.sha),
            "message": commit.message,
            "author": signature(commit),
            "committer": signature(commit),
            "tree": {"sha": commit.sha, "url": format!("{}/git/trees/{}", api(world, repo), commit.sha)},
            "comment_count": 0,
            "verification": {
                "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
            },
        },
        "author": account::user(world, &commit.author),
        "committer": account::user(world, &commit.author),
        "parents": parents,
    })
}

/// A commit in a push webhook.
pub(crate) fn pushed_commit(world: &World, repo: &Repository, commit: &Commit) -> Value {
    let who = json!({
        "name": commit.author,
        "email": format!("{}@users.noreply.example.org", commit.author),
        "username": commit.author,
    });
    json!({
        "id": commit.sha,
        "tree_id": commit.sha,
        "distinct": true,
        "message": commit.message,
        "timestamp": time(commit.at),
        "url": format!("{}/commit/{}", web(world, repo), commit.sha),
        "author": who,
        "committer": who,
        "added": [],
        "removed": [],
        "modified": [],
    })
}

/// Schema `git-ref`.
pub(crate) fn git_ref(world: &World, repo: &Repository, full: &str, sha: &str) -> Value {
    json!({
        "ref": full,
        "node_id": format!("REF_kwDO{}", hex::encode(full)),
        "url": format!("{}/git/{full}", api(world, repo)),
        "object": {
            "type": "commit",
            "sha": sha,
            "url": format!("{}/git/commits/{sha}", api(world, repo)),
        },
    })
}

/// Schema `content-file`.
pub(crate) fn file(world: &World, repo: &Repository, path: &str, text: &str) -> Value {
    let url = format!("{}/contents/{path}?ref={}", api(world, repo), repo.default_branch);
    let page = format!("{}/blob/{}/{path}", web(world, repo), repo.default_branch);
    let sha = blob_sha(text);
    let git = format!("{}/git/blobs/{sha}", api(world, repo));
    json!({
        "type": "file",
        "encoding": "base64",
        "size": text.len(),
        "name": path.rsplit('/').next(),
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git,
        "html_url": page,
        "download_url": format!("{}/raw/{path}", web(world, repo)),
        "content": wrapped_base64(text),
        "_links": {"self": url, "git": git, "html": page},
    })
}

/// Git's own name of a file's content.
pub(crate) fn blob_sha(text: &str) -> String {
    let blob = format!("blob {}\0{text}", text.len());
    let algorithm = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
    hex::encode(aws_lc_rs::digest::digest(algorithm, blob.as_bytes()).as_ref())
}

/// GitHub breaks base64 into lines of sixty characters.
fn wrapped_base64(text: &str) -> String {
    let whole = base64::engine::general_purpose::STANDARD.encode(text);
    let mut lines = String::with_capacity(whole.len() + whole.len() / 60 + 1);
    for (index, letter) in whole.chars().enumerate() {
        if index > 0 && index % 60 == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push('\n');
    lines
}

/// Schema `check-run`.
pub(crate) fn check_run(world: &World, repo: &Repository, run: &CheckRun) -> Value {
    let field = |name: &str| run.fields.get(name).cloned().unwrap_or(Value::Null);
    let output = field("output");
    let url = format!("{}/check-runs/{}", api(world, repo), run.id);
    let annotations = output["annotations"].as_array().map_or(0, Vec::len);
    let status = match (field("status"), field("conclusion")) {
        (Value::String(status), _) => status,
        (_, Value::Null) => "queued".to_owned(),
        _ => "completed".to_owned(),
    };
    json!({
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "head_sha": field("head_sha"),
        "name": field("name"),
        "external_id": field("external_id"),
        "url": url,
        "html_url": format!("{}/runs/{}", web(world, repo), run.id),
        "details_url": field("details_url"),
        "status": status,
        "conclusion": field("conclusion"),
        "started_at": field("started_at").as_str().map_or_else(|| time(run.created_at), str::to_owned),
        "completed_at": field("completed_at"),
        "output": {
            "title": output["title"],
            "summary": output["summary"],
            "text": output["text"],
            "annotations_count": annotations,
            "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": {"id": run.id},
        "app": world.app.as_ref().map(|a| app::app(world, a)),
        "pull_requests": [],
    })
}
