//! What decisions change: several commits at one time, a statement for each sort of thing in them.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{effects, error::Failed};
use crate::store::kept::{micros, to_json};
use crate::{
    domain::{decision::DecisionRecord, effect::Effect, record::RecordWrite},
    store::Commit,
};

const OVERWRITE_RECORDS: &str = "
    INSERT INTO records (kind, key, version, value, written_at)
    SELECT n.kind, n.key, 1, n.value, n.at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS n (kind, key, value, at)
    ON CONFLICT (kind, key) DO UPDATE
    SET version = records.version + 1, value = excluded.value, written_at = excluded.written_at";

const CREATE_RECORDS: &str = "
    INSERT INTO records (kind, key, version, value, written_at)
    SELECT n.kind, n.key, 1, n.value, n.at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS n (kind, key, value, at)
    ON CONFLICT (kind, key) DO NOTHING";

const UPDATE_RECORDS: &str = "
    UPDATE records r SET version = r.version + 1, value = n.value, written_at = n.at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
        AS n (kind, key, value, at, version)
    WHERE r.kind = n.kind AND r.key = n.key AND r.version = n.version";

const KEEP_SEALED: &str = "
    INSERT INTO sealed_blobs (owner, name, taken_at, bytes)
    SELECT n.owner, n.name, n.at, n.bytes
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[])
        WITH ORDINALITY AS n (owner, name, at, bytes, place)
    ORDER BY n.place
    ON CONFLICT (owner, name) DO NOTHING";

const ENQUEUE: &str = "
    WITH new AS (
        SELECT n.*, CASE WHEN n.runnable_at > n.enqueued_at THEN 'scheduled'
                         WHEN n.must_wait THEN 'blocked' ELSE 'ready' END AS state
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
                    $8::bigint[], $9::bigint[], $10::boolean[])
            WITH ORDINALITY AS n (key, kind, lane, urgency, case_key, effect, runnable_at, enqueued_at, caused_at,
                                  must_wait, place)
        WHERE NOT EXISTS (SELECT 1 FROM effects e WHERE e.key = n.key)
    ), ranked AS (
        SELECT new.*, row_number() OVER (PARTITION BY lane, state ORDER BY urgency, place) AS rank FROM new
    )
    INSERT INTO effects (key, kind, lane, urgency, case_key, effect, state, turn, runnable_at, enqueued_at, caused_at)
    SELECT key, kind, lane, urgency, case_key, effect, state, CASE WHEN state = 'ready' AND rank = 1 AND NOT EXISTS (
        SELECT 1 FROM effects e WHERE e.lane = ranked.lane AND e.state = 'ready' AND e.urgency <= ranked.urgency
    ) THEN 1 ELSE 0 END, runnable_at, enqueued_at, caused_at
    FROM ranked ORDER BY place
    ON CONFLICT (key) DO NOTHING
    RETURNING key, id";

const NAME_THOSE_BEFORE: &str = "
    INSERT INTO effect_predecessors (effect_id, after_key)
    SELECT n.id, n.key FROM unnest($1::bigint[], $2::text[]) AS n (id, key)
    ON CONFLICT (effect_id, after_key) DO NOTHING";

const DROP: &str = "
    UPDATE effects e SET state = 'dropped', turn = 0, finished_at = n.now
    FROM unnest($1::text[], $2::bigint[]) AS n (key, now)
    WHERE e.key = n.key AND e.state IN ('scheduled', 'blocked', 'ready')
    RETURNING e.key, e.lane";

const APPEND_DECISIONS: &str = "
    INSERT INTO decisions (decided_at, case_key, decision)
    SELECT n.at, n.case_key, n.decision
    FROM unnest($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY AS n (at, case_key, decision, place)
    ORDER BY n.place";

/// The locks of the lanes that are touched, in one order for everybody: of the deliveries with the numbers `$1`, of the
/// effects with the keys `$2`, and of the effects' lanes `$3`.
const LOCK_LANES: &str = "
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT hashtextextended(lane, 1) AS key FROM deliveries WHERE id = ANY ($1)
        UNION SELECT hashtextextended(lane, 2) FROM effects WHERE key = ANY ($2)
        UNION SELECT hashtextextended(lane, 2) FROM unnest($3::text[]) AS lane
        ORDER BY key
    ) AS keys";

/// A commit, and the instant at which it is written.
pub(super) type Piece<'a> = (Timestamp, &'a Commit);

