//! A repository's past as one value, and how things are found in it.

use std::sync::OnceLock;

use super::{
    accounts::Account,
    facts::{Commit, CommitId, Reference},
    patch::{Patch, Patches},
};

/// A repository's past, as far as the policy's refs reach.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Parents before children.
    pub commits: Vec<Commit>,
    /// Branches and tags, by name.
    pub references: Vec<Reference>,
    /// Whether the history was cut off (a shallow or partial clone).
    pub partial: bool,
    /// What documents on the main branch say about vulnerabilities.
    pub accounts: Vec<Account>,
    /// The commit of the main branch whose documents they are.
    pub accounts_at: Option<CommitId>,
    /// Commits that the repository has, that somebody names, and that no branch or tag reaches; sorted.
    pub unreached: Vec<CommitId>,
    /// Tag objects that were looked into, what each names in the end, and whether it is signed; sorted.
    pub tag_objects: Vec<(CommitId, CommitId, bool)>,
    /// What commits change; only of those that were asked for so far.
    pub patches: Patches,
    /// Places in the order of the commits' names.
    by_id: Vec<u32>,
    /// Instants and places, by instant.
    by_time: OnceLock<Vec<(i64, u32)>>,
}

impl History {
    /// Takes `by_id` from where it was kept: all places in the order of the commits' names. `false`, and nothing is taken,
    /// where it cannot be that. Its order is not looked at: it is the keeper's to see that nothing was changed.
    pub fn take_index(&mut self, by_id: Vec<u32>) -> bool {
        let whole = by_id.len() == self.commits.len() && by_id.iter().all(|place| (*place as usize) < by_id.len());
        if whole {
            self.by_id = by_id;
            self.by_time = OnceLock::new();
        }
        whole
    }

    /// All places in the order of the commits' names.
    pub fn index(&self) -> &[u32] {
        &self.by_id
    }

    /// Makes names resolvable of the commits behind the first `known`, which are already.
    pub fn reindex_from(&mut self, known: usize) {
        if self.by_id.len() != known || self.commits.len() - known > 256 {
            return self.reindex();
        }
        for (place, commit) in (0_u32..).zip(&self.commits).skip(known) {
            let at = self.by_id.partition_point(|other| self.commits[*other as usize].id < commit.id);
            self.by_id.insert(at, place);
        }
        self.by_time = OnceLock::new();
    }

    /// Makes names resolvable again after commits were added or read back.
    pub fn reindex(&mut self) {
        let mut by_id: Vec<u32> = (0_u32..).zip(&self.commits).map(|(place, _)| place).collect();
        by_id.sort_unstable_by_key(|place| self.commits[*place as usize].id);
        self.by_id = by_id;
        self.by_time = OnceLock::new();
    }

    /// Places of the commits made between two instants, both included, in seconds since 1970; oldest first.
    pub fn made_between(&self, from_s: i64, to_s: i64) -> impl Iterator<Item = u32> + '_ {
        let by_time = self.by_time.get_or_init(|| {
            let mut all: Vec<_> = self.commits.iter().map(|commit| commit.committed_s).zip(0..).collect();
            all.sort_unstable();
            all
        });
        let from = by_time.partition_point(|(instant, _)| *instant < from_s);
        by_time[from..].iter().take_while(move |(instant, _)| *instant <= to_s).map(|(_, place)| *place)
    }

    /// The commit at a place.
    pub fn commit(&self, place: u32) -> &Commit {
        &self.commits[place as usize]
    }

    /// Place of a commit.
    pub fn place(&self, id: &CommitId) -> Option<u32> {
        let found = self.by_id.binary_search_by_key(id, |place| self.commit(*place).id);
        found.ok().and_then(|index| self.by_id.get(index).copied())
    }

    /// Place of the one commit that a full or shortened name stands for.
    pub fn resolve(&self, name: &str) -> Option<u32> {
        if let Ok(id) = name.parse() {
            return self.place(&id);
        }
        if name.len() < 7 {
            return None;
        }
        let (low, high) = span_of(name)?;
        let from = self.by_id.partition_point(|place| self.commit(*place).id < low);
        match &self.by_id[from..] {
            [only] if self.commit(*only).id <= high => Some(*only),
            [first, second, ..] if self.commit(*first).id <= high && self.commit(*second).id > high => Some(*first),
            _ => None,
        }
    }

    /// Whether a name stands for a commit that the repository has and no branch or tag reaches.
    pub fn is_unreached(&self, name: &str) -> bool {
        span_of(name).is_some_and(|(low, high)| {
            let from = self.unreached.partition_point(|id| *id < low);
            self.unreached.get(from).is_some_and(|id| *id <= high)
        })
    }

    /// What a commit changes, where that is known.
    pub fn patch(&self, place: u32) -> Option<&Patch> {
        self.patches.get(&self.commit(place).id)
    }
}

/// The least and the greatest name that begin with 7 to 40 hexadecimal digits.
fn span_of(digits: &str) -> Option<(CommitId, CommitId)> {
    let all_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !all_hexadecimal || !(7..=40).contains(&digits.len()) {
        return None;
    }
    Some((format!("{digits:0<40}").parse().ok()?, format!("{digits:f<40}").parse().ok()?))
}
