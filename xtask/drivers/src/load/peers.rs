//! What others need to verify and acknowledge the same deliveries, while they keep nothing.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::{
    Arguments, MOST_REQUESTS,
    client::{Burst, send},
    payloads::Templates,
    process,
};
use crate::{Failure, stage::SECRET};

/// Name, script, good answer. Probot comes twice: as its own command starts it, and as a bare handler without a log.
const PEERS: [(&str, &str, u16); 3] = [
    ("`probot run`", "probot-run.mjs", 200),
    ("Probot's handler alone, without its log", "probot.mjs", 200),
    ("@octokit/webhooks", "octokit.mjs", 200),
];

/// How long a start may take.
const START: Duration = Duration::from_secs(30);

/// Time and requests with which a just-in-time compiler gets warm before it counts.
const WARM_UP: Duration = Duration::from_secs(3);

/// Measures all.
pub async fn measure(arguments: &Arguments, templates: &Templates, folder: &Path) -> Result<(), Failure> {
    let requests = templates.ordinary(MOST_REQUESTS.min(4_000), arguments.body_bytes);
    println!(
        "Bare acknowledgments of others, which keep nothing, of the same deliveries:\n\n\
         | who | connections | a second | a CPU-second | p50 ms | p99 ms | MiB at most | refused |\n|---|---|---|---|---|---|---|---|"
    );
    for (name, script, good) in PEERS {
        for (series, concurrency) in arguments.concurrency.iter().copied().enumerate() {
            let (mut peer, door) = start(folder, script).await?;
            let pid = peer.id().ok_or("the peer is gone")?;
            let burst = Burst { concurrency, time: WARM_UP, most: u64::MAX, series: series as u32 + 100, good };
            send(&[door], &requests, burst).await?;
            let cpu = process::cpu(pid)?;
            let burst = Burst { time: arguments.time(), series: series as u32 + 200, ..burst };
            let sent = send(&[door], &requests, burst).await?;
            let cpu = process::cpu(pid)?.saturating_sub(cpu);
            println!(
                "| {name} | {concurrency} | {:.0} | {:.0} | {:.2} | {:.2} | {:.0} | {} |",
                sent.per_second(),
                sent.acknowledged.len() as f64 / cpu.as_secs_f64().max(0.01),
                sent.within_ms(0.5),
                sent.within_ms(0.99),
                process::memory_mib(pid)?.1,
                sent.refused,
            );
            peer.kill().await.map_err(|error| error.to_string())?;
        }
    }
    println!();
    Ok(())
}

async fn start(folder: &Path, script: &str) -> Result<(Child, SocketAddr), Failure> {
    let mut child = Command::new("node")
        .arg(script)
        .current_dir(folder)
        .env("SECRET", SECRET)
        .env("NODE_ENV", "production")
        .env("PORT", free_port()?.to_string())
        .stdin(Stdio::null())
        // Logs cost the writing of them, and nobody has to read them.
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("node cannot be started: {error}"))?;
    let stderr = child.stderr.take().ok_or("no standard error")?;
    let mut line = String::new();
    let read = timeout(START, BufReader::new(stderr).read_line(&mut line)).await;
    read.map_err(|_| format!("{script} is not ready"))?.map_err(|error| error.to_string())?;
    let door = line.trim().strip_prefix("ready listen=").and_then(|door| door.parse().ok());
    Ok((child, door.ok_or_else(|| format!("{script} said {line:?}"))?))
}

/// A port that was free a moment ago: `probot run` cannot be asked to find one.
fn free_port() -> Result<u16, Failure> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| error.to_string())
}
