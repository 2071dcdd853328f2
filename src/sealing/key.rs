//! One key of the operator.
//!
//! As text it has two lines, so that it can be kept in any vault:
//!
//! ```text
//! embargod-sealing-key v1 1a2b3c4d                    (the key's id, which also shows that the text is whole)
//! base64 of 64 bytes: 32 that wrap data keys, 32 from which marks are derived
//! ```
//!
//! The halves are apart so that a successor can wrap anew and still know the marks that stand on GitHub.

use std::{
    fmt,
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
};

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{Keyring, SealingError, envelope};

pub(super) const HEADER: &str = "embargod-sealing-key";
const VERSION: &str = "v1";
const HALF_BYTES: usize = 32;

/// Names a key without giving it away: the first 4 bytes of its SHA-256, shown as 8 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) [u8; 4]);

impl KeyId {
    /// From its 8 hexadecimal digits.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut id = [0; 4];
        hex::decode_to_slice(name, &mut id).ok()?;
        Some(Self(id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The operator's key. Has no `Debug`; its bytes are wiped with it.
pub struct SealingKey(Zeroizing<[u8; 2 * HALF_BYTES]>);

impl SealingKey {
    /// Makes a key from the operating system's randomness.
    pub fn generate() -> Self {
        Self(Zeroizing::new(envelope::random()))
    }

    /// Reads the key at `path` that seals at present, whatever else is in that file.
    ///
    /// # Errors
    /// As [`Keyring::read`].
    pub fn read(path: &Path) -> Result<Self, SealingError> {
        let ring = Keyring::read(path)?;
        Ok(Self(Zeroizing::new(*ring.current().0)))
    }

    /// Writes the key to a new file at `path`, readable by its owner alone, and makes it durable.
    ///
    /// # Errors
    /// [`SealingError::KeyExists`] where there is something at `path`; it is not touched.
    pub fn write_new(&self, path: &Path) -> Result<(), SealingError> {
        write_new(path, &self.to_text())
    }

    /// A key that wraps anew and derives the same marks.
    pub(super) fn successor(&self) -> Self {
        let mut bytes = Zeroizing::new([0; 2 * HALF_BYTES]);
        bytes[..HALF_BYTES].copy_from_slice(&envelope::random::<HALF_BYTES>());
        bytes[HALF_BYTES..].copy_from_slice(self.marking_root());
        Self(bytes)
    }

    /// The key's name as text; see [`KeyId`].
    pub fn key_id(&self) -> String {
        self.id().to_string()
    }

    /// The key's name.
    pub fn id(&self) -> KeyId {
        let digest = digest::digest(&digest::SHA256, self.0.as_slice());
        let mut id = [0; 4];
        id.copy_from_slice(&digest.as_ref()[..4]);
        KeyId(id)
    }

    pub(super) fn wrapping_key(&self) -> &[u8; HALF_BYTES] {
        self.halves().0
    }

    pub(super) fn marking_root(&self) -> &[u8; HALF_BYTES] {
        self.halves().1
    }

    fn halves(&self) -> (&[u8; HALF_BYTES], &[u8; HALF_BYTES]) {
        let both = self.0.split_first_chunk::<HALF_BYTES>();
        both.and_then(|(first, rest)| Some((first, rest.first_chunk()?))).expect("the key is two halves long")
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(BASE64_STANDARD.encode(self.0.as_slice()));
        Zeroizing::new(format!("{HEADER} {VERSION} {}\n{}\n", self.key_id(), *key))
    }

    /// From the words of its text behind the header's first.
    pub(super) fn from_words(version: &str, id: &str, encoded: &str) -> Option<Self> {
        let key = Self::from_base64(encoded)?;
        (version == VERSION && key.key_id() == id).then_some(key)
    }

    /// From its second line alone, which nothing shows to be whole but its length.
    pub(super) fn from_base64(encoded: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 2 * HALF_BYTES]);
        // The decoder asks for room in whole groups of four characters, which is two bytes more than it fills.
        let mut room = Zeroizing::new([0; 2 * HALF_BYTES + 2]);
        let size = BASE64_STANDARD.decode_slice(encoded, room.as_mut_slice());
        if size != Ok(bytes.len()) {
            return None;
        }
        bytes.copy_from_slice(&room[..2 * HALF_BYTES]);
        Some(Self(bytes))
    }
}

/// Writes `text` to a file that was not there, readable by its owner alone, and makes it durable.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), SealingError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => SealingError::KeyExists(path.to_owned()),
        kind => SealingError::KeyFile { path: path.to_owned(), kind },
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a key is of no use to anybody, and would stand in the way of the next attempt.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
}
