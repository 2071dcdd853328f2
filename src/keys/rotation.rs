//! The three steps of a rotation; see the room's description.

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    Count, KeysError, check, decision,
    ledger::{self, Ledger},
    list, same,
    survey::{PAGE, bodies, case_keys},
};
use crate::{
    sealing::{INBOX, KeyFile, KeyId, Keyring, Sealer, SealingError},
    store::{Store, StoreError},
};

/// So long a server must have sealed with the successor before the old key goes: what it had wrapped under the old key is
/// committed by then. Commands by hand end sooner.
pub const SETTLING: SignedDuration = SignedDuration::from_mins(2);

/// Replacements under way at a time; they share durable commits.
const AT_ONCE: usize = 16;

/// Rounds over everything at most. A second round finds what came while the first was under way.
const ROUNDS: usize = 8;

/// What a re-wrapping did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Wrapped anew.
    pub done: Count,
    /// Cases and deliveries whose wrapped key was altered: no key opens it any more.
    pub damaged: Vec<String>,
    /// Whether the last round found nothing left to do.
    pub settled: bool,
}

/// Why the old key cannot go yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Servers seal with another key.
    Servers(Vec<String>),
    /// Everybody has the successor, for some seconds more.
    Until(Timestamp),
    /// New data keys keep turning up under old keys, or cannot be opened with the keys that are there.
    StillSealing,
}

/// How a finish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// Nothing needs any key but the one that seals.
    Done {
        /// Names of keys that are not needed any more.
        unneeded: Vec<KeyId>,
        /// What was wrapped anew on the way.
        rewrapped: Rewrapped,
    },
    /// Not yet; nothing was removed.
    NotYet(Waiting),
}

/// Makes a successor, puts it first into the key file, and says so in the ledger. Returns the new ring.
///
/// # Errors
/// When the file cannot be replaced, in which case nothing has changed, or when the store fails: then servers take the
/// successor up nevertheless.
pub async fn begin(store: &dyn Store, file: KeyFile, now: Timestamp) -> Result<Keyring, KeysError> {
    check::admit(store, file.ring(), now).await?;
    let ring = file.ring().with_successor();
    let (old, new) = (file.ring().current().id(), ring.current().id());
    // The file first: a key that the ledger names and that nobody has would stop every start.
    file.replace(&ring)?;
    let entry = decision(
        now,
        "rotation_begun",
        "embargod seal rotate",
        format!("sealing key {new} takes over from {old}, which is kept to open what is sealed under it"),
    );
    ledger::change(store, now, Some(entry), |ledger| ledger.note(new, now)).await?;
    Ok(ring)
}

/// Wraps every data key under the key that `sealer` seals with. May be interrupted, repeated, and done twice at once.
///
/// # Errors
/// [`SealingError::OtherKey`] where something is under a key that is not there; [`KeysError::Store`].
pub async fn rewrap(store: &dyn Store, sealer: &Sealer) -> Result<Rewrapped, KeysError> {
    let mut all = Rewrapped::default();
    for _ in 0..ROUNDS {
        let round = one_round(store, sealer).await?;
        all.done.cases += round.done.cases;
        all.done.deliveries += round.done.deliveries;
        all.damaged = round.damaged;
        all.settled = round.settled;
        if all.settled {
            break;
        }
    }
    Ok(all)
}

