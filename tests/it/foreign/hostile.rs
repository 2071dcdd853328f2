//! A GitHub that wishes the program ill, or one behind a proxy that is broken: whatever it answers, deliveries are taken,
//! memory stays bounded, no token goes elsewhere, and the process stops when it is asked to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::{
    payloads::{exploit, issue_opened_now},
    program::{DEADLINE, Operator},
};
use crate::contract;

/// How a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malice {
    /// 500 to everything.
    Trouble,
    /// The connection is closed without a word.
    HangUp,
    /// A success whose body goes on for this many bytes.
    Flood(usize),
    /// A success with this body.
    Says(&'static str),
    /// A success without a body, where one is expected.
    Nothing,
    /// A redirect elsewhere, by this status.
    Away(u16, String),
    /// A failure with this status that repeats what was sent, in every place where GitHub puts words.
    EchoJson(u16),
    /// A failure with this status and a page for people that repeats what was sent.
    EchoPage(u16),
    /// Nothing at all, for as long as the connection lives.
    Silence,
}

/// A server of malice.
pub struct Hostile {
    /// Where its API begins.
    pub base: String,
    asked: Arc<AtomicUsize>,
    news: Arc<Notify>,
}

impl Hostile {
    /// Starts on loopback. With `tokens` it hands out installation tokens and the App's facts like GitHub, and is
    /// malicious beyond.
    pub async fn start(malice: Malice, tokens: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (asked, news) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (count, tell) = (Arc::clone(&asked), Arc::clone(&news));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (malice, count, tell) = (malice.clone(), Arc::clone(&count), Arc::clone(&tell));
                tokio::spawn(async move {
                    let _broken_off = serve(stream, &malice, tokens, &count, &tell).await;
                });
            }
        });
        Self { base, asked, news }
    }

    /// How many requests came in.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits for so many requests.
    pub async fn wait_for(&self, requests: usize) {
        let waiting = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if self.asked() >= requests {
                    return;
                }
                news.await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "only {} of {requests} requests", self.asked());
    }
}

async fn serve(
    mut stream: TcpStream,
    malice: &Malice,
    tokens: bool,
    asked: &AtomicUsize,
    tell: &Notify,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    asked.fetch_add(1, Ordering::SeqCst);
    tell.notify_waiters();
    let line = text.lines().next().unwrap_or_default();
    let json = "application/json; charset=utf-8";
    if tokens && line.contains("/access_tokens") {
        let token = r#"{"token":"ghs_hostiletoken0123456789","expires_at":"2050-01-01T00:00:00Z"}"#;
        return write(&mut stream, 201, json, "", token.as_bytes()).await;
    }
    if tokens && line.contains("/contents/") {
        return write(&mut stream, 404, json, "", b"{\"message\":\"Not Found\"}").await;
    }
    let sent = String::from_utf8_lossy(&body).into_owned();
    match malice {
        Malice::Trouble => write(&mut stream, 500, json, "", b"{\"message\":\"no\"}").await,
        Malice::HangUp => Ok(()),
        Malice::Flood(bytes) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {json}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let chunk = vec![b' '; 64 * 1_024];
            for _ in 0..bytes / chunk.len() {
                stream.write_all(&chunk).await?;
            }
            Ok(())
        }
        Malice::Says(body) => write(&mut stream, 200, json, "", body.as_bytes()).await,
        Malice::Nothing => stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await,
        Malice::Away(status, to) => {
            let header = format!("location: {to}\r\n");
            write(&mut stream, *status, json, &header, b"{}").await
        }
        Malice::EchoJson(status) => {
            let word: String = sent
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|word| word.starts_with("canary"))
                .take(1)
                .collect();
            let error = serde_json::json!({
                "resource": word, "field": word, "code": word, "value": sent, "message": sent,
            });
            let echo = serde_json::json!({
                "message": format!("{sent} {line}"), "errors": [error, sent],
                "documentation_url": sent, "status": status.to_string(),
            });
            let echo = echo.to_string();
            let header = format!("x-github-request-id: {word}\r\nx-accepted-github-permissions: {word}\r\n");
            write(&mut stream, *status, json, &header, echo.as_bytes()).await
        }
        Malice::EchoPage(status) => {
            let page = format!("<html><title>{line}</title><pre>{sent}</pre></html>");
            write(&mut stream, *status, "text/html", "", page.as_bytes()).await
        }
        Malice::Silence => {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.map(|_| ())
        }
    }
}

