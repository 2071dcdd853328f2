//! A stage with an operator and a database, as every measurement begins with.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use embargod::{
    clock::{Clock, SystemClock},
    store::{self, SharedStore, Store},
};
use temporary_postgres::{Durability, Server, Stop};

use super::{client::Sent, payloads::guid, process};
use crate::{
    Failure,
    program::{Operator, Program, Start},
    stage::{Kind, Stage},
};

/// How often a wait looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);

/// Longest wait without any progress.
const PATIENCE: Duration = Duration::from_secs(120);

/// See the module.
pub struct Site {
    pub stage: Stage,
    pub operator: Operator,
    postgres: Option<Server>,
}

impl Site {
    pub async fn build(binary: &Path, kind: Kind, repositories: usize) -> Result<Self, Failure> {
        let stage = Stage::build(repositories).await?;
        let postgres = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Server::start(Durability::Real).map_err(|error| error.to_string())?),
        };
        let database = match &postgres {
            Some(server) => {
                server.sql("postgres", "CREATE DATABASE embargod").map_err(|error| error.to_string())?;
                Some(server.url("embargod"))
            }
            None => None,
        };
        let (base, key) = (stage.github.base_url(), &stage.key_pem);
        // the stand-in's list of deliveries knows nothing of what is sent past it
        let operator =
            Operator::new(binary, &base, key, database.as_deref())?.with("EMBARGOD_SWEEP_INTERVAL_S", "86400");
        Ok(Self { stage, operator, postgres })
    }

    /// A server that accepts.
    pub async fn start(&self, role: Option<&str>) -> Result<Program, Failure> {
        let role: Vec<_> = role.map(|role| ("EMBARGOD_ROLE", role.to_owned())).into_iter().collect();
        match self.operator.start(&role).await? {
            Start::Ready(program) => Ok(*program),
            Start::Ended(status) => {
                Err(format!("the server does not start ({status}):\n{}", last_lines(&self.operator.log())))
            }
        }
    }

    /// The store, to look what is in it.
    pub async fn store(&self) -> Result<SharedStore, Failure> {
        store::open(self.operator.database()).await.map_err(|error| error.to_string())
    }

    /// Processor time of the database's own processes so far; none where there are none.
    pub fn database_cpu(&self) -> Result<Duration, Failure> {
        let Some(server) = &self.postgres else { return Ok(Duration::ZERO) };
        process::cpu_of_family(server.process().map_err(|error| error.to_string())?)
    }

    /// The database's server ends.
    pub fn close(self) -> Result<(), Failure> {
        match &self.postgres {
            Some(server) => server.stop(Stop::Crash).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// How many of the acknowledged deliveries are not in the store.
    pub async fn missing(&self, sent: &Sent, series: u32) -> Result<usize, Failure> {
        let store = self.store().await?;
        let mut missing = 0;
        for number in &sent.acknowledged {
            let state = store.delivery_state(&guid(series, *number)).await.map_err(|error| error.to_string())?;
            missing += usize::from(state.is_none());
        }
        Ok(missing)
    }

    /// Waits until no delivery waits, by the word of the database; `false` where that does not come about.
    pub async fn drained(&self) -> Result<bool, Failure> {
        let store = self.store().await?;
        let (mut before, mut changed) = (u64::MAX, Instant::now());
        loop {
            let waiting = waiting(&*store).await?;
            if waiting == 0 {
                return Ok(true);
            }
            if waiting != before {
                (before, changed) = (waiting, Instant::now());
            }
            if changed.elapsed() > PATIENCE {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// How many deliveries wait.
pub async fn waiting(store: &dyn Store) -> Result<u64, Failure> {
    store.backlog(SystemClock.now()).await.map(|all| all.deliveries_waiting).map_err(|error| error.to_string())
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
