//! How fast it is. Not part of the suite: run one with
//! `cargo test --release --lib store::sqlite::tests::load -- --ignored --nocapture --test-threads 1`.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{super::*, Folder};
use crate::{
    domain::effect::{Effect, Urgency},
    store::{
        SharedStore,
        conformance::{self, Place, at},
    },
};

const BODY_BYTES: usize = 11_600;

const LEASE_MS: i64 = 600_000;

fn new_delivery(n: u64, lanes: u64, bytes: usize) -> NewDelivery {
    let mut new = conformance::delivery(&format!("{n:08x}-0000-4000-8000-{n:012x}"), &format!("repo:{}", n % lanes), 0);
    new.sealed_body = vec![(n % 251) as u8; bytes];
    new
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// How often this disk makes so much durable; 800 kB is what 64 deliveries come to.
fn syncs_per_second(folder: &Folder, bytes: usize) -> f64 {
    let path = folder.path().with_extension("sync");
    let mut file = std::fs::File::create(&path).expect("a file");
    let began = Instant::now();
    let mut syncs = 0;
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&vec![7; bytes]).expect("it is written");
        file.sync_data().expect("it is durable");
        syncs += 1;
    }
    std::fs::remove_file(path).expect("it goes");
    per_second(syncs, began.elapsed())
}

/// Resident memory, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: 0 kB");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Bytes that this process had written to the disk so far.
fn bytes_written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap_or("0");
    line.trim().parse().unwrap_or(0)
}

/// Processor time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn accepts() {
    let probe = Folder::new();
    for bytes in [4_096, 800_000] {
        println!("{bytes} bytes made durable: {:.0}/s", syncs_per_second(&probe, bytes));
    }
    for (together, seconds) in [(1_u64, 3), (16, 4), (64, 8)] {
        let folder = Folder::new();
        let store = folder.open().await;
        let next = Arc::new(AtomicU64::new(0));
        let until = Instant::now() + Duration::from_secs(seconds);
        let (began, cpu, written) = (Instant::now(), cpu_seconds(), bytes_written());
        let senders: Vec<_> = (0..together)
            .map(|_| {
                let (store, next) = (Arc::clone(&store), Arc::clone(&next));
                tokio::spawn(async move {
                    let mut waits = Vec::new();
                    while Instant::now() < until {
                        let new = new_delivery(next.fetch_add(1, Ordering::Relaxed), 500, BODY_BYTES);
                        let began = Instant::now();
                        assert_eq!(store.accept(new).await, Ok(Acceptance::Fresh));
                        waits.push(began.elapsed());
                    }
                    waits
                })
            })
            .collect();
        let mut waits = Vec::new();
        for sender in senders {
            waits.extend(sender.await.expect("no panic"));
        }
        waits.sort();
        let (took, cpu) = (began.elapsed(), cpu_seconds() - cpu);
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "accept c={together}: {:.0}/s, {:.0} per CPU-second, p50 {:.2} ms, p99 {:.2} ms, max {:.1} ms, RSS {} KiB, {} bytes to disk each",
            per_second(waits.len() as u64, took),
            waits.len() as f64 / cpu,
            at(0.5),
            at(0.99),
            at(1.0),
            resident_kib(),
            (bytes_written() - written) / waits.len() as u64,
        );
    }
}

async fn fill(store: &SharedStore, deliveries: u64, lanes: u64, bytes: usize) {
    for start in (0..deliveries).step_by(512) {
        let batch = (start..deliveries.min(start + 512)).map(|n| store.accept(new_delivery(n, lanes, bytes)));
        for accepted in futures_util::future::join_all(batch).await {
            assert_eq!(accepted, Ok(Acceptance::Fresh));
        }
    }
}

