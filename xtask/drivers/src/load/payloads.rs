//! Signed deliveries of posts, made ahead of time, so that making them costs nothing while something is measured.

use std::{path::Path, sync::Arc};

use aws_lc_rs::hmac;
use serde_json::Value;

use super::example::{self, Node};
use crate::{
    Failure, posts,
    stage::{SECRET, Stage},
};

const TITLE: &str = "THE-TITLE-STANDS-HERE";
const BODY: &str = "THE-BODY-STANDS-HERE";
const PADDING: &str = "THE-PADDING-STANDS-HERE";
const NUMBER: u64 = 987_654_321;
const ID: u64 = 876_543_210_987;

/// Where the GUID stands in the bytes of a request.
const GUID: &str = "00000000-0000-4000-8000-000000000000";

/// Payloads of `issues.opened`, one template a repository.
pub struct Templates(Vec<String>);

/// A whole request, but for its GUID.
pub struct Request {
    before_guid: Vec<u8>,
    after_guid: Vec<u8>,
}

impl Templates {
    /// Templates as the stand-in itself sends them, from a twin of the stage, so that nothing happens on the stage; with
    /// everything that GitHub's own example has besides, where its `examples` are there, so that they are as long as
    /// GitHub's and pack like them.
    pub async fn of_twin(repositories: usize, examples: Option<&Path>) -> Result<Self, Failure> {
        let example = examples.map(example::published).transpose()?;
        let twin = Stage::build(repositories).await?;
        twin.github.hold_deliveries();
        twin.github.set_hook_url("http://127.0.0.1:9/webhook");
        twin.github.add_user("somebody");
        for repository in &twin.repositories {
            let opened = twin.github.open_issue(repository, "somebody", TITLE, BODY);
            opened.map_err(|refusal| format!("the stand-in refused a post: {refusal}"))?;
        }
        let payloads = twin.github.deliveries().into_iter().filter(|delivery| delivery.event == "issues");
        // Where the stand-in listens does not look like GitHub.
        let (web, api) = (twin.github.web_url(), twin.github.base_url());
        let at_home = |text: String| {
            text.replace(&format!("{web}/avatars/"), "https://avatars.githubusercontent.com/u/")
                .replace(&api, "https://api.github.com")
                .replace(&web, "https://github.com")
        };
        Ok(Self(payloads.map(|delivery| at_home(template(delivery.payload, example.as_ref()))).collect()))
    }

    /// Deliveries of `count` different ordinary posts, each `bytes` long (or as long as it is without padding).
    pub fn ordinary(&self, count: usize, bytes: usize) -> Arc<Vec<Request>> {
        Arc::new((0..count).map(|number| self.request(number, bytes)).collect())
    }

    fn request(&self, number: usize, bytes: usize) -> Request {
        let post = posts::ordinary(&format!("x{number:07}q"));
        let text = |value: &str| {
            let quoted = Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        // numbers that the stage's own posts do not reach
        let (issue, id) = (1_000_000 + number, 5_000_000_000 + number);
        let filled = self.0[number % self.0.len()]
            .replace(TITLE, &text(&post.title))
            .replace(BODY, &text(&post.body))
            .replace(&NUMBER.to_string(), &issue.to_string())
            .replace(&ID.to_string(), &id.to_string());
        let room = bytes.saturating_sub(filled.len() - PADDING.len());
        Request::signed(&filled.replace(PADDING, &padding(room, number)))
    }
}

fn template(mut payload: Value, example: Option<&Node>) -> String {
    let old = payload["issue"]["number"].to_string();
    payload["issue"]["number"] = NUMBER.into();
    payload["issue"]["id"] = ID.into();
    payload["padding"] = PADDING.into();
    let text = example.map_or_else(|| payload.to_string(), |example| example.told_by(&payload));
    text.replace(&format!("/issues/{old}\""), &format!("/issues/{NUMBER}\""))
}

/// What most of a payload of GitHub's consists of: addresses under names of their own, and ids, so that it packs no better
/// than theirs do (to a third or less).
fn padding(bytes: usize, seed: usize) -> String {
    let mut text = String::with_capacity(bytes + 128);
    let mut number = seed as u64 | 1;
    while text.len() < bytes {
        // Knuth's linear congruential generator: ids must not repeat themselves.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (id, part) = (number >> 24, PARTS[(number >> 33) as usize % PARTS.len()]);
        text.push_str(&format!("{part}_url: https://api.github.example/repos/acme/framework/{part}/{id:010x}, "));
    }
    text.truncate(bytes);
    text
}

/// Parts of a repository that its addresses name.
const PARTS: [&str; 24] = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "clone",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "deployments",
    "downloads",
    "events",
    "forks",
    "hooks",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
];

impl Request {
    fn signed(body: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = hex::encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let head = format!(
            "POST /webhook HTTP/1.1\r\nhost: bot.example\r\nuser-agent: GitHub-Hookshot/044aadd\r\naccept: */*\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nx-github-event: issues\r\n\
             x-hub-signature-256: sha256={signature}\r\nx-github-delivery: ",
            body.len()
        );
        Self { before_guid: head.into_bytes(), after_guid: format!("\r\n\r\n{body}").into_bytes() }
    }

    /// Writes the request into `buffer`, under this GUID.
    pub fn write(&self, guid: &str, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(&self.before_guid);
        buffer.extend_from_slice(guid.as_bytes());
        buffer.extend_from_slice(&self.after_guid);
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.after_guid[4..]
    }
}

/// The GUID of the delivery `number` of this series.
pub fn guid(series: u32, number: u64) -> String {
    let guid = format!("{series:08x}-0000-4000-8000-{number:012x}");
    debug_assert_eq!(guid.len(), GUID.len());
    guid
}
