//! A PostgreSQL server in a temporary folder, for tests and measurements.
//!
//! What flows in: nothing but the programs of the machine's own PostgreSQL package. What flows out: addresses for
//! `database = "postgres://…"`. The server listens on a unix socket in its folder alone, and goes with the process that
//! started it, however that process ends: a watchdog holds the other end of a pipe. It must never be used for data that
//! anybody wants to keep.

mod programs;

use std::{
    env, fmt,
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use programs::Runner;

/// The database user, who may do everything.
const USER: &str = "embargod";

/// Why there is no server, or why it did not do something; with the end of its log.
#[derive(Clone, Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// How careful the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing waits for the disk: for tests that do not take the power away.
    Fast,
    /// As in production: for measurements.
    Real,
}

/// How the server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Connections are cut, and everything is written.
    Orderly,
    /// As if the machine had lost its power: the next start recovers from the log.
    Crash,
}

/// A running server. Stopped and removed when dropped, and when the process ends.
pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    watchdog: Mutex<Watchdog>,
    databases: AtomicU32,
}

struct Watchdog {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// Makes a server and starts it.
    ///
    /// # Errors
    /// Where PostgreSQL's package is not installed, and where it does not start.
    pub fn start(durability: Durability) -> Result<Self, Failure> {
        let programs = programs::folder().ok_or_else(|| {
            Failure(
                "PostgreSQL was not found: install Debian's package `postgresql`, or put its programs into PATH"
                    .to_owned(),
            )
        })?;
        let folder = tempfile::Builder::new().prefix("embargod-pg-").tempdir().map_err(failed("a temporary folder"))?;
        let runner = Runner::choose(folder.path().metadata().map_err(failed("a temporary folder"))?.uid())?;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), private).map_err(failed("a temporary folder"))?;
        if let Runner::Other { user, group } = runner {
            chown(folder.path(), Some(user), Some(group)).map_err(failed("handing the folder over"))?;
        }

        let mut initdb = runner.command(&programs.join("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--no-locale", "--username", USER, "-D"]);
        let made =
            initdb.arg(folder.path().join("data")).current_dir(folder.path()).output().map_err(failed("initdb"))?;
        if !made.status.success() {
            return Err(Failure(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let settings = settings(&folder, durability);
        let file = folder.path().join("data/postgresql.auto.conf");
        std::fs::write(file, settings).map_err(failed("the server's settings"))?;

        let mut watchdog = Command::new("/bin/sh");
        watchdog.args(["-c", include_str!("watchdog.sh"), "watchdog"]).arg(folder.path()).arg(&programs);
        let log = folder.path().join("watchdog.log");
        let log = std::fs::File::create(log).map_err(failed("a log"))?;
        let mut child = watchdog
            .args(runner.prefix())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C in the terminal ends the tests; the watchdog then still has to tidy up.
            .process_group(0)
            .spawn()
            .map_err(failed("the watchdog"))?;
        let answers = BufReader::new(child.stdout.take().expect("it is a pipe"));
        // From here on the watchdog removes it.
        let folder = folder.keep();
        let watchdog = Mutex::new(Watchdog { child, answers });
        let server = Self { folder, programs, watchdog, databases: AtomicU32::new(0) };
        server.start_again()?;
        Ok(server)
    }

    /// The one server that the tests of this process share, with [`Durability::Fast`]. `None` where PostgreSQL is missing:
    /// the caller leaves its test, and a line on standard error has said so.
    ///
    /// # Panics
    /// Where it is missing and `CI` is `true`: a check that was not run must not look like one that passed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Server, Failure>> = OnceLock::new();
        match SHARED.get_or_init(|| Self::start(Durability::Fast)) {
            Ok(server) => Some(server),
            Err(failure) => {
                let is_ci = env::var("CI").is_ok_and(|value| value == "true");
                assert!(!is_ci, "{failure}");
                // Not `eprintln`, which the test harness keeps to itself where a test passes.
                let test = std::thread::current().name().unwrap_or("a test").to_owned();
                let _ = writeln!(io::stderr(), "skipped {test}: {failure}");
                None
            }
        }
    }

    /// A new, empty database.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn database(&self) -> Database<'_> {
        self.database_like("template1")
    }

    /// A new database with all that is in the database `template`, to which nobody may be connected.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn database_like(&self, template: &str) -> Database<'_> {
        let name = format!("db{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}")).expect("a database is made");
        Database { server: self, name }
    }

    /// The address of the database `name`.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://{USER}@localhost/{name}?host={}", self.folder.display())
    }

    /// Runs SQL as another process would; the answer has a line a row, with `|` between columns.
    ///
    /// # Errors
    /// Where the database refuses, with its words.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, Failure> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", USER, "-d", database, "-c", sql, "-h"])
            .arg(&self.folder)
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .map_err(failed("psql"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(Failure(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }

    /// Stops it, and returns when it has stopped.
    ///
    /// # Errors
    /// Where it does not stop.
    pub fn stop(&self, how: Stop) -> Result<(), Failure> {
        self.ask(match how {
            Stop::Orderly => "stop -m fast",
            Stop::Crash => "stop -m immediate",
        })
    }

    /// Starts it again after [`Self::stop`], and returns when it takes connections.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_again(&self) -> Result<(), Failure> {
        self.ask("start")
    }

    /// Number of the server's first process.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn process(&self) -> Result<u32, Failure> {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).map_err(failed("its number"))?;
        let number = file.lines().next().and_then(|line| line.trim().parse().ok());
        number.ok_or_else(|| Failure("its number is not written".to_owned()))
    }

    fn ask(&self, what: &str) -> Result<(), Failure> {
        let mut watchdog = self.watchdog.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let life_line = watchdog.child.stdin.as_mut().ok_or_else(|| Failure("the watchdog is gone".to_owned()))?;
        writeln!(life_line, "{what}").map_err(failed("the watchdog"))?;
        let mut answer = String::new();
        watchdog.answers.read_line(&mut answer).map_err(failed("the watchdog"))?;
        if answer.trim() == "done" { Ok(()) } else { Err(Failure(format!("`{what}` failed: {}", self.end_of_log()))) }
    }

    fn end_of_log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let watchdog = self.watchdog.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(watchdog.child.stdin.take());
        // Nothing is left to be done where it went before.
        let _ = watchdog.child.wait();
    }
}

