//! What runs all the time reads little, however much waits.

use super::{
    hand_over::{in_hand, long_ago},
    *,
};
use crate::store::conformance::{LEASE_MS, at, commit, effect, enqueue};

/// Settings of a desk's connection.
fn as_a_desk() -> String {
    let by_index: Vec<String> =
        address::BY_INDEX.iter().map(|(name, value)| format!("SET {name} = {value};")).collect();
    format!("SET jit = off; {}", by_index.join(" "))
}

fn parameters(sql: &str) -> usize {
    (1..20).take_while(|n| sql.contains(&format!("${n}"))).count()
}

#[test]
fn what_runs_all_the_time_never_reads_whole_tables() {
    let Some(place) = Cluster::new() else { return };
    for sql in deliveries::HOT.iter().chain(effects::HOT).chain(commit::HOT).chain(&[lookups::RECORDS]) {
        let none = vec!["NULL"; parameters(sql)].join(", ");
        let plan = place.0.sql(&format!("{} PREPARE asked AS {sql}; EXPLAIN EXECUTE asked ({none})", as_a_desk()));
        let plan = plan.expect("it can be planned");
        assert!(plan.contains("cost="), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}

#[test]
fn records_are_looked_up_by_their_names_even_where_there_are_none_yet() {
    let Some(place) = Cluster::new() else { return };
    let plan = place.0.sql(&format!(
        "{} PREPARE asked AS {}; EXPLAIN EXECUTE asked (NULL, NULL)",
        as_a_desk(),
        lookups::RECORDS
    ));
    let plan = plan.expect("it can be planned");
    let by_name = plan.lines().find(|line| line.contains("Index Cond")).expect("an index");
    assert!(by_name.contains("(kind = ") && by_name.contains("(key = "), "{plan}");
}

/// What happened before, in each of the functions' ways: some 5,000 rows that are over, and of each other sort a few.
const HISTORY: &str = "
    INSERT INTO deliveries (guid, event, lane, received_at, state, turn, finished_at)
    SELECT 'over ' || n, 'issues', 'lane ' || n % 9, 0, 'done', 0, 1 FROM generate_series(1, 5000) AS n;
    INSERT INTO deliveries (guid, event, lane, received_at, state, turn, lease_token, lease_until) VALUES
        ('held', 'issues', 'lane 1', 0, 'running', 1, 'token', 100),
        ('behind', 'issues', 'lane 1', 0, 'ready', 0, NULL, NULL),
        ('expired', 'issues', 'lane 2', 0, 'running', 1, 'token', 5);
    INSERT INTO deliveries (guid, event, lane, received_at, state, turn, not_before) VALUES
        ('due', 'issues', 'lane 3', 0, 'scheduled', 1, 5);
    INSERT INTO effects (key, kind, lane, urgency, effect, state, turn, enqueued_at, caused_at, finished_at)
    SELECT 'over ' || n, 'say', 'lane ' || n % 9, 2, '{}', 'done', 0, 0, 0, 1 FROM generate_series(1, 5000) AS n;
    INSERT INTO effects (key, kind, lane, urgency, effect, state, turn, lease_until, runnable_at, enqueued_at, caused_at) VALUES
        ('expired', 'say', 'lane 2', 2, '{}', 'running', 0, 5, 0, 0, 0),
        ('due', 'say', 'lane 3', 2, '{}', 'scheduled', 0, NULL, 5, 0, 0),
        ('held', 'say', 'lane 4', 2, '{}', 'running', 0, 100, 0, 0, 0),
        ('waits', 'say', 'lane 5', 0, '{}', 'ready', 1, NULL, 0, 0, 0),
        ('behind', 'say', 'lane 5', 2, '{}', 'ready', 0, NULL, 0, 0, 0);
    INSERT INTO effect_predecessors (effect_id, after_key) SELECT id, 'held' FROM effects WHERE key = 'waits';
    INSERT INTO decisions (decided_at, decision) SELECT 0, '{}' FROM generate_series(1, 5000)";

/// What is asked of the functions, and what they answer, as one line each.
const CALLS: &[(&str, &str)] = &[
    (
        "SELECT embargod_accept(ARRAY['new', 'over 1'], ARRAY['issues', 'issues'], ARRAY['lane 8', 'lane 8'], ARRAY[9, 9],
                                ARRAY['\\x00', '\\x00']::bytea[])",
        "{new}",
    ),
    ("SELECT guid FROM embargod_claim_deliveries(9, 99, 1, 1000, false)", "expired"),
    ("SELECT guid FROM embargod_claim_deliveries(9, 99, 1, 1000, true)", "new"),
    (
        "SELECT cardinality(embargod_end_deliveries(ARRAY[id], ARRAY['token'], ARRAY[9], ARRAY[id], ARRAY[9], ARRAY['c'],
                                                    ARRAY['{}']))
         FROM deliveries WHERE guid = 'held'",
        "1",
    ),
    ("SELECT string_agg(guid, ' ' ORDER BY guid) FROM embargod_claim_deliveries(9, 99, 9, 1000, false)", "behind due"),
    ("SELECT string_agg(key, ' ' ORDER BY key) FROM embargod_claim_effects(9, 99, 9, 3)", "behind due expired"),
];

