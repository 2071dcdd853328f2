//! What commits change, as digests, and how that is kept.

use std::{collections::HashMap, fmt, sync::OnceLock};

use super::facts::CommitId;

/// Name of a change without its place: equal to what `git patch-id --stable` prints for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatchId(pub [u8; 20]);

impl fmt::Debug for PatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Digest of one changed line with its white space folded.
pub type LineDigest = u32;

/// What a commit changes, as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Over everything; `None` where nothing is changed (merges too).
    pub all: Option<PatchId>,
    /// Over all paths that are no documentation; `None` where there are none.
    pub without_docs: Option<PatchId>,
    /// Whether something else than documentation and tests is changed.
    pub touches_code: bool,
    /// Digests of the lines changed outside of documentation, sorted, each once; at most 4,096 of them.
    pub lines: Vec<LineDigest>,
}

impl Patch {
    /// Which part of its changed lines `others` change too, 0 to 1.
    pub fn contained_in<'a>(&self, others: impl IntoIterator<Item = &'a Self> + Clone) -> f64 {
        if self.lines.is_empty() {
            return 0.0;
        }
        let there =
            |line: &&LineDigest| others.clone().into_iter().any(|other| other.lines.binary_search(line).is_ok());
        self.lines.iter().filter(there).count() as f64 / self.lines.len() as f64
    }

    /// Jaccard similarity of the changed lines, 0 to 1.
    pub fn similarity(&self, other: &Self) -> f64 {
        let (mut left, mut right) = (self.lines.iter().peekable(), other.lines.iter().peekable());
        let (mut common, mut all) = (0_u32, 0_u32);
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(left), Some(right)) => left.cmp(right),
            };
            all += 1;
            if order.is_le() {
                left.next();
            }
            if order.is_ge() {
                right.next();
            }
            common += u32::from(order.is_eq());
        }
        if all == 0 { 0.0 } else { f64::from(common) / f64::from(all) }
    }
}

/// What is known of what commits change: read in this run, or kept from earlier ones and opened when asked for.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    fresh: HashMap<CommitId, Patch>,
    kept: Vec<PackedPatches>,
}

impl Patches {
    /// What a commit changes, where that is known.
    pub fn get(&self, commit: &CommitId) -> Option<&Patch> {
        self.fresh.get(commit).or_else(|| self.kept.iter().rev().find_map(|packed| packed.get(commit)))
    }

    /// Whether it is known what a commit changes.
    pub fn contains_key(&self, commit: &CommitId) -> bool {
        self.fresh.contains_key(commit) || self.kept.iter().any(|packed| packed.find(commit).is_some())
    }

    /// Adds what one commit changes.
    pub fn insert(&mut self, commit: CommitId, patch: Patch) {
        self.fresh.insert(commit, patch);
    }

    /// Adds what was kept.
    pub fn add_kept(&mut self, packed: PackedPatches) {
        self.kept.push(packed);
    }

    /// Those of these commits alone.
    pub fn only(&self, commits: &[CommitId]) -> Self {
        let known = commits.iter().filter_map(|commit| Some((*commit, self.get(commit)?.clone())));
        Self { fresh: known.collect(), kept: Vec::new() }
    }

    /// How many were added in this run.
    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// Those that were added in this run, in a form to be kept.
    pub fn pack_fresh(&self) -> Vec<u8> {
        pack(self.fresh.iter().map(|(commit, patch)| (*commit, patch)).collect())
    }

    /// All, in a form to be kept.
    pub fn pack_all(&self) -> Vec<u8> {
        let kept = self.kept.iter().flat_map(PackedPatches::commits);
        let mut all: Vec<CommitId> = kept.chain(self.fresh.keys().copied()).collect();
        all.sort_unstable();
        all.dedup();
        pack(all.into_iter().filter_map(|commit| Some((commit, self.get(&commit)?))).collect())
    }
}

impl Extend<(CommitId, Patch)> for Patches {
    fn extend<T: IntoIterator<Item = (CommitId, Patch)>>(&mut self, patches: T) {
        self.fresh.extend(patches);
    }
}

/// Bytes of one entry of the index: a commit's name and where its patch begins.
const ENTRY: usize = 24;
const HAS_ALL: u8 = 1;
const HAS_WITHOUT_DOCS: u8 = 2;
const TOUCHES_CODE: u8 = 4;

/// Patches in their kept form: an index sorted by commit, then one record each. Records are opened when asked for.
#[derive(Clone, Debug)]
pub struct PackedPatches {
    bytes: Vec<u8>,
    count: usize,
    opened: Vec<OnceLock<Box<Patch>>>,
}

