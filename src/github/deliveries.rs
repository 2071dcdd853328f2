//! Webhook deliveries that GitHub remembers, to find those that we missed. GitHub does not repeat a failed delivery by
//! itself, and keeps them for about three days.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::{AppClient, Sender},
    error::GitHubError,
    pages::{self, PAGE_SIZE},
    request::Request,
};
use crate::domain::embargoed::Embargoed;

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DeliverySummary {
    /// GitHub's number of the attempt.
    pub id: u64,
    /// `X-GitHub-Delivery`; the same for all attempts at one delivery.
    pub guid: String,
    /// When it was attempted.
    pub delivered_at: Timestamp,
    /// Whether it repeats an earlier attempt.
    #[serde(default)]
    pub redelivery: bool,
    /// The status that we answered, 0 where there was no answer.
    #[serde(default)]
    pub status_code: u16,
    /// GitHub's word for what happened: `OK`, `timed out`.
    #[serde(default)]
    pub status: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The event's action.
    pub action: Option<String>,
    /// For which installation.
    pub installation_id: Option<u64>,
    /// For which repository.
    pub repository_id: Option<u64>,
}

impl DeliverySummary {
    /// Whether it was answered with 2xx.
    pub fn succeeded(&self) -> bool {
        (200..=299).contains(&self.status_code)
    }
}

/// One page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The attempts.
    pub deliveries: Vec<DeliverySummary>,
    /// Where the list goes on: to be given as `cursor`.
    pub next: Option<String>,
}

/// An attempt with what it carried.
#[derive(Clone)]
pub struct DeliveryContent {
    /// The attempt.
    pub summary: DeliverySummary,
    /// The payload. Equal in meaning, not in bytes, to what was delivered: the signature does not fit it.
    pub payload: Embargoed<Value>,
}

#[derive(Deserialize)]
struct DeliveryAnswer {
    #[serde(flatten)]
    summary: DeliverySummary,
    request: RequestAnswer,
}

#[derive(Deserialize)]
struct RequestAnswer {
    #[serde(default)]
    payload: Value,
}

impl AppClient {
    /// One page of deliveries, newest first (`GET /app/hook/deliveries`).
    pub async fn deliveries(&self, cursor: Option<&str>) -> Result<DeliveryPage, GitHubError> {
        let mut request = deliveries_request(Method::GET).query("per_page", PAGE_SIZE);
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        let answer = self.fetch(&request).await?;
        Ok(DeliveryPage { deliveries: answer.json()?, next: pages::next_cursor(self, &answer, "cursor")? })
    }

    /// One attempt with its payload (`GET /app/hook/deliveries/{delivery_id}`).
    pub async fn delivery(&self, id: u64) -> Result<DeliveryContent, GitHubError> {
        let request = deliveries_request(Method::GET).segment(id);
        let answer: DeliveryAnswer = self.fetch_json(&request).await?;
        Ok(DeliveryContent { summary: answer.summary, payload: Embargoed::new(answer.request.payload) })
    }

    /// Has GitHub deliver once more (`POST /app/hook/deliveries/{delivery_id}/attempts`).
    pub async fn redeliver(&self, id: u64) -> Result<(), GitHubError> {
        let request = deliveries_request(Method::POST).segment(id).segment("attempts");
        self.fetch(&request).await.map(|_| ())
    }
}

fn deliveries_request(method: Method) -> Request {
    Request::new(method, ["app", "hook", "deliveries"])
}
