//! Webhook deliveries: queued in order, signed, sent by a background task, kept with request and response.
//!
//! GitHub delivers each once, gives the receiver ten seconds, and never tries again by itself.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::render;
use super::shared::Shared;
use super::world::Emitted;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Numbers of attempts begin after this one.
const FIRST_ID: u64 = 1_000_000;

/// Where and how webhooks are sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hook {
    pub url: Option<String>,
    pub secret: String,
    pub form_encoded: bool,
    pub app_id: u64,
}

/// One delivery of the log.
#[derive(Clone)]
pub struct Delivery {
    /// Number of the attempt; later attempts have higher numbers.
    pub id: u64,
    /// The GUID in `X-GitHub-Delivery`; redeliveries share it.
    pub guid: String,
    /// Event name.
    pub event: String,
    /// Action, if the event has actions.
    pub action: Option<String>,
    /// Whether this is a repeated attempt.
    pub redelivery: bool,
    /// When it was made or queued.
    pub at: Timestamp,
    /// Status of the receiver's answer; 0 while pending, 502 when it could not be reached, 504 when it was too slow.
    pub status_code: u16,
    /// GitHub's short word for the outcome.
    pub status: String,
    /// Seconds that the receiver took.
    pub duration_s: f64,
    /// The payload.
    pub payload: Value,
    /// What the receiver said.
    pub response: String,
    repository: Option<u64>,
    installation: Option<u64>,
}

impl Delivery {
    /// Whether the receiver answered 2xx.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status_code)
    }

    /// Schema `hook-delivery-item`.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "id": self.id,
            "guid": self.guid,
            "delivered_at": render::time(self.at),
            "redelivery": self.redelivery,
            "duration": self.duration_s,
            "status": self.status,
            "status_code": self.status_code,
            "event": self.event,
            "action": self.action,
            "installation_id": self.installation,
            "repository_id": self.repository,
            "throttled_at": null,
        })
    }

    /// Schema `hook-delivery`.
    pub(crate) fn whole(&self) -> Value {
        let mut whole = self.summary();
        whole["url"] = "".into();
        whole["request"] = json!({
            "headers": {"X-GitHub-Event": self.event, "X-GitHub-Delivery": self.guid},
            "payload": self.payload,
        });
        whole["response"] = json!({"headers": {}, "payload": self.response});
        whole
    }
}

/// The queue and the log.
#[derive(Default)]
pub(crate) struct Deliveries {
    pub hook: Hook,
    /// Every attempt, oldest first.
    pub log: Vec<Delivery>,
    /// Ids of attempts that wait to be sent.
    pub queue: VecDeque<u64>,
    /// Whether they wait to be stepped or released.
    pub held: bool,
    /// Whether the first may go although they are held.
    pub step_one: bool,
    /// How many are on their way.
    pub in_flight: usize,
    /// How many may be on their way at one time; 0 counts as 1, and then they arrive in order.
    pub couriers: usize,
    /// So many of the next are lost, as if the receiver were down.
    pub drop_next: usize,
    /// The next one is sent so many times in all.
    pub repeat_next: usize,
    pub last_id: u64,
}

impl Deliveries {
    /// Queues a webhook. Without an address there are no deliveries, as on GitHub.
    pub(crate) fn enqueue(&mut self, emitted: Emitted, now: Timestamp) {
        if self.hook.url.is_none() {
            return;
        }
        let delivery = Delivery {
            id: self.next_id(),
            guid: uuid::Uuid::new_v4().to_string(),
            event: emitted.event.to_owned(),
            action: emitted.action,
            redelivery: false,
            at: now,
            status_code: 0,
            status: "pending".into(),
            duration_s: 0.0,
            payload: emitted.payload,
            response: String::new(),
            repository: emitted.repository,
            installation: emitted.installation,
        };
        let id = delivery.id;
        self.log.push(delivery);
        if self.drop_next > 0 {
            self.drop_next -= 1;
            self.record(id, 502, "failed to connect to host", String::new(), 0.0);
            return;
        }
        self.queue.push_back(id);
        for _ in 1..std::mem::replace(&mut self.repeat_next, 1) {
            self.redeliver(id, now);
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        FIRST_ID + self.last_id
    }

    /// Where an attempt stands in the log: every number that was given out is there, in order.
    fn place_of(&self, id: u64) -> Option<usize> {
        let place = usize::try_from(id.checked_sub(FIRST_ID + 1)?).ok()?;
        (place < self.log.len()).then_some(place)
    }

    /// GUIDs of deliveries of which no attempt has succeeded, oldest first.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        let answered: BTreeSet<&str> = self.log.iter().filter(|d| d.succeeded()).map(|d| d.guid.as_str()).collect();
        let first_attempts = self.log.iter().filter(|d| !d.redelivery);
        first_attempts.map(|d| d.guid.as_str()).filter(|guid| !answered.contains(guid)).map(str::to_owned).collect()
    }

