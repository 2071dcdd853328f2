//! Histories kept in a file between runs.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use super::HistoryError;
use crate::domain::coverage::History;

/// Begins each file; changed with the form of what follows.
const MARK: &[u8; 16] = b"embargod hist 4\n";

/// Keeps a history in one file.
pub struct Keeper {
    path: PathBuf,
}

/// The file for a repository below `folder`: named by where the repository is.
pub fn cache_file(folder: &Path, repository: &Path) -> PathBuf {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, repository.as_os_str().as_encoded_bytes());
    folder.join(format!("{}.history", hex::encode(&digest.as_ref()[..12])))
}

impl Keeper {
    /// Keeps in `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What was kept; an empty history where there is nothing of use, which costs time and nothing else.
    pub fn load(&self) -> History {
        let kept = fs::read(&self.path).ok();
        let kept = kept.as_deref().and_then(|bytes| bytes.strip_prefix(MARK));
        let mut history: History =
            kept.and_then(|bytes| postcard::from_bytes(bytes).ok()).filter(is_sound).unwrap_or_default();
        history.reindex();
        history
    }

    /// Keeps `history`, in one step.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, history: &History) -> Result<(), HistoryError> {
        let failed = |what: String| HistoryError::Unreadable(format!("the history cannot be kept: {what}"));
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        let bytes = postcard::to_stdvec(history).map_err(|error| failed(error.to_string()))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(error.to_string()))?;
        file.write_all(MARK).and_then(|()| file.write_all(&bytes)).map_err(|error| failed(error.to_string()))?;
        file.persist(&self.path).map_err(|error| failed(error.error.to_string()))?;
        Ok(())
    }
}

/// A file may have been cut or be another program's: nothing in it may lead outside of the history.
fn is_sound(history: &History) -> bool {
    let all = history.commits.len();
    let parents_first = history
        .commits
        .iter()
        .enumerate()
        .all(|(place, commit)| commit.parents.iter().all(|parent| (*parent as usize) < place));
    parents_first && history.references.iter().all(|reference| (reference.commit as usize) < all)
}
