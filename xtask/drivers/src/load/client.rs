//! Senders that cost little: HTTP/1.1 over kept connections, requests made ahead of time.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::payloads::{Request, guid};
use crate::Failure;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// How many, for how long.
#[derive(Clone, Copy)]
pub struct Burst {
    /// Connections, each with one request at a time.
    pub concurrency: usize,
    /// After it nothing is sent any more.
    pub time: Duration,
    /// After so many nothing is sent any more.
    pub most: u64,
    /// Tells the GUIDs of this burst from others.
    pub series: u32,
    /// The only good answer.
    pub good: u16,
}

/// What came of it.
#[derive(Default)]
pub struct Sent {
    /// Numbers of the deliveries that were answered well; see [`guid`].
    pub acknowledged: Vec<u64>,
    /// Other answers.
    pub refused: usize,
    /// How long each answer took, in microseconds, sorted.
    pub took_us: Vec<u64>,
    /// From the first request to the last answer.
    pub time: Duration,
}

impl Sent {
    /// Acknowledged a second.
    pub fn per_second(&self) -> f64 {
        self.acknowledged.len() as f64 / self.time.as_secs_f64().max(0.001)
    }

    /// The time within which this share (0 to 1) was answered, in milliseconds.
    pub fn within_ms(&self, share: f64) -> f64 {
        quantile(&self.took_us, share) / 1_000.0
    }
}

/// The value below which this share of sorted values lies.
pub fn quantile(sorted: &[u64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = (last as f64 * share).round() as usize;
    sorted.get(place.min(last)).copied().unwrap_or_default() as f64
}

/// Sends to these doors, turn by turn.
pub async fn send(doors: &[SocketAddr], requests: &Arc<Vec<Request>>, burst: Burst) -> Result<Sent, Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..burst.concurrency {
        let door = doors[number % doors.len()];
        senders.spawn(sender(door, Arc::clone(requests), burst, Arc::clone(&next), began));
    }
    let mut sent = Sent::default();
    while let Some(ended) = senders.join_next().await {
        let one = ended.map_err(|error| error.to_string())??;
        sent.acknowledged.extend(one.acknowledged);
        sent.took_us.extend(one.took_us);
        sent.refused += one.refused;
    }
    sent.time = began.elapsed();
    sent.took_us.sort_unstable();
    Ok(sent)
}

async fn sender(
    door: SocketAddr,
    requests: Arc<Vec<Request>>,
    burst: Burst,
    next: Arc<AtomicU64>,
    began: Instant,
) -> Result<Sent, Failure> {
    let failed = |error: std::io::Error| format!("{door}: {error}");
    let mut stream = TcpStream::connect(door).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (mut sent, mut buffer, mut answer) = (Sent::default(), Vec::new(), Vec::new());
    while began.elapsed() < burst.time {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= burst.most {
            break;
        }
        let request = &requests[number as usize % requests.len()];
        request.write(&guid(burst.series, number), &mut buffer);
        let asked = Instant::now();
        stream.write_all(&buffer).await.map_err(failed)?;
        let status = timeout(ANSWER, read(&mut stream, &mut answer)).await.map_err(|_| format!("{door}: no answer"))?;
        if status.map_err(failed)? == burst.good {
            sent.took_us.push(asked.elapsed().as_micros() as u64);
            sent.acknowledged.push(number);
        } else {
            sent.refused += 1;
        }
    }
    Ok(sent)
}

/// Reads one answer with a small body, and returns its status.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> std::io::Result<u16> {
    let odd = |what| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(odd("closed"));
        }
        let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&answer[..head]).map_err(|_| odd("no text"))?.to_ascii_lowercase();
        let body = &answer[head + 4..];
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let whole = match length {
            Some(length) => body.len() >= length,
            None if text.contains("transfer-encoding: chunked") => body.ends_with(b"0\r\n\r\n"),
            None => true,
        };
        if whole {
            let status = text.get(9..12).and_then(|digits| digits.parse().ok());
            return status.ok_or_else(|| odd("no status"));
        }
    }
}
