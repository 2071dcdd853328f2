//! The load measurements: how much the server takes in, decides and drains, and what that costs it.
//!
//! What flows in: which stores, for how long, at which concurrencies. What flows out: Markdown tables for
//! `docs/performance.md`, with the machine's own limits measured in the same run. The server is a process of its own,
//! built for release; its processor time and memory are the kernel's word, so what the driver itself costs is not in
//! them, but does take a share of the machine. Acknowledgments are checked: after SIGKILL every delivery that was
//! acknowledged must be in the store. What it must never do: report a figure whose check failed.

mod ack;
mod backlog;
mod client;
mod drain;
mod example;
mod machine;
mod payloads;
mod peers;
mod process;
mod site;

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use crate::{Failure, stage::Kind};
use payloads::Templates;
use site::Site;

/// Repositories that deliveries come from, and so lanes.
const REPOSITORIES: usize = 100;

/// Most requests that are made ahead of time; then they come again under new GUIDs.
const MOST_REQUESTS: usize = 20_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The machine's own limits.
    Machine,
    /// Accepted and durable deliveries.
    Ack,
    /// Bare acknowledgments of Probot and @octokit/webhooks.
    Peers,
    /// Ordinary posts, decided end to end.
    Ordinary,
    /// Disclosures that arrive during a backlog.
    Backlog,
    /// One process and two on one PostgreSQL.
    Replicas,
}

/// What to do.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The stores.
    #[arg(long = "store", value_delimiter = ',', default_value = "sqlite")]
    stores: Vec<Kind>,
    /// How long each rate is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections, each with one request at a time.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    concurrency: Vec<usize>,
    /// Size of each delivery's body; it may be larger by what GitHub's example has.
    #[arg(long, default_value_t = 11_600)]
    body_bytes: usize,
    /// Deliveries that wait when the disclosures begin to arrive.
    #[arg(long, default_value_t = 100_000)]
    backlog: usize,
    /// Only these parts.
    #[arg(long, value_delimiter = ',', default_value = "machine,ack,peers,ordinary,backlog,replicas")]
    only: Vec<Part>,
    /// The server's binary; xtask sets it.
    #[arg(long, hide = true)]
    binary: PathBuf,
    /// GitHub's published example payloads, which deliveries are made after; xtask sets it where node is there.
    #[arg(long, hide = true)]
    examples: Option<PathBuf>,
    /// Folder in which the peers are installed; xtask sets it where node is there.
    #[arg(long, hide = true)]
    peers: Option<PathBuf>,
}

/// Runs what was asked for; whether every check held.
pub async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let asked = |part| arguments.only.contains(&part);
    if asked(Part::Machine) {
        let limits = machine::measure(arguments.body_bytes)?;
        println!("{}\n", limits.table(arguments.body_bytes));
    }
    let templates = Templates::of_twin(REPOSITORIES, arguments.examples.as_deref()).await?;
    let mut fine = true;
    for kind in &arguments.stores {
        if asked(Part::Ack) {
            fine &= ack::measure(arguments, &templates, *kind).await?;
        }
    }
    if asked(Part::Peers) {
        match &arguments.peers {
            Some(folder) => peers::measure(arguments, &templates, folder).await?,
            None => println!("The peers were not measured: node and npm are needed for them.\n"),
        }
    }
    for kind in &arguments.stores {
        if asked(Part::Ordinary) {
            fine &= drain::measure(arguments, &templates, *kind).await?;
        }
        if asked(Part::Backlog) {
            fine &= backlog::measure(arguments, &templates, *kind).await?;
        }
        if asked(Part::Replicas) && *kind == Kind::Postgres {
            fine &= drain::replicas(arguments, &templates).await?;
        }
    }
    Ok(fine)
}

impl Arguments {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    async fn site(&self, kind: Kind) -> Result<Site, Failure> {
        Site::build(&self.binary, kind, REPOSITORIES).await
    }
}
