//! The sealing room: what is under embargo is kept as ciphertext only.
//!
//! What flows in: texts to be kept, and the operator's keys. What flows out: ciphertext for the store, and texts again for
//! those who hold a [`Clearance`]. What it must never do: write a key anywhere but into the operator's own file, write a
//! text anywhere, or say more in an error than which key or place it was about.
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
//!   its text         the body, or 3 | size of the body 4 | the body by LZ4 with what is known of payloads beforehand,
//!                    where that is shorter (1: by LZ4 alone, as it was done earlier), or 2 | the body, where it begins
//!                    with 1, 2 or 3 itself
//! ```
//!
//! A blob that was moved to another owner or name, altered, or sealed under another key does not open.
//!
//! The operator has a ring of keys: one that seals, and earlier ones that only open. How a ring changes while servers run
//! is the business of [`crate::keys`].

mod envelope;
mod error;
mod key;
mod pack;
mod ring;
mod source;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use aws_lc_rs::{hkdf, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::domain::embargoed::{Clearance, Embargoed};
pub use envelope::{DataKey, WRAPPED_KEY_BYTES};
pub use error::SealingError;
pub use key::{KeyId, SealingKey};
pub use ring::{KeyFile, Keyring};
pub use source::KeySource;

/// A text that was sealed, still under embargo.
pub type Opened = Embargoed<Zeroizing<Vec<u8>>>;

/// Owner of the bodies of deliveries.
pub const INBOX: &str = "inbox";

/// What a seal adds to the body of a delivery, at most.
const SEAL_BYTES: usize = 150;

/// Deliveries sealed under one data key; well below the 2^32 messages that random nonces allow
/// (NIST SP 800-38D, section 8.3).
const DELIVERIES_PER_KEY: u32 = 1 << 16;

/// Bytes of a mark: 128 bits, enough that nobody guesses one.
const MARK_BYTES: usize = 16;

/// Seals and opens under the operator's keys. Cheap to clone; clones share one ring.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    marking: hmac::Key,
    keys: RwLock<Keys>,
    inbox: Mutex<Option<InboxKey>>,
    /// A file to look into when a key is missing.
    file: Option<PathBuf>,
    wanted: Notify,
}

struct Keys {
    /// Everything that opens; its first key need not be the one that seals.
    ring: Keyring,
    /// The ring whose first key seals.
    sealing: Keyring,
}

/// The data key for the deliveries that arrive now.
struct InboxKey {
    key: Arc<DataKey>,
    wrapped: envelope::Wrapped,
    uses_left: u32,
}

/// Which key of an operator wraps this data key; `None` where it is no wrapped key.
pub fn wrapped_by(wrapped: &[u8]) -> Option<KeyId> {
    envelope::wrapped_by(wrapped)
}

impl Sealer {
    /// Seals under the first of `keys`.
    pub fn new(keys: impl Into<Keyring>) -> Self {
        Self::looking_into(keys, None)
    }

    /// The same; a key that is missing is looked for in `file`.
    pub fn looking_into(keys: impl Into<Keyring>, file: Option<PathBuf>) -> Self {
        let ring = keys.into();
        let marking = hkdf::Salt::new(hkdf::HKDF_SHA256, b"embargod")
            .extract(ring.current().marking_root())
            .expand(&[b"marks v1"], hmac::HMAC_SHA256)
            .expect("an HMAC key is shorter than 255 hashes")
            .into();
        let keys = RwLock::new(Keys { sealing: ring.clone(), ring });
        Self(Arc::new(Inner { marking, keys, inbox: Mutex::new(None), file, wanted: Notify::new() }))
    }

    /// Name of the key that seals.
    pub fn key_id(&self) -> String {
        self.sealing_id().to_string()
    }

    /// The same as a value.
    pub fn sealing_id(&self) -> KeyId {
        self.keys(|keys| keys.sealing.current().id())
    }

    /// Names of all keys that open.
    pub fn opening_ids(&self) -> Vec<KeyId> {
        self.keys(|keys| keys.ring.ids())
    }

    /// Opens with the keys of `ring` as well from now on. What seals stays as it is.
    ///
    /// # Errors
    /// [`SealingError::Strangers`] where they derive other marks; nothing was changed.
    pub fn learn(&self, ring: &Keyring) -> Result<(), SealingError> {
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        let strangers = || SealingError::Strangers {
            place: "the sealing keys that were read anew".to_owned(),
            one: keys.sealing.current().id(),
            other: ring.current().id(),
        };
        keys.ring = ring.merged(&keys.ring).ok_or_else(strangers)?;
        Ok(())
    }

