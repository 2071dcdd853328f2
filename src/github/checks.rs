//! Check runs. On a public repository they are public text.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    pages::PAGE_SIZE,
    request::Request,
};
use crate::domain::post::RepoName;

/// Pages of 100 check runs of one name on one commit that are read at most.
const MOST_PAGES: u32 = 10;

/// A check run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// What the App that made it calls it.
    pub external_id: String,
    /// The slug of that App; empty where GitHub does not say.
    pub app_slug: String,
}

/// What a finished check run says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckRunContent<'a> {
    /// `success`, `neutral`, `failure` or another of GitHub's words.
    pub conclusion: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its first lines, Markdown, at most 65,535 characters.
    pub summary: &'a str,
    /// The rest, likewise.
    pub text: Option<&'a str>,
}

impl CheckRunContent<'_> {
    fn output(&self) -> Value {
        let mut output = json!({ "title": self.title, "summary": self.summary });
        if let Some(text) = self.text {
            output["text"] = text.into();
        }
        output
    }
}

#[derive(Deserialize)]
struct RunsAnswer {
    check_runs: Vec<RunAnswer>,
}

#[derive(Deserialize)]
struct RunAnswer {
    id: u64,
    external_id: Option<String>,
    app: Option<AppAnswer>,
}

#[derive(Deserialize)]
struct AppAnswer {
    slug: Option<String>,
}

impl From<RunAnswer> for CheckRun {
    fn from(answer: RunAnswer) -> Self {
        Self {
            id: answer.id,
            external_id: answer.external_id.unwrap_or_default(),
            app_slug: answer.app.and_then(|app| app.slug).unwrap_or_default(),
        }
    }
}

impl Installation {
    /// The check runs called `name` on a commit, of all Apps (`GET /repos/{owner}/{repo}/commits/{ref}/check-runs`).
    pub async fn check_runs(&self, repo: &RepoName, commit: &str, name: &str) -> Result<Vec<CheckRun>, GitHubError> {
        let mut request = Request::repo(Method::GET, repo, "commits")
            .segment(commit)
            .segment("check-runs")
            .query("check_name", name)
            // Two tags may stand on one commit; the latest of a name alone would hide one of them.
            .query("filter", "all")
            .query("per_page", PAGE_SIZE);
        let mut runs = Vec::new();
        for page in 1..=MOST_PAGES {
            request.set_query("page", page.to_string());
            let answer: RunsAnswer = self.fetch_json(&request).await?;
            let count = answer.check_runs.len();
            runs.extend(answer.check_runs.into_iter().map(CheckRun::from));
            if count < PAGE_SIZE {
                break;
            }
        }
        Ok(runs)
    }

    /// Puts a finished check run on a commit (`POST /repos/{owner}/{repo}/check-runs`). Look before repeating.
    pub async fn create_check_run(
        &self,
        repo: &RepoName,
        commit: &str,
        name: &str,
        external_id: &str,
        content: &CheckRunContent<'_>,
    ) -> Result<CheckRun, GitHubError> {
        let request = Request::repo(Method::POST, repo, "check-runs").body(json!({
            "name": name,
            "head_sha": commit,
            "external_id": external_id,
            "status": "completed",
            "conclusion": content.conclusion,
            "output": content.output(),
        }));
        self.fetch_json::<RunAnswer>(&request).await.map(CheckRun::from)
    }

    /// Replaces what a check run says (`PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}`).
    pub async fn update_check_run(
        &self,
        repo: &RepoName,
        id: u64,
        content: &CheckRunContent<'_>,
    ) -> Result<(), GitHubError> {
        // What is left out of an update stays.
        let content = CheckRunContent { text: Some(content.text.unwrap_or_default()), ..*content };
        let request = Request::repo(Method::PATCH, repo, &format!("check-runs/{id}")).body(json!({
            "status": "completed",
            "conclusion": content.conclusion,
            "output": content.output(),
        }));
        self.fetch_done(&request).await
    }
}
