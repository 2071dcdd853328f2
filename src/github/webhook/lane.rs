//! Which queue a delivery waits in: deliveries of one repository are handled one after the other.

use serde::Deserialize;

use super::events::lenient::{Number, Object};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owners {
    repository: Object<Numbered>,
    installation: Object<Numbered>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Numbered {
    id: Number,
}

/// `repo:{id}`, else `installation:{id}`, else `app`; whatever the bytes.
pub fn lane_of(body: &[u8]) -> String {
    let owners: Object<Owners> = serde_json::from_slice(body).unwrap_or_default();
    let owners = owners.0.unwrap_or_default();
    let id = |part: Object<Numbered>| part.0.and_then(|part| part.id.0);
    match (id(owners.repository), id(owners.installation)) {
        (Some(id), _) => format!("repo:{id}"),
        (None, Some(id)) => format!("installation:{id}"),
        (None, None) => "app".to_owned(),
    }
}
