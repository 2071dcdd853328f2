//! `embargod doctor`: what is wrong with an installation, and what to do about it.
//!
//! What flows in: [`DoctorInputs`], which the program's wiring makes from the settings. What flows out: a [`Report`] of
//! [`Finding`]s, each with a remedy, and an exit code: 0 fine, 1 warnings or problems. What it must never do: change
//! anything, or print a secret or a private text.
//!
//! [`gather`] asks; [`checks`] are pure functions over what it learnt. A new check is a file there and a line in its list.

pub mod checks;
pub mod facts;
pub mod finding;
mod gather;
mod probe;
mod wire;

#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

pub use facts::Facts;
pub use finding::{Finding, Report, Severity};
pub use gather::gather;
pub use wire::run;

use crate::{
    clock::SharedClock,
    domain::post::RepoName,
    github::{GitHub, SettingsProblem},
    store::Backlog,
};

/// Arguments of `embargod doctor`.
#[derive(clap::Args)]
pub struct DoctorArgs {
    /// Settings file; `embargod.toml` of this folder is read where it exists. The environment wins over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Also look at this repository: its policy, its security page, its forms.
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<RepoName>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Says what is wrong with a policy file's text: `Ok` with a few words about it, or lines for people.
pub type PolicyChecker<'a> = &'a (dyn Fn(&str) -> Result<String, Vec<String>> + Send + Sync);

/// What the doctor works with.
pub struct DoctorInputs<'a> {
    /// The client, or why there is none.
    pub github: Result<GitHub, SettingsProblem>,
    /// Tells the time.
    pub clock: SharedClock,
    /// Setting `public_url`.
    pub public_url: Option<String>,
    /// How many webhook secrets are set.
    pub webhook_secret_count: usize,
    /// Setting `github.private_key_path`.
    pub private_key_path: Option<PathBuf>,
    /// Setting `sealing.key_path`.
    pub sealing_key_path: Option<PathBuf>,
    /// Whether the sealing key can be used, else why not, without content.
    pub sealing_key: Result<(), String>,
    /// How much waits in the database; where it does not answer, why not, without content.
    pub database: Result<Backlog, String>,
    /// Whether there is a policy for repositories that have none.
    pub has_default_policy: bool,
    /// Setting `mirrors.folder`.
    pub mirrors_folder: Option<PathBuf>,
    /// Checks a policy.
    pub check_policy: PolicyChecker<'a>,
    /// The repository to look at, if any.
    pub repo: Option<RepoName>,
}

/// Asks, and judges.
pub async fn examine(inputs: DoctorInputs<'_>) -> Report {
    checks::run(&gather(inputs).await)
}

/// Examines, prints to `out`, and returns the exit code.
///
/// # Errors
/// Only if `out` can't be written to.
pub async fn print(inputs: DoctorInputs<'_>, json: bool, out: &mut impl io::Write) -> io::Result<u8> {
    let report = examine(inputs).await;
    if json {
        writeln!(out, "{}", report.to_json())?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(report.exit_code())
}
