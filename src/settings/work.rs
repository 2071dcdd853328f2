//! How the work is shared out and tried again: `role`, `drain_timeout_s`, `[retry]`.

use serde::Deserialize;
use toml::Spanned;

use super::{
    problem::{Problem, Problems},
    read::Reader,
};

/// What one process does of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Takes deliveries in: the public door.
    Receiver,
    /// Decides and performs.
    Worker,
    /// Looks for what was missed and clears away; of several one does it, and another takes over when it dies.
    Poller,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::All, Self::Receiver, Self::Worker, Self::Poller];

    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Receiver => "receiver",
            Self::Worker => "worker",
            Self::Poller => "poller",
        }
    }

    /// Whether it has the public door.
    pub fn receives(self) -> bool {
        matches!(self, Self::All | Self::Receiver)
    }

    /// Whether it decides and performs.
    pub fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    /// Whether it does the chores.
    pub fn polls(self) -> bool {
        matches!(self, Self::All | Self::Poller)
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| "write all, receiver, worker or poller".to_owned())
    }
}

/// How the work is shared out and tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkSettings {
    /// What this process does.
    pub role: Role,
    /// How long work under way gets to finish after SIGTERM, in seconds, 0 to 300.
    pub drain_timeout_s: u32,
    /// Waits between tries at work that failed, in milliseconds; the last one repeats. 1 to 20, each 100 to 86,400,000.
    pub retry_waits_ms: Vec<i64>,
    /// Tries after which work is given up, 3 to 100.
    pub most_attempts: u32,
    /// Tries after which work that GitHub refuses is given up, 1 to `most_attempts`.
    pub attempts_when_refused: u32,
}

impl Default for WorkSettings {
    fn default() -> Self {
        Self {
            role: Role::All,
            drain_timeout_s: 10,
            retry_waits_ms: vec![1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 14_400_000],
            most_attempts: 18,
            attempts_when_refused: 6,
        }
    }
}

/// `[retry]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    pub waits_ms: Option<Spanned<Vec<i64>>>,
    pub most_attempts: Option<Spanned<i64>>,
    pub attempts_when_refused: Option<Spanned<i64>>,
}

const WAITS: &str = "EMBARGOD_RETRY_WAITS_MS";

/// Reads and checks all of it.
pub(super) fn read(
    reader: &mut Reader<'_>,
    role: Option<Spanned<String>>,
    drain_timeout_s: Option<Spanned<i64>>,
    retry: Retry,
) -> WorkSettings {
    let usual = WorkSettings::default();
    let attempts = "EMBARGOD_RETRY_MOST_ATTEMPTS";
    let most_attempts = reader.within(attempts, retry.most_attempts, usual.most_attempts, 3, 100);
    WorkSettings {
        role: read_role(reader, role),
        drain_timeout_s: reader.within("EMBARGOD_DRAIN_TIMEOUT_S", drain_timeout_s, usual.drain_timeout_s, 0, 300),
        retry_waits_ms: read_waits(reader, retry.waits_ms).unwrap_or(usual.retry_waits_ms),
        most_attempts,
        attempts_when_refused: reader.within(
            "EMBARGOD_RETRY_ATTEMPTS_WHEN_REFUSED",
            retry.attempts_when_refused,
            usual.attempts_when_refused.min(most_attempts),
            1,
            most_attempts,
        ),
    }
}

fn read_role(reader: &mut Reader<'_>, from_file: Option<Spanned<String>>) -> Role {
    let Some(found) = reader.text("EMBARGOD_ROLE", from_file) else {
        return Role::All;
    };
    found.value.parse().unwrap_or_else(|remedy: String| {
        reader.problem(found.place, "is no role", remedy);
        Role::All
    })
}

fn read_waits(reader: &mut Reader<'_>, from_file: Option<Spanned<Vec<i64>>>) -> Option<Vec<i64>> {
    let (place, waits) = match reader.text(WAITS, None) {
        Some(found) => {
            let waits: Result<Vec<i64>, _> = found.value.split(',').map(|wait| wait.trim().parse()).collect();
            (found.place, waits.ok())
        }
        None => {
            let list = from_file?;
            (reader.place_of(&list.span()), Some(list.into_inner()))
        }
    };
    let fits = |waits: &Vec<i64>| {
        (1..=20).contains(&waits.len()) && waits.iter().all(|wait| (100..=86_400_000).contains(wait))
    };
    let waits = waits.filter(fits);
    if waits.is_none() {
        reader.problem(
            place,
            "is no list of waits",
            "give 1 to 20 whole numbers of milliseconds, each from 100 to 86400000",
        );
    }
    waits
}

/// Several processes on one SQLite file would not hear of each other's work, and each would do the chores.
pub(super) fn check_role(role: Role, database: &str) -> Result<(), Problems> {
    if role == Role::All || !database.starts_with("sqlite:") {
        return Ok(());
    }
    Err(Problems(vec![Problem {
        place: "role".to_owned(),
        what: format!(
            "a process that is only {} shares its database with others, and SQLite is for one process",
            role.name()
        ),
        remedy: "set `database` to postgres://…, or leave the role out".to_owned(),
    }]))
}