#[test]
fn no_function_ever_reads_a_whole_table() {
    let Some(place) = Cluster::new() else { return };
    place.0.sql(HISTORY).expect("it is written");
    let walked = "SELECT COUNT(*), COALESCE(string_agg(relname, ' ') FILTER (WHERE seq_scan > 0), 'none')
                  FROM pg_stat_xact_user_tables WHERE seq_scan + idx_scan > 0";
    for statistics in ["SELECT", "ANALYZE"] {
        place.0.sql(statistics).expect("it runs");
        let calls: Vec<&str> = CALLS.iter().map(|(call, _)| *call).collect();
        let asked = format!("{} BEGIN; {}; {walked}; ROLLBACK", as_a_desk(), calls.join("; "));
        let answers = place.0.sql(&asked).expect("it runs");
        let expected: Vec<&str> = CALLS.iter().map(|(_, answer)| *answer).chain(["3|none"]).collect();
        assert_eq!(answers.lines().collect::<Vec<_>>(), expected);
    }
}

/// Blocks of the database that a statement touches. It has run before in the same session: what is read once, to compile a
/// function, does not count.
fn touched(place: &Cluster, sql: &str, values: &str) -> u64 {
    let asked = format!(
        "{} PREPARE asked AS {sql}; BEGIN; SAVEPOINT first; EXECUTE asked ({values}); ROLLBACK TO first;
         EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE asked ({values}); ROLLBACK",
        as_a_desk()
    );
    blocks(&place.0.sql(&asked).expect("it runs"))
}

/// Blocks that a plan tells of.
fn blocks(plan: &str) -> u64 {
    let buffers = plan.lines().find(|line| line.contains("Buffers:")).unwrap_or_default();
    // `shared hit=12 read=3 dirtied=1`
    let counts = buffers.split([' ', ',']).filter_map(|word| {
        let (kind, count) = word.split_once('=')?;
        matches!(kind, "hit" | "read").then(|| count.parse::<u64>().ok())?
    });
    counts.sum()
}

const MANY: u32 = 100_000;

/// Blocks that a claim of one may touch; there are some thousands.
const FEW: u64 = 150;

const ACCEPT: &str = "SELECT embargod_accept($1, $2, $3, $4, $5)";
const CLAIM_DELIVERIES: &str = "SELECT * FROM embargod_claim_deliveries($1, $2, $3, $4, $5)";
const END: &str = "SELECT embargod_end_deliveries($1, $2, $3, $4, $5, $6, $7)";
const CLAIM_EFFECTS: &str = "SELECT * FROM embargod_claim_effects($1, $2, $3, $4)";

/// Many deliveries behind one that runs, and as many in lanes of their own.
fn waiting_deliveries() -> String {
    format!(
        "INSERT INTO deliveries (guid, event, lane, received_at, state, turn, lease_token, lease_until)
         SELECT 'busy ' || n, 'issues', 'busy', 0, CASE n WHEN 1 THEN 'running' ELSE 'ready' END,
                CASE n WHEN 1 THEN 1 ELSE 0 END, 'token', 9e15::bigint
         FROM generate_series(1, {MANY}) AS n;
         INSERT INTO deliveries (guid, event, lane, received_at, turn)
         SELECT 'lane ' || n, 'issues', 'lane ' || n, 0, 1 FROM generate_series(1, {MANY}) AS n"
    )
}

