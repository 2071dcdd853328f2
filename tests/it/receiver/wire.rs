//! An HTTP/1.1 client on a bare socket, which sends whatever it is told to.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::TcpStream,
    time::timeout,
};

use super::GUARD;
use crate::contract::hostile::{Framing, Hostile};

/// An open connection.
pub struct Wire {
    reader: Reader,
    writer: WriteHalf<TcpStream>,
}

struct Reader {
    half: ReadHalf<TcpStream>,
    seen: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

impl Wire {
    pub async fn to(door: SocketAddr) -> Self {
        let stream = TcpStream::connect(door).await.expect("the door listens");
        let (half, writer) = split(stream);
        let reader = Reader { half, seen: Vec::new() };
        Self { reader, writer }
    }

    /// Sends bytes; a server that has closed already is none of our concern here.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(GUARD, self.writer.write_all(bytes)).await.expect("the server takes bytes, or closes");
    }

    /// Closes this side for writing.
    pub async fn finish(&mut self) {
        let _ = self.writer.shutdown().await;
    }

    /// The next final answer, or `None` where the server closes instead.
    pub async fn answer(&mut self) -> Option<Answer> {
        timeout(GUARD, self.reader.answer("POST")).await.expect("the server answers, or closes")
    }

    /// The next answer, also an interim one (100), or `None` where the server closes instead.
    pub async fn any_answer(&mut self) -> Option<Answer> {
        timeout(GUARD, self.reader.any_answer("POST")).await.expect("the server answers, or closes")
    }

    /// Sends and listens at the same time, as the server may answer before it has read everything.
    pub async fn exchange(&mut self, method: &str, bytes: &[u8]) -> Option<Answer> {
        let (reader, writer) = (&mut self.reader, &mut self.writer);
        let mut answer = std::pin::pin!(reader.answer(method));
        let both = async {
            tokio::select! {
                early = &mut answer => early,
                _ = writer.write_all(bytes) => answer.await,
            }
        };
        timeout(GUARD, both).await.expect("the server answers, or closes")
    }

    /// How many answers come until the server closes. The caller has made sure that it will.
    pub async fn statuses_until_close(&mut self) -> Vec<u16> {
        let mut statuses = Vec::new();
        while let Some(answer) = self.answer().await {
            statuses.push(answer.status);
        }
        statuses
    }
}

impl Reader {
    async fn answer(&mut self, method: &str) -> Option<Answer> {
        loop {
            let answer = self.any_answer(method).await?;
            if answer.status >= 200 {
                return Some(answer);
            }
        }
    }

    async fn any_answer(&mut self, method: &str) -> Option<Answer> {
        let head_bytes = loop {
            if let Some(at) = find(&self.seen, b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.seen.drain(..head_bytes).collect()).expect("heads are ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5))
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_else(|| panic!("no status line: {status_line:?}"));
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        if method != "HEAD" {
            while self.seen.len() < length {
                self.more().await?;
            }
            answer.body = self.seen.drain(..length).collect();
        }
        Some(answer)
    }

    async fn more(&mut self) -> Option<()> {
        let mut bytes = [0; 4096];
        match self.half.read(&mut bytes).await {
            Ok(0) | Err(_) => None,
            Ok(count) => {
                self.seen.extend_from_slice(&bytes[..count]);
                Some(())
            }
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A request as bytes. `headers` come as they are; framing is added, and `Host`.
pub fn request(method: &str, target: &str, headers: &[(String, Vec<u8>)], body: &[u8], framing: Framing) -> Vec<u8> {
    const CHUNK_BYTES: usize = 60_000;
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: bot.example\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    match framing {
        Framing::Length => {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(body);
        }
        Framing::Chunked => {
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(CHUNK_BYTES) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
    }
    bytes
}

/// A request of the catalogue as bytes.
pub fn hostile(case: &Hostile) -> Vec<u8> {
    let (headers, body) = case.finished();
    request(case.method, &case.path, &headers, &body, case.framing)
}
