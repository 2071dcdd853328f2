//! Looks at this machine: rights of files, and whether the public address answers.

use std::{path::PathBuf, time::Duration};

use super::facts::{KeyFile, KeyFileState};

/// How long the public address may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Looks at a key's file, without opening it.
pub(super) fn key_file(path: Option<PathBuf>) -> KeyFile {
    let state = match &path {
        None => KeyFileState::Unknown,
        Some(path) => match std::fs::metadata(path) {
            Err(_) => KeyFileState::Missing,
            Ok(metadata) => mode(&metadata),
        },
    };
    KeyFile { path, state }
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> KeyFileState {
    use std::os::unix::fs::PermissionsExt;
    KeyFileState::Mode(metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> KeyFileState {
    KeyFileState::Unknown
}

/// Asks `{public_url}/healthz`, as a stranger would.
pub(super) async fn health(public_url: &str) -> Result<u16, &'static str> {
    let url = format!("{}/healthz", public_url.trim_end_matches('/'));
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|_| "no HTTPS client")?;
    match client.get(url).send().await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) if error.is_builder() => Err("not an address"),
        Err(error) if error.is_timeout() => Err("timed out"),
        Err(error) if error.is_connect() => Err("no connection"),
        Err(_) => Err("no answer"),
    }
}

/// Whether the program git runs and is new enough; the version, or why not.
pub(super) fn git() -> Result<String, String> {
    let output = std::process::Command::new("git").arg("--version").output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = said.strip_prefix("git version ").unwrap_or(&said).to_owned();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= (2, 30) => Ok(version),
        _ => Err(format!("its version is {version:?}")),
    }
}

/// Whether a folder is there, or can be made where it is to be.
pub(super) fn folder(path: &std::path::Path) -> Result<(), String> {
    let nearest = path.ancestors().find(|folder| folder.exists() || folder.as_os_str().is_empty());
    let nearest = nearest.map(|folder| if folder.as_os_str().is_empty() { std::path::Path::new(".") } else { folder });
    match nearest.map(std::fs::metadata) {
        Some(Ok(facts)) if !facts.is_dir() => Err("something else than a folder stands there".to_owned()),
        Some(Ok(facts)) if facts.permissions().readonly() => Err("it is read-only".to_owned()),
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("there is no such place".to_owned()),
    }
}