/// A database of its own for one test; dropped with everything in it, whoever is connected.
pub struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl Database<'_> {
    /// What `database = "…"` is to be.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// See [`Server::sql`].
    ///
    /// # Errors
    /// As there.
    pub fn sql(&self, sql: &str) -> Result<String, Failure> {
        self.server.sql(&self.name, sql)
    }

    /// Cuts all connections to it, as a restarted network device would; returns how many.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn cut_connections(&self) -> Result<usize, Failure> {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
        let answer = self.server.sql("postgres", &format!("{cut}'{}'", self.name))?;
        Ok(answer.lines().count())
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // A server that was stopped meanwhile takes it along.
        let _ = self.server.sql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn settings(folder: &tempfile::TempDir, durability: Durability) -> String {
    let mut settings = format!(
        "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 400\nwal_level = minimal\n\
         max_wal_senders = 0\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n",
        folder.path().display()
    );
    // A durable one is otherwise as PostgreSQL is when nobody says anything: it is measured.
    if durability == Durability::Fast {
        settings.push_str(
            "fsync = off\nfull_page_writes = off\nshared_buffers = '64MB'\nmax_wal_size = '256MB'\nmin_wal_size = '64MB'\n\
             autovacuum_naptime = '5s'\n",
        );
    }
    settings
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_starts_stops_and_leaves_nothing() {
        let Some(_) = Server::shared() else { return };
        let server = Server::start(Durability::Real).expect("it starts");
        let database = server.database();
        database.sql("CREATE TABLE kept AS SELECT 7 AS n").expect("it is written");
        server.stop(Stop::Crash).expect("it stops");
        assert!(database.sql("SELECT 1").is_err(), "nobody answers");
        server.start_again().expect("it starts");
        assert_eq!(database.sql("SELECT n FROM kept").expect("it answers"), "7");
        assert!(database.url().starts_with("postgres://"), "{}", database.url());
        let name = database.name().to_owned();
        drop(database);
        assert!(server.sql(&name, "SELECT 1").is_err(), "the database is gone");
        let folder = server.folder.clone();
        drop(server);
        assert!(!folder.exists(), "the folder is gone");
    }
}
