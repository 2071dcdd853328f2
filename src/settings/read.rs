//! From file and environment to checked settings.

use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use toml::Spanned;

use super::{
    Custody, GITHUB_API, GithubSettings, LogFormat, SealingKeyFrom, Settings,
    doors::FileDoors,
    file::{self, File, Sealing, Secrets, Words},
    mirrors,
    problem::{Problem, Problems},
    work,
};
use crate::domain::retention::{OutOfBounds, Retention};

type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A value that was found, and where.
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: String,
}

pub(super) struct Reader<'a> {
    file: Option<(&'a Path, &'a str)>,
    environment: Environment<'a>,
    problems: Vec<Problem>,
}

fn parse(file: Option<(&Path, &str)>) -> Result<File, Problems> {
    match file {
        Some((path, text)) => toml::from_str::<File>(text).map_err(|error| file_problem(path, text, &error)),
        None => Ok(File::default()),
    }
}

/// Reads and checks the place of the database alone.
pub(super) fn database(file: Option<(&Path, &str)>, environment: Environment<'_>) -> Result<String, Problems> {
    let parsed = parse(file)?;
    let mut reader = Reader { file, environment, problems: Vec::new() };
    let database = reader.database(parsed.database);
    database.ok_or(Problems(reader.problems))
}

/// Reads and checks the place of the database and where the sealing keys come from.
pub(super) fn custody(file: Option<(&Path, &str)>, environment: Environment<'_>) -> Result<Custody, Problems> {
    let parsed = parse(file)?;
    let mut reader = Reader { file, environment, problems: Vec::new() };
    match (reader.database(parsed.database), reader.sealing_key(parsed.sealing)) {
        (Some(database), Some(sealing_key)) => Ok(Custody { database, sealing_key }),
        _ => Err(Problems(reader.problems)),
    }
}

