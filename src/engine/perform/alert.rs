//! Raises an alert: a record that `embargod case list` shows and the metrics count, and a line in the log.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task};
use crate::{
    domain::{case::Alert, intake::actions::RaiseAlert, record::RecordWrite},
    engine::{Shop, Trouble},
    store::Commit,
};

pub(super) struct Raise;

#[async_trait]
impl Performer<RaiseAlert> for Raise {
    async fn perform(&self, _shop: &Shop, _task: Task<'_>, action: RaiseAlert) -> Result<Performed, Trouble> {
        Ok(raised(&action.alert))
    }
}

/// The end of an effect that could do no more than alert.
pub(super) fn raised(alert: &Alert) -> Performed {
    let Alert { id, repository, text, .. } = alert;
    tracing::error!(alert = %id, repository = %repository, "alert for the maintainers of {repository}: {text}");
    let commit = Commit { records: vec![RecordWrite::overwriting(alert)], ..Commit::default() };
    Performed { result: json!({ "alert": id }), commit: Box::new(commit) }
}
