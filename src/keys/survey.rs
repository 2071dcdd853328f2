//! How much is sealed under which key: a look at every wrapped data key, without opening any.

use std::collections::BTreeMap;

use crate::{
    sealing::{KeyId, WRAPPED_KEY_BYTES, wrapped_by},
    store::{BodyHead, SealedPage, Store, StoreError},
};

/// Rows of one page.
pub(super) const PAGE: u32 = 500;

/// Name of the blob that holds a case's own key, wrapped.
const CASE_KEY: &str = "key";

/// How much is sealed under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// Keys of cases.
    pub cases: u64,
    /// Bodies of deliveries that are kept.
    pub deliveries: u64,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// By the key that wraps.
    pub under: BTreeMap<KeyId, Count>,
    /// What should be a wrapped key and is none.
    pub unreadable: Count,
}

impl Survey {
    /// Counts one wrapped key.
    pub(crate) fn add_case(&mut self, wrapped: &[u8]) {
        self.count(wrapped).cases += 1;
    }

    /// Counts one body by its first bytes.
    pub(crate) fn add_delivery(&mut self, body: &[u8]) {
        self.count(body.get(..WRAPPED_KEY_BYTES).unwrap_or_default()).deliveries += 1;
    }

    fn count(&mut self, wrapped: &[u8]) -> &mut Count {
        match wrapped_by(wrapped) {
            Some(id) => self.under.entry(id).or_default(),
            None => &mut self.unreadable,
        }
    }

    /// Keys of the survey that are not among `ids`.
    pub(crate) fn missing(&self, ids: &[KeyId]) -> BTreeMap<KeyId, Count> {
        self.under.iter().filter(|(id, _)| !ids.contains(id)).map(|(id, count)| (*id, *count)).collect()
    }
}

/// Looks at everything.
///
/// # Errors
/// When the store fails.
pub async fn survey(store: &dyn Store) -> Result<Survey, StoreError> {
    let mut survey = Survey::default();
    let mut after = i64::MIN;
    loop {
        let page = case_keys(store, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        page.iter().for_each(|row| survey.add_case(&row.bytes));
    }
    after = i64::MIN;
    loop {
        let page = bodies(store, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.delivery_id;
        page.iter().for_each(|row| survey.add_delivery(&row.head));
    }
    Ok(survey)
}

/// Looks at one wrapped key of each kind: enough where there never was more than one operator's key.
pub(super) async fn probe(store: &dyn Store) -> Result<Survey, StoreError> {
    let mut survey = Survey::default();
    case_keys(store, i64::MIN, 1).await?.iter().for_each(|row| survey.add_case(&row.bytes));
    bodies(store, i64::MIN, 1).await?.iter().for_each(|row| survey.add_delivery(&row.head));
    Ok(survey)
}

pub(super) async fn case_keys(store: &dyn Store, after: i64, most: u32) -> Result<Vec<SealedPage>, StoreError> {
    store.sealed_page(CASE_KEY, after, most).await
}

pub(super) async fn bodies(store: &dyn Store, after: i64, most: u32) -> Result<Vec<BodyHead>, StoreError> {
    store.body_heads(after, most, u32::try_from(WRAPPED_KEY_BYTES).expect("73")).await
}
