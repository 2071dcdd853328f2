//! The program itself: the real binary with an operator's files, spawned, talked to through its doors, and stopped.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use embargod::sealing::SealingKey;
use serde_json::Value;

use crate::kit::{APP_ID, SECRET, app_key_pem};

/// How long anything may take before a test gives up.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A policy that shields, without a word about contacts beyond GitHub's own form.
pub const SHIELD: &str = "extends: django-2026\nredirect:\n  mode: shield\n";

/// An operator: a folder with keys, settings and a database.
pub struct Operator {
    folder: tempfile::TempDir,
    environment: BTreeMap<&'static str, String>,
}

impl Operator {
    /// An operator whose GitHub is at `api_base`, with a default policy that shields.
    pub fn new(api_base: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let text = |name: &str| path(name).display().to_string();
        SealingKey::generate().write_new(&path("sealing.key")).expect("a sealing key");
        std::fs::write(path("app.pem"), app_key_pem()).expect("written");
        std::fs::write(path("policy.yml"), SHIELD).expect("written");
        let environment = [
            ("EMBARGOD_LISTEN", "127.0.0.1:0".to_owned()),
            ("EMBARGOD_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("EMBARGOD_DATABASE", format!("sqlite:{}", text("embargod.db"))),
            ("EMBARGOD_GITHUB_API_BASE", api_base.to_owned()),
            ("EMBARGOD_GITHUB_APP_ID", APP_ID.to_string()),
            ("EMBARGOD_GITHUB_PRIVATE_KEY_PATH", text("app.pem")),
            ("EMBARGOD_GITHUB_WEBHOOK_SECRETS", SECRET.to_owned()),
            ("EMBARGOD_SEALING_KEY_PATH", text("sealing.key")),
            ("EMBARGOD_DEFAULT_POLICY_PATH", text("policy.yml")),
            ("EMBARGOD_LOG", "trace".to_owned()),
        ]
        .into();
        Self { folder, environment }
    }

    /// The same with one more setting, or another value of one.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    /// A file of the operator's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Raw bytes of the database's files.
    pub fn database_bytes(&self) -> Vec<u8> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut bytes = Vec::new();
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with("embargod.db") {
                bytes.extend(std::fs::read(entry.path()).expect("readable"));
            }
        }
        assert!(bytes.len() > 4_096, "the database is empty");
        bytes
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embargod"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Starts the server and waits until it accepts.
    pub fn serve(self) -> Program {
        let mut child =
            self.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (mut stderr, kept) = (child.stderr.take().expect("piped"), Arc::clone(&log));
        std::thread::spawn(move || {
            let mut chunk = [0; 8_192];
            while let Ok(count @ 1..) = stderr.read(&mut chunk) {
                kept.lock().expect("whole").extend_from_slice(&chunk[..count]);
            }
        });
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _nobody_listens = tell.send(line);
            }
        });
        let said_of = |log: &Mutex<Vec<u8>>| String::from_utf8_lossy(&log.lock().expect("whole")).into_owned();
        let ready = told.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("not ready:\n{}", said_of(&log)));
        let address = |name: &str| {
            let part = ready.split(' ').find_map(|part| part.strip_prefix(name));
            part.unwrap_or_else(|| panic!("no {name} in {ready:?}")).to_owned()
        };
        assert!(ready.starts_with("ready "), "{ready}");
        Program {
            listen: address("listen="),
            admin: address("admin="),
            child: Running(child),
            log,
            operator: self,
            http: reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().expect("a client"),
        }
    }
}

/// A running server.
pub struct Program {
    /// The operator's files.
    pub operator: Operator,
    listen: String,
    admin: String,
    child: Running,
    log: Arc<Mutex<Vec<u8>>>,
    http: reqwest::Client,
}

/// Ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_before = self.0.kill();
        let _collected = self.0.wait();
    }
}

impl Program {
    /// Delivers a signed webhook as GitHub does; the answer's status.
    pub async fn deliver(&self, event: &str, guid: &str, payload: &Value) -> u16 {
        let body = payload.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = hex::encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let sent = self
            .http
            .post(format!("http://{}/webhook", self.listen))
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/044aadd")
            .header("x-github-delivery", guid)
            .header("x-github-event", event)
            .header("x-hub-signature-256", format!("sha256={signature}"))
            .body(body)
            .send()
            .await;
        sent.expect("the door answers").status().as_u16()
    }

    async fn get(&self, address: &str, path: &str) -> String {
        let answer = self.http.get(format!("http://{address}{path}")).send();
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.expect("a text")
    }

    /// Whether the process lives, as its public door says.
    pub async fn is_healthy(&self) {
        self.get(&self.listen, "/healthz").await;
    }

    /// The metrics' text.
    pub async fn metrics(&self) -> String {
        self.get(&self.admin, "/metrics").await
    }

    /// The value of a metric. One that is named with its labels is 0 as long as nothing was counted.
    pub async fn metric(&self, name: &str) -> f64 {
        let metrics = self.metrics().await;
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        match value {
            None if name.contains('{') => 0.0,
            None => panic!("no {name} in\n{metrics}"),
            Some(value) => value.parse().expect("a number"),
        }
    }

    /// Waits until a metric has a value.
    ///
    /// # Panics
    /// Where it does not come to that in time.
    pub async fn wait_for(&self, name: &str, fits: impl Fn(f64) -> bool) {
        let asking = async {
            let mut pace = tokio::time::interval(Duration::from_millis(25));
            loop {
                pace.tick().await;
                if fits(self.metric(name).await) {
                    return;
                }
            }
        };
        if tokio::time::timeout(DEADLINE, asking).await.is_err() {
            panic!("{name} stays at {}", self.metric(name).await);
        }
    }

    /// Waits until no delivery waits.
    pub async fn digested(&self) {
        self.wait_for("embargod_deliveries_waiting", |waiting| waiting == 0.0).await;
    }

    /// Everything that was logged.
    pub fn logged(&self) -> Vec<u8> {
        self.log.lock().expect("whole").clone()
    }

    /// The most memory that it ever took, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.0.id());
        let status = std::fs::read_to_string(Path::new(&path)).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        kib.expect("a peak").trim().parse::<u64>().expect("a number") * 1_024
    }

    /// Asks it to stop (SIGTERM); how it ended, how long that took, and the operator's files.
    pub fn stop(mut self) -> Stopped {
        let asked = Instant::now();
        let pid = self.child.0.id().to_string();
        let killed = Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status();
        assert!(killed.expect("a shell").success());
        let (tell, told) = mpsc::channel();
        let watch = std::thread::spawn(move || {
            let status = self.child.0.wait().expect("it ran");
            let _nobody_waits = tell.send(status);
            self
        });
        let status = told.recv_timeout(DEADLINE).expect("it stops when it is asked to");
        let took = asked.elapsed();
        let program = watch.join().expect("no panic");
        let log = program.logged();
        Stopped { status, took, log, operator: program.operator }
    }
}

/// A server that has ended.
pub struct Stopped {
    /// How.
    pub status: ExitStatus,
    /// How long it took.
    pub took: Duration,
    /// Everything that was logged.
    pub log: Vec<u8>,
    /// The operator's files.
    pub operator: Operator,
}
