//! What runs all the time reads little, however much waits.

use super::*;

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
    for sql in deliveries::HOT.iter().chain(effects::HOT).chain(commit::HOT) {
        let none = vec!["NULL"; parameters(sql)].join(", ");
        let plan = place.0.sql(&format!("{} PREPARE asked AS {sql}; EXPLAIN EXECUTE asked ({none})", as_a_desk()));
        let plan = plan.expect("it can be planned");
        assert!(plan.contains("cost="), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}

/// Blocks of the database that a statement touches.
fn touched(place: &Cluster, sql: &str, values: &str) -> u64 {
    let asked = format!(
        "{} PREPARE asked AS {sql}; BEGIN; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE asked ({values}); ROLLBACK",
        as_a_desk()
    );
    let plan = place.0.sql(&asked).expect("it runs");
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

#[test]
fn a_claim_reads_little_however_many_deliveries_wait() {
    let Some(place) = Cluster::new() else { return };
    let fill = format!(
        "INSERT INTO deliveries (guid, event, lane, received_at, state, turn, lease_token, lease_until)
         SELECT 'busy ' || n, 'issues', 'busy', 0, CASE n WHEN 1 THEN 'running' ELSE 'ready' END,
                CASE n WHEN 1 THEN 1 ELSE 0 END, 'token', 9e15::bigint
         FROM generate_series(1, {MANY}) AS n;
         INSERT INTO deliveries (guid, event, lane, received_at, turn)
         SELECT 'lane ' || n, 'issues', 'lane ' || n, 0, 1 FROM generate_series(1, {MANY}) AS n"
    );
    place.0.sql(&fill).expect("it is written");
    for statistics in ["SELECT", "ANALYZE"] {
        place.0.sql(statistics).expect("it runs");
        let claim = touched(&place, deliveries::CLAIM, "1, 2, 1, 1000");
        assert!((1..FEW).contains(&claim), "a claim touches {claim} blocks");
        let newest = touched(&place, deliveries::CLAIM_NEWEST, "1, 2, 1, 1000");
        assert!((1..FEW).contains(&newest), "a claim of the newest touches {newest} blocks");
        let settle = touched(
            &place,
            deliveries::SETTLE,
            "ARRAY[1], ARRAY['token'], ARRAY[1], ARRAY['done'], ARRAY[NULL::bigint], ARRAY[NULL], ARRAY[0], ARRAY[true], ARRAY[false]",
        );
        assert!((1..FEW).contains(&settle), "a settlement touches {settle} blocks");
        let insert = touched(
            &place,
            deliveries::INSERT,
            r"ARRAY['new'], ARRAY['issues'], ARRAY['busy'], ARRAY[0], ARRAY['\x00'::bytea]",
        );
        assert!((1..FEW).contains(&insert), "an arrival touches {insert} blocks");
    }
}

#[test]
fn a_claim_reads_little_however_many_effects_are_ready() {
    let Some(place) = Cluster::new() else { return };
    let fill = format!(
        "INSERT INTO effects (key, kind, lane, urgency, effect, state, turn, lease_token, lease_until, enqueued_at,
                              caused_at)
         SELECT 'busy ' || n, 'say', 'busy', 0, '{{}}', CASE n WHEN 1 THEN 'running' ELSE 'ready' END,
                CASE n WHEN 2 THEN 1 ELSE 0 END, 'token', 9e15::bigint, 0, 0
         FROM generate_series(1, {MANY}) AS n;
         INSERT INTO effects (key, kind, lane, urgency, effect, state, turn, enqueued_at, caused_at)
         SELECT 'lane ' || n, 'say', 'lane ' || n, 2, '{{}}', 'ready', 1, 0, 0 FROM generate_series(1, {MANY}) AS n"
    );
    place.0.sql(&fill).expect("it is written");
    let first = place.0.sql("SELECT id FROM effects WHERE key = 'lane 1'").expect("it answers");
    for statistics in ["SELECT", "ANALYZE"] {
        place.0.sql(statistics).expect("it runs");
        let look = touched(&place, effects::CANDIDATES, "1, 4, ARRAY[]::text[], 3");
        assert!((1..FEW).contains(&look), "looking touches {look} blocks");
        let claim = touched(&place, effects::CLAIM, &format!("ARRAY[{first}], 1, 2"));
        assert!((1..FEW).contains(&claim), "a claim touches {claim} blocks");
        let pass = touched(&place, effects::PASS_TURN, "ARRAY['busy', 'lane 7']");
        assert!((1..FEW).contains(&pass), "passing the turn touches {pass} blocks");
    }
}
