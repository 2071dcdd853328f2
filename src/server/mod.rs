//! The server: puts receiver, engine and doors together, and takes them down in order.
//!
//! What flows in: [`Settings`], a clock. What flows out: a [`Running`] server with its addresses. What it must never do:
//! anything of its own; this is wiring, and the only place outside of hand-run commands that grants a
//! [`Clearance`].

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::SharedClock,
    domain::{
        detector,
        embargoed::Clearance,
        policy::{self, Layer, Policy},
    },
    engine::{Engine, ShopParts},
    github::{GitHub, GitHubSettings, webhook::WebhookSecrets},
    receiver::{self, Readiness, Receiver},
    sealing::{Sealer, SealingKey},
    settings::{Problems, Settings},
    store,
};

mod admin;
pub mod telemetry;

pub use admin::Metrics;

/// Longest time that a client may take to send a body, in milliseconds. GitHub itself gives up after 10 s.
const BODY_TIMEOUT_MS: u64 = 10_000;

/// Workers on each side of the engine.
const WORKERS: usize = 4;

/// Pause between attempts to learn the App's own name, while GitHub does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A server that accepts deliveries.
pub struct Running {
    /// Where the public door listens.
    pub listen: SocketAddr,
    /// Where the operators' door listens.
    pub admin_listen: SocketAddr,
    /// The engine at work.
    pub engine: Engine,
    readiness: Readiness,
    stop_doors: CancellationToken,
    stop_engine: CancellationToken,
    doors: Vec<JoinHandle<()>>,
    work: Vec<JoinHandle<()>>,
}

/// An engine from settings, without doors: for the server and for commands by hand.
///
/// # Errors
/// What is missing or wrong, with place and remedy.
pub async fn engine(settings: &Settings, clock: SharedClock) -> Result<Engine, Problems> {
    let key = SealingKey::read(&settings.sealing_key_path).map_err(|error| {
        let place = settings.sealing_key_path.display().to_string();
        Problems::one(
            place,
            error.to_string(),
            "make a key with `embargod seal init --out PATH`, or name the right one",
        )
    })?;
    let options = store::StoreOptions { gather_ms: settings.ack_gather_ms, connections: settings.database_connections };
    let store = store::open_with(&settings.database, options).await.map_err(|error| {
        let remedy = if settings.database.starts_with("sqlite:") {
            "check `database`: the folder must exist and be writable for this user"
        } else {
            "check `database`, and that PostgreSQL runs and lets this user in; see `PostgreSQL` in docs/operating.md"
        };
        // its address may hold a password
        Problems::one("database", error.to_string(), remedy)
    })?;
    let mut github = GitHubSettings::new(settings.github.app_id, settings.github.private_key.clone());
    github.api_base =
        settings.github.api_base.parse().map_err(|_| {
            Problems::one("github.api_base", "is no web address", "begin with https:// and a host name")
        })?;
    let github = GitHub::new(&github, Arc::clone(&clock)).map_err(|error| {
        let place = settings.github.private_key_path.display().to_string();
        Problems::one(place, error.to_string(), "use the .pem file that GitHub gave you for this App")
    })?;
    Ok(Engine::new(ShopParts {
        store,
        github,
        sealer: Sealer::new(key),
        clearance: Clearance::grant(),
        detector: Arc::new(detector::builtin()),
        clock,
        default_policy: default_policy(settings)?,
        policy_interval: Duration::from_secs(settings.policy_interval_s.into()),
    }))
}

fn default_policy(settings: &Settings) -> Result<Option<Policy>, Problems> {
    let Some(path) = &settings.default_policy_path else {
        return Ok(None);
    };
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("the default policy cannot be read: {error}");
        Problems::one(place.clone(), what, "name an existing file in default_policy_path")
    })?;
    let layer = Layer { origin: place.clone(), text };
    let effective = policy::effective(&[layer]).map_err(|error| {
        Problems::one(place.clone(), error.to_string(), format!("see `embargod policy check {place}`"))
    })?;
    Ok(Some(effective.policy))
}

/// Starts everything.
///
/// # Errors
/// What is missing or wrong, with place and remedy.
pub async fn start(settings: &Settings, clock: SharedClock, metrics: Metrics) -> Result<Running, Problems> {
    let engine = engine(settings, clock).await?;
    let public = bind("listen", settings.listen).await?;
    let admin = bind("admin_listen", settings.admin_listen).await?;
    let address = |listener: &TcpListener, asked: SocketAddr| listener.local_addr().unwrap_or(asked);
    let (listen, admin_listen) = (address(&public, settings.listen), address(&admin, settings.admin_listen));
    let readiness = Readiness::yes();
    let shop = engine.shop();
    let receiver = Receiver {
        store: Arc::clone(&shop.store),
        sealer: shop.sealer.clone(),
        webhook_secrets: WebhookSecrets::new(&settings.github.webhook_secrets),
        clock: Arc::clone(&shop.clock),
        body_timeout_ms: BODY_TIMEOUT_MS,
        readiness: readiness.clone(),
    };
    let (stop_doors, stop_engine) = (CancellationToken::new(), CancellationToken::new());
    let admin_router = admin::router(metrics, Arc::clone(&shop.store), Arc::clone(&shop.clock));
    let doors = vec![
        tokio::spawn(receiver::serve(public, receiver::router(receiver), stop_doors.clone())),
        tokio::spawn(receiver::serve(admin, admin_router, stop_doors.clone())),
    ];
    let (worker, halt) = (engine.clone(), stop_engine.clone());
    let (asker, halt_asking) = (engine.clone(), stop_engine.clone());
    let (sweeper, halt_sweeping) = (engine.clone(), stop_engine.clone());
    let sweep_interval = Duration::from_secs(settings.sweep_interval_s.into());
    let work = vec![
        tokio::spawn(async move { sweeper.sweep(sweep_interval, halt_sweeping).await }),
        tokio::spawn(async move { worker.run(WORKERS, halt).await }),
        tokio::spawn(async move { learn_own_name(&asker, halt_asking).await }),
    ];
    Ok(Running { listen, admin_listen, engine, readiness, stop_doors, stop_engine, doors, work })
}

impl Running {
    /// Stops taking deliveries, finishes what is under way, and ends. What is still queued waits for the next start.
    pub async fn stop(self) {
        self.readiness.draining();
        self.stop_doors.cancel();
        for door in self.doors {
            ended(door.await);
        }
        self.stop_engine.cancel();
        for worker in self.work {
            ended(worker.await);
        }
    }
}

fn ended(result: Result<(), tokio::task::JoinError>) {
    if let Err(error) = result {
        tracing::error!(panicked = error.is_panic(), "a task did not end well");
    }
}

async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, Problems> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = format!("cannot listen on {address}: {error}");
        Problems::one(key, what, "choose a free port, or stop whatever listens there")
    })
}

/// The bot must know its own name to leave its own posts alone.
async fn learn_own_name(engine: &Engine, stop: CancellationToken) {
    loop {
        match engine.shop().learn_own_login().await {
            Ok(login) => return tracing::info!(%login, "GitHub knows this App as {login}"),
            Err(error) => {
                tracing::error!(%error, "GitHub did not tell who this App is; asking again")
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(ASK_AGAIN) => {}
        }
    }
}
