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
