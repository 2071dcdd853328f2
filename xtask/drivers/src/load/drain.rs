//! Ordinary posts, decided end to end: how many a second and core, alone and with a second process beside.

use std::{future, time::Instant};

use embargod::{
    clock::{Clock, SystemClock},
    github::webhook::lane_of,
    sealing::{Keyring, Sealer},
    store::NewDelivery,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Arguments, MOST_REQUESTS, Site,
    client::{Burst, send},
    payloads::{Templates, guid},
    process,
};
use crate::{Failure, program::Program, stage::Kind};

/// Connections over which the posts arrive.
const CONNECTIONS: usize = 16;

const HEAD: &str = "| what | posts | s | a second | CPU s | a CPU-second | database's CPU s | MiB at most |\n\
                    |---|---|---|---|---|---|---|---|";

/// Posts arrive and are decided at the same time; then the same number is only decided.
pub async fn measure(arguments: &Arguments, templates: &Templates, kind: Kind) -> Result<bool, Failure> {
    let posts = MOST_REQUESTS.min(arguments.seconds as usize * 2_000);
    println!("Ordinary posts, decided end to end, {}:\n\n{HEAD}", kind.name());
    let site = arguments.site(kind).await?;
    let program = site.start(None).await?;
    let pid = program.pid().ok_or("the server is gone")?;
    let (cpu, database, began) = (process::cpu(pid)?, site.database_cpu()?, Instant::now());
    let sent = send(&[program.listen], &templates.ordinary(posts, arguments.body_bytes), all(posts, 1)).await?;
    let drained = site.drained().await?;
    let time = began.elapsed();
    let row = Row {
        what: "received and decided",
        posts,
        seconds: time.as_secs_f64(),
        cpu: (process::cpu(pid)? - cpu).as_secs_f64(),
        database_cpu: (site.database_cpu()? - database).as_secs_f64(),
        memory_mib: process::memory_mib(pid)?.1,
    };
    println!("{}", row.line());
    program.kill().await?;
    let fine = sent.refused == 0 && all_decided(&site, posts, drained).await?;
    site.close()?;
    let alone = preloaded(arguments, templates, kind, 1, "decided alone").await?;
    println!();
    Ok(fine && alone)
}

/// The same backlog, drained by one process and by two.
pub async fn replicas(arguments: &Arguments, templates: &Templates) -> Result<bool, Failure> {
    println!("A backlog on one PostgreSQL, drained by one process and by two (nothing else runs meanwhile):\n\n{HEAD}");
    let one = preloaded(arguments, templates, Kind::Postgres, 1, "one process").await?;
    let two = preloaded(arguments, templates, Kind::Postgres, 2, "two processes").await?;
    println!();
    Ok(one && two)
}

/// Deliveries lie in the store; then so many processes drain them.
async fn preloaded(
    arguments: &Arguments,
    templates: &Templates,
    kind: Kind,
    processes: usize,
    what: &str,
) -> Result<bool, Failure> {
    let posts = MOST_REQUESTS.min(arguments.seconds as usize * 2_000);
    let site = arguments.site(kind).await?;
    fill(&site, templates, posts, arguments.body_bytes).await?;
    let (began, database) = (Instant::now(), site.database_cpu()?);
    let mut programs: Vec<Program> = Vec::new();
    for _ in 0..processes {
        programs.push(site.start(None).await?);
    }
    let ready = began.elapsed();
    let drained = site.drained().await?;
    let seconds = (began.elapsed() - ready / 2).as_secs_f64();
    let (mut cpu, mut memory_mib) = (0.0, 0.0_f64);
    for program in &programs {
        let pid = program.pid().ok_or("the server is gone")?;
        cpu += process::cpu(pid)?.as_secs_f64();
        memory_mib = memory_mib.max(process::memory_mib(pid)?.1);
    }
    let row =
        Row { what, posts, seconds, cpu, database_cpu: (site.database_cpu()? - database).as_secs_f64(), memory_mib };
    println!("{}", row.line());
    for program in programs {
        program.kill().await?;
    }
    let fine = all_decided(&site, posts, drained).await?;
    site.close()?;
    Ok(fine)
}

/// Whether every post was decided, and once.
async fn all_decided(site: &Site, posts: usize, drained: bool) -> Result<bool, Failure> {
    let store = site.store().await?;
    let decisions = store.decisions(None, u32::MAX).await.map_err(|error| error.to_string())?;
    // Beside them stand entries about the policies of the repositories.
    let decided = decisions.iter().filter(|decision| decision.feature != "policy").count();
    let fine = drained && decided == posts;
    if !fine {
        println!("\nnot as it must be: {posts} posts, {decided} decisions, drained: {drained}");
    }
    Ok(fine)
}

/// Puts deliveries into the store that nobody works on yet, as the receiver does it, but without a server.
pub async fn fill(site: &Site, templates: &Templates, posts: usize, bytes: usize) -> Result<(), Failure> {
    let store = site.store().await?;
    let keys = Keyring::read(&site.operator.path("sealing.key")).map_err(|error| error.to_string())?;
    let sealer = Sealer::new(keys);
    let requests = templates.ordinary(posts.min(MOST_REQUESTS), bytes);
    let deliveries = (0..posts as u64).map(|number| {
        let (guid, body) = (guid(2, number), requests[number as usize % requests.len()].body());
        NewDelivery {
            event: "issues".to_owned(),
            lane: lane_of(body),
            received_at: SystemClock.now(),
            sealed_body: sealer.seal_delivery(&guid, body.to_vec()),
            guid,
        }
    });
    let accepted = stream::iter(deliveries).map(|delivery| store.accept(delivery)).buffer_unordered(256);
    accepted.try_for_each(|_| future::ready(Ok(()))).await.map_err(|error| error.to_string())
}

fn all(posts: usize, series: u32) -> Burst {
    let time = std::time::Duration::from_secs(3_600);
    Burst { concurrency: CONNECTIONS, time, most: posts as u64, series, good: 202 }
}

struct Row<'a> {
    what: &'a str,
    posts: usize,
    seconds: f64,
    cpu: f64,
    database_cpu: f64,
    memory_mib: f64,
}

impl Row<'_> {
    fn line(&self) -> String {
        let posts = self.posts as f64;
        format!(
            "| {} | {} | {:.1} | {:.0} | {:.1} | {:.0} | {:.1} | {:.0} |",
            self.what,
            self.posts,
            self.seconds,
            posts / self.seconds,
            self.cpu,
            posts / self.cpu.max(0.01),
            self.database_cpu,
            self.memory_mib,
        )
    }
}