async fn one_round(store: &dyn Store, sealer: &Sealer) -> Result<Rewrapped, KeysError> {
    let mut round = Rewrapped { settled: true, ..Rewrapped::default() };
    let mut after = i64::MIN;
    loop {
        let page = case_keys(store, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let replaced =
            stream::iter(page)
                .map(|row| async move {
                    let new = sealer.rewrap(&row.owner, &row.bytes);
                    replaced(new, row.owner.clone(), |new| async move {
                        store.replace_sealed(row.id, &row.bytes, &new).await
                    })
                    .await
                })
                .buffer_unordered(AT_ONCE)
                .collect::<Vec<_>>()
                .await;
        tally(replaced, &mut round, |done| &mut done.cases)?;
    }
    after = i64::MIN;
    loop {
        let page = bodies(store, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.delivery_id;
        let replaced = stream::iter(page)
            .map(|row| async move {
                let new = sealer.rewrap(INBOX, &row.head);
                replaced(new, format!("delivery {}", row.guid), |new| async move {
                    store.replace_body_head(row.delivery_id, &row.head, &new).await
                })
                .await
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        tally(replaced, &mut round, |done| &mut done.deliveries)?;
    }
    Ok(round)
}

enum Replaced {
    NotNeeded,
    Done,
    /// Somebody changed or removed it meanwhile: the next round looks again.
    Overtaken,
    Damaged(String),
}

async fn replaced<F: Future<Output = Result<bool, StoreError>>>(
    new: Result<Option<Vec<u8>>, SealingError>,
    name: String,
    replace: impl FnOnce(Vec<u8>) -> F,
) -> Result<Replaced, KeysError> {
    match new {
        Ok(None) => Ok(Replaced::NotNeeded),
        Ok(Some(new)) => Ok(if replace(new).await? { Replaced::Done } else { Replaced::Overtaken }),
        Err(SealingError::Refused | SealingError::Malformed) => Ok(Replaced::Damaged(name)),
        Err(error) => Err(error.into()),
    }
}

fn tally(
    page: Vec<Result<Replaced, KeysError>>,
    round: &mut Rewrapped,
    count: impl Fn(&mut Count) -> &mut u64,
) -> Result<(), KeysError> {
    for replaced in page {
        match replaced? {
            Replaced::NotNeeded => {}
            Replaced::Done => {
                *count(&mut round.done) += 1;
                round.settled = false;
            }
            Replaced::Overtaken => round.settled = false,
            Replaced::Damaged(name) => round.damaged.push(name),
        }
    }
    Ok(())
}

/// Finds out whether anything but the key that seals is still needed, wrapping anew what is left. Removes nothing: see
/// [`conclude`].
///
/// # Errors
/// As [`rewrap`].
pub async fn finish(store: &dyn Store, sealer: &Sealer, now: Timestamp) -> Result<Finish, KeysError> {
    let current = sealer.sealing_id();
    let ledger = Ledger::read(store).await?.unwrap_or_default();
    if let Some(waiting) = waits_for(&ledger, current, now) {
        return Ok(Finish::NotYet(waiting));
    }
    let rewrapped = rewrap(store, sealer).await?;
    // A server may have started meanwhile, with keys from before.
    let ledger = Ledger::read(store).await?.unwrap_or_default();
    if let Some(waiting) = waits_for(&ledger, current, now) {
        return Ok(Finish::NotYet(waiting));
    }
    if !rewrapped.settled {
        return Ok(Finish::NotYet(Waiting::StillSealing));
    }
    let unneeded = sealer.opening_ids().into_iter().filter(|id| *id != current).collect();
    Ok(Finish::Done { unneeded, rewrapped })
}

/// After the old keys were taken out of the file: looks once more, with `sealer`, which still has them, and has the ledger
/// forget them.
///
/// # Errors
/// As [`rewrap`].
pub async fn conclude(store: &dyn Store, sealer: &Sealer, now: Timestamp) -> Result<Rewrapped, KeysError> {
    let late = rewrap(store, sealer).await?;
    let current = sealer.sealing_id();
    let gone: Vec<KeyId> = sealer.opening_ids().into_iter().filter(|id| *id != current).collect();
    let text = format!("nothing is sealed under {} any more; everything is under {current}", list(gone));
    let entry = decision(now, "rotation_finished", "embargod seal rotate --finish", text);
    ledger::change(store, now, Some(entry), |ledger| {
        ledger.note(current, now);
        ledger.keep_only(current);
    })
    .await?;
    Ok(late)
}

fn waits_for(ledger: &Ledger, current: KeyId, now: Timestamp) -> Option<Waiting> {
    let others: Vec<String> = { ledger.living(now) }
        .filter(|(_, server)| !same(current, &server.seals_with))
        .map(|(name, _)| name.clone())
        .collect();
    if !others.is_empty() {
        return Some(Waiting::Servers(others));
    }
    let known = ledger.keys.iter().filter(|(name, _)| same(current, name)).map(|(_, since)| *since);
    let newest = ledger.living(now).map(|(_, server)| server.since).chain(known).max()?;
    let settled = newest.checked_add(SETTLING).unwrap_or(Timestamp::MAX);
    // Where there never was another key, nobody can hold one.
    (settled > now && ledger.keys.len() > 1).then_some(Waiting::Until(settled))
}
