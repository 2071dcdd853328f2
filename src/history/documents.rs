//! Documents on the main branch that list commits beside ids of vulnerabilities.

use gix::{ObjectId, bstr::ByteSlice, objs::tree::EntryKind};

use super::{HistoryError, patches::is_documentation};
use crate::domain::coverage::{Account, accounts_in};

/// A larger document is no list that a person keeps.
const MOST_BYTES: u64 = 4 << 20;

/// Deepest folder that is looked into.
const DEEPEST: usize = 12;

/// What the documents of `commit` say.
pub(super) fn accounts(repository: &gix::Repository, commit: ObjectId) -> Result<Vec<Account>, HistoryError> {
    let unreadable = |error: &dyn std::fmt::Display| HistoryError::Unreadable(error.to_string());
    let root = repository
        .find_commit(commit)
        .map_err(|error| unreadable(&error))?
        .tree_id()
        .map_err(|error| unreadable(&error))?
        .detach();
    let mut found = Vec::new();
    let mut todo = vec![(root, String::new(), 0_usize)];
    let mut bytes = Vec::new();
    while let Some((tree, folder, depth)) = todo.pop() {
        // A partial clone may lack what nobody looked at.
        let Ok(tree) = repository.find_tree(tree) else {
            continue;
        };
        for entry in tree.iter().flatten() {
            let Ok(name) = entry.filename().to_str() else {
                continue;
            };
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            match entry.mode().kind() {
                EntryKind::Tree if depth < DEEPEST => todo.push((entry.object_id(), path, depth + 1)),
                EntryKind::Blob | EntryKind::BlobExecutable if may_list_commits(&path) => {
                    let header = repository.find_header(entry.object_id());
                    if header.is_ok_and(|header| header.size() <= MOST_BYTES) {
                        let Ok(blob) = repository.find_blob(entry.object_id()) else {
                            continue;
                        };
                        bytes.clear();
                        bytes.extend_from_slice(&blob.data);
                        found.extend(read(&path, &bytes));
                    }
                }
                _ => {}
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path).then_with(|| left.title.cmp(&right.title)));
    Ok(found)
}

fn may_list_commits(path: &str) -> bool {
    const ENDS: [&str; 7] = [".txt", ".rst", ".md", ".adoc", ".html", ".markdown", ".org"];
    let file = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let is_text = ENDS.iter().any(|end| file.ends_with(end)) || !file.contains('.');
    let speaks_of_it = ["security", "advisor", "vulnerab", "cve"].iter().any(|word| file.contains(word));
    is_text && (is_documentation(path) || speaks_of_it)
}

fn read(path: &str, bytes: &[u8]) -> Vec<Account> {
    let names_one = bytes.windows(3).any(|word| word.eq_ignore_ascii_case(b"cve") || word.eq_ignore_ascii_case(b"ghs"));
    match std::str::from_utf8(bytes) {
        Ok(text) if names_one => accounts_in(path, text),
        _ => Vec::new(),
    }
}
