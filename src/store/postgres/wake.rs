//! Waking those who wait for work: at once in this process, and by a notification in the others.
//!
//! A notification is sent beside the transaction that made work, not within it: PostgreSQL lets only one transaction that
//! notifies commit at a time, wait for the disk included. One that gets lost with its process costs the others the
//! interval of their slow poll.

use std::{sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::store::{Work, work::Calls};

/// The channel, one for all who share the database.
const CHANNEL: &str = "embargod_work";

/// At most one notification in this time: a burst wakes the others often enough.
const PAUSE: Duration = Duration::from_millis(5);

/// Time between attempts to listen again.
const RECONNECT: Duration = Duration::from_secs(1);

const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// Rung when there may be something new to claim.
pub(super) struct Bell {
    here: Arc<Calls>,
    elsewhere: Arc<Calls>,
    listener: JoinHandle<()>,
    messenger: JoinHandle<()>,
}

impl Bell {
    /// Hangs it up. `connection` is how to connect for listening; `pool` carries what is sent.
    pub(super) fn hang(connection: PgConnectOptions, pool: PgPool) -> Arc<Self> {
        // Our own notifications come back to us, and are known by this.
        let own = Uuid::new_v4().to_string();
        let (here, elsewhere) = (Arc::<Calls>::default(), Arc::<Calls>::default());
        let listener = tokio::spawn(listen(Arc::clone(&here), connection, own.clone()));
        let messenger = tokio::spawn(send(Arc::clone(&elsewhere), pool, own));
        Arc::new(Self { here, elsewhere, listener, messenger })
    }

    /// Wakes everybody who waits for work, here and in other processes.
    pub(super) fn ring(&self, work: Work) {
        self.here.call(work);
        self.elsewhere.call(work);
    }

    /// Wakes those of this process.
    pub(super) fn ring_here(&self, work: Work) {
        self.here.call(work);
    }

    /// Waits until it rings, and hears for what.
    pub(super) async fn wait(&self) -> Work {
        self.here.wait().await
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.listener.abort();
        self.messenger.abort();
    }
}

async fn listen(here: Arc<Calls>, connection: PgConnectOptions, own: String) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(connection);
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            // Something may have come while nobody listened.
            here.call(Work::ALL);
            while let Ok(Some(heard)) = listener.try_recv().await {
                // One of an earlier version does not say what it is about.
                let (who, what) = heard.payload().split_once(' ').unwrap_or((heard.payload(), ""));
                if who != own {
                    here.call(what.parse().map_or(Work::ALL, Work::from_bits));
                }
            }
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn send(elsewhere: Arc<Calls>, pool: PgPool, own: String) {
    loop {
        let heard = format!("{own} {}", elsewhere.wait().await.bits());
        // Where it does not arrive the others poll; there is nobody to tell.
        let _ = sqlx::query(NOTIFY).bind(CHANNEL).bind(heard).execute(&pool).await;
        tokio::time::sleep(PAUSE).await;
    }
}