/// Takes the locks of all lanes that settling the deliveries `finished` and writing `pieces` touches.
pub(super) async fn lock_lanes(
    connection: &mut PgConnection,
    finished: &[i64],
    pieces: &[Piece<'_>],
) -> Result<(), Failed> {
    let commits = || pieces.iter().map(|(_, commit)| commit);
    let dropped: Vec<&str> = commits().flat_map(|commit| &commit.dropped_effects).map(String::as_str).collect();
    let lanes: HashSet<&str> =
        commits().flat_map(|commit| &commit.effects).map(|effect| effect.lane.as_str()).collect();
    if finished.is_empty() && dropped.is_empty() && lanes.is_empty() {
        return Ok(());
    }
    let lanes: Vec<&str> = lanes.into_iter().collect();
    sqlx::query(LOCK_LANES).bind(finished).bind(dropped).bind(lanes).execute(connection).await?;
    Ok(())
}

/// Whether two of the commits are about one effect in a way that depends on which is first: then they must not be written
/// at one time.
pub(super) fn depend_on_order(pieces: &[Piece<'_>]) -> bool {
    let mut dropped_by: HashMap<&str, usize> = HashMap::new();
    for (number, (_, commit)) in pieces.iter().enumerate() {
        dropped_by.extend(commit.dropped_effects.iter().map(|key| (key.as_str(), number)));
    }
    pieces.iter().enumerate().any(|(number, (_, commit))| {
        commit.effects.iter().any(|effect| dropped_by.get(effect.key.as_str()).is_some_and(|other| *other != number))
    })
}

/// Writes all of `pieces`, under the locks of their lanes; `false` where a record is not at the version that was read.
pub(super) async fn write(connection: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<bool, Failed> {
    if !write_records(connection, pieces).await? {
        return Ok(false);
    }
    keep_sealed(connection, pieces).await?;
    enqueue(connection, pieces).await?;
    // After the new ones: what a commit names as dropped does not start, even where the same commit enqueues it.
    drop_waiting(connection, pieces).await?;
    append_decisions(connection, pieces).await?;
    Ok(true)
}

/// Records that no statement writes twice, by how they are written.
#[derive(Default)]
struct Layer<'a> {
    overwritten: Vec<(i64, &'a RecordWrite)>,
    created: Vec<(i64, &'a RecordWrite)>,
    updated: Vec<(i64, &'a RecordWrite)>,
}

async fn write_records(connection: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<bool, Failed> {
    let mut layers: Vec<Layer<'_>> = Vec::new();
    let mut depth: HashMap<(&str, &str), usize> = HashMap::new();
    for (now, record) in
        pieces.iter().flat_map(|(now, commit)| commit.records.iter().map(|record| (micros(*now), record)))
    {
        let below = depth.entry((&record.kind, &record.key)).or_default();
        if *below == layers.len() {
            layers.push(Layer::default());
        }
        let layer = &mut layers[*below];
        *below += 1;
        match record.expected_version {
            None => &mut layer.overwritten,
            Some(0) => &mut layer.created,
            Some(_) => &mut layer.updated,
        }
        .push((now, record));
    }
    for layer in layers {
        let written = write_all(connection, OVERWRITE_RECORDS, layer.overwritten, false).await?
            && write_all(connection, CREATE_RECORDS, layer.created, false).await?
            && write_all(connection, UPDATE_RECORDS, layer.updated, true).await?;
        if !written {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether each was written.
async fn write_all(
    connection: &mut PgConnection,
    sql: &'static str,
    mut records: Vec<(i64, &RecordWrite)>,
    with_version: bool,
) -> Result<bool, Failed> {
    if records.is_empty() {
        return Ok(true);
    }
    // In one order for everybody, so that two do not wait for each other.
    records.sort_by_key(|(_, record)| (&record.kind, &record.key));
    let values = records.iter().map(|(_, record)| to_json(&record.value)).collect::<Result<Vec<_>, _>>()?;
    let statement = sqlx::query(sql)
        .bind(records.iter().map(|(_, record)| record.kind.as_str()).collect::<Vec<_>>())
        .bind(records.iter().map(|(_, record)| record.key.as_str()).collect::<Vec<_>>())
        .bind(values)
        .bind(records.iter().map(|(now, _)| *now).collect::<Vec<_>>());
    let statement = if with_version {
        statement.bind(records.iter().map(|(_, record)| record.expected_version.unwrap_or(0)).collect::<Vec<_>>())
    } else {
        statement
    };
    Ok(statement.execute(connection).await?.rows_affected() == records.len() as u64)
}

async fn keep_sealed(connection: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<(), Failed> {
    let blobs = || pieces.iter().flat_map(|(_, commit)| &commit.sealed);
    if blobs().next().is_none() {
        return Ok(());
    }
    sqlx::query(KEEP_SEALED)
        .bind(blobs().map(|blob| blob.owner.as_str()).collect::<Vec<_>>())
        .bind(blobs().map(|blob| blob.name.as_str()).collect::<Vec<_>>())
        .bind(blobs().map(|blob| micros(blob.at)).collect::<Vec<_>>())
        .bind(blobs().map(|blob| blob.bytes.as_slice()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn enqueue(connection: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<(), Failed> {
    let mut keys = HashSet::new();
    let mut new: Vec<(i64, i64, &Effect)> = Vec::new();
    for (now, commit) in pieces {
        let caused_at = micros(commit.caused_at.unwrap_or(*now));
        let fresh = commit.effects.iter().filter(|effect| keys.insert(effect.key.as_str()));
        new.extend(fresh.map(|effect| (micros(*now), caused_at, effect)));
    }
    if new.is_empty() {
        return Ok(());
    }
    let must_wait = |effect: &Effect| before(effect).any(|key| keys.contains(key));
    let effects = new.iter().map(|(.., effect)| to_json(effect)).collect::<Result<Vec<_>, _>>()?;
    let lanes: Vec<&str> = new.iter().map(|(.., effect)| effect.lane.as_str()).collect();
    let inserted: Vec<(String, i64)> = sqlx::query_as(ENQUEUE)
        .bind(new.iter().map(|(.., effect)| effect.key.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|(.., effect)| effect.kind.as_str()).collect::<Vec<_>>())
        .bind(&lanes)
        .bind(new.iter().map(|(.., effect)| effect.urgency.rank()).collect::<Vec<_>>())
        .bind(new.iter().map(|(.., effect)| effect.case.as_deref()).collect::<Vec<_>>())
        .bind(effects)
        .bind(new.iter().map(|(.., effect)| effect.not_before.map_or(0, micros)).collect::<Vec<_>>())
        .bind(new.iter().map(|(now, ..)| *now).collect::<Vec<_>>())
        .bind(new.iter().map(|(_, caused_at, _)| *caused_at).collect::<Vec<_>>())
        .bind(new.iter().map(|(.., effect)| must_wait(effect)).collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    let fresh: HashMap<String, i64> = inserted.into_iter().collect();
    let (mut ids, mut after): (Vec<i64>, Vec<&str>) = (Vec::new(), Vec::new());
    for (.., effect) in &new {
        let Some(id) = fresh.get(&effect.key) else { continue };
        ids.extend(before(effect).map(|_| *id));
        after.extend(before(effect));
    }
    if !ids.is_empty() {
        sqlx::query(NAME_THOSE_BEFORE).bind(ids).bind(after).execute(&mut *connection).await?;
    }
    if fresh.len() < new.len() {
        // Those that were known may be over, and may have been counted as the first of their lanes.
        let known: Vec<&str> =
            new.iter().map(|(.., effect)| effect.key.as_str()).filter(|key| !fresh.contains_key(*key)).collect();
        sqlx::query(effects::UNBLOCK).bind(known).execute(&mut *connection).await?;
        sqlx::query(effects::PASS_TURN).bind(lanes).execute(connection).await?;
    }
    Ok(())
}

/// Those that must be over before `effect` starts. One that waited for itself would wait for ever.
fn before(effect: &Effect) -> impl Iterator<Item = &str> {
    effect.after.iter().filter(|key| **key != effect.key).map(String::as_str)
}

async fn drop_waiting(connection: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<(), Failed> {
    let mut dropped: Vec<(&str, i64)> = pieces
        .iter()
        .flat_map(|(now, commit)| commit.dropped_effects.iter().map(|key| (key.as_str(), micros(*now))))
        .collect();
    if dropped.is_empty() {
        return Ok(());
    }
    dropped.sort_unstable();
    dropped.dedup_by_key(|(key, _)| *key);
    let (keys, nows): (Vec<&str>, Vec<i64>) = dropped.into_iter().unzip();
    let rows: Vec<(String, String)> = sqlx::query_as(DROP).bind(keys).bind(nows).fetch_all(&mut *connection).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let (keys, lanes): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
    sqlx::query(effects::UNBLOCK).bind(keys).execute(&mut *connection).await?;
    sqlx::query(effects::PASS_TURN).bind(lanes).execute(connection).await?;
    Ok(())
}

async fn append_decisions(connection: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<(), Failed> {
    let decisions: Vec<_> = pieces.iter().filter_map(|(_, commit)| commit.decision.as_ref()).collect();
    if decisions.is_empty() {
        return Ok(());
    }
    let entries = decisions.iter().copied().map(to_json).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(APPEND_DECISIONS)
        .bind(decisions.iter().map(|decision| micros(decision.at)).collect::<Vec<_>>())
        .bind(decisions.iter().map(|decision| decision.case.as_deref()).collect::<Vec<_>>())
        .bind(entries)
        .execute(connection)
        .await?;
    Ok(())
}

/// Appends one decision.
pub(super) async fn append_decision(connection: &mut PgConnection, decision: &DecisionRecord) -> Result<(), Failed> {
    let alone = Commit { decision: Some(decision.clone()), ..Commit::default() };
    append_decisions(connection, &[(decision.at, &alone)]).await
}

/// What runs for every commit; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[
    LOCK_LANES,
    OVERWRITE_RECORDS,
    CREATE_RECORDS,
    UPDATE_RECORDS,
    KEEP_SEALED,
    ENQUEUE,
    NAME_THOSE_BEFORE,
    DROP,
    APPEND_DECISIONS,
];
