//! Histories kept in a file between runs.
//!
//! The file is a row of segments, each with its length and a sum over it: new commits and patches are appended, and what
//! was written is read back as it is. A segment that is damaged ends the file; what stood behind it is read from the
//! repository again.

use std::{
    cell::Cell,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use super::{HistoryError, packed};
use crate::domain::coverage::{Account, CommitId, History, PackedPatches};

/// Begins each file; changed with the form of what follows.
const MARK: &[u8; 16] = b"embargod hist 5\n";

/// With more segments than this a file is written anew.
const MOST_SEGMENTS: usize = 48;

/// Bytes before a segment's content: kind, length, sum.
const HEAD: usize = 1 + 4 + 4;

const COMMITS: u8 = 1;
const PATCHES: u8 = 2;
const NOTES: u8 = 3;

/// What else is kept; the last one in the file counts.
type Notes = (Vec<Account>, Option<CommitId>, Vec<CommitId>, Vec<(CommitId, CommitId, bool)>);

/// Keeps a history in one file.
pub struct Keeper {
    path: PathBuf,
    loaded: Cell<Option<Loaded>>,
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
        Self { path, loaded: Cell::new(None) }
    }

    /// What was kept; less of it, or an empty history, where the file is damaged, which costs time and nothing else.
    pub fn load(&self) -> History {
        let mut history = History::default();
        self.loaded.set(None);
        let bytes = fs::read(&self.path).unwrap_or_default();
        let Some(mut rest) = bytes.strip_prefix(MARK) else {
            return history;
        };
        let mut loaded = Loaded { bytes: bytes.len() as u64, segments: 0, commits: 0, notes: 0 };
        while let Some((kind, content, behind)) = segment(rest) {
            let taken = match kind {
                COMMITS => packed::unpack_commits(content, &mut history),
                PATCHES => {
                    PackedPatches::new(content.to_vec()).map(|packed| history.patches.add_kept(packed)).is_some()
                }
                NOTES => take_notes(content, &mut history),
                _ => false,
            };
            if !taken {
                break;
            }
            if kind == NOTES {
                loaded.notes = crc32fast::hash(content);
            }
            loaded.segments += 1;
            rest = behind;
        }
        loaded.commits = history.commits.len();
        // What cannot be read must not stand before what is appended.
        self.loaded.set(rest.is_empty().then_some(loaded));
        history
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
        if let Some(loaded) = self.loaded.take().filter(|loaded| {
            loaded.bytes == on_disk && loaded.segments <= MOST_SEGMENTS && loaded.commits <= history.commits.len()
        }) {
            let mut added = Vec::new();
            if history.commits.len() > loaded.commits {
                push(&mut added, COMMITS, &packed::pack_commits(history, loaded.commits));
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
        push(&mut all, COMMITS, &packed::pack_commits(history, 0));
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

/// Kind and content of the first segment, and what is behind it; `None` where it is damaged or there is none.
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let number = |at: usize| Some(u32::from_le_bytes(head[at..at + 4].try_into().ok()?));
    let (content, behind) = rest.split_at_checked(number(1)? as usize)?;
    (crc32fast::hash(content) == number(5)?).then_some((head[0], content, behind))
}

fn push(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.push(kind);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(content).to_le_bytes());
    bytes.extend(content);
}

fn notes_of(history: &History) -> Result<Vec<u8>, postcard::Error> {
    let notes = (&history.accounts, history.accounts_at, &history.unreached, &history.tag_objects);
    postcard::to_stdvec(&notes)
}

fn take_notes(bytes: &[u8], history: &mut History) -> bool {
    let Ok((accounts, at, unreached, tags)) = postcard::from_bytes::<Notes>(bytes) else {
        return false;
    };
    (history.accounts, history.accounts_at, history.unreached, history.tag_objects) = (accounts, at, unreached, tags);
    true
}