/// Reads and checks everything.
pub(super) fn settings(file: Option<(&Path, &str)>, environment: Environment<'_>) -> Result<Settings, Problems> {
    let parsed = parse(file)?;
    let mut reader = Reader { file, environment, problems: Vec::new() };
    let listen = reader.address("EMBARGOD_LISTEN", parsed.listen, "127.0.0.1:3000");
    let admin_listen = reader.address("EMBARGOD_ADMIN_LISTEN", parsed.admin_listen, "127.0.0.1:3001");
    let database = reader.database(parsed.database);
    let database_connections = reader.between(
        "EMBARGOD_DATABASE_CONNECTIONS",
        parsed.database_connections,
        (4, 100, 8),
        "give a number of connections from 4 to 100",
    );
    let ack_gather_ms = reader.between(
        "EMBARGOD_ACK_GATHER_MS",
        parsed.ack_gather_ms,
        (0, 1_000, 0),
        "give whole milliseconds from 0 to 1000; 0 waits for nobody",
    );
    let public_url = reader.url("EMBARGOD_PUBLIC_URL", parsed.public_url);
    let default_policy_path = reader.path("EMBARGOD_DEFAULT_POLICY_PATH", parsed.default_policy_path);
    let poll_interval_s = reader.seconds("EMBARGOD_POLL_INTERVAL_S", parsed.poll_interval_s, 60);
    let sweep_interval_s = reader.seconds("EMBARGOD_SWEEP_INTERVAL_S", parsed.sweep_interval_s, 60);
    let reconcile_interval_s =
        reader.seconds_from(60, "EMBARGOD_RECONCILE_INTERVAL_S", parsed.reconcile_interval_s, 900);
    let policy_interval_s = reader.seconds("EMBARGOD_POLICY_INTERVAL_S", parsed.policy_interval_s, 300);
    let log = reader.text("EMBARGOD_LOG", parsed.log).map_or_else(|| "info".to_owned(), |found| found.value);
    let log_format = reader.log_format(parsed.log_format);
    let otlp_endpoint = reader.url("EMBARGOD_OTLP_ENDPOINT", parsed.otlp_endpoint);
    let doors = reader.doors(FileDoors {
        trusted_proxies: parsed.trusted_proxies,
        client_address_header: parsed.client_address_header,
        most_connections: parsed.most_connections,
        failing_burst: parsed.failing_burst,
        failing_per_s: parsed.failing_per_s,
    });
    let api_base = reader.api_base(parsed.github.api_base);
    let app_id = reader.app_id(parsed.github.app_id);
    let private_key = reader.private_key(parsed.github.private_key_path);
    let webhook_secrets = reader.webhook_secrets(parsed.github.webhook_secrets);
    let retention = reader.retention(parsed.retention);
    let sealing_key = reader.sealing_key(parsed.sealing);
    let mirrors = mirrors::read(&mut reader, api_base.as_deref(), parsed.mirrors);
    let paging_url = reader.url("EMBARGOD_PAGING_URL", parsed.paging_url).map(SecretString::from);
    let work = work::read(&mut reader, parsed.role, parsed.drain_timeout_s, parsed.retry);
    if let Some(Err(Problems(problems))) = database.as_deref().map(|database| work::check_role(work.role, database)) {
        reader.problems.extend(problems);
    }
    match (listen, admin_listen, database, api_base, app_id, private_key, sealing_key) {
        (
            Some(listen),
            Some(admin_listen),
            Some(database),
            Some(api_base),
            Some(app_id),
            Some((private_key_path, private_key)),
            Some(sealing_key),
        ) if reader.problems.is_empty() => Ok(Settings {
            listen,
            admin_listen,
            database,
            database_connections,
            ack_gather_ms,
            public_url,
            default_policy_path,
            poll_interval_s,
            sweep_interval_s,
            reconcile_interval_s,
            policy_interval_s,
            log,
            log_format,
            otlp_endpoint,
            doors,
            work,
            github: GithubSettings { api_base, app_id, private_key_path, private_key, webhook_secrets },
            sealing_key,
            retention,
            mirrors,
            paging_url,
        }),
        _ => Err(Problems(reader.problems)),
    }
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), what: what.into(), remedy: remedy.into() });
    }

    fn missing(&mut self, name: &str, what: &str, remedy: &str) {
        let remedy = format!("{remedy} (or {name} in the environment)");
        self.problem("settings", what, remedy);
    }

    pub(super) fn place_of(&self, span: &Range<usize>) -> String {
        match self.file {
            Some((path, text)) => place(path, text, span.start),
            None => "settings".to_owned(),
        }
    }

    /// The environment's value; an empty one counts as absent.
    pub(super) fn of_environment(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.trim().is_empty())
    }

    /// The environment's value, else the file's. An empty value in the environment counts as absent.
    pub(super) fn text(&mut self, name: &str, from_file: Option<Spanned<String>>) -> Option<Found<String>> {
        if let Some(value) = (self.environment)(name).filter(|value| !value.trim().is_empty()) {
            return Some(Found { value: value.trim().to_owned(), place: name.to_owned() });
        }
        from_file.map(|value| {
            let place = self.place_of(&value.span());
            Found { value: value.into_inner(), place }
        })
    }

    pub(super) fn number(&mut self, name: &str, from_file: Option<Spanned<i64>>) -> Option<Found<i64>> {
        if let Some(text) = (self.environment)(name).filter(|value| !value.trim().is_empty()) {
            let Ok(value) = text.trim().parse() else {
                self.problem(name, "is not a whole number", "write digits only");
                return None;
            };
            return Some(Found { value, place: name.to_owned() });
        }
        from_file.map(|value| {
            let place = self.place_of(&value.span());
            Found { value: value.into_inner(), place }
        })
    }

    fn seconds(&mut self, name: &str, from_file: Option<Spanned<i64>>, default: u32) -> u32 {
        self.seconds_from(1, name, from_file, default)
    }

    fn seconds_from(&mut self, least: u32, name: &str, from_file: Option<Spanned<i64>>, default: u32) -> u32 {
        let Some(found) = self.number(name, from_file) else {
            return default;
        };
        match u32::try_from(found.value) {
            Ok(seconds) if (least..=86_400).contains(&seconds) => seconds,
            _ => {
                let remedy = format!("give whole seconds from {least} to 86400");
                self.problem(found.place, "is out of bounds", remedy);
                default
            }
        }
    }

    fn retention(&mut self, from_file: file::Retention) -> Retention {
        let bodies_name = "EMBARGOD_RETENTION_BODIES_DAYS";
        let deliveries_name = "EMBARGOD_RETENTION_DELIVERIES_DAYS";
        let bodies = self.number(bodies_name, from_file.bodies_days);
        let deliveries = self.number(deliveries_name, from_file.deliveries_days);
        let days = |found: &Option<Found<i64>>, default: u32| {
            found.as_ref().map_or(default, |found| u32::try_from(found.value).unwrap_or(0))
        };
        let place = |found: Option<Found<i64>>, name: &str| found.map_or_else(|| name.to_owned(), |found| found.place);
        let bodies_days = days(&bodies, Retention::DEFAULT_BODIES_DAYS);
        // Whoever keeps bodies for longer than GUIDs are remembered by default means both.
        let deliveries_days = days(&deliveries, Retention::DEFAULT_DELIVERIES_DAYS.max(bodies_days));
        match Retention::new(bodies_days, deliveries_days) {
            Ok(retention) => retention,
            Err(problem) => {
                match problem {
                    OutOfBounds::Bodies => {
                        let remedy = format!("give whole days from 1 to {}", Retention::MOST_DAYS);
                        self.problem(place(bodies, bodies_name), "is out of bounds", remedy);
                    }
                    OutOfBounds::Deliveries => {
                        let remedy = format!(
                            "give whole days from {} (GitHub repeats deliveries for three days) to {}",
                            Retention::LEAST_DELIVERIES_DAYS,
                            Retention::MOST_DAYS
                        );
                        self.problem(place(deliveries, deliveries_name), "is out of bounds", remedy);
                    }
                    OutOfBounds::ForgottenBeforeTheirBodies => {
                        let what = format!("is less than the {bodies_days} days for which bodies are kept");
                        let remedy = "raise it, or lower retention.bodies_days";
                        self.problem(place(deliveries, deliveries_name), what, remedy);
                    }
                }
                Retention::default()
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn within(
        &mut self,
        name: &str,
        from_file: Option<Spanned<i64>>,
        default: u32,
        least: u32,
        most: u32,
    ) -> u32 {
        let Some(found) = self.number(name, from_file) else {
            return default;
        };
        match u32::try_from(found.value) {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                self.problem(found.place, "is out of bounds", format!("give a whole number from {least} to {most}"));
                default
            }
        }
    }

    /// A number within `(least, most, default)`.
    fn between(
        &mut self,
        name: &str,
        from_file: Option<Spanned<i64>>,
        (least, most, default): (u32, u32, u32),
        remedy: &str,
    ) -> u32 {
        let Some(found) = self.number(name, from_file) else { return default };
        match u32::try_from(found.value) {
            Ok(value) if (least..=most).contains(&value) => value,
            _ => {
                self.problem(found.place, "is out of bounds", remedy);
                default
            }
        }
    }

    fn address(&mut self, name: &str, from_file: Option<Spanned<String>>, default: &str) -> Option<SocketAddr> {
        let found =
            self.text(name, from_file).unwrap_or_else(|| Found { value: default.to_owned(), place: name.to_owned() });
        if let Ok(address) = found.value.parse() {
            return Some(address);
        }
        let what = format!("{:?} is no address to listen on", found.value);
        self.problem(found.place, what, format!("give an IP address and a port, for example {default}"));
        None
    }

    fn database(&mut self, from_file: Option<Spanned<String>>) -> Option<String> {
        let found = self
            .text("EMBARGOD_DATABASE", from_file)
            .unwrap_or_else(|| Found { value: "sqlite:embargod.db".to_owned(), place: String::new() });
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if known.iter().any(|scheme| found.value.starts_with(scheme)) {
            return Some(found.value);
        }
        self.problem(found.place, "names no database this program knows", "write sqlite:PATH or postgres://…");
        None
    }

    fn url(&mut self, name: &str, from_file: Option<Spanned<String>>) -> Option<String> {
        let found = self.text(name, from_file)?;
        match url::Url::parse(&found.value) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Some(found.value.trim_end_matches('/').to_owned())
            }
            _ => {
                self.problem(found.place, "is no web address", "begin with https:// and a host name");
                None
            }
        }
    }

    fn api_base(&mut self, from_file: Option<Spanned<String>>) -> Option<String> {
        let name = "EMBARGOD_GITHUB_API_BASE";
        let given = (self.environment)(name).is_some_and(|v| !v.trim().is_empty()) || from_file.is_some();
        if !given {
            return Some(GITHUB_API.to_owned());
        }
        let base = self.url(name, from_file)?;
        let url = url::Url::parse(&base).ok()?;
        let loopback = match url.host_str().map(|host| host.trim_matches(['[', ']'])) {
            Some("localhost") => true,
            Some(host) => host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            None => false,
        };
        if url.scheme() == "http" && !loopback {
            let what = "would send tokens over plain http to another machine";
            self.problem(name, what, "use https:// (plain http only for loopback)");
            return None;
        }
        Some(base)
    }

    pub(super) fn path(&mut self, name: &str, from_file: Option<Spanned<String>>) -> Option<PathBuf> {
        let from_environment = (self.environment)(name).is_some_and(|value| !value.trim().is_empty());
        let found = self.text(name, from_file)?;
        if found.value.contains(['\n', '\0']) || found.value.contains("-----BEGIN") {
            // most likely the key itself, which no message may show
            self.problem(
                found.place,
                "holds a file's content and not its path",
                "write the content to a file that only this user can read, and name that file",
            );
            return None;
        }
        let path = PathBuf::from(found.value);
        let folder = self.file.and_then(|(file, _)| file.parent()).filter(|_| !from_environment);
        Some(match folder {
            Some(folder) => folder.join(path),
            None => path,
        })
    }

    fn log_format(&mut self, from_file: Option<Spanned<String>>) -> LogFormat {
        let Some(found) = self.text("EMBARGOD_LOG_FORMAT", from_file) else {
            return LogFormat::Text;
        };
        match found.value.as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => {
                self.problem(found.place, "is no form of the log", "write text or json");
                LogFormat::Text
            }
        }
    }

    fn app_id(&mut self, from_file: Option<Spanned<i64>>) -> Option<u64> {
        let name = "EMBARGOD_GITHUB_APP_ID";
        let problems = self.problems.len();
        let found = self.number(name, from_file);
        match found {
            Some(found) if found.value > 0 => u64::try_from(found.value).ok(),
            Some(found) => {
                self.problem(found.place, "is no App id", "copy the number that GitHub shows on the App's page");
                None
            }
            None => {
                if self.problems.len() == problems {
                    let remedy = "run `embargod setup`, or copy the number from the App's page into github.app_id";
                    self.missing(name, "no App id", remedy);
                }
                None
            }
        }
    }

    fn private_key(&mut self, from_file: Option<Spanned<String>>) -> Option<(PathBuf, SecretString)> {
        let name = "EMBARGOD_GITHUB_PRIVATE_KEY_PATH";
        let Some(path) = self.path(name, from_file) else {
            let remedy = "run `embargod setup`, or download a key from the App's page and set github.private_key_path";
            self.missing(name, "no private key of the App", remedy);
            return None;
        };
        match std::fs::read_to_string(&path) {
            Ok(pem) if pem.contains("PRIVATE KEY-----") => Some((path, SecretString::from(pem))),
            Ok(_) => {
                let remedy = "use the .pem file that GitHub gave you, PKCS#1 or PKCS#8";
                self.problem(path.display().to_string(), "holds no private key in PEM form", remedy);
                None
            }
            Err(error) => {
                let what = format!("the App's private key cannot be read: {error}");
                self.problem(path.display().to_string(), what, "check the path and that this user may read it");
                None
            }
        }
    }

    /// Exactly one of file, environment and command.
    fn sealing_key(&mut self, from_file: Sealing) -> Option<SealingKeyFrom> {
        const NAME: &str = "EMBARGOD_SEALING_KEY";
        let problems = self.problems.len();
        if let Some(key) = from_file.key {
            let what = "a sealing key in this file would lie beside the name of the database that it opens";
            let remedy = format!(
                "take it out and change it; set {NAME} in the environment, sealing.key_path or \
                                  sealing.key_command"
            );
            self.problem(self.place_of(&key.span()), what, remedy);
        }
        let place_of = |reader: &Self, name: &str, span: Option<Range<usize>>| {
            let named = (reader.environment)(name).is_some_and(|value| !value.trim().is_empty());
            if named { name.to_owned() } else { span.map_or_else(String::new, |span| reader.place_of(&span)) }
        };
        let path_at = place_of(self, "EMBARGOD_SEALING_KEY_PATH", from_file.key_path.as_ref().map(Spanned::span));
        let command_at =
            place_of(self, "EMBARGOD_SEALING_KEY_COMMAND", from_file.key_command.as_ref().map(Spanned::span));
        let path = self.path("EMBARGOD_SEALING_KEY_PATH", from_file.key_path);
        let command = self.sealing_command(from_file.key_command);
        let text = (self.environment)(NAME).filter(|value| !value.trim().is_empty());
        let found: Vec<(String, SealingKeyFrom)> = [
            path.map(|path| (path_at, SealingKeyFrom::File(path))),
            text.map(|text| (NAME.to_owned(), SealingKeyFrom::Environment(SecretString::from(text)))),
            command.map(|words| (command_at, SealingKeyFrom::Command(words))),
        ]
        .into_iter()
        .flatten()
        .collect();
        if self.problems.len() > problems {
            return None;
        }
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        if places.len() > 1 {
            let what = format!("the sealing key is named more than once: {}", places.join(", "));
            self.problem("settings", what, "keep one of them, so that nobody has to guess which key counts");
            return None;
        }
        let from = found.into_iter().next().map(|(_, from)| from);
        if from.is_none() {
            self.missing(
                "EMBARGOD_SEALING_KEY_PATH",
                "no sealing key: evidence could not be kept safe",
                "make one with `embargod seal init --out sealing.key`, and set sealing.key_path",
            );
        }
        from
    }

    fn sealing_command(&mut self, from_file: Option<Spanned<Words>>) -> Option<Vec<String>> {
        let name = "EMBARGOD_SEALING_KEY_COMMAND";
        let (place, words) = match (self.environment)(name).filter(|value| !value.trim().is_empty()) {
            // words as a POSIX shell splits them, but nothing in them is expanded
            Some(text) => (name.to_owned(), shlex::split(&text)),
            None => {
                let found = from_file?;
                let place = self.place_of(&found.span());
                match found.into_inner() {
                    Words::List(words) => (place, Some(words)),
                    Words::Else(_) => (place, None),
                }
            }
        };
        let words = words.filter(|words| words.first().is_some_and(|program| !program.trim().is_empty()));
        if words.is_none() {
            let remedy = "in the file, a list: [\"program\", \"argument\"]; in the environment, words as a shell splits \
                          them, with every quote closed";
            self.problem(place, "names no program to run", remedy);
        }
        words
    }

    fn webhook_secrets(&mut self, from_file: Option<Spanned<Secrets>>) -> Vec<SecretString> {
        let name = "EMBARGOD_GITHUB_WEBHOOK_SECRETS";
        let split = |text: &str| text.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>();
        let environment = (self.environment)(name).filter(|value| !value.trim().is_empty());
        let secrets = match (environment, from_file.map(Spanned::into_inner)) {
            (Some(text), _) | (None, Some(Secrets::Text(text))) => split(&text),
            (None, Some(Secrets::List(list))) => list,
            (None, None) => Vec::new(),
        };
        let secrets: Vec<_> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        if secrets.is_empty() {
            let remedy = "set github.webhook_secrets to the secret of the App's webhook";
            self.missing(name, "no webhook secret: deliveries could not be told from forgeries", remedy);
        }
        secrets.into_iter().map(SecretString::from).collect()
    }
}

fn place(path: &Path, text: &str, offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("{}:{line}:{column}", path.display())
}

/// TOML's own message, without the snippet that could show a secret.
fn file_problem(path: &Path, text: &str, error: &toml::de::Error) -> Problems {
    let place = error.span().map_or_else(|| path.display().to_string(), |span| place(path, text, span.start));
    Problems::one(place, error.message().to_owned(), "see the settings in docs/operating.md")
}
