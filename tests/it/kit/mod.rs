//! The test kit: a whole world in one value. The real receiver behind a loopback socket, the real engine on a real
//! SQLite file, the real client against the stand-in GitHub over HTTP, a clock that stands still.
//!
//! What flows in: acts of imagined people on [`World::github`]. What flows out: what GitHub shows afterwards, what was
//! asked of it, and what the store keeps. [`World::finish`] holds every story to what must hold in all of them: requests that
//! GitHub's own description allows, nothing left undone, one comment a thread, and no word of a post where it must not
//! be. What it must never do: sleep, or reach beyond loopback.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use embargod::{
    cli::setup::manifest::AppManifest,
    clock::{Clock, ManualClock},
    domain::{
        case::{Alert, Case},
        decision::DecisionRecord,
        detector::{self, Detector},
        embargoed::Clearance,
        policy::{Layer, Policy, effective},
        record::Record,
    },
    engine::{Engine, Pace, ShopParts, releases::Mirrors},
    github::{DEFAULT_REQUEST_TIMEOUT_MS, GitHub, GitHubSettings, webhook::WebhookSecrets},
    health::Health,
    paging::Pager,
    receiver::{self, Guard, Receiver},
    sealing::{Keyring, Sealer, SealingKey},
    standin::{AppRegistration, LoggedRequest, Options, RepositorySpec, Role, Standin, Thread},
    store::{EffectReport, EffectState, SharedStore, StoreError, sqlite::SqliteStore},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::contract::openapi::{self, SentRequest};

mod canary;
mod command;
mod crashing;
mod ending;
mod inside;
mod posts;
mod serving;
mod upstream;

pub use canary::Canary;
pub use crashing::Moment;
pub use ending::Ending;
pub use inside::app_key_pem;
pub use upstream::Upstream;

/// The public repository of all stories.
pub const REPO: &str = "acme/framework";
/// Its private case repository.
pub const CASES: &str = "acme/cases";
/// A maintainer.
pub const CORA: &str = "cora";
/// An outsider.
pub const RAE: &str = "rae";
/// Another outsider.
pub const MALLORY: &str = "mallory";

/// Signs the webhooks.
pub const SECRET: &str = "a webhook secret of the tests";
/// The App's number.
pub const APP_ID: u64 = 4711;

struct AppKey {
    private_pem: String,
    public_pem: String,
}

/// Making an RSA key takes a while; one serves all stories.
static APP_KEY: LazyLock<AppKey> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let pem = |label: &str, der: &[u8]| {
        let lines: Vec<String> =
            STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pair).expect("PKCS#8");
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der>::as_der(pair.public_key()).expect("SPKI");
    AppKey { private_pem: pem("PRIVATE KEY", private.as_ref()), public_pem: pem("PUBLIC KEY", public.as_ref()) }
});

/// How a world begins.
pub struct Setting {
    /// The text of `.github/embargod.yml`; none means that the repository has no policy.
    pub policy: Option<String>,
    /// The operator's default policy.
    pub default_policy: Option<String>,
    /// Changes to the App's permissions.
    pub permissions: Vec<(&'static str, Option<&'static str>)>,
    /// Whether GitHub's private reporting form is on.
    pub private_reporting: bool,
    /// Whether GitHub labels members of the organisation as such; if not, their membership is private.
    pub show_private_members: bool,
    /// A sealing key of another world, to be shared with it; none means a fresh one.
    pub sealing_key: Option<PathBuf>,
    /// What judges posts.
    pub detector: Arc<dyn Detector>,
    /// How long the client waits for GitHub, in milliseconds of real time.
    pub request_timeout_ms: u64,
    /// Where histories are mirrored.
    pub mirrors: Option<Mirrors>,
    /// Where pages are posted.
    pub paging: Option<String>,
    /// The instant at which the story begins.
    pub begins_at: &'static str,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            policy: Some(policy("shield")),
            default_policy: None,
            permissions: Vec::new(),
            private_reporting: true,
            show_private_members: true,
            sealing_key: None,
            detector: Arc::new(detector::builtin()),
            request_timeout_ms: DEFAULT_REQUEST_TIMEOUT_MS,
            mirrors: None,
            paging: None,
            begins_at: "2026-11-02T09:00:00Z",
        }
    }
}

/// The code that a reply at a desk names.
pub fn code_in(reply: &str) -> String {
    let code = reply.split("/confirm ").nth(1).and_then(|rest| rest.get(..8));
    code.unwrap_or_else(|| panic!("no code: {reply}")).to_owned()
}

/// A policy of the stories, in the given mode.
pub fn policy(mode: &str) -> String {
    format!(
        "extends: django-2026\nredirect:\n  mode: {mode}\ncontact:\n  private_reporting: true\n  email: security@acme.example\n"
    )
}

