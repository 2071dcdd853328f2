//! The canary: a word in every post that might be private, which must not turn up in logs, metrics, files or public texts.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use embargod::server::Metrics;
use tracing_subscriber::{EnvFilter, fmt, fmt::MakeWriter, prelude::*};

/// A word that stands nowhere else.
#[derive(Clone)]
pub struct Canary(String);

static LOG: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(Arc::default);
static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::install);

/// Everything that the program logs at any level is kept, over all stories of this process.
pub(super) fn listen() {
    static STARTED: LazyLock<()> = LazyLock::new(|| {
        let layer = fmt::layer().with_ansi(false).with_writer(Kept(Arc::clone(&LOG)));
        let filter = EnvFilter::new("embargod=trace,sqlx=debug,hyper=debug,reqwest=trace");
        tracing_subscriber::registry().with(filter).with(layer).try_init().expect("nobody else logs in the tests");
        LazyLock::force(&METRICS);
    });
    LazyLock::force(&STARTED);
}

/// Everything that was logged in this process so far.
pub(super) fn log() -> Vec<u8> {
    LOG.lock().expect("no writer panics").clone()
}

/// The metrics of this process.
pub(super) fn metrics() -> Metrics {
    METRICS.clone()
}

impl Canary {
    /// A fresh word.
    pub fn new() -> Self {
        Self(format!("canary{}", uuid::Uuid::new_v4().simple()))
    }

    /// The word.
    pub fn word(&self) -> &str {
        &self.0
    }

    /// Fails where the word is in `bytes`.
    pub fn must_not_be_in(&self, place: &str, bytes: &[u8]) {
        let found = bytes.windows(self.0.len()).any(|window| window == self.0.as_bytes());
        assert!(!found, "the canary is in {place}");
    }

    pub(super) fn must_not_be_logged(&self) {
        let log = LOG.lock().expect("no writer panics").clone();
        assert!(!log.is_empty(), "nothing was logged at all: the test listens to nothing");
        self.must_not_be_in("the log", &log);
    }

    pub(super) fn must_not_be_measured(&self) {
        let rendered = METRICS.render();
        assert!(rendered.contains("embargod_"), "nothing was measured at all");
        self.must_not_be_in("the metrics", rendered.as_bytes());
    }
}

#[derive(Clone)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
