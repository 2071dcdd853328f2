//! What changed lately in a repository, read from GitHub's lists instead of being told by webhooks.
//!
//! A listed post is put into the form of the webhook that should have told of it, so that one parser and one way through
//! the program serve both.

use jiff::Timestamp;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    issues::whole_seconds,
    pages::PAGE_SIZE,
    repositories::RepositoryFacts,
    request::Request,
    webhook::events::{self, Content},
};
use crate::domain::{
    embargoed::{Clearance, Embargoed},
    post::{Account, Happening, Post},
};

/// A list of posts that can be asked for by when they changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecentList {
    /// Issues and pull requests (`GET /repos/{owner}/{repo}/issues`).
    Threads,
    /// Comments in their conversations (`GET /repos/{owner}/{repo}/issues/comments`).
    Comments,
    /// Comments on diffs (`GET /repos/{owner}/{repo}/pulls/comments`).
    ReviewComments,
}

impl RecentList {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Threads, Self::Comments, Self::ReviewComments];

    fn path(self) -> &'static str {
        match self {
            Self::Threads => "issues",
            Self::Comments => "issues/comments",
            Self::ReviewComments => "pulls/comments",
        }
    }
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageAsked {
    /// Counts from 1.
    pub number: u32,
    /// Posts on a page, 1 to 100.
    pub size: usize,
}

impl PageAsked {
    /// The first page, as large as GitHub makes them.
    pub const FIRST: Self = Self { number: 1, size: PAGE_SIZE };

    /// A first page of few posts: for those whose texts make the usual one larger than what is read.
    pub const FIRST_SMALL: Self = Self { number: 1, size: 10 };
}

/// The answer to a question for what changed.
pub enum RecentAnswer {
    /// The same as when the `ETag` was given; this cost no budget.
    Unchanged,
    /// A page.
    Page(RecentPage),
}

/// One page, in the order of changes.
pub struct RecentPage {
    /// The posts.
    pub posts: Vec<RecentPost>,
    /// Whether the list may go on after this page.
    pub goes_on: bool,
    /// GitHub's name for this very answer.
    pub etag: Option<String>,
}

/// A post of a list.
pub struct RecentPost {
    /// The post, as its first webhook would have told it.
    pub post: Post,
    /// When it last changed.
    pub updated_at: Timestamp,
    event: &'static str,
    payload: Embargoed<Value>,
}

impl RecentPost {
    /// The webhook's event.
    pub fn event(&self) -> &'static str {
        self.event
    }

    /// The body of the webhook that would have told of this post. `sender` is who did it, if not the author.
    pub fn as_webhook(&self, happening: Happening, sender: Option<&Account>, clearance: &Clearance) -> Vec<u8> {
        let mut payload = self.payload.open(clearance).clone();
        if happening == Happening::Edited {
            payload["action"] = "edited".into();
        }
        if let Some(sender) = sender {
            let kind = if sender.is_bot { "Bot" } else { "User" };
            payload["sender"] = json!({ "login": sender.login, "id": sender.id, "type": kind });
        }
        serde_json::to_vec(&payload).expect("JSON can be written")
    }
}

impl Installation {
    /// What changed in `list` at or after `since`, in the order of changes. Nothing is read where it is still what `etag`
    /// stands for. What is no post that the program knows is left out.
    pub async fn recent(
        &self,
        list: RecentList,
        repository: &RepositoryFacts,
        since: Timestamp,
        page: PageAsked,
        etag: Option<&str>,
    ) -> Result<RecentAnswer, GitHubError> {
        let mut request = Request::repo(Method::GET, &repository.name, list.path())
            .query("sort", "updated")
            .query("direction", "asc")
            .query("since", whole_seconds(since))
            .query("per_page", page.size)
            .query("page", page.number);
        if list == RecentList::Threads {
            request = request.query("state", "all");
        }
        request.known_etag = etag.map(str::to_owned);
        let answer = match self.fetch(&request).await {
            Err(GitHubError::Refused { status: 304 }) => return Ok(RecentAnswer::Unchanged),
            answer => answer?,
        };
        let items: Vec<Value> = answer.json()?;
        let goes_on = items.len() >= page.size;
        let etag = answer.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let mut posts: Vec<_> =
            items.into_iter().filter_map(|item| recent_post(list, repository, self.id(), item)).collect();
        posts.sort_by_key(|post| post.updated_at);
        Ok(RecentAnswer::Page(RecentPage { posts, goes_on, etag }))
    }
}

fn recent_post(list: RecentList, repository: &RepositoryFacts, installation: u64, item: Value) -> Option<RecentPost> {
    let updated_at = item.get("updated_at")?.as_str()?.parse().ok()?;
    let is_pull = item.get("pull_request").is_some_and(Value::is_object);
    let (event, mut payload) = match list {
        RecentList::Threads if is_pull => ("pull_request", json!({ "action": "opened", "pull_request": item })),
        RecentList::Threads => ("issues", json!({ "action": "opened", "issue": item })),
        RecentList::Comments => {
            let number = number_at_the_end(&item, "issue_url")?;
            let mut issue = json!({ "number": number });
            if item.get("html_url")?.as_str()?.contains("/pull/") {
                issue["pull_request"] = json!({});
            }
            ("issue_comment", json!({ "action": "created", "issue": issue, "comment": item }))
        }
        RecentList::ReviewComments => {
            let pull = json!({ "number": number_at_the_end(&item, "pull_request_url")? });
            ("pull_request_review_comment", json!({ "action": "created", "pull_request": pull, "comment": item }))
        }
    };
    let kind = if repository.owner_is_organisation { "Organization" } else { "User" };
    payload["repository"] = json!({
        "id": repository.id,
        "name": repository.name.name,
        "full_name": repository.name.to_string(),
        "owner": { "login": repository.name.owner, "type": kind },
        "private": repository.private,
        "html_url": repository.html_url,
        "default_branch": repository.default_branch,
    });
    payload["installation"] = json!({ "id": installation });
    let body = serde_json::to_vec(&payload).expect("JSON can be written");
    match events::parse(event, &body).ok()?.content {
        Content::Post(post) => Some(RecentPost { post: *post, updated_at, event, payload: Embargoed::new(payload) }),
        _ => None,
    }
}

/// The number of the thread that a comment stands in, which GitHub tells as an address.
fn number_at_the_end(item: &Value, field: &str) -> Option<u64> {
    item.get(field)?.as_str()?.rsplit('/').next()?.parse().ok()
}
