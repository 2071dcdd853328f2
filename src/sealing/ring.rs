//! The operator's keys: the one that seals, and earlier ones that only open.
//!
//! As text, the keys' texts one after the other, the one that seals first. All of a ring derive the same marks: each is
//! another's successor.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

use super::{
    SealingError,
    key::{self, HEADER, KeyId, SealingKey},
};

/// A key's text is about 130 bytes long; a file with more than this is something else.
pub(super) const TEXT_BYTES_MAX: u64 = 16 * 1024;

/// Keys of a ring at most. Two are usual during a rotation.
const KEYS_MAX: usize = 16;

/// The operator's keys, the one that seals first. Has no `Debug`. Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<[Arc<SealingKey>]>);

impl From<SealingKey> for Keyring {
    fn from(key: SealingKey) -> Self {
        Self([Arc::new(key)].into())
    }
}

/// Why a text is no ring of keys; without a word of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoRing {
    /// Not whole keys, one after the other.
    Malformed,
    /// Keys that derive different marks.
    Strangers(KeyId, KeyId),
}

impl Keyring {
    /// Reads the keys at `path`.
    ///
    /// # Errors
    /// With place and remedy where the file is missing, is open to others than its owner (on Unix), cannot be read, holds
    /// something else than whole keys, or keys of which one is not another's successor.
    pub fn read(path: &Path) -> Result<Self, SealingError> {
        let text = read_text(path)?;
        Self::from_text(&text).map_err(|no| match no {
            NoRing::Malformed => SealingError::KeyMalformed(path.to_owned()),
            NoRing::Strangers(one, other) => SealingError::Strangers { place: path.display().to_string(), one, other },
        })
    }

    pub(super) fn from_text(text: &str) -> Result<Self, NoRing> {
        let mut words = text.split_ascii_whitespace();
        let mut keys: Vec<Arc<SealingKey>> = Vec::new();
        while let Some(first) = words.next() {
            let mut next = || words.next().ok_or(NoRing::Malformed);
            if first != HEADER || keys.len() == KEYS_MAX {
                return Err(NoRing::Malformed);
            }
            let key = SealingKey::from_words(next()?, next()?, next()?).ok_or(NoRing::Malformed)?;
            if let Some(known) = keys.iter().find(|known| known.marking_root() != key.marking_root()) {
                return Err(NoRing::Strangers(known.id(), key.id()));
            }
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(Arc::new(key));
            }
        }
        if keys.is_empty() { Err(NoRing::Malformed) } else { Ok(Self(keys.into())) }
    }

    /// The key that seals.
    pub fn current(&self) -> &SealingKey {
        &self.0[0]
    }

    /// Names of all keys, the one that seals first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(|key| key.id()).collect()
    }

    /// The key of that name.
    pub fn find(&self, id: KeyId) -> Option<&SealingKey> {
        self.0.iter().find(|key| key.id() == id).map(Arc::as_ref)
    }

    /// The same keys behind a new one that derives the same marks.
    #[must_use]
    pub fn with_successor(&self) -> Self {
        let successor = Arc::new(self.current().successor());
        Self([successor].into_iter().chain(self.0.iter().cloned()).collect())
    }

    /// The key that seals, alone.
    #[must_use]
    pub fn only_current(&self) -> Self {
        Self([Arc::clone(&self.0[0])].into())
    }

    /// The keys of `self`, then those that only `other` has; `None` where they derive different marks.
    pub(super) fn merged(&self, other: &Self) -> Option<Self> {
        if self.current().marking_root() != other.current().marking_root() {
            return None;
        }
        let others = other.0.iter().filter(|key| self.find(key.id()).is_none());
        Some(Self(self.0.iter().chain(others).cloned().collect()))
    }

    /// Writes the keys to a new file at `path`, readable by its owner alone, and makes it durable.
    ///
    /// # Errors
    /// [`SealingError::KeyExists`] where there is something at `path`; it is not touched.
    pub fn write_new(&self, path: &Path) -> Result<(), SealingError> {
        key::write_new(path, &self.to_text())
    }

    fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256 * self.0.len()));
        for key in self.0.iter() {
            text.push_str(&key.to_text());
        }
        text
    }
}