impl PackedPatches {
    /// Takes what [`Patches::pack_all`] made; `None` where it is something else.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let count = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        bytes.get(4..4 + count.checked_mul(ENTRY)?)?;
        Some(Self { bytes, count, opened: vec![OnceLock::new(); count] })
    }

    fn entry(&self, index: usize) -> &[u8] {
        &self.bytes[4 + index * ENTRY..4 + (index + 1) * ENTRY]
    }

    fn commits(&self) -> impl Iterator<Item = CommitId> + '_ {
        (0..self.count).filter_map(|index| Some(CommitId(self.entry(index)[..20].try_into().ok()?)))
    }

    fn find(&self, commit: &CommitId) -> Option<usize> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            match self.entry(middle)[..20].cmp(&commit.0) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn get(&self, commit: &CommitId) -> Option<&Patch> {
        let index = self.find(commit)?;
        if self.opened[index].get().is_none() {
            let patch = self.open(index)?;
            let _ = self.opened[index].set(Box::new(patch));
        }
        self.opened[index].get().map(Box::as_ref)
    }

    fn open(&self, index: usize) -> Option<Patch> {
        let at = u32::from_le_bytes(self.entry(index)[20..].try_into().ok()?) as usize;
        let (flags, mut rest) = self.bytes.get(at..)?.split_first()?;
        let mut id = |flag: u8| {
            if flags & flag == 0 {
                return Some(None);
            }
            let (id, after) = rest.split_first_chunk::<20>()?;
            rest = after;
            Some(Some(PatchId(*id)))
        };
        let (all, without_docs) = (id(HAS_ALL)?, id(HAS_WITHOUT_DOCS)?);
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let lines = rest.get(..(u32::from_le_bytes(*count) as usize).checked_mul(4)?)?;
        let lines = lines.chunks_exact(4).filter_map(|line| Some(u32::from_le_bytes(line.try_into().ok()?)));
        Some(Patch { all, without_docs, touches_code: flags & TOUCHES_CODE != 0, lines: lines.collect() })
    }
}

fn pack(mut patches: Vec<(CommitId, &Patch)>) -> Vec<u8> {
    patches.sort_unstable_by_key(|(commit, _)| *commit);
    let mut index = Vec::with_capacity(4 + patches.len() * ENTRY);
    index.extend((patches.len() as u32).to_le_bytes());
    let mut records: Vec<u8> = Vec::new();
    let start = 4 + patches.len() * ENTRY;
    for (commit, patch) in patches {
        index.extend(commit.0);
        index.extend(((start + records.len()) as u32).to_le_bytes());
        let flag = |there: bool, flag: u8| if there { flag } else { 0 };
        records.push(
            flag(patch.all.is_some(), HAS_ALL)
                | flag(patch.without_docs.is_some(), HAS_WITHOUT_DOCS)
                | flag(patch.touches_code, TOUCHES_CODE),
        );
        for id in [patch.all, patch.without_docs].into_iter().flatten() {
            records.extend(id.0);
        }
        records.extend((patch.lines.len() as u32).to_le_bytes());
        records.extend(patch.lines.iter().flat_map(|line| line.to_le_bytes()));
    }
    index.extend(records);
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(number: u8) -> Patch {
        Patch {
            all: (!number.is_multiple_of(3)).then_some(PatchId([number; 20])),
            without_docs: number.is_multiple_of(2).then_some(PatchId([number + 1; 20])),
            touches_code: number.is_multiple_of(5),
            lines: (0..u32::from(number)).collect(),
        }
    }

    #[test]
    fn what_was_kept_is_what_was_read() {
        let mut patches = Patches::default();
        patches.extend((0..100_u8).map(|number| (CommitId([number.wrapping_mul(37); 20]), patch(number))));
        let mut again = Patches::default();
        again.add_kept(PackedPatches::new(patches.pack_all()).expect("a whole one"));
        for number in 0..100_u8 {
            assert_eq!(again.get(&CommitId([number.wrapping_mul(37); 20])), Some(&patch(number)));
        }
        assert!(!again.contains_key(&CommitId([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0])));
    }

    #[test]
    fn a_cut_one_is_none_or_lacks_patches() {
        let mut patches = Patches::default();
        patches.extend((0..10).map(|number| (CommitId([number; 20]), patch(number))));
        let whole = patches.pack_all();
        for end in 0..whole.len() {
            if let Some(packed) = PackedPatches::new(whole[..end].to_vec()) {
                for number in 0..10 {
                    let read = packed.get(&CommitId([number; 20]));
                    assert!(read.is_none() || read == Some(&patch(number)));
                }
            }
        }
    }
}
