//! Schema changes must be safe on data that exists.

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::Folder;
use crate::store::{EffectState, Store, StoreError, Upkeep, conformance::migrations::unsafe_on_live_data, sqlite::*};

/// Rows as each version of the schema holds them, by version. A new migration brings its own.
const SAMPLES: &[(i64, &str)] = &[
    (1, include_str!("../migrations/samples/0001_initial.sql")),
    (2, include_str!("../migrations/samples/0002_upkeep.sql")),
    (3, include_str!("../migrations/samples/0003_heads_of_lanes.sql")),
];

const TABLES: &[&str] = &[
    "deliveries",
    "delivery_bodies",
    "effects",
    "effect_predecessors",
    "effect_heads",
    "records",
    "sealed_blobs",
    "numbers",
    "decisions",
    "audit_links",
];

async fn connect(folder: &Folder) -> SqliteConnection {
    let path = folder.path();
    open::create_private(&path).expect("it is created");
    let options = open::options(&path, open::BUSY_TIMEOUT);
    SqliteConnection::connect_with(&options).await.expect("it opens")
}

async fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let counted = sqlx::query_scalar(sql).fetch_one(connection).await;
    counted.expect("the table is there")
}

#[tokio::test]
async fn every_migration_keeps_the_rows_of_the_version_before() {
    let folder = Folder::new();
    let mut connection = connect(&folder).await;
    let versions: Vec<i64> = open::migrator().iter().map(|step| step.version).collect();
    let sampled: Vec<i64> = SAMPLES.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, sampled, "each migration has sample rows");

    for (version, sample) in SAMPLES {
        open::migrator()
            .run_direct(Some(*version), &mut connection, false)
            .await
            .expect("it applies on the version before, with its rows");
        sqlx::raw_sql(*sample).execute(&mut connection).await.expect("the sample is of this version");
    }
    for table in TABLES {
        assert!(count(&mut connection, table).await > 0, "{table} has rows");
    }
    connection.close().await.expect("it closes");

    // The program of today reads what every version has written.
    let store = SqliteStore::open(&folder.database()).await.expect("it opens");
    let lock = store.effect("lock").await.expect("it answers");
    assert_eq!(lock.map(|lock| lock.state), Some(EffectState::Done));
    let decisions = store.decisions(Some("SEC-2026-1"), 9).await;
    assert_eq!(decisions.map(|all| all.len()), Ok(1));
    let now = "2026-02-02T00:00:00Z".parse().expect("an instant");
    let mut order = Vec::new();
    while let Some(claimed) = store.claim_delivery(now, 60_000).await.expect("it answers") {
        order.push(claimed.guid.clone());
        let done = Settlement::Done(serde_json::Value::Null);
        let settled = store.settle_delivery(&claimed.lease, now, done, Commit::default());
        settled.await.expect("it answers");
    }
    assert_eq!(order, ["waiting", "running", "behind"]);
    assert_eq!(store.delivery_state("done").await.as_ref().map(Option::as_deref), Ok(Some("done")));
    assert_eq!(store.delivery_state("discarded").await.as_ref().map(Option::as_deref), Ok(Some("dropped")));
    let parked = store.parked_deliveries(9).await.expect("it answers");
    assert_eq!(parked.iter().map(|it| (it.guid.as_str(), it.has_body)).collect::<Vec<_>>(), [("parked", true)]);
    let mut order = Vec::new();
    while let Some(claimed) = store.claim_effect(now, 60_000).await.expect("it answers") {
        order.push(claimed.effect.key.clone());
        let done = Settlement::Done(serde_json::Value::Null);
        store.settle_effect(&claimed.lease, now, done, Commit::default()).await.expect("it answers");
    }
    assert_eq!(order, ["beside", "first", "second", "held", "died", "say", "remind"]);
}

#[test]
fn no_migration_is_unsafe_on_live_data() {
    for step in open::migrator().iter() {
        let found = unsafe_on_live_data(step.sql.as_str());
        assert_eq!(found, None, "migration {}", step.version);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let folder = Folder::new();
    let mut connection = connect(&folder).await;
    open::migrate(&mut connection).await.expect("it applies");
    sqlx::query("UPDATE _sqlx_migrations SET version = 900 WHERE version = 1")
        .execute(&mut connection)
        .await
        .expect("it is written");
    match SqliteStore::open(&folder.database()).await.err() {
        Some(StoreError::Unavailable(why)) => assert!(why.contains("newer embargod"), "{why}"),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn what_claims_ask_never_walks_over_finished_rows() {
    let folder = Folder::new();
    let mut connection = connect(&folder).await;
    open::migrate(&mut connection).await.expect("it applies");
    let asked =
        deliveries::HOT.iter().chain(arrivals::HOT).chain(body::HOT).chain(effects::HOT).chain(upkeep::RETENTION);
    let asked = asked.chain(serving::ONCE).chain(lookups::HOT);
    for sql in asked {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(&mut connection)
            .await
            .expect("it can be planned");
        for row in plan {
            let step: String = row.get("detail");
            let walks = step.starts_with("SCAN ")
                && !step.contains("INDEX deliveries_turn")
                && !step.contains("INDEX deliveries_running")
                && !step.contains("INDEX effects_running")
                && !step.contains("INDEX effect_heads_order")
                && !step.contains("VIRTUAL TABLE")
                && !step.starts_with("SCAN (subquery")
                && step != "SCAN CONSTANT ROW";
            assert!(!walks, "{step} in {sql}");
            assert!(!step.contains("TEMP B-TREE"), "{step} in {sql}");
        }
    }
}

#[tokio::test]
async fn what_waits_is_counted_in_indexes_alone() {
    let folder = Folder::new();
    let mut connection = connect(&folder).await;
    open::migrate(&mut connection).await.expect("it applies");
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", read::BACKLOG)))
        .fetch_all(&mut connection)
        .await
        .expect("it can be planned");
    let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
    let reads_rows = steps.iter().filter(|step| {
        let reads = step.starts_with("SCAN ") || step.starts_with("SEARCH ");
        // One row, and the parked and dead ones, which are few.
        let few = ["deliveries_turn", "deliveries_parked", "effects_dead"].iter().any(|index| step.contains(index));
        reads && !few && !step.contains("COVERING INDEX") && *step != "SCAN CONSTANT ROW"
    });
    assert_eq!(reads_rows.collect::<Vec<_>>(), [""; 0], "{steps:?}");
}
