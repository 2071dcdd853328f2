//! Bytes for a bare socket: what an HTTP client would not send.

/// How a conversation may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawEnd {
    /// The server answers; anything that follows is of no interest.
    Answer,
    /// The server answers, or closes without a word.
    AnswerOrClose,
    /// The server loses patience: it answers 408 or closes, within its own time-out.
    TimesOut,
}

/// A conversation with the public door.
#[derive(Clone)]
pub struct Raw {
    /// Unique, for complaints.
    pub name: &'static str,
    /// What to send, in order; the socket stays open for writing afterwards.
    pub bytes: Vec<u8>,
    /// See [`RawEnd`].
    pub end: RawEnd,
    /// Right statuses of the first answer, where there is one.
    pub expect: &'static [u16],
    /// The most answers that may come on the connection: more, and a smuggled request was taken for one.
    pub most_answers: usize,
}

const CLIENT_ERRORS: &[u16] = &[400, 401, 404, 405, 411, 413, 414, 415, 417, 431];

/// All conversations. `Host` is a name that need not resolve.
pub fn raw() -> Vec<Raw> {
    [framing(), heads(), slow()].concat()
}

fn ends(name: &'static str, bytes: impl Into<Vec<u8>>, end: RawEnd) -> Raw {
    Raw { name, bytes: bytes.into(), end, expect: CLIENT_ERRORS, most_answers: 1 }
}

fn refused(name: &'static str, bytes: impl Into<Vec<u8>>) -> Raw {
    ends(name, bytes, RawEnd::AnswerOrClose)
}

/// A head that is right up to the headers in `more`.
fn head(more: &str) -> String {
    format!(
        "POST /webhook HTTP/1.1\r\nHost: bot.example\r\nContent-Type: application/json\r\n\
         X-GitHub-Event: issues\r\nX-GitHub-Delivery: 00000000-0000-4000-8000-0000000000ff\r\n{more}"
    )
}

