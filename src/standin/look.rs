//! What tests and the rehearsal may look at: copies of the state, the request log, the public transcript.

use serde_json::{Value, json};

use super::log::LoggedRequest;
use super::model::{Advisory, CheckRun, Comment, CommitComment, Post, Repository, Thread};
use super::refusal::Outcome;
use super::{Delivery, Standin, World};

impl Standin {
    /// An issue, pull request or discussion as it is now.
    pub fn thread(&self, repository: &str, number: u64) -> Outcome<Thread> {
        let state = self.shared.lock();
        let id = state.world.repository_id(repository)?;
        state.world.thread(id, number).cloned()
    }

    /// An issue as it is now.
    pub fn issue(&self, repository: &str, number: u64) -> Outcome<Thread> {
        self.thread(repository, number)
    }

    /// All threads of a repository by number.
    pub fn threads(&self, repository: &str) -> Outcome<Vec<Thread>> {
        let state = self.shared.lock();
        let id = state.world.repository_id(repository)?;
        let threads = &state.world.repository(id)?.threads;
        Ok(threads.values().cloned().collect())
    }

    /// The comments on commits of a repository.
    pub fn commit_comments(&self, repository: &str) -> Outcome<Vec<Post>> {
        let state = self.shared.lock();
        let id = state.world.repository_id(repository)?;
        let all = state.world.repository(id)?.commit_comments.iter();
        Ok(all.map(|c| c.post.clone()).collect())
    }

    /// All advisories of a repository, oldest first.
    pub fn advisories(&self, repository: &str) -> Outcome<Vec<Advisory>> {
        let state = self.shared.lock();
        let id = state.world.repository_id(repository)?;
        Ok(state.world.repository(id)?.advisories.clone())
    }

    /// One advisory by its GHSA id.
    pub fn advisory(&self, repository: &str, ghsa: &str) -> Outcome<Advisory> {
        let state = self.shared.lock();
        let id = state.world.repository_id(repository)?;
        state.world.advisory(id, ghsa).cloned()
    }

    /// The check runs on a commit, in order of creation.
    pub fn check_runs(&self, repository: &str, sha: &str) -> Outcome<Vec<CheckRun>> {
        let state = self.shared.lock();
        let id = state.world.repository_id(repository)?;
        let on = |run: &&CheckRun| run.fields.get("head_sha").is_some_and(|head| head == sha);
        Ok(state.world.repository(id)?.check_runs.iter().filter(on).cloned().collect())
    }

    /// Login of the App's machine account; empty while none is registered.
    pub fn bot_login(&self) -> String {
        self.shared.lock().world.bot()
    }

    /// Every API request so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.requests_since(0)
    }

    /// A mark for [`Standin::requests_since`]: the number of requests so far.
    pub fn mark(&self) -> usize {
        self.shared.lock().log.len()
    }

    /// The API requests after a mark.
    pub fn requests_since(&self, mark: usize) -> Vec<LoggedRequest> {
        let state = self.shared.lock();
        state.log.get(mark..).unwrap_or_default().to_vec()
    }

    /// Every delivery attempt so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.lock().deliveries.log.clone()
    }

    /// GUIDs of deliveries of which no attempt has been answered well, oldest first.
    pub fn unanswered_deliveries(&self) -> Vec<String> {
        self.shared.lock().deliveries.unanswered()
    }

    /// What the public can see now, and every public change that the bot made, in order.
    ///
    /// Without ids and instants, so that two runs with the same public events compare equal byte for byte. Private
    /// repositories and advisories are left out, except that published advisories are public.
    pub fn public_transcript(&self) -> Value {
        let state = self.shared.lock();
        let world = &state.world;
        let public = world.repositories.values().filter(|r| !r.private);
        let shown: Vec<Value> = public.map(|r| repository(world, r)).collect();
        json!({"repositories": shown, "changes_by_bot": world.public_changes})
    }
}

fn repository(world: &World, repo: &Repository) -> Value {
    let threads: Vec<Value> = repo.threads.values().map(thread).collect();
    let commit_comments = repo.commit_comments.iter();
    let commit_comments: Vec<Value> = commit_comments.map(|CommitComment { post: p, .. }| post(p)).collect();
    let checks = repo.check_runs.iter();
    let checks: Vec<Value> = checks
        .map(|c| {
            let field = |name: &str| c.fields.get(name).cloned();
            json!({"name": field("name"), "conclusion": field("conclusion"), "output": field("output")})
        })
        .collect();
    let advisories = repo.advisories.iter();
    let published: Vec<Value> = advisories
        .filter(|a| world.sees_advisory(repo.id, &a.ghsa_id, ""))
        .map(|a| json!({"summary": a.summary, "description": a.description}))
        .collect();
    json!({
        "repository": repo.full_name(),
        "threads": threads,
        "commit_comments": commit_comments,
        "checks": checks,
        "published_advisories": published,
    })
}

fn thread(thread: &Thread) -> Value {
    let comments: Vec<Value> = thread.comments.iter().map(|Comment { post: p, .. }| post(p)).collect();
    let renames = thread.renames.iter();
    let old_titles: Vec<&String> = renames.map(|r| &r.from).collect();
    let pull = thread.pull();
    let reviews: Vec<Value> =
        pull.into_iter().flat_map(|p| &p.reviews).map(|r| json!({"state": r.state, "post": post(&r.post)})).collect();
    let review_comments: Vec<Value> =
        pull.into_iter().flat_map(|p| &p.review_comments).map(|c| post(&c.post)).collect();
    json!({
        "number": thread.number,
        "title": thread.title,
        "old_titles": old_titles,
        "post": post(&thread.post),
        "state": thread.state(),
        "state_reason": thread.state_reason,
        "locked": thread.locked,
        "lock_reason": thread.lock_reason,
        "labels": thread.labels,
        "comments": comments,
        "reviews": reviews,
        "review_comments": review_comments,
    })
}

fn post(post: &Post) -> Value {
    let reactions = post.reactions.iter();
    let reactions: Vec<Value> = reactions.map(|r| json!({"by": r.user, "content": r.content})).collect();
    let history: Vec<&String> = post.readable_history().map(|r| &r.body).collect();
    json!({
        "author": post.author,
        "body": post.body,
        "minimised": post.minimised,
        "reactions": reactions,
        "readable_history": history,
    })
}
