//! Where PostgreSQL's programs are, and as whom they may run.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Failure;

/// Where Debian's packages put the programs of each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb` and `pg_ctl`: the newest of Debian's, else one of `PATH`.
pub(crate) fn folder() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| is_complete(folder))
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder).or_else(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).find(|folder| is_complete(folder))
    })
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "psql"].iter().all(|program| folder.join(program).is_file())
}

/// The user as whom the server runs.
#[derive(Clone, Copy)]
pub(crate) enum Runner {
    /// The one who started the tests.
    Oneself,
    /// PostgreSQL refuses to run as root: another, by number.
    Other { user: u32, group: u32 },
}

impl Runner {
    /// `owner` owns what this process makes.
    pub(crate) fn choose(owner: u32) -> Result<Self, Failure> {
        if owner != 0 {
            return Ok(Self::Oneself);
        }
        for name in ["postgres", "nobody"] {
            if let (Some(user), Some(group)) = (number_of("-u", name), number_of("-g", name)) {
                return Ok(Self::Other { user, group });
            }
        }
        Err(Failure("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`".to_owned()))
    }

    /// What stands before a program's name so that it runs as this user.
    pub(crate) fn prefix(self) -> Vec<OsString> {
        match self {
            Self::Oneself => Vec::new(),
            Self::Other { user, group } => vec![
                "setpriv".into(),
                format!("--reuid={user}").into(),
                format!("--regid={group}").into(),
                "--clear-groups".into(),
                "--".into(),
            ],
        }
    }

    /// A command for `program`, run as this user.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut words = self.prefix();
        words.push(program.into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        command
    }
}

fn number_of(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
