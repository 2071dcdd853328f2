//! Posts and threads as templates show them.

use crate::standin::model::{Advisory, Post, Repository, Thread, ThreadKind};
use crate::standin::render;
use crate::standin::world::World;

/// A written thing.
pub(super) struct PostView {
    pub id: u64,
    pub author: String,
    pub association: &'static str,
    pub bot: bool,
    pub at: String,
    pub body: String,
    pub note: String,
    pub minimised: String,
    pub reactions: String,
    pub edits: usize,
    pub editor: String,
    pub readable: usize,
}

impl PostView {
    pub(super) fn new(world: &World, repository: u64, post: &Post, note: &str) -> Self {
        let reactions = post.reactions.iter();
        let reactions: Vec<String> = reactions.map(|r| format!("{} by {}", emoji(&r.content), r.user)).collect();
        Self {
            id: post.id,
            author: post.author.clone(),
            association: world.association(repository, &post.author),
            bot: post.author.ends_with("[bot]"),
            at: render::time(post.created_at),
            body: post.body.clone(),
            note: note.to_owned(),
            minimised: post.minimised.clone().unwrap_or_default().to_lowercase(),
            reactions: reactions.join(", "),
            edits: post.revisions.len().saturating_sub(1),
            editor: post.revisions.last().map(|r| r.editor.clone()).unwrap_or_default(),
            readable: post.readable_history().count(),
        }
    }
}

fn emoji(content: &str) -> &str {
    match content {
        "+1" => "👍",
        "-1" => "👎",
        "laugh" => "😄",
        "confused" => "😕",
        "heart" => "❤️",
        "hooray" => "🎉",
        "rocket" => "🚀",
        "eyes" => "👀",
        other => other,
    }
}

/// A change of title.
pub(super) struct RenameView {
    pub actor: String,
    pub from: String,
}

/// A thread with all its posts.
pub(super) struct ThreadView {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub path: String,
    pub author: String,
    pub state: &'static str,
    pub reason: String,
    pub locked: bool,
    pub lock_reason: String,
    pub labels: Vec<String>,
    pub renames: Vec<RenameView>,
    pub comments: usize,
    pub posts: Vec<PostView>,
    pub toggle: &'static str,
    pub toggle_label: &'static str,
}

impl ThreadView {
    pub(super) fn new(world: &World, repo: &Repository, thread: &Thread) -> Self {
        let mut posts = vec![PostView::new(world, repo.id, &thread.post, "")];
        let replies = |c: &crate::standin::model::Comment| if c.reply_to.is_some() { "a reply" } else { "" };
        let comments = thread.comments.iter();
        posts.extend(comments.map(|c| PostView::new(world, repo.id, &c.post, replies(c))));
        if let Some(pull) = thread.pull() {
            let reviews = pull.reviews.iter();
            posts.extend(reviews.map(|r| {
                let note = format!("review: {}", r.state.to_lowercase().replace('_', " "));
                PostView::new(world, repo.id, &r.post, &note)
            }));
            let lines = pull.review_comments.iter();
            posts.extend(lines.map(|c| PostView::new(world, repo.id, &c.post, &format!("on {}", c.path))));
        }
        // Ids rise with time, so this is the order of writing.
        posts.sort_by_key(|p| p.id);
        let renames = thread.renames.iter().map(|r| RenameView { actor: r.actor.clone(), from: r.from.clone() });
        let reason = thread.state_reason.clone().unwrap_or_default();
        Self {
            number: thread.number,
            title: thread.title.clone(),
            body: thread.post.body.clone(),
            path: path(repo, thread),
            author: thread.post.author.clone(),
            state: thread.state(),
            reason: reason.to_lowercase().replace('_', " "),
            locked: thread.locked,
            lock_reason: thread.lock_reason.clone().unwrap_or_default(),
            labels: thread.labels.clone(),
            renames: renames.collect(),
            comments: thread.comments.len(),
            posts,
            toggle: if thread.open { "close" } else { "reopen" },
            toggle_label: if thread.open { "Close" } else { "Reopen" },
        }
    }
}

/// Path of a thread's page.
pub(super) fn path(repo: &Repository, thread: &Thread) -> String {
    let part = match thread.kind {
        ThreadKind::Issue => "issues",
        ThreadKind::Pull(_) => "pull",
        ThreadKind::Discussion => "discussions",
    };
    format!("/{}/{part}/{}", repo.full_name(), thread.number)
}

/// An advisory without its comments.
pub(super) struct AdvisoryView {
    pub ghsa_id: String,
    pub summary: String,
    pub description: String,
    pub state: &'static str,
    pub severity: String,
    pub author: String,
    pub collaborators: String,
    pub credits: String,
}

impl AdvisoryView {
    pub(super) fn new(advisory: &Advisory) -> Self {
        let or_none = |text: String| {
            if text.is_empty() { "none".to_owned() } else { text }
        };
        let credits = advisory.credits.iter();
        let credits: Vec<String> = credits.map(|c| format!("{} ({})", c.login, c.kind.replace('_', " "))).collect();
        Self {
            ghsa_id: advisory.ghsa_id.clone(),
            summary: advisory.summary.clone(),
            description: advisory.description.clone(),
            state: advisory.state.as_str(),
            severity: advisory.severity.clone().unwrap_or_default(),
            author: advisory.author.clone(),
            collaborators: or_none(advisory.collaborators.join(", ")),
            credits: or_none(credits.join(", ")),
        }
    }
}