/// See the module.
pub struct World {
    /// The stand-in.
    pub github: Standin,
    /// The clock of everybody.
    pub clock: ManualClock,
    /// The engine, stepped by hand.
    pub engine: Engine,
    /// A word that stands in every post that might be private, and must not turn up elsewhere.
    pub canary: Canary,
    /// Whether words were put back in public on purpose (an undo).
    pub words_restored: bool,
    /// Whether effects were given up on purpose (a scripted refusal).
    pub losses_expected: bool,
    folder: tempfile::TempDir,
    sealing_key: PathBuf,
    default_policy: Option<String>,
    detector: Arc<dyn Detector>,
    request_timeout_ms: u64,
    mirrors: Option<Mirrors>,
    paging: Option<String>,
    stop: CancellationToken,
}

impl World {
    /// A world in mode `shield`.
    pub async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    /// A world that begins like this.
    pub async fn with(setting: Setting) -> Self {
        let canary = Canary::new();
        let clock = ManualClock::at(setting.begins_at.parse().expect("an instant"));
        let shown = clock.clone();
        let AppManifest { default_permissions: mut permissions, default_events: events, .. } = AppManifest::embedded();
        for (area, level) in &setting.permissions {
            match level {
                Some(level) => permissions.insert((*area).to_owned(), (*level).to_owned()),
                None => permissions.remove(*area),
            };
        }
        let app = AppRegistration {
            id: APP_ID,
            slug: "embargod".to_owned(),
            public_key_pem: APP_KEY.public_pem.clone(),
            webhook_secret: SECRET.to_owned(),
            permissions,
            events,
        };
        let mut options = Options::new(Some(app), Arc::new(move || shown.now()));
        options.show_private_members = setting.show_private_members;
        let github = Standin::start(options).await.expect("a stand-in");
        people_and_places(&github, &setting);
        let folder = tempfile::tempdir().expect("a folder");
        let sealing_key = folder.path().join("sealing.key");
        match &setting.sealing_key {
            Some(shared) => SealingKey::read(shared).expect("a shared key"),
            None => SealingKey::generate(),
        }
        .write_new(&sealing_key)
        .expect("a sealing key");
        let stop = CancellationToken::new();
        let engine = engine(
            &github,
            &clock,
            open_store(&folder).await,
            Making {
                sealing_key: &sealing_key,
                default_policy: setting.default_policy.as_deref(),
                detector: &setting.detector,
                request_timeout_ms: setting.request_timeout_ms,
                mirrors: &setting.mirrors,
                paging: &setting.paging,
                pace: Pace::default(),
            },
        );
        let world = Self {
            github,
            clock,
            engine,
            canary,
            words_restored: false,
            losses_expected: false,
            folder,
            sealing_key,
            default_policy: setting.default_policy,
            detector: setting.detector,
            request_timeout_ms: setting.request_timeout_ms,
            mirrors: setting.mirrors,
            paging: setting.paging,
            stop,
        };
        world.open_door().await;
        world.engine.shop().learn_own_login().await.expect("the stand-in knows the App");
        world
    }

