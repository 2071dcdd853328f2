//! What the commands that change something by hand have in common: who runs them, and what becomes of an alert.

use clap::Args;
use jiff::Timestamp;

use crate::{
    domain::{
        case::Alert,
        operator::{GivenReason, Operator},
        record::{Record, RecordWrite},
    },
    store::{Commit, SharedStore, StoreError},
};

/// Why, for the audit log.
#[derive(Args)]
pub struct Why {
    /// Why, for the audit log: 3 to 500 characters on one line. Kept for ever and in the clear, so no word of a post.
    #[arg(long = "reason", value_name = "TEXT")]
    pub(super) reason: GivenReason,
}

/// Whoever runs this command, as the operating system knows them.
pub(super) fn operator() -> Operator {
    let user = whoami::username().unwrap_or_else(|_| numbered());
    let sudo = std::env::var("SUDO_USER").ok();
    Operator::new(&user, sudo.as_deref())
}

/// A user without a name, as in most containers.
fn numbered() -> String {
    #[cfg(target_os = "linux")]
    if let Ok(own) = std::fs::metadata("/proc/self") {
        return format!("uid-{}", std::os::unix::fs::MetadataExt::uid(&own));
    }
    "unknown".to_owned()
}

/// Resolves the open alert called `id`, if there is one; whether there was.
///
/// # Errors
/// When the store fails.
pub(super) async fn resolve_alert(store: &SharedStore, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(stored) = store.record(Alert::KIND, id).await? else {
        return Ok(false);
    };
    let alert = serde_json::from_value::<Alert>(stored.value)
        .map_err(|_| StoreError::Corrupt(format!("the alert record {id}")))?;
    if alert.resolved_at.is_some() {
        return Ok(false);
    }
    // Where the engine writes it at the same time, its word is the newer one.
    let resolved = RecordWrite::guarded(&Alert { resolved_at: Some(now), ..alert }, stored.version);
    store.commit(now, Commit { records: vec![resolved], ..Commit::default() }).await?;
    Ok(true)
}
