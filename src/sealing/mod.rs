//! The sealing room: what is under embargo is kept as ciphertext only.
//!
//! What flows in: texts to be kept, and the operator's key. What flows out: ciphertext for the store, and texts again for
//! those who hold a [`Clearance`]. What it must never do: write a key or a text anywhere, or say more in an error than
//! which key or place it was about.
//!
//! Envelope encryption, all AES-256-GCM with random nonces. Each owner (a case, the inbox) has data keys of its own; a
//! data key is kept beside what it seals, wrapped by the operator's key. Changing the operator's key means wrapping the
//! data keys anew; what they sealed stays as it is, because its associated data names the data key and not the
//! operator's. Formats, with sizes in bytes (texts in associated data are preceded by their length in 8):
//!
//! ```text
//! wrapped data key   version 1 | operator key id 4 | data key id 8 | nonce 12 | encrypted data key 32 | tag 16
//!   associated data  "embargod data key" | version | operator key id | data key id | owner
//! sealed text        version 1 | nonce 12 | ciphertext | tag 16
//!   associated data  "embargod text" | version | data key id | owner | name
//! sealed delivery    wrapped data key 73 | sealed text           owner "inbox", name = the delivery's GUID
//! ```
//!
//! A blob that was moved to another owner or name, altered, or sealed under another key does not open.

mod envelope;
mod error;
mod key_file;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{hkdf, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::domain::embargoed::{Clearance, Embargoed};
pub use envelope::DataKey;
use envelope::WRAPPED_KEY_BYTES;
pub use error::SealingError;
pub use key_file::SealingKey;

/// A text that was sealed, still under embargo.
pub type Opened = Embargoed<Zeroizing<Vec<u8>>>;

/// Owner of the bodies of deliveries.
const INBOX: &str = "inbox";

/// Deliveries sealed under one data key; well below the 2^32 messages that random nonces allow
/// (NIST SP 800-38D, section 8.3).
const DELIVERIES_PER_KEY: u32 = 1 << 16;

/// Bytes of a mark: 128 bits, enough that nobody guesses one.
const MARK_BYTES: usize = 16;

/// Seals and opens under the operator's key. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    operator: SealingKey,
    marking: hmac::Key,
    inbox: Mutex<Option<InboxKey>>,
}

/// The data key for the deliveries that arrive now.
struct InboxKey {
    key: Arc<DataKey>,
    wrapped: [u8; WRAPPED_KEY_BYTES],
    uses_left: u32,
}

impl Sealer {
    /// Seals under `operator`'s key.
    pub fn new(operator: SealingKey) -> Self {
        let marking = hkdf::Salt::new(hkdf::HKDF_SHA256, b"embargod")
            .extract(operator.marking_root())
            .expand(&[b"marks v1"], hmac::HMAC_SHA256)
            .expect("an HMAC key is shorter than 255 hashes")
            .into();
        Self(Arc::new(Inner { operator, marking, inbox: Mutex::new(None) }))
    }

    /// Id of the operator's key; see [`SealingKey::key_id`].
    pub fn key_id(&self) -> String {
        self.0.operator.key_id()
    }

    /// Makes a data key for `owner`; returns it with its wrapped form, which is to be stored.
    pub fn new_data_key(&self, owner: &str) -> (DataKey, Vec<u8>) {
        let (key, wrapped) = self.fresh_key(owner);
        (key, wrapped.to_vec())
    }

    /// Takes the data key of `owner` out of its wrapping.
    ///
    /// # Errors
    /// [`SealingError::OtherKey`] where another operator's key wrapped it; [`SealingError::Malformed`] or
    /// [`SealingError::Refused`] where it is no wrapped key, was altered, or is another owner's.
    pub fn unwrap(&self, owner: &str, wrapped: &[u8]) -> Result<DataKey, SealingError> {
        envelope::unwrap(&self.0.operator, owner, wrapped)
    }

    /// Seals the body of the delivery `guid`. The plaintext is wiped, or sealed where it lies if `body` has some 150
    /// bytes of capacity to spare.
    pub fn seal_delivery(&self, guid: &str, body: Vec<u8>) -> Vec<u8> {
        let (key, wrapped) = self.inbox_key();
        key.seal_over(&wrapped, guid, body)
    }

    /// Opens the body of the delivery `guid`.
    ///
    /// # Errors
    /// As [`Sealer::unwrap`].
    pub fn open_delivery(&self, guid: &str, sealed: &[u8], clearance: &Clearance) -> Result<Opened, SealingError> {
        let (wrapped, text) = sealed.split_at_checked(WRAPPED_KEY_BYTES).ok_or(SealingError::Malformed)?;
        self.unwrap(INBOX, wrapped)?.open(guid, text, clearance)
    }

    /// A keyed digest of `text` for `purpose`: 22 characters of base64url that only the holder of the key can make. Marks
    /// the bot's own comments, and compares texts without keeping them. Equal for equal arguments, also after the
    /// operator's key was changed for its successor.
    pub fn mark(&self, purpose: &str, text: &str) -> String {
        let mut digest = hmac::Context::with_key(&self.0.marking);
        digest.update(&(purpose.len() as u64).to_be_bytes());
        digest.update(purpose.as_bytes());
        digest.update(text.as_bytes());
        let digest = digest.sign();
        BASE64_URL_SAFE_NO_PAD.encode(&digest.as_ref()[..MARK_BYTES])
    }

    fn fresh_key(&self, owner: &str) -> (DataKey, [u8; WRAPPED_KEY_BYTES]) {
        envelope::generate(&self.0.operator, owner)
    }

    fn inbox_key(&self) -> (Arc<DataKey>, [u8; WRAPPED_KEY_BYTES]) {
        let mut current = self.0.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|key| key.uses_left == 0) {
            *current = None;
        }
        let current = current.get_or_insert_with(|| {
            let (key, wrapped) = self.fresh_key(INBOX);
            InboxKey { key: Arc::new(key), wrapped, uses_left: DELIVERIES_PER_KEY }
        });
        current.uses_left -= 1;
        (Arc::clone(&current.key), current.wrapped)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.key_id())
    }
}
