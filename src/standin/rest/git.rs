//! Refs, tags, branches, commits, comparison, and comments on commits.

use serde_json::{Value, json};

use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::change::PostAt;
use crate::standin::model::Repository;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

const READ: Need = Need::Permission("contents", Level::Read);
const WRITE: Need = Need::Permission("contents", Level::Write);
const METADATA: Need = Need::Permission("metadata", Level::Read);

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref…}", READ, matching_refs),
    route("GET", "/repos/{owner}/{repo}/git/ref/{ref…}", READ, one_ref),
    route("GET", "/repos/{owner}/{repo}/tags", METADATA, tags),
    route("GET", "/repos/{owner}/{repo}/branches", READ, branches),
    route("GET", "/repos/{owner}/{repo}/commits", READ, commits),
    route("GET", "/repos/{owner}/{repo}/commits/{sha}", READ, commit),
    route("GET", "/repos/{owner}/{repo}/compare/{basehead}", READ, compare),
    route("GET", "/repos/{owner}/{repo}/comments", READ, comments),
    route("GET", "/repos/{owner}/{repo}/commits/{sha}/comments", READ, comments),
    route(
        "POST",
        "/repos/{owner}/{repo}/commits/{sha}/comments",
        // The documentation names read here and write for the changes.
        READ,
        add_comment,
    ),
    route("GET", "/repos/{owner}/{repo}/comments/{id}", READ, comment),
    route("PATCH", "/repos/{owner}/{repo}/comments/{id}", WRITE, edit_comment),
    route("DELETE", "/repos/{owner}/{repo}/comments/{id}", WRITE, delete_comment),
];

fn matching_refs(call: &mut Call<'_>) -> Outcome<Answer> {
    let prefix = format!("refs/{}", call.param("ref"));
    let (world, repo) = (&call.state.world, call.repo()?);
    let found = repo.refs.iter().filter(|(name, _)| name.starts_with(&prefix));
    let found = found.map(|(name, sha)| render::git::git_ref(world, repo, name, sha));
    Ok(Answer::ok(found.collect()))
}

fn one_ref(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = format!("refs/{}", call.param("ref"));
    let (world, repo) = (&call.state.world, call.repo()?);
    let sha = repo.refs.get(&name).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(render::git::git_ref(world, repo, &name, sha)))
}

fn named<'a>(repo: &'a Repository, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
    let refs = repo.refs.iter();
    refs.filter_map(move |(name, sha)| Some((name.strip_prefix(prefix)?, sha.as_str())))
}

fn tags(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let api = render::repository::api(world, repo);
    let tag = |(name, sha): (&str, &str)| {
        json!({
            "name": name,
            "node_id": format!("REF_kwDO{}", hex::encode(name)),
            "commit": {"sha": sha, "url": format!("{api}/commits/{sha}")},
            "zipball_url": format!("{api}/zipball/refs/tags/{name}"),
            "tarball_url": format!("{api}/tarball/refs/tags/{name}"),
        })
    };
    Ok(call.page(named(repo, "refs/tags/").map(tag).collect()))
}

fn branches(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let api = render::repository::api(world, repo);
    let branch = |(name, sha): (&str, &str)| {
        json!({
            "name": name,
            "commit": {"sha": sha, "url": format!("{api}/commits/{sha}")},
            "protected": false,
        })
    };
    Ok(call.page(named(repo, "refs/heads/").map(branch).collect()))
}

fn render_commits(call: &Call<'_>, shas: &[String]) -> Outcome<Vec<Value>> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let commits = shas.iter().filter_map(|sha| repo.commits.get(sha));
    Ok(commits.map(|c| render::git::commit(world, repo, c)).collect())
}

fn commits(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let start = call.query.get("sha").unwrap_or(&repo.default_branch);
    let tip = repo.resolve(start).ok_or_else(Refusal::not_found)?;
    let all = render_commits(call, &repo.history(&tip))?;
    Ok(call.page(all))
}

fn commit(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let sha = repo.resolve(call.param("sha"));
    let sha = sha.ok_or_else(|| Refusal::new(422, "No commit found for SHA"))?;
    let commit = repo.commits.get(&sha).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(render::git::commit(world, repo, commit)))
}

fn compare(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let range = call.param("basehead").split_once("...");
    let (base, head) = range.ok_or_else(Refusal::not_found)?;
    let base_sha = repo.resolve(base).ok_or_else(Refusal::not_found)?;
    let head_sha = repo.resolve(head).ok_or_else(Refusal::not_found)?;
    let (of_base, of_head) = (repo.history(&base_sha), repo.history(&head_sha));
    let mut ahead: Vec<String> = of_head.clone();
    ahead.retain(|sha| !of_base.contains(sha));
    ahead.reverse();
    let behind = of_base.iter().filter(|s| !of_head.contains(s)).count();
    let merge_base = of_head.iter().find(|sha| repo.reaches(&base_sha, sha));
    let merge_base = merge_base.ok_or_else(Refusal::not_found)?.clone();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let api = render::repository::api(world, repo);
    let page = format!("{}/compare/{base}...{head}", render::repository::web(world, repo));
    let one = |sha: &String| Ok(render_commits(call, std::slice::from_ref(sha))?.pop());
    Ok(Answer::ok(json!({
        "url": format!("{api}/compare/{base}...{head}"),
        "html_url": page,
        "permalink_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "base_commit": one(&base_sha)?,
        "merge_base_commit": one(&merge_base)?,
        "status": status,
        "ahead_by": ahead.len(),
        "behind_by": behind,
        "total_commits": ahead.len(),
        "commits": render_commits(call, &ahead)?,
        "files": [],
    })))
}

fn comments(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let only = match call.params.get("sha") {
        Some(sha) => Some(repo.resolve(sha).ok_or_else(Refusal::not_found)?),
        None => None,
    };
    let all = repo.commit_comments.iter();
    let all = all.filter(|c| only.as_ref().is_none_or(|sha| *sha == c.sha));
    let all = all.map(|c| render::pull::commit_comment(world, repo, c));
    Ok(call.page(all.collect()))
}

fn shown(call: &Call<'_>, id: u64) -> Outcome<Value> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let found = repo.commit_comments.iter().find(|c| c.post.id == id);
    let found = found.ok_or_else(Refusal::not_found)?;
    Ok(render::pull::commit_comment(world, repo, found))
}

fn comment(call: &mut Call<'_>) -> Outcome<Answer> {
    shown(call, call.number("id")?).map(Answer::ok)
}

fn add_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let (actor, repository) = (call.actor(), call.repository);
    let value = call.body.clone();
    let body = Body::new(&value, "CommitComment");
    let (text, path) = (body.needed_text("body")?, body.text("path")?);
    let sha = call.param("sha").to_owned();
    let id = call.world().comment_commit(repository, &sha, &actor, &text, path)?;
    Ok(Answer::with(201, shown(call, id)?))
}

fn edit_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let (actor, repository, id) = (call.actor(), call.repository, call.number("id")?);
    let text = Body::new(&call.body, "CommitComment").needed_text("body")?;
    let at = PostAt::CommitComment(id);
    call.world().edit_post(repository, at, &actor, &text)?;
    comment(call)
}

fn delete_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let (actor, repository, id) = (call.actor(), call.repository, call.number("id")?);
    let at = PostAt::CommitComment(id);
    call.world().delete_post(repository, at, &actor)?;
    Ok(Answer::empty(204))
}
