//! Histories kept in a file between runs.
//!
//! The file is a row of segments, each with its length and a sum over it: new commits and patches are appended, and what
//! was written is read back as it is. A segment that is damaged ends the file; what stood behind it is read from the
//! repository again.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{HistoryError, packed};
use crate::domain::coverage::{Account, CommitId, History, PackedPatches};

/// Begins each file; changed with the form of what follows.
const MARK: &[u8; 16] = b"embargod hist 7\n";

/// With more segments than this a file is written anew.
const MOST_SEGMENTS: usize = 48;

/// Bytes before a segment's content: kind, length, sum.
const HEAD: usize = 1 + 4 + 4;

const COMMITS: u8 = 1;
const PATCHES: u8 = 2;
const NOTES: u8 = 3;

/// What else is kept; the last one in the file counts.
type Notes = (Vec<Account>, Option<[u8; 20]>, Vec<[u8; 20]>, Vec<([u8; 20], [u8; 20], bool)>);

/// Keeps a history in one file.
pub struct Keeper {
    path: PathBuf,
    loaded: Mutex<Option<Loaded>>,
}

/// What the file held when it was loaded.
#[derive(Clone, Copy)]
struct Loaded {
    bytes: u64,
    segments: usize,
    commits: usize,
    notes: u32,
}

/// The file for a repository below `folder`: named by where the repository is.
pub fn cache_file(folder: &Path, repository: &Path) -> PathBuf {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, repository.as_os_str().as_encoded_bytes());
    folder.join(format!("{}.history", hex::encode(&digest.as_ref()[..12])))
}

impl Keeper {
    /// Keeps in `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, loaded: Mutex::new(None) }
    }

    /// What was kept; less of it, or an empty history, where the file is damaged, which costs time and nothing else.
    pub fn load(&self) -> History {
        let mut history = History::default();
        self.remember(None);
        let Some((mut file, size)) = self.open() else {
            return history;
        };
        let mut loaded = Loaded { bytes: size, segments: 0, commits: 0, notes: 0 };
        let mut whole = true;
        let mut behind = size - MARK.len() as u64;
        // Commits come in three segments, and are taken when the third is there.
        let mut parts: Vec<Vec<u8>> = Vec::new();
        while behind > 0 {
            let Some((kind, content)) = segment(&mut file, behind) else {
                whole = false;
                break;
            };
            behind -= (HEAD + content.len()) as u64;
            let sum = crc32fast::hash(&content);
            whole = match kind.0 {
                _ if sum != kind.1 => false,
                COMMITS => {
                    parts.push(content);
                    parts.len() < 3 || packed::unpack_commits(std::mem::take(&mut parts), &mut history)
                }
                PATCHES => PackedPatches::new(content).map(|packed| history.patches.add_kept(packed)).is_some(),
                NOTES => take_notes(&content, &mut history),
                _ => false,
            };
            if !whole {
                break;
            }
            if kind.0 == NOTES {
                loaded.notes = sum;
            }
            loaded.segments += 1;
        }
        whole &= parts.is_empty();
        loaded.commits = history.commits.len();
        // What cannot be read must not stand before what is appended.
        self.remember(whole.then_some(loaded));
        history
    }

    fn remember(&self, loaded: Option<Loaded>) {
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    fn forget(&self) -> Option<Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The file behind its mark, and its size.
    fn open(&self) -> Option<(fs::File, u64)> {
        let mut file = fs::File::open(&self.path).ok()?;
        let size = file.metadata().ok()?.len();
        let mut mark = [0; MARK.len()];
        file.read_exact(&mut mark).ok()?;
        (mark == *MARK).then_some((file, size))
    }

    /// Keeps `history`: what is new is appended to what was loaded; else all is written, in one step.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, history: &History) -> Result<(), HistoryError> {
        let failed =
            |error: &dyn std::fmt::Display| HistoryError::Unreadable(format!("the history cannot be kept: {error}"));
        let notes = notes_of(history).map_err(|error| failed(&error))?;
        let on_disk = fs::metadata(&self.path).map_or(0, |meta| meta.len());
        if let Some(loaded) = self.forget().filter(|loaded| {
            loaded.bytes == on_disk && loaded.segments <= MOST_SEGMENTS && loaded.commits <= history.commits.len()
        }) {
            let mut added = Vec::new();
            if history.commits.len() > loaded.commits {
                for part in packed::pack_commits(history, loaded.commits) {
                    push(&mut added, COMMITS, &part);
                }
            }
            if history.patches.fresh() > 0 {
                push(&mut added, PATCHES, &history.patches.pack_fresh());
            }
            if crc32fast::hash(&notes) != loaded.notes {
                push(&mut added, NOTES, &notes);
            }
            let mut file = fs::OpenOptions::new().append(true).open(&self.path).map_err(|error| failed(&error))?;
            return file.write_all(&added).map_err(|error| failed(&error));
        }
        let mut all = MARK.to_vec();
        for part in packed::pack_commits(history, 0) {
            push(&mut all, COMMITS, &part);
        }
        push(&mut all, PATCHES, &history.patches.pack_all());
        push(&mut all, NOTES, &notes);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        file.write_all(&all).map_err(|error| failed(&error))?;
        file.persist(&self.path).map_err(|error| failed(&error.error))?;
        Ok(())
    }
}

/// Kind and sum of the next segment, and its content; `None` where the file is damaged.
fn segment(file: &mut fs::File, behind: u64) -> Option<((u8, u32), Vec<u8>)> {
    let mut head = [0; HEAD];
    file.read_exact(&mut head).ok()?;
    let [kind, rest @ ..] = head;
    let (length, sum) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if u64::from(length) + HEAD as u64 > behind {
        return None;
    }
    let mut content = vec![0; length as usize];
    file.read_exact(&mut content).ok()?;
    Some(((kind, u32::from_le_bytes(sum.try_into().ok()?)), content))
}

fn push(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.push(kind);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(content).to_le_bytes());
    bytes.extend(content);
}

fn notes_of(history: &History) -> Result<Vec<u8>, postcard::Error> {
    let unreached: Vec<_> = history.unreached.iter().map(|commit| commit.0).collect();
    let tags: Vec<_> = history.tag_objects.iter().map(|(tag, commit, signed)| (tag.0, commit.0, *signed)).collect();
    let notes = (&history.accounts, history.accounts_at.map(|commit| commit.0), unreached, tags);
    postcard::to_stdvec(&notes)
}

fn take_notes(bytes: &[u8], history: &mut History) -> bool {
    let Ok((accounts, at, unreached, tags)) = postcard::from_bytes::<Notes>(bytes) else {
        return false;
    };
    history.accounts = accounts;
    history.accounts_at = at.map(CommitId);
    history.unreached = unreached.into_iter().map(CommitId).collect();
    history.tag_objects =
        tags.into_iter().map(|(tag, commit, signed)| (CommitId(tag), CommitId(commit), signed)).collect();
    true
}
