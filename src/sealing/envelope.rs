//! Data keys, and what they seal. The formats stand in the room's description.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, MAX_TAG_LEN, NONCE_LEN, Nonce, RandomizedNonceKey, Tag},
    rand,
};
use zeroize::{Zeroize, Zeroizing};

use super::{KeyId, Keyring, Opened, SealingError, SealingKey};
use crate::{
    domain::embargoed::{Clearance, Embargoed},
    memory,
};

/// First byte of each format.
const VERSION: u8 = 1;

const KEY_BYTES: usize = 32;
const OPERATOR_ID_BYTES: usize = 4;
const DATA_KEY_ID_BYTES: usize = 8;

/// Version and both ids, before the nonce of a wrapped key.
const WRAPPED_HEAD_BYTES: usize = 1 + OPERATOR_ID_BYTES + DATA_KEY_ID_BYTES;

/// Size of a wrapped data key, with which the body of a delivery begins.
pub const WRAPPED_KEY_BYTES: usize = WRAPPED_HEAD_BYTES + NONCE_LEN + KEY_BYTES + MAX_TAG_LEN;

/// Seals the texts of one owner. Has no `Debug`; its bytes are wiped with it.
pub struct DataKey {
    owner: String,
    id: [u8; DATA_KEY_ID_BYTES],
    key: RandomizedNonceKey,
}

impl DataKey {
    /// Seals `plaintext` as the owner's `name`.
    pub fn seal(&self, name: &str, plaintext: &[u8]) -> Vec<u8> {
        self.seal_after(&[], name, plaintext)
    }

    /// Opens what was sealed as the owner's `name`.
    ///
    /// # Errors
    /// [`SealingError::Malformed`] or [`SealingError::Refused`] where it is no sealed text, was altered, or was sealed
    /// under another name or key.
    pub fn open(&self, name: &str, sealed: &[u8], _clearance: &Clearance) -> Result<Opened, SealingError> {
        let text = sealed.strip_prefix(&[VERSION]).ok_or(SealingError::Malformed)?;
        let opened = open(&self.key, &self.associated(name), text)?;
        Ok(Embargoed::new(opened))
    }

    /// The same where the sealed text begins at byte `at` of `sealed`, in the same memory: a second buffer would double what a
    /// large delivery costs.
    pub(super) fn open_over(
        &self,
        name: &str,
        mut sealed: Zeroizing<Vec<u8>>,
        at: usize,
    ) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let text_at = at + 1 + NONCE_LEN;
        let (head, text) = sealed.split_at_mut_checked(text_at).ok_or(SealingError::Malformed)?;
        let nonce = head[at..].strip_prefix(&[VERSION]).and_then(|nonce| nonce.try_into().ok());
        let nonce = Nonce::assume_unique_for_key(nonce.ok_or(SealingError::Malformed)?);
        let opened = self.key.open_in_place(nonce, Aad::from(self.associated(name)), text);
        let size = opened.map_err(|_| SealingError::Refused)?.len();
        sealed.copy_within(text_at..text_at + size, 0);
        sealed.truncate(size);
        Ok(sealed)
    }

    /// Seals `plaintext` into a buffer that begins with `head`.
    pub(super) fn seal_after(&self, head: &[u8], name: &str, plaintext: &[u8]) -> Vec<u8> {
        // Room for everything from the start: a buffer that grows would leave plaintext behind in freed memory.
        let size = head.len() + 1 + NONCE_LEN + plaintext.len() + MAX_TAG_LEN;
        let mut sealed = Vec::with_capacity(size);
        sealed.extend_from_slice(head);
        sealed.push(VERSION);
        seal_onto(&mut sealed, &self.key, &self.associated(name), plaintext);
        sealed
    }

    /// The same in `plaintext`'s own memory, if there is room in it for what comes on top; else `plaintext` is wiped. A
    /// second buffer would double what a large delivery costs.
    pub(super) fn seal_over(&self, head: &[u8], name: &str, mut plaintext: Vec<u8>) -> Vec<u8> {
        let length = plaintext.len();
        let nonce_at = head.len() + 1;
        let text_at = nonce_at + NONCE_LEN;
        if plaintext.capacity() < text_at + length + MAX_TAG_LEN {
            let sealed = self.seal_after(head, name, &plaintext);
            plaintext.zeroize();
            return sealed;
        }
        let mut sealed = plaintext;
        sealed.resize(text_at + length, 0);
        sealed.copy_within(..length, text_at);
        sealed[..head.len()].copy_from_slice(head);
        sealed[head.len()] = VERSION;
        let associated = self.associated(name);
        let (nonce, tag) = seal_text(&self.key, &associated, &mut sealed[text_at..]);
        sealed[nonce_at..text_at].copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    fn associated(&self, name: &str) -> Vec<u8> {
        let mut data = b"embargod text".to_vec();
        data.push(VERSION);
        data.extend_from_slice(&self.id);
        push_text(&mut data, &self.owner);
        push_text(&mut data, name);
        data
    }
}

/// A data key in its wrapping.
pub(super) type Wrapped = [u8; WRAPPED_KEY_BYTES];

