//! Schema changes must be safe on data that exists, and while older programs still run.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::*;
use crate::store::{
    EffectState, Upkeep,
    conformance::{accept, commit, done, effect, enqueue, migrations::unsafe_on_live_data},
};

/// Rows as each version of the schema holds them, by version. A new migration brings its own.
const SAMPLES: &[(i64, &str)] = &[
    (1, include_str!("../migrations/samples/0001_initial.sql")),
    (2, include_str!("../migrations/samples/0002_one_round_trip.sql")),
    (3, include_str!("../migrations/samples/0003_large_bodies.sql")),
];

const TABLES: &[&str] = &[
    "deliveries",
    "effects",
    "effect_predecessors",
    "records",
    "sealed_blobs",
    "numbers",
    "decisions",
    "audit_links",
    "arriving_parts",
];

async fn connect(place: &Cluster) -> PgConnection {
    let options = address::options(&place.0.url()).expect("an address");
    open::connect(&options).await.expect("it connects")
}

#[tokio::test]
async fn every_migration_keeps_the_rows_of_the_version_before() {
    let Some(place) = Cluster::bare() else { return };
    let mut connection = connect(&place).await;
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
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("the table is there");
        assert!(count > 0, "{table} has rows");
    }
    connection.close().await.expect("it closes");

    // The program of today reads what every version has written.
    let store = place.store().await;
    let lock = store.effect("lock").await.expect("it answers");
    assert_eq!(lock.map(|lock| lock.state), Some(EffectState::Done));
    let decisions = store.decisions(Some("SEC-2026-1"), 9).await;
    assert_eq!(decisions.map(|all| all.len()), Ok(1));
    assert_eq!(store.decisions(None, 9).await.map(|all| all.len()), Ok(2));
    assert_eq!(store.audit_unlinked().await, Ok(1));
    let now = "2026-02-02T00:00:00Z".parse().expect("an instant");
    let mut order = Vec::new();
    while let Some(claimed) = store.claim_delivery(now, 60_000).await.expect("it answers") {
        order.push(claimed.guid.clone());
        let settled = store.settle_delivery(&claimed.lease, now, done(), Commit::default());
        settled.await.expect("it answers");
    }
    assert_eq!(order, ["waiting", "running", "behind", "accepted"]);
    let remind = store.claim_effect(now, 60_000).await.expect("it answers");
    assert_eq!(remind.map(|it| it.effect.key).as_deref(), Some("remind"));
    assert_eq!(store.next_number("case:2026").await, Ok(2));
}

#[test]
fn no_migration_is_unsafe_on_live_data() {
    // The first one meets no data.
    for step in open::migrator().iter().skip(1) {
        assert_eq!(unsafe_on_live_data(step.sql.as_str()), None, "migration {}", step.version);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let Some(place) = Cluster::new() else { return };
    place.0.sql("UPDATE _sqlx_migrations SET version = 900 WHERE version = 1").expect("it is written");
    match PostgresStore::open(&place.0.url(), StoreOptions::default()).await.err() {
        Some(StoreError::Unavailable(why)) => assert!(why.contains("newer embargod"), "{why}"),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn functions_go_on_while_a_newer_program_adds_a_column() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let now = "2026-02-02T00:00:00Z".parse().expect("an instant");
    for n in 0..3 {
        let (guid, lane) = (format!("d{n}"), format!("lane {n}"));
        accept(&store, &guid, &lane).await;
        commit(&store, 0, enqueue([effect(&guid, &lane)])).await;
        let claimed = store.claim_delivery(now, 60_000).await.expect("it answers").expect("one is there");
        assert_eq!(store.settle_delivery(&claimed.lease, now, done(), Commit::default()).await, Ok(Settled::Committed));
        let effect = store.claim_effect(now, 60_000).await.expect("it answers").expect("one is there");
        assert_eq!((claimed.guid, effect.effect.key), (guid.clone(), guid));
        for table in ["deliveries", "effects"] {
            let adds = format!("ALTER TABLE {table} ADD COLUMN later_{n} BIGINT NOT NULL DEFAULT 7");
            place.0.sql(&adds).expect("it is added");
        }
    }
}
