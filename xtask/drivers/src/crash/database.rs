//! The database, and what happens to it while it is worked with.

use temporary_postgres::{Durability, Server, Stop};

use crate::{Failure, stage::Kind};

/// Of so many deaths, one is accompanied by a restart of the database's server.
const RESTARTED_EVERY: usize = 20;

/// Of so many deaths, one is accompanied by all connections being cut.
const CUT_EVERY: usize = 10;

/// The name of the database on its server.
const NAME: &str = "embargod";

/// A file, or a server in this machine's own temporary folder.
pub struct Database {
    server: Option<Server>,
    restarts: usize,
    cuts: usize,
}

impl Database {
    /// Starts the server, where there is one.
    pub fn start(kind: Kind) -> Result<Self, Failure> {
        let server = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => {
                let server = Server::start(Durability::Real).map_err(|failure| failure.to_string())?;
                server.sql("postgres", &format!("CREATE DATABASE {NAME}")).map_err(|failure| failure.to_string())?;
                Some(server)
            }
        };
        Ok(Self { server, restarts: 0, cuts: 0 })
    }

    /// Its address; `None` for a file of the operator's.
    pub fn url(&self) -> Option<String> {
        self.server.as_ref().map(|server| server.url(NAME))
    }

    /// Now and then the server loses its power, or all its connections are cut.
    pub fn disturb(&mut self, number: usize) -> Result<(), Failure> {
        let Some(server) = &self.server else { return Ok(()) };
        if number % RESTARTED_EVERY == RESTARTED_EVERY / 2 {
            server.stop(Stop::Crash).map_err(|failure| failure.to_string())?;
            server.start_again().map_err(|failure| failure.to_string())?;
            self.restarts += 1;
        } else if number % CUT_EVERY == CUT_EVERY / 2 {
            let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{NAME}'");
            server.sql("postgres", &cut).map_err(|failure| failure.to_string())?;
            self.cuts += 1;
        }
        Ok(())
    }

    /// What it is, with so many processes on it.
    pub fn name(&self, replicas: usize) -> String {
        match self.server {
            Some(_) => format!("PostgreSQL, {replicas} processes"),
            None => "SQLite, one process".to_owned(),
        }
    }

    /// What happened to it.
    pub fn disturbances(&self) -> String {
        format!("{}, {}", self.restarts, self.cuts)
    }
}