/// Makes a data key for `owner`, and wraps it under `operator`.
pub(super) fn generate(operator: &SealingKey, owner: &str) -> (DataKey, Wrapped) {
    let bytes = Zeroizing::new(random::<KEY_BYTES>());
    let id = random();
    let wrapped = wrap(operator, owner, id, &bytes);
    (data_key(owner, id, &bytes), wrapped)
}

/// Takes the data key of `owner` out of its wrapping.
pub(super) fn unwrap(ring: &Keyring, owner: &str, wrapped: &[u8]) -> Result<DataKey, SealingError> {
    let (id, bytes) = take_out(ring, owner, wrapped)?;
    Ok(data_key(owner, id, &bytes))
}

/// Wraps the data key of `owner` anew, under `operator`. What it sealed stays as it is.
pub(super) fn rewrap(
    ring: &Keyring,
    operator: &SealingKey,
    owner: &str,
    wrapped: &[u8],
) -> Result<Wrapped, SealingError> {
    let (id, bytes) = take_out(ring, owner, wrapped)?;
    Ok(wrap(operator, owner, id, &bytes))
}

/// Which key of an operator a data key is wrapped under; `None` where this is no wrapped key.
pub(super) fn wrapped_by(wrapped: &[u8]) -> Option<KeyId> {
    let wrapped: &Wrapped = wrapped.try_into().ok()?;
    let (version, ids) = wrapped.split_first()?;
    (*version == VERSION).then_some(())?;
    ids.first_chunk().map(|id| KeyId(*id))
}

fn wrap(operator: &SealingKey, owner: &str, id: [u8; DATA_KEY_ID_BYTES], bytes: &[u8; KEY_BYTES]) -> Wrapped {
    let mut wrapped = Vec::with_capacity(WRAPPED_KEY_BYTES);
    wrapped.push(VERSION);
    wrapped.extend_from_slice(&operator.id().0);
    wrapped.extend_from_slice(&id);
    let associated = wrapping_associated(&wrapped, owner);
    let wrapping = cipher(operator.wrapping_key());
    seal_onto(&mut wrapped, &wrapping, &associated, bytes);
    wrapped.try_into().expect("a wrapped key has its fixed size")
}

fn take_out(
    ring: &Keyring,
    owner: &str,
    wrapped: &[u8],
) -> Result<([u8; DATA_KEY_ID_BYTES], Zeroizing<[u8; KEY_BYTES]>), SealingError> {
    let needed = wrapped_by(wrapped).ok_or(SealingError::Malformed)?;
    let operator = ring.find(needed).ok_or_else(|| SealingError::OtherKey {
        needed,
        configured: ring.ids().iter().map(KeyId::to_string).collect::<Vec<_>>().join(", "),
    })?;
    let (head, sealed) = wrapped.split_at(WRAPPED_HEAD_BYTES);
    let id = head.last_chunk().ok_or(SealingError::Malformed)?;
    let wrapping = cipher(operator.wrapping_key());
    let opened = open(&wrapping, &wrapping_associated(head, owner), sealed)?;
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    bytes.copy_from_slice(opened.get(..KEY_BYTES).ok_or(SealingError::Malformed)?);
    Ok((*id, bytes))
}

fn data_key(owner: &str, id: [u8; DATA_KEY_ID_BYTES], bytes: &[u8; KEY_BYTES]) -> DataKey {
    DataKey { owner: owner.to_owned(), id, key: cipher(bytes) }
}

fn wrapping_associated(head: &[u8], owner: &str) -> Vec<u8> {
    let mut data = b"embargod data key".to_vec();
    data.extend_from_slice(head);
    push_text(&mut data, owner);
    data
}

/// Appends a text so that no two lists of texts give the same bytes.
fn push_text(data: &mut Vec<u8>, text: &str) {
    data.extend_from_slice(&(text.len() as u64).to_be_bytes());
    data.extend_from_slice(text.as_bytes());
}

fn cipher(bytes: &[u8; KEY_BYTES]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).expect("32 bytes are an AES-256 key")
}

/// Random bytes of the operating system's strength.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Appends nonce, ciphertext and tag.
fn seal_onto(out: &mut Vec<u8>, key: &RandomizedNonceKey, associated: &[u8], plaintext: &[u8]) {
    let nonce_at = out.len();
    out.extend_from_slice(&[0; NONCE_LEN]);
    let text_at = out.len();
    out.extend_from_slice(plaintext);
    let (nonce, tag) = seal_text(key, associated, &mut out[text_at..]);
    out[nonce_at..text_at].copy_from_slice(nonce.as_ref());
    out.extend_from_slice(tag.as_ref());
}

/// Turns plaintext into ciphertext.
fn seal_text(key: &RandomizedNonceKey, associated: &[u8], text: &mut [u8]) -> (Nonce, Tag) {
    key.seal_in_place_separate_tag(Aad::from(associated), text)
        .expect("a text in memory is shorter than the 64 GiB of one AES-GCM message")
}

/// Opens nonce, ciphertext and tag.
fn open(key: &RandomizedNonceKey, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealingError> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealingError::Malformed)?;
    let mut opened = Zeroizing::new(memory::buffer(text.len()));
    opened.extend_from_slice(text);
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let size = key.open_in_place(nonce, Aad::from(associated), &mut opened).map_err(|_| SealingError::Refused)?.len();
    opened.truncate(size);
    Ok(opened)
}