/// Many effects behind one that runs, and as many in lanes of their own.
fn ready_effects() -> String {
    format!(
        "INSERT INTO effects (key, kind, lane, urgency, effect, state, turn, lease_token, lease_until, enqueued_at,
                              caused_at)
         SELECT 'busy ' || n, 'say', 'busy', 0, '{{}}', CASE n WHEN 1 THEN 'running' ELSE 'ready' END,
                CASE n WHEN 2 THEN 1 ELSE 0 END, 'token', 9e15::bigint, 0, 0
         FROM generate_series(1, {MANY}) AS n;
         INSERT INTO effects (key, kind, lane, urgency, effect, state, turn, enqueued_at, caused_at)
         SELECT 'lane ' || n, 'say', 'lane ' || n, 2, '{{}}', 'ready', 1, 0, 0 FROM generate_series(1, {MANY}) AS n"
    )
}

#[test]
fn a_claim_reads_little_however_many_deliveries_wait() {
    let Some(place) = Cluster::new() else { return };
    place.0.sql(&waiting_deliveries()).expect("it is written");
    for statistics in ["SELECT", "ANALYZE"] {
        place.0.sql(statistics).expect("it runs");
        for (order, newest) in [("oldest", false), ("newest", true)] {
            let claim = touched(&place, CLAIM_DELIVERIES, &format!("1, 2, 1, 1000, {newest}"));
            assert!((1..FEW).contains(&claim), "a claim of the {order} touches {claim} blocks");
        }
        let settle = touched(
            &place,
            deliveries::SETTLE,
            "ARRAY[1], ARRAY['token'], ARRAY[1], ARRAY['done'], ARRAY[NULL::bigint], ARRAY[NULL], ARRAY[0], ARRAY[true], ARRAY[false]",
        );
        assert!((1..FEW).contains(&settle), "a settlement touches {settle} blocks");
        let end =
            touched(&place, END, "ARRAY[1], ARRAY['token'], ARRAY[1], ARRAY[1], ARRAY[1], ARRAY['c'], ARRAY['{}']");
        assert!((1..FEW).contains(&end), "an end touches {end} blocks");
        let insert = touched(
            &place,
            ACCEPT,
            r"ARRAY['new', 'busy 1'], ARRAY['issues', 'issues'], ARRAY['busy', 'busy'], ARRAY[0, 0], ARRAY['\x00', '\x00']::bytea[]",
        );
        assert!((1..FEW).contains(&insert), "an arrival touches {insert} blocks");
    }
}

#[test]
fn a_claim_reads_little_however_many_effects_are_ready() {
    let Some(place) = Cluster::new() else { return };
    place.0.sql(&ready_effects()).expect("it is written");
    for statistics in ["SELECT", "ANALYZE"] {
        place.0.sql(statistics).expect("it runs");
        let claim = touched(&place, CLAIM_EFFECTS, "1, 2, 1, 3");
        assert!((1..FEW).contains(&claim), "a claim touches {claim} blocks");
        let pass = touched(&place, effects::PASS_TURN, "ARRAY['busy', 'lane 7']");
        assert!((1..FEW).contains(&pass), "passing the turn touches {pass} blocks");
    }
}

/// A desk lives long: what it has planned while there was next to nothing would be no good when there is much.
#[tokio::test]
async fn a_desk_plans_anew_for_what_has_grown() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let mut claiming = in_hand(&place, &store, Claiming);
    let ask = || claims::Job { what: What::Effects { least: 3 }, now: at(1), lease_ms: LEASE_MS, most: 1 };
    commit(&store, 0, enqueue([effect("a", "l"), effect("b", "m")])).await;
    claiming.done(&[ask()]).await.map(|_| ()).expect("it answers");
    place.0.sql(&ready_effects()).expect("it is written");
    claiming.connection.as_mut().expect("it is kept").planned = long_ago();
    claiming.done(&[ask()]).await.map(|_| ()).expect("it answers");

    let line = claiming.connection.as_mut().expect("it is kept");
    let again = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) SELECT * FROM embargod_claim_effects(1, 2, 1, 3)";
    let plan: Vec<String> = sqlx::query_scalar(again).fetch_all(&mut line.connection).await.expect("it runs");
    let claim = blocks(&plan.join("\n"));
    assert!((1..FEW).contains(&claim), "a claim touches {claim} blocks");
}