    /// Seals with the first key of `ring`, and opens with all of them and no other, from now on: no data key that was
    /// wrapped before is handed out afterwards.
    ///
    /// # Errors
    /// As [`Sealer::learn`].
    pub fn adopt(&self, ring: &Keyring) -> Result<(), SealingError> {
        self.learn(ring)?;
        // Held across both: a delivery gets the key from before, or the one from afterwards, and never an old one later.
        let mut inbox = self.0.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        *keys = Keys { ring: ring.clone(), sealing: ring.clone() };
        *inbox = None;
        Ok(())
    }

    /// Waits until something was met that none of the keys opens.
    pub async fn key_wanted(&self) {
        self.0.wanted.notified().await;
    }

    /// Makes a data key for `owner`; returns it with its wrapped form, which is to be stored.
    pub fn new_data_key(&self, owner: &str) -> (DataKey, Vec<u8>) {
        let (key, wrapped) = self.fresh_key(owner);
        (key, wrapped.to_vec())
    }

    /// Takes the data key of `owner` out of its wrapping. Where the key for it is missing, the key file is read once more.
    ///
    /// # Errors
    /// [`SealingError::OtherKey`] where another operator's key wrapped it; [`SealingError::Malformed`] or
    /// [`SealingError::Refused`] where it is no wrapped key, was altered, or is another owner's.
    pub fn unwrap(&self, owner: &str, wrapped: &[u8]) -> Result<DataKey, SealingError> {
        self.with_key_for(wrapped, |keys| envelope::unwrap(&keys.ring, owner, wrapped))
    }

    /// Wraps the data key of `owner` under the key that seals; `None` where it is already.
    ///
    /// # Errors
    /// As [`Sealer::unwrap`].
    pub fn rewrap(&self, owner: &str, wrapped: &[u8]) -> Result<Option<Vec<u8>>, SealingError> {
        if wrapped_by(wrapped) == Some(self.sealing_id()) {
            return Ok(None);
        }
        self.with_key_for(wrapped, |keys| {
            let anew = envelope::rewrap(&keys.ring, keys.sealing.current(), owner, wrapped)?;
            Ok(Some(anew.to_vec()))
        })
    }

    fn keys<T>(&self, read: impl FnOnce(&Keys) -> T) -> T {
        read(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another server may have a successor already and seal with it.
    fn with_key_for<T>(
        &self,
        wrapped: &[u8],
        work: impl Fn(&Keys) -> Result<T, SealingError>,
    ) -> Result<T, SealingError> {
        let done = self.keys(&work);
        let Err(SealingError::OtherKey { needed, .. }) = done else {
            return done;
        };
        debug_assert_eq!(wrapped_by(wrapped), Some(needed));
        self.0.wanted.notify_one();
        let found = self.0.file.as_ref().and_then(|path| Keyring::read(path).ok());
        match found.filter(|ring| ring.find(needed).is_some()) {
            Some(ring) if self.learn(&ring).is_ok() => self.keys(work),
            _ => done,
        }
    }

    /// Seals the body of the delivery `guid`, packed where that makes it shorter. The plaintext is wiped, or sealed where
    /// it lies if `body` has some 150 bytes of capacity to spare.
    pub fn seal_delivery(&self, guid: &str, body: Vec<u8>) -> Vec<u8> {
        let (key, wrapped) = self.inbox_key();
        key.seal_over(&wrapped, guid, pack::pack(body, SEAL_BYTES))
    }

    /// Opens the body of the delivery `guid`.
    ///
    /// # Errors
    /// As [`Sealer::unwrap`].
    pub fn open_delivery(&self, guid: &str, sealed: &[u8], clearance: &Clearance) -> Result<Opened, SealingError> {
        let (wrapped, text) = sealed.split_at_checked(WRAPPED_KEY_BYTES).ok_or(SealingError::Malformed)?;
        let opened = self.unwrap(INBOX, wrapped)?.open(guid, text, clearance)?;
        pack::unpack(opened.into_inner(clearance)).map(Embargoed::new)
    }

    /// The same in `sealed`'s own memory.
    ///
    /// # Errors
    /// As [`Sealer::unwrap`].
    pub fn open_large_delivery(
        &self,
        guid: &str,
        sealed: Vec<u8>,
        _clearance: &Clearance,
    ) -> Result<Opened, SealingError> {
        // From here on it may hold plaintext.
        let sealed = Zeroizing::new(sealed);
        let wrapped = sealed.get(..WRAPPED_KEY_BYTES).ok_or(SealingError::Malformed)?;
        let key = self.unwrap(INBOX, wrapped)?;
        let opened = key.open_over(guid, sealed, WRAPPED_KEY_BYTES)?;
        pack::unpack(opened).map(Embargoed::new)
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

    fn fresh_key(&self, owner: &str) -> (DataKey, envelope::Wrapped) {
        self.keys(|keys| envelope::generate(keys.sealing.current(), owner))
    }

    fn inbox_key(&self) -> (Arc<DataKey>, envelope::Wrapped) {
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
