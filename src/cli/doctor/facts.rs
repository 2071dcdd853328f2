//! What the doctor learnt. Plain data, so that every check can be told a story in a test.

use std::path::PathBuf;

use jiff::SignedDuration;

use crate::{
    cli::setup::manifest::AppManifest,
    domain::post::RepoName,
    github::{
        AppFacts, DeliverySummary, GitHubError, HookConfig, InstallationFacts, Listing, RepositoryFacts,
        SettingsProblem,
    },
    store::Backlog,
};

/// A question to GitHub with what came of it.
pub type Asked<T> = Result<T, GitHubError>;

/// Everything.
pub struct Facts {
    /// What this version of the program needs.
    pub needed: AppManifest,
    /// What is known on this machine.
    pub local: LocalFacts,
    /// What GitHub says about the App; an error where the settings allow no question.
    pub app: Result<AppSide, SettingsProblem>,
    /// The repository that was asked for.
    pub repository: Option<RepositorySide>,
}

/// What is known on this machine.
pub struct LocalFacts {
    /// Setting `public_url`.
    pub public_url: Option<String>,
    /// What `GET {public_url}/healthz` answered from here: a status, or why there was none. `None` if not asked.
    pub health: Option<Result<u16, &'static str>>,
    /// How many webhook secrets are set.
    pub webhook_secret_count: usize,
    /// The App's private key.
    pub private_key: KeyFile,
    /// The sealing key.
    pub sealing_key: KeyFile,
    /// Whether the sealing key can be used.
    pub sealing_key_usable: Result<(), String>,
    /// How much waits in the database, if it answers.
    pub database: Result<Backlog, String>,
    /// Whether there is a policy for repositories that have none.
    pub has_default_policy: bool,
    /// Whether histories can be mirrored; `None` where no folder is set.
    pub mirrors: Option<MirrorFacts>,
}

/// Whether histories can be mirrored on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorFacts {
    /// The version of git, or why it cannot be used.
    pub git: Result<String, String>,
    /// Whether the folder can be used, else why not.
    pub folder: Result<(), String>,
}

/// A file that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Where it is; `None` where it comes from elsewhere.
    pub path: Option<PathBuf>,
    /// What its rights are.
    pub state: KeyFileState,
}

/// The rights of a file that holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFileState {
    /// There is no path, or this system has no such rights.
    Unknown,
    /// It is not there, or its folder can't be entered.
    Missing,
    /// Its mode bits.
    Mode(u32),
}

/// What GitHub says about the App.
pub struct AppSide {
    /// `GET /app`.
    pub facts: Asked<AppFacts>,
    /// `GET /app/hook/config`.
    pub hook: Asked<HookConfig>,
    /// The newest page of `GET /app/hook/deliveries`.
    pub deliveries: Asked<Vec<DeliverySummary>>,
    /// `GET /app/installations`; only the repository's own where one was asked for.
    pub installations: Asked<Listing<InstallationFacts>>,
    /// GitHub's clock minus ours.
    pub clock_skew: Option<SignedDuration>,
}

/// What GitHub says about one repository.
pub struct RepositorySide {
    /// Its name.
    pub name: RepoName,
    /// The installation that sees it.
    pub installation: Asked<Option<InstallationFacts>>,
    /// What the installation sees; `None` without one.
    pub inside: Option<RepositoryInside>,
}

/// What the installation sees of a repository.
pub struct RepositoryInside {
    /// `GET /repos/{owner}/{repo}`.
    pub facts: Asked<RepositoryFacts>,
    /// Whether private reporting is on.
    pub private_reporting: Asked<Option<bool>>,
    /// The security page that GitHub shows for the repository.
    pub security_page: Asked<Option<Found>>,
    /// `.github/ISSUE_TEMPLATE/config.yml`.
    pub issue_forms: Asked<Option<Found>>,
    /// The policy, and what the checker says about it.
    pub policy: Asked<Option<CheckedPolicy>>,
}

/// A public file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it was found: `acme/.github SECURITY.md`.
    pub place: String,
    /// Its text.
    pub text: String,
}

/// A policy with the checker's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPolicy {
    /// Where it was found.
    pub place: String,
    /// A few words about it, or what is wrong.
    pub verdict: Result<String, Vec<String>>,
}