/// A key file that is being changed: nobody else changes it meanwhile.
pub struct KeyFile {
    path: PathBuf,
    /// Locked; closing it gives the lock up.
    locked: File,
    ring: Keyring,
}

impl KeyFile {
    /// Locks the key file at `path` and reads it. Links are followed, so that what they lead to is changed.
    ///
    /// # Errors
    /// As [`Keyring::read`]; [`SealingError::KeyBusy`] where another command is changing it.
    pub fn lock(path: &Path) -> Result<Self, SealingError> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => SealingError::KeyMissing(path.to_owned()),
            kind => SealingError::KeyFile { path: path.to_owned(), kind },
        };
        let target = path.canonicalize().map_err(failed)?;
        let locked = File::open(&target).map_err(failed)?;
        locked.try_lock().map_err(|_| SealingError::KeyBusy(path.to_owned()))?;
        // Read by its name: had another command put a new file there before the lock, that one counts.
        let ring = Keyring::read(&target)?;
        let file = Self { path: target, locked, ring };
        if file.is_current().map_err(failed)? { Ok(file) } else { Err(SealingError::KeyBusy(path.to_owned())) }
    }

    /// What stood in it when it was locked.
    pub fn ring(&self) -> &Keyring {
        &self.ring
    }

    /// Puts `ring` in its place: a crash leaves the old keys or the new ones, whole. Owner and mode stay.
    ///
    /// # Errors
    /// [`SealingError::KeyFile`]; the file is as it was.
    pub fn replace(self, ring: &Keyring) -> Result<(), SealingError> {
        let failed = |error: std::io::Error| SealingError::KeyFile { path: self.path.clone(), kind: error.kind() };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // made with mode 0600
        let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        self.take_over_owner(new.as_file()).map_err(failed)?;
        let written = new.write_all(ring.to_text().as_bytes()).and_then(|()| new.as_file().sync_all());
        written.map_err(failed)?;
        new.persist(&self.path).map_err(|error| failed(error.error))?;
        // A rename is durable with its folder; where folders cannot be synced, nothing more can be done.
        #[cfg(unix)]
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(())
    }

    /// Whether the locked file still is the one that its name leads to.
    fn is_current(&self) -> std::io::Result<bool> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let (locked, named) = (self.locked.metadata()?, self.path.metadata()?);
            Ok((locked.dev(), locked.ino()) == (named.dev(), named.ino()))
        }
        #[cfg(not(unix))]
        Ok(true)
    }

    /// A command run by another user than the server's must not leave a key that the server cannot read.
    #[cfg(unix)]
    fn take_over_owner(&self, new: &File) -> std::io::Result<()> {
        use std::os::unix::fs::{MetadataExt, fchown};
        let (old, made) = (self.locked.metadata()?, new.metadata()?);
        if (old.uid(), old.gid()) != (made.uid(), made.gid()) {
            fchown(new, Some(old.uid()), Some(old.gid()))?;
        }
        new.set_permissions(old.permissions())
    }

    #[cfg(not(unix))]
    fn take_over_owner(&self, _new: &File) -> std::io::Result<()> {
        Ok(())
    }
}

fn read_text(path: &Path) -> Result<Zeroizing<String>, SealingError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => SealingError::KeyMissing(path.to_owned()),
        ErrorKind::InvalidData => SealingError::KeyMalformed(path.to_owned()),
        kind => SealingError::KeyFile { path: path.to_owned(), kind },
    };
    let file = File::open(path).map_err(failed)?;
    refuse_open_mode(path, &file)?;
    let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES_MAX as usize));
    file.take(TEXT_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
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
