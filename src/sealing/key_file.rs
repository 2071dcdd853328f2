//! The operator's key and its file.
//!
//! The file is two lines of text, so that it can be kept in any vault:
//!
//! ```text
//! embargod-sealing-key v1 1a2b3c4d                    (the key's id, which also shows that the file is whole)
//! base64 of 64 bytes: 32 that wrap data keys, 32 from which marks are derived
//! ```
//!
//! The halves are apart so that a successor can wrap anew and still know the marks that stand on GitHub.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::Path,
};

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{SealingError, envelope};

const HEADER: &str = "embargod-sealing-key";
const VERSION: &str = "v1";
const HALF_BYTES: usize = 32;

/// A key file is about 130 bytes long; what is longer is something else.
const FILE_BYTES_MAX: u64 = 4096;

/// The operator's key. Has no `Debug`; its bytes are wiped with it.
pub struct SealingKey(Zeroizing<[u8; 2 * HALF_BYTES]>);

impl SealingKey {
    /// Makes a key from the operating system's randomness.
    pub fn generate() -> Self {
        Self(Zeroizing::new(envelope::random()))
    }

    /// Reads the key at `path`.
    ///
    /// # Errors
    /// With place and remedy where the file is missing, is open to others than its owner (on Unix), cannot be read, or is
    /// not a whole key.
    pub fn read(path: &Path) -> Result<Self, SealingError> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => SealingError::KeyMissing(path.to_owned()),
            kind => SealingError::KeyFile { path: path.to_owned(), kind },
        };
        let file = File::open(path).map_err(failed)?;
        refuse_open_mode(path, &file)?;
        let malformed = || SealingError::KeyMalformed(path.to_owned());
        let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX as usize));
        match file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(malformed()),
            Err(error) => return Err(failed(error)),
        }
        Self::from_text(&text).ok_or_else(malformed)
    }

    /// Writes the key to a new file at `path`, readable by its owner alone, and makes it durable.
    ///
    /// # Errors
    /// [`SealingError::KeyExists`] where there is something at `path`; it is not touched.
    pub fn write_new(&self, path: &Path) -> Result<(), SealingError> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::AlreadyExists => SealingError::KeyExists(path.to_owned()),
            kind => SealingError::KeyFile { path: path.to_owned(), kind },
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        let text = self.to_text();
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error| {
            // Half a key is of no use to anybody, and would stand in the way of the next attempt.
            let _ = std::fs::remove_file(path);
            failed(error)
        })
    }

    /// Names the key without giving it away: the first 8 hexadecimal digits of its SHA-256.
    pub fn key_id(&self) -> String {
        hex::encode(self.id())
    }

    pub(super) fn id(&self) -> [u8; 4] {
        let digest = digest::digest(&digest::SHA256, self.0.as_slice());
        let mut id = [0; 4];
        id.copy_from_slice(&digest.as_ref()[..4]);
        id
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

    fn to_text(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(BASE64_STANDARD.encode(self.0.as_slice()));
        Zeroizing::new(format!("{HEADER} {VERSION} {}\n{}\n", self.key_id(), *key))
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let head = (words.next()?, words.next()?);
        let (id, encoded) = (words.next()?, words.next()?);
        if head != (HEADER, VERSION) || words.next().is_some() {
            return None;
        }
        let mut bytes = Zeroizing::new([0; 2 * HALF_BYTES]);
        // The decoder asks for room in whole groups of four characters, which is two bytes more than it fills.
        let mut room = Zeroizing::new([0; 2 * HALF_BYTES + 2]);
        let size = BASE64_STANDARD.decode_slice(encoded, room.as_mut_slice());
        if size != Ok(bytes.len()) {
            return None;
        }
        bytes.copy_from_slice(&room[..2 * HALF_BYTES]);
        let key = Self(bytes);
        (key.key_id() == id).then_some(key)
    }
}

/// Refuses a file that others than its owner may read or write.
#[cfg(unix)]
fn refuse_open_mode(path: &Path, file: &File) -> Result<(), SealingError> {
    use std::os::unix::fs::PermissionsExt;
    let found = file.metadata().map_err(|error| SealingError::KeyFile { path: path.to_owned(), kind: error.kind() })?;
    let mode = found.permissions().mode() & 0o777;
    // Read access for the group stays allowed: that is how Kubernetes hands secrets to a user that is not root.
    if mode & 0o037 == 0 {
        return Ok(());
    }
    Err(SealingError::KeyTooOpen { path: path.to_owned(), mode })
}

/// Elsewhere access lists decide, which have no short remedy.
#[cfg(not(unix))]
fn refuse_open_mode(_path: &Path, _file: &File) -> Result<(), SealingError> {
    Ok(())
}
