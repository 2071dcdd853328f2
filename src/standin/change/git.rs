//! The toy git: commits with parents, branches and tags by name.

use serde_json::{Map, Value, json};

use crate::standin::model::Commit;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;
use crate::standin::world::World;

impl World {
    /// Adds a commit that no ref points to yet; returns its sha.
    pub(crate) fn add_commit(
        &mut self,
        repository: u64,
        author: &str,
        message: &str,
        parents: Vec<String>,
    ) -> Outcome<String> {
        let at = self.now;
        let seed = format!("{}{author}{message}{parents:?}", self.next_id());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, seed.as_bytes());
        let sha = hex::encode(digest.as_ref());
        let repo = self.repository_mut(repository)?;
        if let Some(missing) = parents.iter().find(|p| !repo.commits.contains_key(*p)) {
            return Err(Refusal::new(422, format!("no commit {missing}")));
        }
        repo.commits.insert(
            sha.clone(),
            Commit { sha: sha.clone(), message: message.to_owned(), author: author.to_owned(), at, parents },
        );
        Ok(sha)
    }

    /// Pushes commits onto a branch, which is created when absent; returns the shas.
    pub(crate) fn push(
        &mut self,
        repository: u64,
        actor: &str,
        branch: &str,
        messages: &[&str],
    ) -> Outcome<Vec<String>> {
        let full = format!("refs/heads/{branch}");
        let repo = self.repository(repository)?;
        let old = repo.refs.get(&full).cloned();
        let mut tip = old.clone().or_else(|| repo.resolve(&repo.default_branch));
        let mut shas = Vec::new();
        for message in messages {
            let sha = self.add_commit(repository, actor, message, tip.into_iter().collect())?;
            shas.push(sha.clone());
            tip = Some(sha);
        }
        let tip = tip.ok_or_else(|| Refusal::new(422, "nothing to push"))?;
        let repo = self.repository_mut(repository)?;
        repo.refs.insert(full.clone(), tip.clone());
        if old.is_none() {
            self.emit_create(repository, actor, branch, "branch");
        }
        self.emit_push(repository, actor, &full, old, &tip, &shas)?;
        Ok(shas)
    }

    /// Creates a tag. More than three at once would be silent on GitHub; this makes one.
    pub(crate) fn create_tag(&mut self, repository: u64, actor: &str, tag: &str, at: &str) -> Outcome<()> {
        let repo = self.repository_mut(repository)?;
        let sha = repo.resolve(at).ok_or_else(Refusal::not_found)?;
        let full = format!("refs/tags/{tag}");
        repo.refs.insert(full.clone(), sha.clone());
        self.emit_create(repository, actor, tag, "tag");
        self.emit_push(repository, actor, &full, None, &sha, &[])
    }

    /// Takes over commits of a real history, parents first, without a word to anybody.
    pub(crate) fn take_over(&mut self, repository: u64, commits: Vec<Commit>) -> Outcome<()> {
        let repo = self.repository_mut(repository)?;
        repo.commits.extend(commits.into_iter().map(|commit| (commit.sha.clone(), commit)));
        Ok(())
    }

    /// Pushes refs (whole names) onto commits that are there, at once. GitHub tells nothing where more than three of them
    /// are tags.
    pub(crate) fn push_refs(&mut self, repository: u64, actor: &str, refs: &[(&str, &str)]) -> Outcome<()> {
        let silent = refs.iter().filter(|(name, _)| name.starts_with("refs/tags/")).count() > 3;
        for (name, sha) in refs {
            let repo = self.repository_mut(repository)?;
            if !repo.commits.contains_key(*sha) {
                return Err(Refusal::new(422, format!("no commit {sha}")));
            }
            let old = repo.refs.insert((*name).to_owned(), (*sha).to_owned());
            if silent && name.starts_with("refs/tags/") || old.as_deref() == Some(*sha) {
                continue;
            }
            if old.is_none() {
                let (short, kind) = match name.strip_prefix("refs/tags/") {
                    Some(tag) => (tag, "tag"),
                    None => (name.strip_prefix("refs/heads/").unwrap_or(name), "branch"),
                };
                self.emit_create(repository, actor, short, kind);
            }
            self.emit_push(repository, actor, name, old, sha, &[])?;
        }
        Ok(())
    }

    /// Publishes a release of a tag.
    pub(crate) fn publish_release(&mut self, repository: u64, actor: &str, tag: &str) -> Outcome<()> {
        let (id, now) = (self.next_id(), self.now);
        let repo = self.repository(repository)?;
        if !repo.refs.contains_key(&format!("refs/tags/{tag}")) {
            return Err(Refusal::not_found());
        }
        let (api, web) = (render::repository::api(self, repo), render::repository::web(self, repo));
        let release = json!({
            "id": id,
            "node_id": format!("RE_kwDO{id}"),
            "url": format!("{api}/releases/{id}"),
            "assets_url": format!("{api}/releases/{id}/assets"),
            "upload_url": format!("{api}/releases/{id}/assets{{?name,label}}"),
            "html_url": format!("{web}/releases/tag/{tag}"),
            "tarball_url": format!("{api}/tarball/{tag}"),
            "zipball_url": format!("{api}/zipball/{tag}"),
            "tag_name": tag,
            "target_commitish": repo.default_branch,
            "name": tag,
            "body": null,
            "draft": false,
            "prerelease": false,
            "immutable": false,
            "assets": [],
            "author": render::account::user(self, actor),
            "created_at": render::time(now),
            "updated_at": render::time(now),
            "published_at": render::time(now),
        });
        let fields = object(json!({ "release": release }));
        self.emit(repository, "release", Some("published"), actor, fields);
        Ok(())
    }

    fn emit_create(&mut self, repository: u64, actor: &str, name: &str, kind: &str) {
        let Ok(repo) = self.repository(repository) else {
            return;
        };
        let fields = object(json!({
            "ref": name,
            "ref_type": kind,
            "master_branch": repo.default_branch,
            "description": null,
            "pusher_type": "user",
        }));
        self.emit(repository, "create", None, actor, fields);
    }

    fn emit_push(
        &mut self,
        repository: u64,
        actor: &str,
        full_ref: &str,
        before: Option<String>,
        after: &str,
        shas: &[String],
    ) -> Outcome<()> {
        let repo = self.repository(repository)?;
        let commits: Vec<Value> = shas
            .iter()
            .filter_map(|sha| repo.commits.get(sha))
            .map(|c| render::git::pushed_commit(self, repo, c))
            .collect();
        let zeros = "0".repeat(40);
        let created = before.is_none();
        let before = before.unwrap_or(zeros);
        let fields = object(json!({
            "ref": full_ref,
            "before": before,
            "after": after,
            "created": created,
            "deleted": false,
            "forced": false,
            "base_ref": null,
            "compare": format!("{}/{}/compare/{before}...{after}", self.places.web, repo.full_name()),
            "head_commit": commits.last(),
            "commits": commits,
            "pusher": {"name": actor, "email": format!("{actor}@users.noreply.example.org")},
        }));
        self.emit(repository, "push", None, actor, fields);
        Ok(())
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
