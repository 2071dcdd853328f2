//! Commits in their kept form: one column after the other, so that fifty thousand are read in a few milliseconds.

use std::sync::Arc;

use crate::domain::coverage::{Claims, Commit, CommitId, History, Messages, Parents};

/// The commits from place `first` on, in three parts: numbers, subjects, claims.
pub(super) fn pack_commits(history: &History, first: usize) -> [Vec<u8>; 3] {
    let commits = &history.commits[first..];
    let mut bytes = Vec::with_capacity(commits.len() * 110);
    bytes.extend((first as u32).to_le_bytes());
    bytes.extend((commits.len() as u32).to_le_bytes());
    bytes.extend(commits.iter().flat_map(|commit| commit.id.0));
    bytes.extend(commits.iter().flat_map(|commit| commit.committed_s.to_le_bytes()));
    // At most 255 parents: git itself makes merges of a few dozen at most.
    let parents = |commit: &Commit| commit.parents.len().min(usize::from(u8::MAX));
    bytes.extend(commits.iter().map(|commit| parents(commit) as u8));
    bytes
        .extend(commits.iter().flat_map(|commit| &commit.parents[..parents(commit)]).flat_map(|one| one.to_le_bytes()));
    bytes.extend(commits.iter().flat_map(|commit| (commit.subject.len() as u16).to_le_bytes()));
    let by_id = if first == 0 { history.index() } else { &[] };
    bytes.extend((by_id.len() as u32).to_le_bytes());
    bytes.extend(by_id.iter().flat_map(|place| place.to_le_bytes()));
    let subjects = commits.iter().flat_map(|commit| commit.subject.bytes()).collect();
    let mut claims = Vec::new();
    let nothing = Claims::default();
    let (mut places, mut starts) = (Vec::new(), Vec::new());
    for (place, commit) in (0_u32..).zip(commits).filter(|(_, commit)| ***commit != nothing) {
        places.extend(place.to_le_bytes());
        starts.extend((claims.len() as u32).to_le_bytes());
        claims.extend(postcard::to_stdvec::<Claims>(commit).unwrap_or_default());
    }
    bytes.extend((places.len() as u32 / 4).to_le_bytes());
    bytes.extend(places);
    bytes.extend(starts);
    [bytes, subjects, claims]
}

/// Adds what [`pack_commits`] made to `history`; `false`, and nothing is added, where it does not fit or leads outside.
pub(super) fn unpack_commits(parts: Vec<Vec<u8>>, history: &mut History) -> bool {
    let known = history.commits.len();
    let Some((mut commits, by_id)) = read(parts, known) else {
        return false;
    };
    if known == 0 {
        history.commits = commits;
    } else {
        history.commits.append(&mut commits);
    }
    if by_id.is_empty() || known > 0 || !history.take_index(by_id) {
        history.reindex_from(known);
    }
    true
}

fn read(parts: Vec<Vec<u8>>, known: usize) -> Option<(Vec<Commit>, Vec<u32>)> {
    let [numbers, subjects, claims]: [Vec<u8>; 3] = parts.try_into().ok()?;
    let mut rest = Column(&numbers);
    if rest.number()? as usize != known {
        return None;
    }
    let count = rest.number()? as usize;
    let ids = rest.take(count.checked_mul(20)?)?;
    let instants = rest.take(count.checked_mul(8)?)?;
    let parent_counts = rest.take(count)?;
    let all_parents: usize = parent_counts.iter().map(|count| usize::from(*count)).sum();
    let mut parents = rest.take(all_parents * 4)?.chunks_exact(4);
    let lengths = rest.take(count.checked_mul(2)?)?.chunks_exact(2);
    let by_id = rest.number()? as usize;
    let by_id = rest.take(by_id.checked_mul(4)?)?.chunks_exact(4).filter_map(four).collect();
    let claiming = rest.number()? as usize;
    let places = rest.take(claiming.checked_mul(4)?)?.chunks_exact(4).filter_map(four);
    let mut places = places.zip(0_u32..).peekable();
    let starts = rest.take(claiming * 4)?.chunks_exact(4).filter_map(four).collect();
    let messages = Arc::new(Messages::new(String::from_utf8(subjects).ok()?, claims, starts));
    let mut commits = Vec::with_capacity(count);
    let mut start = 0_u32;
    let columns = ids.chunks_exact(20).zip(instants.chunks_exact(8)).zip(parent_counts).zip(lengths);
    for (place, (((id, instant), parent_count), length)) in (known..).zip(columns) {
        let mut own = Parents::new();
        for _ in 0..*parent_count {
            // Parents come first; nothing may lead outside of the history.
            own.push(parents.next().and_then(four).filter(|parent| (*parent as usize) < place)?);
        }
        let length = u32::from(u16::from_le_bytes(length.try_into().ok()?));
        let index = (place - known) as u32;
        let claims = places.next_if(|(claiming, _)| *claiming == index).map(|(_, number)| number);
        let instant = i64::from_le_bytes(instant.try_into().ok()?);
        commits.push(Commit::kept(CommitId(id.try_into().ok()?), own, instant, &messages, (start, length), claims));
        start = start.checked_add(length)?;
    }
    Some((commits, by_id))
}

fn four(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

struct Column<'a>(&'a [u8]);

impl<'a> Column<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4).and_then(four)
    }
}
