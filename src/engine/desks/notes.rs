//! Sealed text beside a case: what people wrote freely, and what replies say.

use jiff::Timestamp;

use crate::{
    domain::{commands::Note, embargoed::Embargoed},
    engine::{
        Shop, Trouble,
        evidence::{KEY_NAME, case_key},
    },
    sealing::DataKey,
    store::SealedWrite,
};

/// The key of a case; one that has none yet gets one, to be kept in the same commit as what is sealed under it.
async fn key_of(shop: &Shop, case: &str, now: Timestamp) -> Result<(DataKey, Option<SealedWrite>), Trouble> {
    if shop.store.sealed(case, KEY_NAME).await?.is_some() {
        return Ok((case_key(&*shop.store, &shop.sealer, case).await?, None));
    }
    let (key, bytes) = shop.sealer.new_data_key(case);
    Ok((key, Some(SealedWrite { owner: case.to_owned(), name: KEY_NAME.to_owned(), at: now, bytes })))
}

/// Seals texts under their names, all under the one key of their case.
pub(super) async fn seal(shop: &Shop, case: &str, notes: &[Note], now: Timestamp) -> Result<Vec<SealedWrite>, Trouble> {
    if notes.is_empty() {
        return Ok(Vec::new());
    }
    let (key, fresh) = key_of(shop, case, now).await?;
    let sealed = notes.iter().map(|note| SealedWrite {
        owner: case.to_owned(),
        name: note.name.clone(),
        at: now,
        bytes: key.seal(&note.name, note.text.open(&shop.clearance).as_bytes()),
    });
    Ok(fresh.into_iter().chain(sealed).collect())
}

/// Opens a note; `None` where there is none of that name.
pub(super) async fn find(shop: &Shop, case: &str, name: &str) -> Result<Option<Embargoed<String>>, Trouble> {
    let Some(sealed) = shop.store.sealed(case, name).await? else {
        return Ok(None);
    };
    let key = case_key(&*shop.store, &shop.sealer, case).await?;
    let opened = key.open(name, &sealed.bytes, &shop.clearance)?;
    let text = String::from_utf8(opened.open(&shop.clearance).to_vec())
        .map_err(|_| Trouble::Nonsense(format!("a note of {case} is unreadable")))?;
    Ok(Some(Embargoed::new(text)))
}

/// Opens a note that must be there.
///
/// # Errors
/// Also when it is missing.
pub(in crate::engine) async fn open(shop: &Shop, case: &str, name: &str) -> Result<Embargoed<String>, Trouble> {
    let found = find(shop, case, name).await?;
    found.ok_or_else(|| Trouble::Nonsense(format!("a note of {case} is missing")))
}