/// Lengths that contradict themselves or each other, and requests hidden in bodies.
fn framing() -> Vec<Raw> {
    const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: bot.example\r\n\r\n";
    let length = SMUGGLED.len();
    vec![
        refused(
            "raw: length and chunked (CL.TE)",
            head(&format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}", length + 5)),
        ),
        refused(
            "raw: chunked and length (TE.CL)",
            head(&format!(
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"
            )),
        ),
        refused("raw: two lengths", head("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")),
        refused("raw: lengths in a list", head("Content-Length: 2, 3\r\n\r\n{} ")),
        refused("raw: negative length", head("Content-Length: -1\r\n\r\n{}")),
        refused("raw: signed length", head("Content-Length: +2\r\n\r\n{}")),
        refused("raw: length beyond 64 bits", head("Content-Length: 99999999999999999999\r\n\r\n{}")),
        refused("raw: length is a word", head("Content-Length: two\r\n\r\n{}")),
        ends("raw: length far over the cap", head("Content-Length: 9000000000000000000\r\n\r\n{}"), RawEnd::Answer),
        refused("raw: chunk size is no number", head("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")),
        refused(
            "raw: chunk size beyond 64 bits",
            head("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ),
        refused("raw: chunk longer than its size", head("Transfer-Encoding: chunked\r\n\r\n1\r\n{}}}}\r\n0\r\n\r\n")),
        refused("raw: unknown transfer coding", head("Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")),
        refused(
            "raw: chunked hidden behind a space",
            head(&format!("Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}")),
        ),
        refused("raw: no length at all", head("\r\n")),
        ends(
            "raw: expects 100 and 1000 more",
            head("Content-Length: 2\r\nExpect: 1000-maybe\r\n\r\n{}"),
            RawEnd::AnswerOrClose,
        ),
        Raw {
            most_answers: 3,
            ..ends(
                "raw: three requests at once",
                [
                    head("Content-Length: 2\r\n\r\n{}"),
                    head("Content-Length: 2\r\n\r\n{}"),
                    head("Content-Length: 2\r\n\r\n{}"),
                ]
                .concat(),
                RawEnd::Answer,
            )
        },
        Raw {
            // the second request is part of the first one's body, whose rest is waited for
            expect: &[401, 408, 413],
            ..ends(
                "raw: a good request within a body that is too large",
                [head("Content-Length: 27262976\r\n\r\n{}"), head("Content-Length: 2\r\n\r\n{}")].concat(),
                RawEnd::Answer,
            )
        },
        refused(
            "raw: a good request behind a broken chunk",
            [head("Transfer-Encoding: chunked\r\n\r\nzz\r\n"), head("Content-Length: 2\r\n\r\n{}")].concat(),
        ),
    ]
}

/// Request lines and headers beyond HTTP's edges.
fn heads() -> Vec<Raw> {
    let many: String = (0..5_000).map(|n| format!("X-Pad-{n}: {n}\r\n")).collect();
    vec![
        refused(
            "raw: one huge header",
            head(&format!("X-Pad: {}\r\nContent-Length: 2\r\n\r\n{{}}", "p".repeat(1_000_000))),
        ),
        refused("raw: 5,000 headers", head(&format!("{many}Content-Length: 2\r\n\r\n{{}}"))),
        refused("raw: header name of 100,000 letters", head(&format!("{}: 1\r\n\r\n", "n".repeat(100_000)))),
        refused("raw: request line of 1 MB", format!("POST /{} HTTP/1.1\r\nHost: a\r\n\r\n", "p".repeat(1_000_000))),
        refused(
            "raw: line feed in a delivery id",
            head("X-GitHub-Delivery: a\nX-Evil: 1\r\nContent-Length: 2\r\n\r\n{}"),
        ),
        refused("raw: NUL in a header", head("X-Evil: a\0b\r\nContent-Length: 2\r\n\r\n{}")),
        refused("raw: escape byte in an event", head("X-GitHub-Event: a\u{1b}[2J\r\nContent-Length: 2\r\n\r\n{}")),
        refused("raw: folded header", head("X-Evil: a\r\n b\r\nContent-Length: 2\r\n\r\n{}")),
        refused("raw: header without a colon", head("Evil\r\nContent-Length: 2\r\n\r\n{}")),
        refused("raw: no host", "POST /webhook HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"),
        refused("raw: HTTP/0.9", "GET /webhook\r\n"),
        refused("raw: HTTP/1.0", "POST /webhook HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"),
        refused("raw: HTTP/3.7", "POST /webhook HTTP/3.7\r\nHost: a\r\n\r\n"),
        refused("raw: HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        refused("raw: no version", "POST /webhook \r\nHost: a\r\n\r\n"),
        refused("raw: unknown method", "EMBARGO /webhook HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused("raw: method in bytes", *b"\xff\xfe /webhook HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused("raw: CONNECT", "CONNECT internal.example:443 HTTP/1.1\r\nHost: internal.example:443\r\n\r\n"),
        refused("raw: TRACE", "TRACE /webhook HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused(
            "raw: absolute address elsewhere",
            "GET http://internal.example/metrics HTTP/1.1\r\nHost: internal.example\r\n\r\n",
        ),
        refused("raw: asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused(
            "raw: upgrade",
            "GET /webhook HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        ),
        refused("raw: TLS hello on a plain port", *b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        refused("raw: noise", (0..4_096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>()),
    ]
}

/// Clients that never come to an end.
fn slow() -> Vec<Raw> {
    const TIMED_OUT: &[u16] = &[408];
    let slow = |name, bytes: String| Raw { expect: TIMED_OUT, ..ends(name, bytes, RawEnd::TimesOut) };
    vec![
        slow("raw: a head that never ends", "POST /webhook HTTP/1.1\r\nHost: a\r\nX-Pad: ".to_owned()),
        slow("raw: nothing at all", String::new()),
        slow("raw: a body shorter than its length", head("Content-Length: 1000\r\n\r\n{}")),
        slow("raw: a chunk shorter than its size", head("Transfer-Encoding: chunked\r\n\r\n3e8\r\n{}")),
        slow("raw: a last chunk that never comes", head("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")),
    ]
}
