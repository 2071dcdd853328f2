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
    engine::{Engine, Pace, Schedule, ShopParts, chores, releases::Mirrors},
    github::{GitHub, GitHubSettings, webhook::WebhookSecrets},
    health::Health,
    history::mirror::MirrorLimits,
    keys::{self, Keeper},
    paging::Pager,
    receiver::{self, ClientHeader, DoorLimits, Guard, Receiver, ThrottleLimits, TrustedProxies},
    settings::{ClientAddressHeader, DoorSettings, MirrorSettings, Problems, Settings, WorkSettings},
    store,
};

pub mod admin;
pub mod metrics;
pub mod telemetry;
mod watch;

pub use metrics::Metrics;

/// Longest time that a client may take to send a body, in milliseconds. GitHub itself gives up after 10 s.
const BODY_TIMEOUT_MS: u64 = 10_000;

/// Pause between attempts to learn the App's own name, while GitHub does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A server that accepts deliveries.
pub struct Running {
    /// Where the public door listens, where the role has one.
    pub listen: Option<SocketAddr>,
    /// Where the operators' door listens.
    pub admin_listen: SocketAddr,
    /// The engine at work.
    pub engine: Engine,
    health: Health,
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
    let source = keys::source(&settings.sealing_key);
    let ring = keys::load(&source).await?;
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
    let sealer = keys::sealer(&source, ring, &*store, clock.now()).await?;
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
        sealer,
        clearance: Clearance::grant(),
        detector: Arc::new(detector::builtin()),
        clock,
        default_policy: default_policy(settings)?,
        policy_interval: Duration::from_secs(settings.policy_interval_s.into()),
        pace: pace(&settings.work),
        mirrors: settings.mirrors.as_ref().map(mirrors),
        paging: pager(settings)?,
    }))
}

fn pager(settings: &Settings) -> Result<Option<Pager>, Problems> {
    let made = settings.paging_url.as_ref().map(Pager::new).transpose();
    made.map_err(|_| {
        Problems::one("paging_url", "is no address that can be posted to", "begin with https:// and a host name")
    })
}

fn mirrors(settings: &MirrorSettings) -> Mirrors {
    Mirrors {
        folder: settings.folder.clone(),
        git_base: settings.git_base.clone(),
        limits: MirrorLimits {
            time_ms: u64::from(settings.most_minutes) * 60_000,
            size_bytes: u64::from(settings.most_mib) << 20,
        },
    }
}

