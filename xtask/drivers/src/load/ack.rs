//! Accepted and durable deliveries: how many a second, at which cost, and whether they are really there.

use std::time::{Duration, Instant};

use embargod::standin::{Fault, Match};

use super::{
    Arguments, MOST_REQUESTS,
    client::{Burst, send},
    payloads::Templates,
    process,
};
use crate::{Failure, stage::Kind};

/// Starts of which the median is reported.
const STARTS: usize = 5;

/// What the server does besides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Besides {
    /// Nothing: on PostgreSQL it has the role `receiver`; on SQLite, where one process does everything, GitHub's API is
    /// silent, so that there is nothing to decide.
    Nothing,
    /// It decides what it accepts.
    Deciding,
}

/// Measures one store; whether everything that was acknowledged is kept.
pub async fn measure(arguments: &Arguments, templates: &Templates, kind: Kind) -> Result<bool, Failure> {
    let alone = accept(arguments, templates, kind, Besides::Nothing).await?;
    let busy = accept(arguments, templates, kind, Besides::Deciding).await?;
    Ok(alone && busy)
}

async fn accept(arguments: &Arguments, templates: &Templates, kind: Kind, besides: Besides) -> Result<bool, Failure> {
    let site = arguments.site(kind).await?;
    let role = (besides == Besides::Nothing && kind == Kind::Postgres).then_some("receiver");
    if besides == Besides::Nothing && role.is_none() {
        site.stage.github.fault(Match::path("/"), Fault::StallBeforeDoing);
    }
    let requests = templates.ordinary(MOST_REQUESTS.min(arguments.seconds as usize * 4_000), arguments.body_bytes);
    let bytes = requests.first().map_or(0, |request| request.body().len());
    println!(
        "Accepted and durable, {}, bodies of {bytes} bytes, {}:\n\n\
         | connections | a second | a CPU-second | p50 ms | p99 ms | MiB at most | database's CPU s | acknowledged | missing after SIGKILL |\n\
         |---|---|---|---|---|---|---|---|---|",
        kind.name(),
        match (besides, kind) {
            (Besides::Deciding, _) => "while the same process also decides",
            (Besides::Nothing, Kind::Postgres) => "by a process that only receives",
            (Besides::Nothing, Kind::Sqlite) => "while there is nothing to decide, because GitHub does not answer",
        },
    );
    let mut fine = true;
    let mut kept = 0;
    for (series, concurrency) in arguments.concurrency.iter().copied().enumerate() {
        let series = series as u32 + 1;
        let program = site.start(role).await?;
        let pid = program.pid().ok_or("the server is gone")?;
        let (cpu, database) = (process::cpu(pid)?, site.database_cpu()?);
        let burst = Burst { concurrency, time: arguments.time(), most: u64::MAX, series, good: 202 };
        let sent = send(&[program.listen], &requests, burst).await?;
        let cpu = process::cpu(pid)?.saturating_sub(cpu);
        let database = site.database_cpu()?.saturating_sub(database);
        let (_, peak) = process::memory_mib(pid)?;
        program.kill().await?;
        let missing = site.missing(&sent, series).await?;
        println!(
            "| {concurrency} | {:.0} | {:.0} | {:.2} | {:.2} | {peak:.0} | {:.1} | {} | {missing} |",
            sent.per_second(),
            sent.acknowledged.len() as f64 / cpu.as_secs_f64().max(0.01),
            sent.within_ms(0.5),
            sent.within_ms(0.99),
            database.as_secs_f64(),
            sent.acknowledged.len(),
        );
        kept += sent.acknowledged.len();
        fine &= missing == 0 && sent.refused == 0;
    }
    let after_kill = started(&site, role).await?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(started(&site, role).await?);
    }
    starts.sort_unstable();
    println!(
        "\nStart to ready with these {kept} deliveries in the database: {:.0} ms right after SIGKILL, then {:.0} ms \
         (median of {STARTS}).\n",
        after_kill.as_secs_f64() * 1_000.0,
        starts[STARTS / 2].as_secs_f64() * 1_000.0,
    );
    site.close()?;
    Ok(fine)
}

async fn started(site: &super::Site, role: Option<&str>) -> Result<Duration, Failure> {
    let began = Instant::now();
    let program = site.start(role).await?;
    let took = began.elapsed();
    program.kill().await?;
    Ok(took)
}
