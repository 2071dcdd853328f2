//! The history room: a repository's past as plain facts for `domain::coverage`.
//!
//! What flows in: a local repository (a bare mirror that [`mirror`] keeps, or any clone), and the refs that the policy
//! names. What flows out: [`crate::domain::coverage::History`] values, kept in a file so that only new commits are read again. What it must never
//! do: judge, write into a repository that it was only shown, run what a repository brings (hooks, configuration, filters),
//! or put a token on a command line.

mod documents;
mod git;
mod keep;
mod message;
pub mod mirror;
mod packed;
mod patches;
mod read;

#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf};

pub use keep::{Keeper, cache_file};
pub use patches::PatchReader;
pub use read::Source;

/// Why a history could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryError {
    /// The `git` program is not there, or of no use.
    NoGit(String),
    /// There is no repository there.
    NoRepository(PathBuf),
    /// A ref that is needed is absent: full name.
    NoReference(String),
    /// Something in the repository cannot be read.
    Unreadable(String),
    /// `git` failed, took too long, or wrote too much; its own first line of complaint, without addresses.
    Git(String),
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGit(why) => write!(f, "the git program cannot be used: {why}; install git 2.30 or newer"),
            Self::NoRepository(path) => write!(f, "{} is no git repository", path.display()),
            Self::NoReference(name) => {
                write!(f, "there is no {name}; does `series` in the policy fit this repository?")
            }
            Self::Unreadable(what) => write!(f, "the repository cannot be read: {what}"),
            Self::Git(why) => write!(f, "git failed: {why}"),
        }
    }
}

impl std::error::Error for HistoryError {}