fn pace(work: &WorkSettings) -> Pace {
    Pace {
        drain: Duration::from_secs(work.drain_timeout_s.into()),
        schedule: Schedule {
            waits_ms: work.retry_waits_ms.clone(),
            most_attempts: work.most_attempts,
            attempts_when_refused: work.attempts_when_refused,
        },
        ..Pace::default()
    }
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

/// Starts what the role asks for.
///
/// # Errors
/// What is missing or wrong, with place and remedy.
pub async fn start(settings: &Settings, clock: SharedClock, metrics: Metrics) -> Result<Running, Problems> {
    let role = settings.work.role;
    let engine = engine(settings, clock).await?;
    let public = if role.receives() { Some(bind("listen", settings.listen).await?) } else { None };
    let admin = bind("admin_listen", settings.admin_listen).await?;
    let intervals = chores::Intervals {
        sweep: Duration::from_secs(settings.sweep_interval_s.into()),
        reconcile: Duration::from_secs(settings.reconcile_interval_s.into()),
        poll: Duration::from_secs(settings.poll_interval_s.into()),
        retention: settings.retention,
    };
    let address = |listener: &TcpListener, asked: SocketAddr| listener.local_addr().unwrap_or(asked);
    let listen = public.as_ref().map(|public| address(public, settings.listen));
    let admin_listen = address(&admin, settings.admin_listen);
    let health = Health::default();
    watch::all(&health, &engine, &intervals);
    let shop = engine.shop();
    let keeper = keeper(settings, &engine).await?;
    if role.works() {
        begin_serving(&engine).await?;
    }
    let (stop_doors, stop_engine) = (CancellationToken::new(), CancellationToken::new());
    let limits = DoorLimits {
        drain_ms: u64::from(settings.work.drain_timeout_s) * 1_000,
        most_connections: usize::try_from(settings.doors.most_connections).unwrap_or(usize::MAX),
        ..DoorLimits::default()
    };
    let open = |listener, router| tokio::spawn(receiver::serve_within(limits, listener, router, stop_doors.clone()));
    let admin_router = admin::router(metrics.clone(), &engine, &health);
    let mut doors = vec![open(admin, admin_router)];
    if let Some(public) = public {
        let receiver = Receiver {
            store: Arc::clone(&shop.store),
            sealer: shop.sealer.clone(),
            webhook_secrets: WebhookSecrets::new(&settings.github.webhook_secrets),
            clock: Arc::clone(&shop.clock),
            body_timeout_ms: BODY_TIMEOUT_MS,
            health: health.clone(),
            guard: guard(&settings.doors),
        };
        doors.push(open(public, receiver::router(receiver)));
    }
    let halt = stop_engine.clone();
    let mut work =
        vec![tokio::spawn(async move { metrics.upkeep(halt).await }), tokio::spawn(keeper.run(stop_engine.clone()))];
    if role.works() {
        let (worker, halt) = (engine.clone(), stop_engine.clone());
        work.push(tokio::spawn(async move { worker.run(halt).await }));
    }
    if role.polls() {
        let (poller, halt) = (engine.clone(), stop_engine.clone());
        work.push(tokio::spawn(async move { poller.do_chores(&intervals, halt).await }));
    }
    if role.works() || role.polls() {
        let (asker, halt) = (engine.clone(), stop_engine.clone());
        work.push(tokio::spawn(async move { learn_own_name(&asker, halt).await }));
    }
    Ok(Running { listen, admin_listen, engine, health, stop_doors, stop_engine, doors, work })
}

/// Takes over what a server that died had claimed.
async fn begin_serving(engine: &Engine) -> Result<(), Problems> {
    let freed = engine.shop().store.begin_serving(engine.shop().clock.now()).await.map_err(|error| {
        Problems::one("database", error.to_string(), "check that this user may write to the folder of the database")
    })?;
    if freed > 0 {
        tracing::warn!(freed, "the server before this one ended in the middle of {freed} pieces of work; they go on");
    }
    Ok(())
}

/// How the public door tells clients apart.
fn guard(doors: &DoorSettings) -> Guard {
    let header = match doors.client_address_header {
        ClientAddressHeader::XForwardedFor => ClientHeader::XForwardedFor,
        ClientAddressHeader::Forwarded => ClientHeader::Forwarded,
    };
    Guard {
        proxies: TrustedProxies { networks: doors.trusted_proxies.clone(), header },
        limits: ThrottleLimits::new(doors.failing_burst, doors.failing_per_s),
    }
}

/// Looks after the sealing keys while the server runs. Reports before the doors open: whoever rotates the key must know of
/// every server that seals.
async fn keeper(settings: &Settings, engine: &Engine) -> Result<Keeper, Problems> {
    let shop = engine.shop();
    let source = keys::source(&settings.sealing_key);
    let keeper = Keeper::new(Arc::clone(&shop.store), shop.sealer.clone(), Arc::clone(&shop.clock), source);
    keeper.report().await.map_err(|error| {
        Problems::one("database", error.to_string(), "check that this user may write to the database")
    })?;
    Ok(keeper)
}

impl Running {
    /// Stops taking deliveries and beginning work, finishes what is under way within `drain_timeout_s`, and ends. What is
    /// still queued waits for the next start, or is done by another process.
    pub async fn stop(self) {
        self.health.draining();
        // At the same time: a delivery that a door still takes in waits in the store like any other.
        self.stop_doors.cancel();
        self.stop_engine.cancel();
        for task in self.doors.into_iter().chain(self.work) {
            ended(task.await);
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
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            asked = engine.shop().learn_own_login() => asked,
        };
        match asked {
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