    async fn open_door(&self) {
        let shop = self.engine.shop();
        let receiver = Receiver {
            store: Arc::clone(&shop.store),
            sealer: shop.sealer.clone(),
            webhook_secrets: WebhookSecrets::new(&[SecretString::from(SECRET)]),
            clock: Arc::clone(&shop.clock),
            body_timeout_ms: 10_000,
            health: Health::default(),
            guard: Guard::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(receiver::serve(listener, receiver::router(receiver), self.stop.clone()));
        self.github.set_hook_url(&format!("http://{address}/webhook"));
    }

    /// The process dies and another one starts on the same files, with nothing in memory.
    pub async fn restart(&mut self) {
        let store = open_store(&self.folder).await;
        self.restart_on(store).await;
    }

    async fn restart_on(&mut self, store: SharedStore) {
        self.stop.cancel();
        self.stop = CancellationToken::new();
        self.engine = self.engine_on(store).await;
        self.open_door().await;
    }

    /// A second process on the same files; it has no door of its own.
    pub async fn another_engine(&self) -> Engine {
        let store = open_store(&self.folder).await;
        self.engine_on(store).await
    }

    /// The same at another pace.
    pub async fn another_engine_at(&self, pace: Pace) -> Engine {
        let store = open_store(&self.folder).await;
        self.engine_at(store, pace).await
    }

    async fn engine_on(&self, store: SharedStore) -> Engine {
        self.engine_at(store, Pace::default()).await
    }

    async fn engine_at(&self, store: SharedStore, pace: Pace) -> Engine {
        let making = Making {
            sealing_key: &self.sealing_key,
            default_policy: self.default_policy.as_deref(),
            detector: &self.detector,
            request_timeout_ms: self.request_timeout_ms,
            mirrors: &self.mirrors,
            paging: &self.paging,
            pace,
        };
        let engine = engine(&self.github, &self.clock, store, making);
        engine.shop().learn_own_login().await.expect("the stand-in knows the App");
        engine
    }

    /// The database is lost; a process starts on an empty one, with the same sealing key.
    pub async fn lose_database(&mut self) {
        for name in ["embargod.db", "embargod.db-wal", "embargod.db-shm"] {
            let path = self.folder.path().join(name);
            assert!(!path.exists() || std::fs::remove_file(&path).is_ok());
        }
        self.restart().await;
    }

    /// Lets everything happen that is due now: deliveries arrive, the engine decides and performs, GitHub tells of that.
    pub async fn settle(&self) {
        self.try_settle().await.expect("the store works");
    }

    /// The same where the store may fail.
    pub async fn try_settle(&self) -> Result<(), StoreError> {
        loop {
            self.github.deliveries_idle().await;
            let before = (self.github.mark(), self.github.deliveries().len());
            self.engine.settle().await?;
            self.github.deliveries_idle().await;
            if before == (self.github.mark(), self.github.deliveries().len()) {
                return Ok(());
            }
        }
    }

    /// The same while GitHub stalls answers: they come as soon as somebody waits for them.
    pub async fn settle_stalled(&self) {
        let release = async {
            loop {
                self.github.release_stalled();
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = self.settle() => {}
            () = release => {}
        }
    }

    /// Time passes, and everything happens that became due.
    pub async fn wait(&self, time: SignedDuration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// The thread as everybody sees it.
    pub fn thread(&self, number: u64) -> Thread {
        self.github.thread(REPO, number).expect("the thread exists")
    }

    /// What the bot said in a thread.
    pub fn said(&self, number: u64) -> Vec<String> {
        let bot = self.github.bot_login();
        let texts = self.thread(number).comment_texts();
        texts.into_iter().filter(|(author, _)| *author == bot).map(|(_, text)| text).collect()
    }

    /// A text of the bot as it would stand on github.com: without the mark that nobody sees, and with
    /// `{acknowledged within}` for the time that the policy promises.
    pub fn as_read(&self, said: &str) -> String {
        let (words, mark) = said.rsplit_once("\n\n<!-- embargod:").expect("the text carries its mark");
        assert!(mark.ends_with(" -->"), "nothing stands behind the mark");
        let promise = parse(&policy("shield")).acknowledgment.within().to_string();
        let words = words.replace(&self.github.web_url(), "https://github.com");
        words.replace(&promise, "{acknowledged within}")
    }

    /// The calls that changed something on GitHub since `mark`.
    pub fn writes_since(&self, mark: usize) -> Vec<LoggedRequest> {
        self.github.requests_since(mark).into_iter().filter(|request| request.mutates).collect()
    }

    /// The store.
    pub fn store(&self) -> &SharedStore {
        &self.engine.shop().store
    }

    /// All cases.
    pub async fn cases(&self) -> Vec<Case> {
        self.records().await
    }

    /// All open alerts.
    pub async fn alerts(&self) -> Vec<Alert> {
        let alerts: Vec<Alert> = self.records().await;
        alerts.into_iter().filter(|alert| alert.resolved_at.is_none()).collect()
    }

    /// All records of a kind.
    pub async fn records<R: Record>(&self) -> Vec<R> {
        let stored = self.store().records(R::KIND).await.expect("the store works");
        stored.into_iter().map(|record| serde_json::from_value(record.value).expect("readable")).collect()
    }

    /// All decisions, oldest first.
    pub async fn decisions(&self) -> Vec<DecisionRecord> {
        self.store().decisions(None, u32::MAX).await.expect("the store works")
    }

    /// The last decision's outcome and the rules that gave its reasons.
    pub async fn last_outcome(&self) -> (String, Vec<String>) {
        let decisions = self.decisions().await;
        let last = decisions.last().expect("something was decided");
        (last.outcome.clone(), last.reasons.iter().map(|reason| reason.rule.clone()).collect())
    }

    /// The outcome of the last decision about what `login` did, and the rules that gave its reasons.
    pub async fn last_decision_about_a_post_of(&self, login: &str) -> (String, Vec<String>) {
        let decisions = self.decisions().await;
        let mut of_login = decisions.iter().filter(|decision| decision.actor.as_deref() == Some(login));
        let last = of_login.next_back().expect("something was decided");
        let rules = last.reasons.iter().map(|reason| reason.rule.clone());
        (last.outcome.clone(), rules.collect())
    }

    /// All effects.
    pub async fn effects(&self) -> Vec<EffectReport> {
        self.store().effects(None, u32::MAX).await.expect("the store works")
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Ends the story, and holds it to what every story must keep.
    pub async fn finish(self) {
        self.settle().await;
        for request in self.github.requests() {
            check_contract(&request);
        }
        let backlog = self.store().backlog(self.now()).await.expect("the store works");
        assert_eq!(backlog.deliveries_waiting, 0, "a delivery was left unhandled");
        let waiting: Vec<_> = self.effects().await.into_iter().filter(|e| e.state == EffectState::Ready).collect();
        let due: Vec<_> = waiting.iter().filter(|e| e.effect.not_before.is_none_or(|at| at <= self.now())).collect();
        if !self.losses_expected {
            assert_eq!(backlog.deliveries_parked, 0, "a delivery was parked");
            assert_eq!(backlog.effects_dead, 0, "an effect was given up");
            assert!(
                due.is_empty(),
                "effects were left undone: {:?}",
                due.iter().map(|e| &e.effect.key).collect::<Vec<_>>()
            );
        }
        let bot = self.github.bot_login();
        for thread in self.github.threads(REPO).expect("the repository exists") {
            let said = thread.comments.iter().filter(|comment| comment.post.author == bot).count();
            assert!(said <= 1, "the bot spoke {said} times in #{}", thread.number);
        }
        if !self.words_restored {
            let changes = self.github.public_transcript()["changes_by_bot"].to_string();
            self.canary.must_not_be_in("what the bot changed in public", changes.as_bytes());
        }
        self.canary.must_not_be_logged();
        self.canary.must_not_be_measured();
        let canary = self.canary.clone();
        let folder = self.folder.path().to_owned();
        for entry in std::fs::read_dir(&folder).expect("the folder").flatten() {
            let bytes = std::fs::read(entry.path()).expect("readable");
            canary.must_not_be_in(&entry.path().display().to_string(), &bytes);
        }
        self.stop.cancel();
    }
}

fn check_contract(request: &LoggedRequest) {
    if !crate::contract::available() {
        return;
    }
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let sent = SentRequest {
        method: request.method.clone(),
        path_and_query: format!("{}{query}", request.path),
        body: (!request.body.is_null()).then(|| request.body.clone()),
    };
    if let Err(complaints) = openapi::check(&sent) {
        panic!("GitHub's description does not allow {} {}:\n{}", sent.method, request.path, complaints.join("\n"));
    }
}

fn people_and_places(github: &Standin, setting: &Setting) {
    github.add_organisation("acme");
    for login in [CORA, RAE, MALLORY, "zoe", "finn"] {
        github.add_user(login);
    }
    let mut public = RepositorySpec::public("acme", "framework");
    public.private_reporting = setting.private_reporting;
    if let Some(policy) = &setting.policy {
        public = public.file(".github/embargod.yml", policy);
    }
    github.add_repository(&public).expect("a repository");
    github.add_repository(&RepositorySpec::private("acme", "cases")).expect("a private repository");
    github.grant(REPO, CORA, Role::Maintain).expect("a role");
    github.install_on_all("acme").expect("an installation");
}

async fn open_store(folder: &tempfile::TempDir) -> SharedStore {
    let path = folder.path().join("embargod.db");
    let store = SqliteStore::open(path.to_str().expect("utf-8")).await;
    Arc::new(store.expect("a store"))
}

/// How an engine of a world is made.
struct Making<'a> {
    sealing_key: &'a std::path::Path,
    default_policy: Option<&'a str>,
    detector: &'a Arc<dyn Detector>,
    request_timeout_ms: u64,
    mirrors: &'a Option<Mirrors>,
    paging: &'a Option<String>,
    pace: Pace,
}

fn engine(github: &Standin, clock: &ManualClock, store: SharedStore, making: Making<'_>) -> Engine {
    let Making { sealing_key, default_policy, detector, request_timeout_ms, mirrors, paging, pace } = making;
    canary::listen();
    let mut settings = GitHubSettings::new(APP_ID, SecretString::from(APP_KEY.private_pem.clone()));
    settings.api_base = github.base_url().parse().expect("an address");
    settings.request_timeout_ms = request_timeout_ms;
    Engine::new(ShopParts {
        store,
        github: GitHub::new(&settings, Arc::new(clock.clone())).expect("a client"),
        sealer: Sealer::new(Keyring::read(sealing_key).expect("the key")),
        clearance: Clearance::grant(),
        detector: Arc::clone(detector),
        clock: Arc::new(clock.clone()),
        default_policy: default_policy.map(parse),
        policy_interval: Duration::from_secs(300),
        pace,
        mirrors: mirrors.clone(),
        paging: paging.as_ref().map(|url| Pager::new(&SecretString::from(url.clone())).expect("an address")),
    })
}

fn parse(text: &str) -> Policy {
    let layer = Layer { origin: "default policy".to_owned(), text: text.to_owned() };
    effective(&[layer]).expect("a valid policy").policy
}
