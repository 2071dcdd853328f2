//! Evidence: the words of posts that belong to a case, sealed under the case's own key.
//!
//! Names say which post and which revision; the words are opened only to write a desk, to restore a post, or for an
//! operator who asks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Shop, Trouble};
use crate::{
    domain::{
        case::Case,
        embargoed::Clearance,
        post::{Post, PostPlace},
    },
    sealing::{DataKey, Sealer},
    store::{SealedWrite, Store},
};

/// Name of the blob that holds a case's own key, wrapped.
pub(super) const KEY_NAME: &str = "key";

/// Name of the words of a report that was private from the start, or of what an operator opened a case with.
pub const REPORT: &str = "report";

/// A post's words as they were taken in. Deliberately without `Debug`.
#[derive(Serialize, Deserialize)]
pub struct Evidence {
    /// Where the post stands.
    pub place: PostPlace,
    /// Who wrote it.
    pub author: String,
    /// When it was taken in.
    pub taken_at: Timestamp,
    /// The delivery that brought it.
    pub delivery: String,
    /// Its title; empty where the surface has none.
    pub title: String,
    /// Its body.
    pub body: String,
}

impl Evidence {
    /// The evidence of a post.
    pub fn of(post: &Post, delivery: &str, taken_at: Timestamp, clearance: &Clearance) -> Self {
        let text = post.text.open(clearance);
        Self {
            place: post.place.clone(),
            author: post.author.login.clone(),
            taken_at,
            delivery: delivery.to_owned(),
            title: text.title.clone(),
            body: text.body.clone(),
        }
    }

    /// The same for the texts that quote it.
    pub fn quoted(&self) -> crate::domain::intake::desk::Quoted<'_> {
        crate::domain::intake::desk::Quoted {
            place: &self.place,
            author: &self.author,
            taken_at: self.taken_at,
            title: &self.title,
            body: &self.body,
        }
    }
}

/// Seals evidence for a new case: the case's key comes with it.
pub(crate) fn seal_for_new_case(sealer: &Sealer, case: &str, name: &str, evidence: &Evidence) -> Vec<SealedWrite> {
    let (key, wrapped) = sealer.new_data_key(case);
    let wrapped =
        SealedWrite { owner: case.to_owned(), name: KEY_NAME.to_owned(), at: evidence.taken_at, bytes: wrapped };
    vec![wrapped, seal(&key, case, name, evidence)]
}

/// Seals evidence for a case that has its key already.
pub(crate) async fn seal_for_known_case(
    shop: &Shop,
    case: &str,
    name: &str,
    evidence: &Evidence,
) -> Result<Vec<SealedWrite>, Trouble> {
    let key = case_key(&*shop.store, &shop.sealer, case).await?;
    Ok(vec![seal(&key, case, name, evidence)])
}

fn seal(key: &DataKey, case: &str, name: &str, evidence: &Evidence) -> SealedWrite {
    let plain = serde_json::to_vec(evidence).expect("evidence is plain data");
    SealedWrite { owner: case.to_owned(), name: name.to_owned(), at: evidence.taken_at, bytes: key.seal(name, &plain) }
}

/// Opens one piece of evidence.
///
/// # Errors
/// When it is missing, when the store fails, or when the sealing key is not the one it was sealed under.
pub async fn open(
    store: &dyn Store,
    sealer: &Sealer,
    clearance: &Clearance,
    case: &str,
    name: &str,
) -> Result<Evidence, Trouble> {
    let key = case_key(store, sealer, case).await?;
    let sealed = store.sealed(case, name).await?;
    let sealed = sealed.ok_or_else(|| Trouble::Nonsense(format!("the evidence of {case} is missing")))?;
    let plain = key.open(name, &sealed.bytes, clearance)?;
    serde_json::from_slice(plain.open(clearance))
        .map_err(|_| Trouble::Nonsense(format!("the evidence of {case} is unreadable")))
}

/// The evidence that opened a case.
pub(crate) async fn opening_of(shop: &Shop, case: &Case) -> Result<Evidence, Trouble> {
    let name = match case.posts.first() {
        Some(post) => post.evidence.first().map(String::as_str),
        None => Some(REPORT),
    };
    let name = name.ok_or_else(|| Trouble::Nonsense(format!("{} has no evidence", case.id)))?;
    open(&*shop.store, &shop.sealer, &shop.clearance, case.id.as_str(), name).await
}

pub(super) async fn case_key(store: &dyn Store, sealer: &Sealer, case: &str) -> Result<DataKey, Trouble> {
    let wrapped = store.sealed(case, KEY_NAME).await?;
    let wrapped = wrapped.ok_or_else(|| Trouble::Nonsense(format!("the key of {case} is missing")))?;
    Ok(sealer.unwrap(case, &wrapped.bytes)?)
}