async fn write(
    stream: &mut TcpStream,
    status: u16,
    content_type: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n{headers}connection: \
         close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

/// What the program may take at most, whatever the other side does: GitHub's answers are bounded by 10 MiB each, and eight
/// workers ask at the same time.
const MEMORY_BYTES: u64 = 400 * 1_024 * 1_024;

async fn survives(malice: Malice, tokens: bool) {
    if !contract::available() {
        return;
    }
    let github = Hostile::start(malice.clone(), tokens).await;
    let program = Operator::new(&github.base).serve();
    let (title, body) = exploit("report");
    for number in 0..5 {
        let payload = issue_opened_now(number + 1, &title, &body);
        let guid = format!("guid-{number}");
        assert_eq!(program.deliver("issues", &guid, &payload).await, 202);
    }
    // the App's facts, the sweep, the repository's first delivery
    github.wait_for(if tokens { 5 } else { 3 }).await;
    let payload = issue_opened_now(99, "Later", "Is anybody there?");
    assert_eq!(program.deliver("issues", "guid-later", &payload).await, 202);
    program.is_healthy().await;
    program.metrics().await;
    #[cfg(target_os = "linux")]
    {
        let peak = program.peak_memory_bytes();
        println!("{malice:?}: {} requests, {} MiB", github.asked(), peak >> 20);
        assert!(peak < MEMORY_BYTES, "{malice:?}: {peak} bytes");
    }
    let stopped = program.stop();
    println!("{malice:?}: stopped after {:?}", stopped.took);
    assert_eq!(stopped.status.code(), Some(0), "{malice:?}");
    assert!(stopped.took < Duration::from_secs(15), "{malice:?}: {:?}", stopped.took);
    let log = String::from_utf8_lossy(&stopped.log);
    assert!(!log.contains("panicked"), "{log}");
    assert!(!log.contains("ghs_hostiletoken"), "a token is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_everywhere() {
    survives(Malice::Trouble, false).await;
    survives(Malice::Trouble, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break() {
    survives(Malice::HangUp, false).await;
    survives(Malice::HangUp, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_bodies() {
    survives(Malice::Flood(12 << 20), false).await;
    survives(Malice::Flood(12 << 20), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_types() {
    for body in ["[]", "null", "\"text\"", "{\"token\":5,\"slug\":[],\"id\":\"x\"}", "{"] {
        survives(Malice::Says(body), false).await;
    }
    survives(Malice::Says("{\"enabled\":\"yes\",\"permission\":7}"), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bodies() {
    survives(Malice::Nothing, false).await;
    survives(Malice::Nothing, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answers() {
    survives(Malice::Silence, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_elsewhere_are_not_followed() {
    for status in [301, 302, 307, 308] {
        let elsewhere = Hostile::start(Malice::Says("{}"), true).await;
        let away = Malice::Away(status, format!("{}/stolen", elsewhere.base));
        survives(away.clone(), false).await;
        survives(away, true).await;
        assert_eq!(elsewhere.asked(), 0, "{status}: a token went elsewhere");
    }
}

/// A proxy's page in place of a token is an outage like any other: nothing is given up for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_cannot_be_read_is_asked_for_again() {
    if !contract::available() {
        return;
    }
    let page = "<html>Sign in to the network</html>";
    let github = Hostile::start(Malice::Says(page), false).await;
    let program = Operator::new(&github.base).serve();
    github.wait_for(2).await;
    let (title, body) = exploit("report");
    let payload = issue_opened_now(7, &title, &body);
    assert_eq!(program.deliver("issues", "guid-1", &payload).await, 202);
    // the App's facts, the sweep, and two tries
    github.wait_for(4).await;
    assert_eq!(program.metric("embargod_deliveries_waiting").await, 1.0);
    assert_eq!(program.metric("embargod_deliveries_parked").await, 0.0);
    assert_eq!(program.metric("embargod_effects_dead").await, 0.0);
    let stopped = program.stop();
    assert_eq!(stopped.status.code(), Some(0));
    let log = String::from_utf8_lossy(&stopped.log);
    assert!(!log.contains("is broken"), "the policy is blamed for a token:\n{log}");
}
