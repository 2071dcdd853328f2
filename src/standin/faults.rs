//! Scripted mischief: what goes wrong, for which requests, how often.

/// Which requests a fault hits.
#[derive(Clone, Debug, Default)]
pub struct Match {
    method: Option<String>,
    path_contains: String,
    path_like: Option<String>,
    body_contains: Option<String>,
    skip: usize,
    times: Option<usize>,
}

impl Match {
    /// Every request whose path contains `part`.
    pub fn path(part: &str) -> Self {
        Self { path_contains: part.to_owned(), ..Self::default() }
    }

    /// Every request with exactly this path, where a segment `*` stands for any one segment.
    pub fn path_like(pattern: &str) -> Self {
        Self { path_like: Some(pattern.to_owned()), ..Self::default() }
    }

    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests whose body contains `part` (for GraphQL operations).
    #[must_use]
    pub fn body(mut self, part: &str) -> Self {
        self.body_contains = Some(part.to_owned());
        self
    }

    /// Only the `n`th matching request, counted from one.
    #[must_use]
    pub fn nth(mut self, n: usize) -> Self {
        self.skip = n.saturating_sub(1);
        self.times = Some(1);
        self
    }

    /// Only the first `n` matching requests.
    #[must_use]
    pub fn times(mut self, n: usize) -> Self {
        self.times = Some(n);
        self
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 403 without rate-limit headers and without `retry-after`.
    HeaderlessForbidden403,
    /// 502 with an HTML page.
    BadGateway502,
    /// 422 with "Validation Failed".
    Unprocessable422,
    /// 404.
    NotFound404,
    /// Any other status, with a JSON message.
    Status(u16),
    /// A secondary rate limit: this status (403 or 429) and `retry-after` in seconds.
    SecondaryLimit {
        /// 403 or 429.
        status: u16,
        /// Value of `retry-after`, in seconds.
        retry_after_s: u64,
    },
    /// 200 with a body that is no JSON.
    GarbageBody,
    /// The request is carried out, then the connection closes without an answer.
    DropAnswerAfterDoing,
    /// The connection closes and nothing happened.
    DropBeforeDoing,
    /// The answer comes this many milliseconds late; the request is carried out at once.
    SlowBy(u64),
    /// The request is carried out, its answer waits until `release_stalled`.
    StallAnswer,
    /// The request waits until `release_stalled` and is carried out only then; never, if the client gives up before.
    StallBeforeDoing,
    /// Every installation token becomes invalid, and then the request is carried out.
    TokensRevoked,
}

/// The faults that are still to come, in the order in which they were scripted.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Match, Fault)>);

impl Faults {
    pub(crate) fn add(&mut self, hits: Match, fault: Fault) {
        self.0.push((hits, fault));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that hits this request; counts it.
    pub(crate) fn next(&mut self, method: &str, path: &str, body: &str) -> Option<Fault> {
        for (hits, fault) in &mut self.0 {
            let here = hits.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && path.contains(&hits.path_contains)
                && hits.path_like.as_ref().is_none_or(|pattern| is_like(path, pattern))
                && hits.body_contains.as_ref().is_none_or(|b| body.contains(b));
            if !here || hits.times == Some(0) {
                continue;
            }
            if hits.skip > 0 {
                hits.skip -= 1;
                continue;
            }
            if let Some(times) = &mut hits.times {
                *times -= 1;
            }
            return Some(fault.clone());
        }
        None
    }
}

fn is_like(path: &str, pattern: &str) -> bool {
    let (mut segments, mut wanted) = (path.split('/'), pattern.split('/'));
    loop {
        match (segments.next(), wanted.next()) {
            (None, None) => return true,
            (Some(segment), Some(wanted)) if wanted == "*" || wanted == segment => {}
            _ => return false,
        }
    }
}
