//! What work costs must not grow with what merely waits: counted in steps of the database's machine, which no load on this
//! computer changes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rusqlite::Connection;

use super::{super::*, Folder};
use crate::{
    domain::effect::{Effect, Urgency},
    store::{
        ClaimOrder, SharedStore,
        conformance::{self, Place, at},
    },
};

const LEASE_MS: i64 = 60_000;

/// A connection that counts its steps.
struct Counted {
    connection: Connection,
    steps: Arc<AtomicU64>,
}

impl Counted {
    fn on(folder: &Folder) -> Self {
        let database = open::Database { path: folder.path(), busy_timeout: open::BUSY_TIMEOUT };
        let connection = database.connect().expect("it opens");
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count)).expect("it counts");
        Self { connection, steps }
    }

    /// Runs `write` as the writer would; returns its answer and how many steps it took.
    fn run<W: writer::Write>(&mut self, mut write: W) -> (W::Answer, u64) {
        let before = self.steps.load(Ordering::Relaxed);
        let answer = match write.run(&self.connection).expect("it is written") {
            writer::Verdict::Keep(answer) | writer::Verdict::Undo(answer) => answer,
        };
        (answer, self.steps.load(Ordering::Relaxed) - before)
    }

    /// Steps of claiming one effect and performing it.
    fn one_effect(&mut self) -> u64 {
        let (mut claimed, claiming) =
            self.run(effects::Claim { now: at(1), lease_ms: LEASE_MS, most: 1, least: Urgency::Upkeep });
        let lease = claimed.pop().expect("one may start").lease;
        let settle = effects::Settle { lease, now: at(2), settlement: conformance::done(), commit: Commit::default() };
        let (settled, settling) = self.run(settle);
        assert_eq!(settled, Settled::Committed);
        claiming + settling
    }

    /// Steps of claiming one delivery and handling it.
    fn one_delivery(&mut self) -> u64 {
        let (mut claimed, claiming) =
            self.run(deliveries::Claim { now: at(1), lease_ms: LEASE_MS, most: 1, order: ClaimOrder::OldestFirst });
        let lease = claimed.pop().expect("one may run").lease;
        let settle = deliveries::Settle {
            lease,
            now: at(2),
            settlement: conformance::done(),
            commit: Commit::default(),
            makes: Work::DELIVERIES,
        };
        let (settled, settling) = self.run(settle);
        assert_eq!(settled, Settled::Committed);
        claiming + settling
    }
}

const FEW: usize = 20;
const MANY: usize = 2_000;

/// Far less than the hundredfold that walking would cost.
fn assert_alike(what: &str, few: u64, many: u64) {
    assert!(many < 2 * few, "{what}: {few} steps with {FEW} in the way, {many} with {MANY}");
}

async fn enqueue(store: &dyn Store, effects: impl IntoIterator<Item = Effect>) {
    conformance::commit(store, 0, conformance::enqueue(effects)).await;
}

fn urgent(key: String, lane: &str) -> Effect {
    Effect { urgency: Urgency::Protecting, ..conformance::effect(&key, lane) }
}

/// `number` effects in a lane where somebody works, and one elsewhere.
async fn busy_lane(folder: &Folder, number: usize) -> SharedStore {
    let store = folder.open().await;
    enqueue(&*store, (0..=number).map(|n| urgent(format!("busy {n}"), "busy"))).await;
    conformance::claim_effect(&*store, 1).await;
    enqueue(&*store, [conformance::effect("elsewhere", "free")]).await;
    store
}

#[tokio::test]
async fn a_crowd_in_a_busy_lane_costs_others_nothing() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let _open = busy_lane(&folder, number).await;
        steps.push(Counted::on(&folder).one_effect());
    }
    assert_alike("a crowd in a busy lane", steps[0], steps[1]);
}

#[tokio::test]
async fn a_crowd_in_its_own_lane_costs_an_effect_nothing() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let store = folder.open().await;
        enqueue(&*store, (0..number).map(|n| urgent(format!("e{n}"), "one"))).await;
        steps.push(Counted::on(&folder).one_effect());
    }
    assert_alike("a crowd in its own lane", steps[0], steps[1]);
}

#[tokio::test]
async fn who_joins_a_crowd_pays_nothing_for_it() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let _open = busy_lane(&folder, number).await;
        let commit = conformance::enqueue([urgent("new".to_owned(), "busy").after(["busy 1".to_owned()])]);
        let (settled, taken) =
            Counted::on(&folder).run(commit::CommitAlone { now: at(1), makes: Work::EFFECTS, commit });
        assert_eq!(settled, Settled::Committed);
        steps.push(taken);
    }
    assert_alike("joining a crowd", steps[0], steps[1]);
}

#[tokio::test]
async fn a_crowd_behind_a_predecessor_costs_others_nothing() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let store = folder.open().await;
        enqueue(&*store, [conformance::effect("first", "first").not_before(at(999))]).await;
        let behind = |n| urgent(format!("behind {n}"), &format!("lane {n}")).after(["first".to_owned()]);
        enqueue(&*store, (0..number).map(behind)).await;
        enqueue(&*store, [conformance::effect("elsewhere", "free")]).await;
        steps.push(Counted::on(&folder).one_effect());
    }
    assert_alike("a crowd behind a predecessor", steps[0], steps[1]);
}

#[tokio::test]
async fn a_crowd_of_timers_costs_others_nothing() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let store = folder.open().await;
        enqueue(&*store, (0..number).map(|n| urgent(format!("t{n}"), &format!("lane {n}")).not_before(at(999)))).await;
        enqueue(&*store, [conformance::effect("elsewhere", "free")]).await;
        steps.push(Counted::on(&folder).one_effect());
    }
    assert_alike("a crowd of timers", steps[0], steps[1]);
}

#[tokio::test]
async fn a_crowd_in_a_lane_costs_a_delivery_nothing() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let store = folder.open().await;
        for n in 0..number {
            conformance::accept(&*store, &format!("d{n}"), "one").await;
        }
        let mut counted = Counted::on(&folder);
        let first = counted.one_delivery();
        steps.push(first + counted.one_delivery());
    }
    assert_alike("a crowd in a lane", steps[0], steps[1]);
}

#[tokio::test]
async fn the_measure_sees_a_walk() {
    let mut steps = Vec::new();
    for number in [FEW, MANY] {
        let folder = Folder::new();
        let _open = busy_lane(&folder, number).await;
        let counted = Counted::on(&folder);
        let walk = "SELECT COUNT(*) FROM effects NOT INDEXED WHERE state = 'dead'";
        let before = counted.steps.load(Ordering::Relaxed);
        counted.connection.query_row(walk, [], |row| row.get::<_, i64>(0)).expect("it answers");
        steps.push(counted.steps.load(Ordering::Relaxed) - before);
    }
    assert!(steps[1] > 10 * steps[0], "{steps:?}");
}