async fn drain(store: &SharedStore, most: u32, report_every: u64) -> u64 {
    let (mut drained, mut began, mut since) = (0, Instant::now(), 0);
    loop {
        let claimed = store.claim_deliveries(at(1), LEASE_MS, most, ClaimOrder::OldestFirst).await.expect("it answers");
        if claimed.is_empty() {
            return drained;
        }
        let settled = claimed.iter().map(|claimed| {
            let commit = Commit { decision: Some(conformance::decision("post", None)), ..Commit::default() };
            store.settle_delivery(&claimed.lease, at(2), conformance::done(), commit)
        });
        for settled in futures_util::future::join_all(settled).await {
            assert_eq!(settled, Ok(Settled::Committed));
        }
        drained += claimed.len() as u64;
        since += claimed.len() as u64;
        if since >= report_every {
            println!("  {drained}: {:.0}/s, RSS {} KiB", per_second(since, began.elapsed()), resident_kib());
            (began, since) = (Instant::now(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn claims_and_settlements() {
    for (most, deliveries) in [(1, 1_000), (8, 4_000), (64, 12_000)] {
        let folder = Folder::new();
        let store = folder.open().await;
        fill(&store, deliveries, 1_000, BODY_BYTES).await;
        let began = Instant::now();
        assert_eq!(drain(&store, most, u64::MAX).await, deliveries);
        println!("claims of {most}, with a decision each: {:.0}/s", per_second(deliveries, began.elapsed()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn a_long_backlog() {
    for lanes in [1_000, 1] {
        let folder = Folder::new();
        let store = folder.open().await;
        let deliveries = if lanes == 1 { 20_000 } else { 100_000 };
        fill(&store, deliveries, lanes, 2_000).await;
        let began = Instant::now();
        store.backlog(at(1)).await.expect("it answers");
        println!("{deliveries} deliveries in {lanes} lanes; backlog() {:?}", began.elapsed());
        let began = Instant::now();
        assert_eq!(drain(&store, 64, deliveries / 5).await, deliveries);
        println!("drained: {:.0}/s", per_second(deliveries, began.elapsed()));
    }
}

async fn enqueue(store: &SharedStore, effects: Vec<Effect>) {
    for part in effects.chunks(1_000) {
        store.commit(at(0), conformance::enqueue(part.to_vec())).await.expect("it answers");
    }
}

/// Claims and performs effects in lanes of their own, while `in_the_way` more wait before them.
async fn work_past(name: &str, store: &SharedStore) {
    let urgent =
        |n: u64| Effect { urgency: Urgency::Courtesy, ..conformance::effect(&format!("w{n}"), &format!("w{n}")) };
    enqueue(store, (0..500).map(urgent).collect()).await;
    let began = Instant::now();
    store.backlog(at(1)).await.expect("it answers");
    let backlog = began.elapsed();
    let began = Instant::now();
    let mut performed = 0;
    while performed < 500 {
        let claimed = store.claim_effects(at(1), LEASE_MS, 16, Urgency::Upkeep).await.expect("it answers");
        assert!(!claimed.is_empty());
        let settled = claimed
            .iter()
            .map(|claimed| store.settle_effect(&claimed.lease, at(2), conformance::done(), Commit::default()));
        for settled in futures_util::future::join_all(settled).await {
            assert_eq!(settled, Ok(Settled::Committed));
        }
        performed += claimed.len() as u64;
    }
    println!("{name}: {:.0} effects/s past them, backlog() {backlog:?}", per_second(performed, began.elapsed()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn effects_in_the_way() {
    const IN_THE_WAY: u64 = 100_000;
    let folder = Folder::new();
    let store = folder.open().await;
    work_past("nothing in the way", &store).await;

    let folder = Folder::new();
    let store = folder.open().await;
    let busy = |n: u64| Effect { urgency: Urgency::Protecting, ..conformance::effect(&format!("b{n}"), "busy") };
    let began = Instant::now();
    enqueue(&store, (0..IN_THE_WAY).map(busy).collect()).await;
    println!("enqueued: {:.0}/s", per_second(IN_THE_WAY, began.elapsed()));
    assert_eq!(store.claim_effects(at(1), LEASE_MS, 1, Urgency::Upkeep).await.map(|one| one.len()), Ok(1));
    work_past("100,000 in one busy lane", &store).await;

    let folder = Folder::new();
    let store = folder.open().await;
    let first = conformance::effect("first", "first").not_before(at(999));
    enqueue(&store, vec![first]).await;
    let blocked = |n: u64| Effect {
        urgency: Urgency::Protecting,
        ..conformance::effect(&format!("b{n}"), &format!("lane {n}")).after(["first".to_owned()])
    };
    let began = Instant::now();
    enqueue(&store, (0..IN_THE_WAY).map(blocked).collect()).await;
    println!("enqueued: {:.0}/s", per_second(IN_THE_WAY, began.elapsed()));
    work_past("100,000 behind a predecessor", &store).await;
    let began = Instant::now();
    let first = store.claim_effects(at(999), LEASE_MS, 1, Urgency::Upkeep).await.expect("it answers");
    store.settle_effect(&first[0].lease, at(999), conformance::done(), Commit::default()).await.expect("it answers");
    println!("the predecessor over: {:?}", began.elapsed());
}
