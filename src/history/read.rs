//! Commits and refs, read by gix.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
};

use gix::{ObjectId, bstr::ByteSlice};

use super::{HistoryError, documents, message};
use crate::domain::{
    coverage::{Commit, CommitId, History, Parents, Reference, SeriesName, series_in_branch, tag_name},
    policy::Series,
};

/// A local repository.
pub struct Source {
    path: PathBuf,
    repository: gix::Repository,
}

impl Source {
    /// Opens the repository at `path`, bare or not.
    ///
    /// # Errors
    /// [`HistoryError::NoRepository`] where there is none.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let options = gix::open::Options::isolated();
        let repository = gix::open_opts(path, options).map_err(|_| HistoryError::NoRepository(path.to_owned()))?;
        Ok(Self { path: repository.git_dir().to_owned(), repository })
    }

    /// Where its objects are.
    pub fn git_directory(&self) -> &Path {
        &self.path
    }

    /// Brings `history` up to date with the refs that `policy` names; `progress` hears how many commits were read.
    ///
    /// # Errors
    /// Where the main branch is absent or an object cannot be read.
    pub fn update(
        &self,
        history: &mut History,
        policy: &Series,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), HistoryError> {
        let named = self.references(policy, history)?;
        let main = format!("refs/heads/{}", policy.main);
        if !named.iter().any(|(name, _, _)| *name == main) {
            return Err(HistoryError::NoReference(main));
        }
        history.partial = self.is_partial();
        let tips: Vec<ObjectId> = named.iter().map(|(_, tip, _)| *tip).collect();
        self.append(history, &tips, progress)?;
        let main_tip = named.iter().find(|(name, _, _)| *name == main).map(|(_, tip, _)| *tip);
        if let Some(tip) = main_tip.filter(|tip| history.accounts_at != Some(id(*tip))) {
            history.accounts = documents::accounts(&self.repository, tip)?;
            history.accounts_at = Some(id(tip));
            let listed = history.accounts.iter().flat_map(|account| &account.commits).map(|listed| listed.name.clone());
            self.look_for_unreached(history, listed.collect::<Vec<_>>());
        }
        history.references = named
            .into_iter()
            .filter_map(|(name, tip, signed)| Some(Reference { name, commit: history.place(&id(tip))?, signed }))
            .collect();
        Ok(())
    }

    /// Adds all branches of this repository, and what is new on them, to a `history` that may come from another one.
    ///
    /// # Errors
    /// Where an object cannot be read.
    pub fn add_branches(&self, history: &mut History) -> Result<(), HistoryError> {
        let platform = self.repository.references().map_err(unreadable)?;
        let mut found: Vec<(String, ObjectId)> = Vec::new();
        for reference in platform.prefixed("refs/heads/").map_err(unreadable)? {
            let reference = reference.map_err(unreadable)?;
            if let (Ok(name), Some(tip)) = (reference.name().as_bstr().to_str(), reference.try_id()) {
                found.push((name.to_owned(), tip.detach()));
            }
        }
        let tips: Vec<ObjectId> = found.iter().map(|(_, tip)| *tip).collect();
        self.append(history, &tips, &mut |_| {})?;
        for (name, tip) in found {
            if let Some(commit) = history.place(&id(tip)) {
                history.references.push(Reference { name, commit, signed: false });
            }
        }
        Ok(())
    }

    /// Notes which of the commits of these names are here although no branch or tag reaches them: a backport that was
    /// dropped is told from one that was never fetched.
    pub fn look_for_unreached(&self, history: &mut History, names: impl IntoIterator<Item = String>) {
        for name in names {
            let Ok(object) = ObjectId::from_hex(name.as_bytes()) else {
                continue;
            };
            if history.place(&id(object)).is_none() && self.repository.find_commit(object).is_ok() {
                history.unreached.push(id(object));
            }
        }
        history.unreached.sort_unstable();
        history.unreached.dedup();
    }

    fn is_partial(&self) -> bool {
        self.repository.is_shallow().unwrap_or(true)
            || self.repository.config_snapshot().string("extensions.partialClone").is_some()
            || self.path.join("objects/info/alternates.missing").exists()
    }

    /// Branches and tags that may matter: the main branch, and those of the policy's patterns; peeled to commits. What a
    /// tag object names never changes, so that each is looked into once.
    fn references(
        &self,
        policy: &Series,
        history: &mut History,
    ) -> Result<Vec<(String, ObjectId, bool)>, HistoryError> {
        let platform = self.repository.references().map_err(unreadable)?;
        let mut found: Vec<(String, ObjectId)> = Vec::new();
        for prefix in ["refs/heads/", "refs/tags/"] {
            for reference in platform.prefixed(prefix).map_err(unreadable)? {
                let reference = reference.map_err(unreadable)?;
                let (Ok(name), Some(target)) = (reference.name().as_bstr().to_str(), reference.try_id()) else {
                    continue;
                };
                found.push((name.to_owned(), target.detach()));
            }
        }
        found.retain(|(name, _)| match name.strip_prefix("refs/heads/") {
            Some(branch) => branch == policy.main || series_in_branch(policy, branch).is_some(),
            None => true,
        });
        let known: BTreeSet<SeriesName> =
            found.iter().filter_map(|(name, _)| series_in_branch(policy, name.splitn(3, '/').nth(2)?)).collect();
        let mut named = Vec::with_capacity(found.len());
        for (name, target) in found {
            if let Some(tag) = name.strip_prefix("refs/tags/")
                && series_in_branch(policy, tag).is_none()
                && tag_name(policy, tag, &known).is_none()
            {
                continue;
            }
            // A tag may name a file or a tree.
            if let Some((tip, signed)) = self.peel(target, history) {
                named.push((name, tip, signed));
            }
        }
        named.sort();
        Ok(named)
    }

    /// The commit that a branch or tag names in the end, and whether the tag object is signed.
    fn peel(&self, target: ObjectId, history: &mut History) -> Option<(ObjectId, bool)> {
        let target_id = id(target);
        let at = match history.tag_objects.binary_search_by_key(&target_id, |(tag, ..)| *tag) {
            Ok(at) => {
                let (_, commit, signed) = history.tag_objects[at];
                return Some((ObjectId::from(commit.0), signed));
            }
            Err(at) => at,
        };
        if history.place(&target_id).is_some() {
            return Some((target, false));
        }
        if self.repository.find_commit(target).is_ok() {
            return Some((target, false));
        }
        let tag = self.repository.find_tag(target).ok()?;
        let signed = tag.decode().is_ok_and(|tag| tag.signature.is_some());
        let commit = self.repository.find_object(target).ok()?.peel_to_commit().ok()?.id;
        history.tag_objects.insert(at, (target_id, id(commit), signed));
        Some((commit, signed))
    }

    fn append(
        &self,
        history: &mut History,
        tips: &[ObjectId],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), HistoryError> {
        // Depth first with two visits, so that parents come before children whatever their dates say.
        let mut read: HashMap<ObjectId, (Commit, Vec<ObjectId>)> = HashMap::new();
        let mut entered: HashSet<ObjectId> = HashSet::new();
        let known = history.commits.len();
        let mut added: HashMap<CommitId, u32> = HashMap::new();
        let mut count = 0_usize;
        let shallow: HashSet<ObjectId> = self
            .repository
            .shallow_commits()
            .ok()
            .flatten()
            .map(|commits| commits.iter().copied().collect())
            .unwrap_or_default();
        let mut todo: Vec<(ObjectId, bool)> = tips.iter().map(|tip| (*tip, false)).collect();
        while let Some((commit_id, parents_done)) = todo.pop() {
            if parents_done {
                let Some((mut commit, parents)) = read.remove(&commit_id) else {
                    continue;
                };
                commit.parents = parents
                    .iter()
                    .filter_map(|parent| added.get(&id(*parent)).copied().or_else(|| history.place(&id(*parent))))
                    .collect();
                let place = u32::try_from(history.commits.len())
                    .map_err(|_| HistoryError::Unreadable("more than four thousand million commits".to_owned()))?;
                added.insert(commit.id, place);
                history.commits.push(commit);
                continue;
            }
            if history.place(&id(commit_id)).is_some() || !entered.insert(commit_id) {
                continue;
            }
            let (commit, mut parents) = self.commit(commit_id)?;
            if shallow.contains(&commit_id) {
                parents.clear();
            }
            todo.push((commit_id, true));
            todo.extend(parents.iter().rev().map(|parent| (*parent, false)));
            read.insert(commit_id, (commit, parents));
            count += 1;
            if count.is_multiple_of(512) {
                progress(count);
            }
        }
        progress(count);
        if count > 0 {
            history.reindex_from(known);
        }
        Ok(())
    }

    fn commit(&self, commit_id: ObjectId) -> Result<(Commit, Vec<ObjectId>), HistoryError> {
        let object = self.repository.find_commit(commit_id).map_err(unreadable)?;
        let commit = object.decode().map_err(unreadable)?;
        let committed_s = commit.committer().map_err(unreadable)?.seconds();
        let (subject, claims) = message::read(commit.message);
        let parents = commit.parents().collect();
        let commit = Commit::new(id(commit_id), Parents::new(), committed_s, &subject, claims);
        Ok((commit, parents))
    }
}

fn id(object: ObjectId) -> CommitId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(object.as_bytes());
    CommitId(bytes)
}

fn unreadable(error: impl std::fmt::Display) -> HistoryError {
    HistoryError::Unreadable(error.to_string())
}