    /// Queues another attempt with the same GUID. `false`: there is no such delivery.
    pub(crate) fn redeliver(&mut self, id: u64, now: Timestamp) -> bool {
        let Some(mut again) = self.place_of(id).map(|at| self.log[at].clone()) else {
            return false;
        };
        again.id = self.next_id();
        again.redelivery = true;
        again.at = now;
        (again.status_code, again.status) = (0, "pending".into());
        (again.response, again.duration_s) = (String::new(), 0.0);
        let again_id = again.id;
        self.log.push(again);
        if self.drop_next > 0 {
            self.drop_next -= 1;
            self.record(again_id, 502, "failed to connect to host", String::new(), 0.0);
        } else {
            self.queue.push_back(again_id);
        }
        true
    }

    /// Whether the background task has nothing that it may do.
    pub(crate) fn idle(&self) -> bool {
        self.in_flight == 0 && ((self.held && !self.step_one) || self.queue.is_empty())
    }

    /// Takes the next attempt to send.
    fn take(&mut self) -> Option<Delivery> {
        if self.in_flight >= self.couriers.max(1) || (self.held && !self.step_one) {
            return None;
        }
        self.step_one = false;
        let id = self.queue.pop_front()?;
        self.in_flight += 1;
        self.place_of(id).map(|at| self.log[at].clone())
    }

    fn record(&mut self, id: u64, code: u16, status: &str, response: String, duration_s: f64) {
        if let Some(delivery) = self.place_of(id).and_then(|at| self.log.get_mut(at)) {
            delivery.status_code = code;
            status.clone_into(&mut delivery.status);
            delivery.response = response;
            delivery.duration_s = duration_s;
        }
    }
}

/// `sha256=` and the lower-case hex HMAC-SHA256 of the raw body.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", hex::encode(hmac::sign(&key, body).as_ref()))
}

/// Sends what is queued, one after the other unless there are more couriers, until the stand-in goes away.
pub(crate) async fn run(shared: Arc<Shared>, client: reqwest::Client) {
    loop {
        let wake = shared.deliver.notified();
        let next = {
            let mut state = shared.lock();
            let next = state.deliveries.take();
            next.map(|d| (d, state.deliveries.hook.clone()))
        };
        let Some((delivery, hook)) = next else {
            wake.await;
            continue;
        };
        let (shared, client) = (Arc::clone(&shared), client.clone());
        tokio::spawn(async move { send(&shared, &client, delivery, &hook).await });
    }
}

/// Sends one attempt that is marked as being in flight, and writes down how it went.
async fn send(shared: &Shared, client: &reqwest::Client, delivery: Delivery, hook: &Hook) {
    let started = Instant::now();
    let (code, status, response) = match attempt(client, &delivery, hook).await {
        Ok((code, text)) if (200..300).contains(&code) => (code, "OK".to_owned(), text),
        Ok((code, text)) => (code, format!("Invalid HTTP Response: {code}"), text),
        Err(Failure::TimedOut) => (504, "timed out".to_owned(), String::new()),
        Err(Failure::Unreachable) => (502, "failed to connect to host".to_owned(), String::new()),
        Err(Failure::NotLoopback) => {
            let why = "the stand-in delivers to loopback addresses only";
            (502, why.to_owned(), String::new())
        }
    };
    let mut state = shared.lock();
    state.deliveries.in_flight -= 1;
    let took = started.elapsed().as_secs_f64();
    state.deliveries.record(delivery.id, code, &status, response, took);
    drop(state);
    shared.deliver.notify_one();
    shared.settled.notify_waiters();
}

enum Failure {
    TimedOut,
    Unreachable,
    NotLoopback,
}

async fn attempt(client: &reqwest::Client, delivery: &Delivery, hook: &Hook) -> Result<(u16, String), Failure> {
    let url = hook.url.as_deref().unwrap_or_default();
    let url = reqwest::Url::parse(url).map_err(|_| Failure::Unreachable)?;
    if !is_loopback(&url) {
        return Err(Failure::NotLoopback);
    }
    let json = delivery.payload.to_string();
    let (body, content_type) = if hook.form_encoded {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", &json);
        (form.finish(), "application/x-www-form-urlencoded")
    } else {
        (json, "application/json")
    };
    let request = client
        .post(url)
        .header("content-type", content_type)
        .header("accept", "*/*")
        .header("user-agent", "GitHub-Hookshot/5tand1n")
        .header("x-github-event", &delivery.event)
        .header("x-github-delivery", &delivery.guid)
        .header("x-github-hook-id", "4711")
        .header("x-github-hook-installation-target-type", "integration")
        .header("x-github-hook-installation-target-id", hook.app_id)
        .header("x-hub-signature-256", signature(&hook.secret, body.as_bytes()))
        .body(body);
    let exchange = async {
        let answer = request.send().await.map_err(|_| Failure::Unreachable)?;
        let code = answer.status().as_u16();
        let text = answer.text().await.map_err(|_| Failure::Unreachable)?;
        Ok((code, text))
    };
    tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or(Err(Failure::TimedOut))
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
