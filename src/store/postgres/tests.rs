//! The suite on PostgreSQL, and what only PostgreSQL has.

mod hand_over;
mod migrations;
mod parts;
mod plans;
mod races;
mod trouble;

use std::{mem, sync::OnceLock, thread};

use async_trait::async_trait;
use temporary_postgres::{Database, Server};

use super::*;
use crate::store::{
    SharedStore,
    conformance::{Place, conformance_suite},
};

mod suite {
    use super::*;
    conformance_suite!(Cluster::new());
}

/// A database of its own on the server that the tests share.
struct Cluster(Database<'static>);

impl Cluster {
    /// A database with the schema of today; `None` where PostgreSQL is not installed.
    fn new() -> Option<Self> {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let server = Server::shared()?;
        let template = TEMPLATE.get_or_init(|| {
            let database = server.database();
            let (name, url) = (database.name().to_owned(), database.url());
            // The caller may be within a runtime, in which another cannot be waited for.
            let made = thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                let options = address::options(&url).expect("an address");
                runtime.block_on(open::migrate(&options)).expect("the schema is made");
            });
            made.join().expect("no panic");
            mem::forget(database);
            name
        });
        Some(Self(server.database_like(template)))
    }

    /// An empty database.
    fn bare() -> Option<Self> {
        Some(Self(Server::shared()?.database()))
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.0.url(), StoreOptions::default()).await.expect("it opens")
    }
}

#[async_trait]
impl Place for Cluster {
    async fn open(&self) -> SharedStore {
        crate::store::open(&self.0.url()).await.expect("it opens")
    }

    async fn elsewhere(&self) -> Box<dyn Place> {
        Box::new(Self::new().expect("there is a server"))
    }

    async fn falsify_decision(&self, id: i64, entry: Option<&str>) {
        let falsify = match entry {
            Some(entry) => format!("UPDATE decisions SET decision = '{entry}' WHERE id = {id}"),
            None => format!("DELETE FROM decisions WHERE id = {id}"),
        };
        let sql = format!("ALTER TABLE decisions DISABLE TRIGGER USER; {falsify}");
        self.0.sql(&sql).expect("who owns the database can do so");
    }
}
