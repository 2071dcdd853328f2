//! The real binary as a process of its own, with an operator's files, to be started, killed and started again.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use embargod::sealing::SealingKey;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{Failure, stage};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// An operator: keys, policy and settings in a temporary folder, and the binary that reads them.
pub struct Operator {
    binary: PathBuf,
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// A server that was started.
pub struct Program {
    /// The public door.
    pub listen: SocketAddr,
    child: Child,
}

/// What became of a start.
pub enum Start {
    /// It accepts deliveries.
    Ready(Box<Program>),
    /// It ended before it did.
    Ended(ExitStatus),
}

impl Operator {
    /// An operator whose GitHub is at `api_base`. `database` of `None` is a SQLite file of its own.
    pub fn new(binary: &Path, api_base: &str, app_key_pem: &str, database: Option<&str>) -> Result<Self, Failure> {
        let binary = fs::canonicalize(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let place = |name: &str| folder.path().join(name);
        let text = |name: &str| place(name).display().to_string();
        SealingKey::generate().write_new(&place("sealing.key")).map_err(|error| error.to_string())?;
        fs::write(place("app.pem"), app_key_pem).map_err(|error| format!("no key written: {error}"))?;
        let database = database.map_or_else(|| format!("sqlite:{}", text("embargod.db")), str::to_owned);
        let environment = [
            ("EMBARGOD_LISTEN", "127.0.0.1:0".to_owned()),
            ("EMBARGOD_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("EMBARGOD_DATABASE", database),
            ("EMBARGOD_GITHUB_API_BASE", api_base.to_owned()),
            ("EMBARGOD_GITHUB_APP_ID", stage::APP_ID.to_string()),
            ("EMBARGOD_GITHUB_PRIVATE_KEY_PATH", text("app.pem")),
            ("EMBARGOD_GITHUB_WEBHOOK_SECRETS", stage::SECRET.to_owned()),
            ("EMBARGOD_SEALING_KEY_PATH", text("sealing.key")),
            ("EMBARGOD_LOG", "warn".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Self { binary, folder, environment })
    }

    /// The same with one more setting, or another value of one.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// What `EMBARGOD_DATABASE` says.
    pub fn database(&self) -> &str {
        self.environment.get("EMBARGOD_DATABASE").map_or("", String::as_str)
    }

    /// Everything that the servers logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("embargod.log")
    }

    /// A file of the operator's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Keeps the folder, and tells where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Starts a server with `more` settings and waits until it accepts, or has ended.
    pub async fn start(&self, more: &[(&str, String)]) -> Result<Start, Failure> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path());
        let log = log.map_err(|error| format!("no log: {error}"))?;
        let mut child = Command::new(&self.binary)
            .arg("serve")
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .envs(more.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.binary.display()))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        let read = timeout(START, BufReader::new(stdout).read_line(&mut line)).await;
        read.map_err(|_| format!("not ready after {} s:\n{}", START.as_secs(), self.log()))?
            .map_err(|error| error.to_string())?;
        let address = |name: &str| line.split_whitespace().find_map(|part| part.strip_prefix(name)?.parse().ok());
        match address("listen=") {
            Some(listen) => Ok(Start::Ready(Box::new(Program { listen, child }))),
            _ => Ok(Start::Ended(child.wait().await.map_err(|error| error.to_string())?)),
        }
    }
}

impl Program {
    /// Waits for it to end by itself, at most so long.
    pub async fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        timeout(time, self.child.wait()).await.ok()?.ok()
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.child.kill().await.map_err(|error| error.to_string())
    }

    /// Number of the process.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}
