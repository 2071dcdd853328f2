//! Whether the configured keys are those that the database needs.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use super::{
    KeysError,
    ledger::{self, Ledger},
    list, same,
    survey::{self, Count, survey},
};
use crate::{
    sealing::{KeyId, Keyring},
    settings::Problem,
    store::Store,
};

/// Something is kept that the configured keys do not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mismatch {
    /// Keys that are needed, with how much is sealed under each.
    pub needed: BTreeMap<KeyId, Count>,
    /// Keys that are configured.
    pub configured: Vec<KeyId>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let configured = list(&self.configured);
        for (index, (id, count)) in self.needed.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "; " })?;
            match count {
                Count { cases: 0, deliveries: 0 } => write!(f, "key {id} is what a running server seals with")?,
                Count { cases, deliveries } => {
                    write!(f, "key {id} is needed for {cases} cases and {deliveries} deliveries")?;
                }
            }
        }
        write!(f, "; configured: {configured}")
    }
}

impl Mismatch {
    /// The same with its place and remedy.
    pub fn problem(&self, place: &str) -> Problem {
        let needed = list(self.needed.keys());
        Problem {
            place: place.to_owned(),
            what: format!("the database holds what the configured sealing key does not open: {self}"),
            remedy: format!(
                "configure the key whose first line ends in {needed} (from your copy of it), behind the newer one if \
                 it was rotated; for an empty start, name another `database`. `embargod seal status` shows what is \
                 under which key"
            ),
        }
    }
}

/// Holds the keys against what is kept, and changes nothing. A database that keeps nothing takes any.
///
/// # Errors
/// [`KeysError::Mismatch`] where something is sealed under another key, or a running server seals with one;
/// [`KeysError::Store`].
pub async fn check(store: &dyn Store, ring: &Keyring, now: Timestamp) -> Result<(), KeysError> {
    let configured = ring.ids();
    let strange = |name: &str| configured.iter().all(|id| !same(*id, name));
    let ledger = Ledger::read(store).await?;
    let suspicious = match &ledger {
        Some(ledger) => ledger.keys.keys().any(|name| strange(name)),
        None => !survey::probe(store).await?.missing(&configured).is_empty(),
    };
    if !suspicious {
        return Ok(());
    }
    // The ledger names what may be there; only a look at everything says what is.
    let mut needed = survey(store).await?.missing(&configured);
    let ledger = ledger.unwrap_or_default();
    for (_, server) in ledger.living(now).filter(|(_, server)| strange(&server.seals_with)) {
        if let Some(id) = KeyId::from_name(&server.seals_with) {
            needed.entry(id).or_default();
        }
    }
    if needed.is_empty() { Ok(()) } else { Err(Mismatch { needed, configured }.into()) }
}

/// The same before anything is sealed; then the ledger knows the key that seals, and no key that nothing needs.
///
/// # Errors
/// As [`check`].
pub async fn admit(store: &dyn Store, ring: &Keyring, now: Timestamp) -> Result<(), KeysError> {
    check(store, ring, now).await?;
    let (current, all) = (ring.current().id(), ring.ids());
    ledger::change(store, now, None, |ledger| {
        ledger.keys.retain(|name, _| all.iter().any(|id| same(*id, name)));
        if ledger.keys.is_empty() {
            all.iter().for_each(|id| ledger.note(*id, now));
        }
        ledger.note(current, now);
    })
    .await?;
    Ok(())
}
