//! Rates, on a server that is as careful as in production: `cargo test --lib -- --ignored --nocapture rates_on_postgres`.

use std::time::Instant;

use futures_util::future::join_all;
use temporary_postgres::{Durability, Server};

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::store::conformance::{delivery, done, effect, enqueue};

/// Size of a usual delivery.
const BODY_BYTES: usize = 11_600;

/// Processor time used so far, in ticks of 10 ms: by this process, and by the server's.
fn ticks(server: &Server) -> (u64, u64) {
    let main = server.process().expect("it runs");
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: parent, user and system time, those of ended children
    let times = |name: &str| -> Option<(u32, u64, u64)> {
        let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields[index].parse::<u64>().ok();
        Some((fields[1].parse().ok()?, number(11)? + number(12)?, number(13)? + number(14)?))
    };
    let ours = times("self").map_or(0, |(_, own, _)| own);
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let theirs = processes.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let pid: u32 = name.parse().ok()?;
        let (parent, own, ended) = times(&name)?;
        if pid == main { Some(own + ended) } else { (parent == main).then_some(own) }
    });
    (ours, theirs.sum())
}

/// One measurement under way.
struct Lap<'a> {
    server: &'a Server,
    since: Instant,
    ticks: (u64, u64),
}

impl<'a> Lap<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, since: Instant::now(), ticks: ticks(server) }
    }

    fn end(self, what: &str, count: usize) {
        let seconds = self.since.elapsed().as_secs_f64();
        let (ours, theirs) = ticks(self.server);
        let per = |ticks: u64| ticks as f64 * 10_000.0 / count as f64;
        println!(
            "{what}: {count} in {seconds:.2} s = {:.0}/s; processor time each: {:.0} us here, {:.0} us in PostgreSQL",
            count as f64 / seconds,
            per(ours - self.ticks.0),
            per(theirs - self.ticks.1),
        );
    }
}

async fn arrive(stores: &[Arc<PostgresStore>], concurrent: usize, count: usize, lanes: usize, prefix: &'static str) {
    let doors = (0..concurrent).map(|door| {
        let store = Arc::clone(&stores[door % stores.len()]);
        tokio::spawn(async move {
            for n in (door..count).step_by(concurrent) {
                let mut new = delivery(&format!("{prefix} {n}"), &format!("repo:{}", n % lanes), 0);
                new.sealed_body = vec![(n % 251) as u8; BODY_BYTES];
                store.accept(new).await.expect("it is taken");
            }
        })
    });
    join_all(doors).await.into_iter().for_each(|door| door.expect("no panic"));
}

async fn drain(stores: &[Arc<PostgresStore>], workers: usize, most: u32, effects: bool) -> usize {
    let workers = (0..workers).map(|worker| {
        let store = Arc::clone(&stores[worker % stores.len()]);
        tokio::spawn(async move {
            let mut handled = 0;
            loop {
                let now = SystemClock.now();
                let claimed = store.claim_deliveries(now, 60_000, most).await.expect("it answers");
                if claimed.is_empty() {
                    let left = store.backlog(now).await.expect("it answers");
                    if left.deliveries_waiting == 0 {
                        break handled;
                    }
                }
                let settled = claimed.iter().map(|claimed| {
                    let next = effect(&claimed.guid, &claimed.lane);
                    let commit = if effects { enqueue([next]) } else { Commit::default() };
                    store.settle_delivery(&claimed.lease, now, done(), commit)
                });
                for settled in join_all(settled).await {
                    assert_eq!(settled, Ok(Settled::Committed));
                }
                handled += claimed.len();
            }
        })
    });
    join_all(workers).await.into_iter().map(|worker| worker.expect("no panic")).sum()
}

async fn perform(stores: &[Arc<PostgresStore>], workers: usize, count: usize) {
    let left = Arc::new(std::sync::atomic::AtomicUsize::new(count));
    let workers = (0..workers).map(|worker| {
        let (store, left) = (Arc::clone(&stores[worker % stores.len()]), Arc::clone(&left));
        tokio::spawn(async move {
            while left.load(std::sync::atomic::Ordering::SeqCst) > 0 {
                let now = SystemClock.now();
                for claimed in store.claim_effects(now, 60_000, 1).await.expect("it answers") {
                    let settled = store.settle_effect(&claimed.lease, now, done(), Commit::default()).await;
                    assert_eq!(settled, Ok(Settled::Committed));
                    left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                }
            }
        })
    });
    join_all(workers).await.into_iter().for_each(|worker| worker.expect("no panic"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute; for people who ask how fast it is"]
async fn rates_on_postgres() {
    let server = Server::start(Durability::Real).expect("it starts");
    let database = server.database();
    let one = [Arc::new(PostgresStore::open(&database.url(), StoreOptions::default()).await.expect("it opens"))];
    arrive(&one, 16, 500, 100, "warm").await;
    drain(&one, 16, 1, false).await;
    for (prefix, concurrent) in [("a", 1), ("b", 16), ("c", 64)] {
        let count = 300 + 80 * concurrent;
        let lap = Lap::new(&server);
        arrive(&one, concurrent, count, 200, prefix).await;
        lap.end(&format!("accepted, {concurrent} at one time"), count);
    }
    let lap = Lap::new(&server);
    let handled = drain(&one, 16, 1, false).await;
    lap.end("claimed and settled, 16 workers", handled);
    arrive(&one, 64, 8_000, 200, "d").await;
    let lap = Lap::new(&server);
    let handled = drain(&one, 4, 32, true).await;
    lap.end("claimed 32 at a time and settled with an effect, 4 workers", handled);
    let lap = Lap::new(&server);
    perform(&one, 16, handled).await;
    lap.end("effects claimed and settled, 16 workers", handled);

    let second = Arc::new(PostgresStore::open(&database.url(), StoreOptions::default()).await.expect("it opens"));
    let two = [Arc::clone(&one[0]), second];
    let lap = Lap::new(&server);
    arrive(&two, 64, 6_000, 200, "e").await;
    lap.end("accepted by two replicas, 64 at one time", 6_000);
    let lap = Lap::new(&server);
    let handled = drain(&two, 16, 1, false).await;
    lap.end("claimed and settled by two replicas, 16 workers", handled);
}
