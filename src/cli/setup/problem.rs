//! Why a registration does not go on, and what to do.

use std::{fmt, io::ErrorKind, net::SocketAddr, path::PathBuf};

use crate::github::{ConversionProblem, GitHubError};

/// Why a registration does not go on. Never holds a secret.
#[derive(Debug)]
pub enum SetupProblem {
    /// The page would be open to other machines.
    NotLoopback(SocketAddr),
    /// An argument is no web address.
    Address(&'static str),
    /// The page can't be served there.
    Listen(SocketAddr, ErrorKind),
    /// There is a file already, which would be overwritten.
    Exists(PathBuf),
    /// The folder or a file can't be written.
    Write(PathBuf, ErrorKind),
    /// The sealing key could not be made.
    SealingKey(String),
    /// GitHub did not hand out the credentials.
    GitHub(ConversionProblem),
    /// Nobody confirmed within the hour that GitHub gives.
    NobodyCame,
    /// Standard output is closed.
    Output(ErrorKind),
}

impl SetupProblem {
    /// Whether pressing the page's button again may help.
    pub(super) fn may_be_repeated(&self) -> bool {
        matches!(self, Self::GitHub(ConversionProblem::GitHub(_)))
    }
}

impl fmt::Display for SetupProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => write!(
                f,
                "--listen {address} is not on loopback, and the page must not be open to others; use 127.0.0.1:PORT, from \
                 another machine through `ssh -L`"
            ),
            Self::Address(flag) => write!(
                f,
                "{flag} is not a web address; write it as https://HOST, without ? and #"
            ),
            Self::Listen(address, kind) => write!(
                f,
                "the page can't be served at {address} ({kind}); choose another --listen, port 0 takes a free one"
            ),
            Self::Exists(path) => write!(
                f,
                "{} exists and is not overwritten; move it away, or choose another --out",
                path.display()
            ),
            Self::Write(path, kind) => write!(
                f,
                "{} can't be written ({kind}); choose a folder that you own with --out. If the App was registered \
                 already, delete it on GitHub or generate a new private key on its settings page",
                path.display()
            ),
            Self::SealingKey(why) => write!(
                f,
                "the sealing key was not made: {why}; make it with `embargod seal init --out PATH`"
            ),
            Self::GitHub(ConversionProblem::GitHub(GitHubError::NotFound)) => f.write_str(
                "GitHub does not know the code: it is good for one hour and for one use; go back to the page and register \
                 again",
            ),
            Self::GitHub(problem) => write!(f, "the credentials were not handed out: {problem}"),
            Self::NobodyCame => {
                f.write_str("nobody confirmed the App within an hour; run `embargod setup` again")
            }
            Self::Output(kind) => write!(f, "standard output can't be written ({kind})"),
        }
    }
}

impl std::error::Error for SetupProblem {}
