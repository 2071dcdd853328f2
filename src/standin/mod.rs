//! The stand-in: a stateful GitHub over HTTP on loopback, for the tests and for `embargod rehearse`.
//!
//! In come API requests (signed by the App's JWT or an installation token), browsers, and acts of imagined people; out
//! go GitHub's answers and signed webhooks. It behaves as GitHub is known to behave; where that can't be known, a
//! switch in [`Capabilities`] chooses. It must never reach beyond loopback, never touch the rest of the crate, and
//! never be given a real report: everything here is kept in memory in the clear and shown to whoever looks.

mod act;
mod api;
mod auth;
mod change;
mod control;
mod deliveries;
mod faults;
mod graphql;
mod limits;
mod log;
mod look;
mod manifest;
mod model;
mod pages;
mod refusal;
mod render;
mod rest;
mod server;
mod shared;
mod state;
#[cfg(test)]
mod tests;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};

pub use auth::CallerKind;
pub use deliveries::Delivery;
pub use faults::{Fault, Match};
pub use log::LoggedRequest;
pub use model::{
    Advisory, AdvisoryState, CheckRun, Comment, Commit, Credit, Deletion, Post, Pull, Reaction, Rename, Review,
    ReviewComment, Revision, Role, Thread, ThreadKind,
};
pub use refusal::{Outcome, Refusal};
pub use shared::Now;

use deliveries::{Deliveries, Hook};
use faults::Faults;
use limits::Limits;
use shared::Shared;
use state::State;
use world::{Places, World};

/// The App as GitHub knows it.
#[derive(Clone, Debug)]
pub struct AppRegistration {
    /// The App's id, `iss` of its JWT.
    pub id: u64,
    /// Name in addresses; the App acts as `<slug>[bot]`.
    pub slug: String,
    /// Public half of the App's RSA key, SPKI or PKCS#1 PEM.
    pub public_key_pem: String,
    /// Secret that signs the webhooks.
    pub webhook_secret: String,
    /// Permissions (`issues` → `write` …). `metadata: read` is always there.
    pub permissions: BTreeMap<String, String>,
    /// Events that it subscribed to.
    pub events: Vec<String>,
}

/// What this GitHub can do where the real one is unknown, in preview, or depends on the edition.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Whether there is GraphQL at all.
    pub graphql: bool,
    /// Whether `minimizeComment` works with an installation token.
    pub minimize_by_app: bool,
    /// Whether the discussion mutations work with an installation token.
    pub discussions_by_app: bool,
    /// Whether comments on advisories can be had (public preview since October 2026).
    pub advisory_comments: bool,
    /// Whether there are repository advisories at all (Enterprise servers have none).
    pub advisories: bool,
    /// Whether `deleteIssue` works with an installation token (reported: no).
    pub delete_issue_by_app: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            graphql: true,
            minimize_by_app: true,
            discussions_by_app: true,
            advisory_comments: true,
            advisories: true,
            delete_issue_by_app: false,
        }
    }
}

/// A repository to make.
#[derive(Clone, Debug)]
pub struct RepositorySpec {
    /// Login of the owner; becomes a person unless it is an organisation already.
    pub owner: String,
    /// Name without the owner.
    pub name: String,
    /// Whether it is private. Private repositories have neither advisories nor private reporting.
    pub private: bool,
    /// Whether strangers may report privately.
    pub private_reporting: bool,
    /// Whether it has advisories.
    pub advisories: bool,
    /// Name of the default branch.
    pub default_branch: String,
    /// Files of the default branch by path.
    pub files: BTreeMap<String, String>,
}

impl RepositorySpec {
    /// A public repository with advisories and private reporting, branch `main`, no files.
    pub fn public(owner: &str, name: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            private: false,
            private_reporting: true,
            advisories: true,
            default_branch: "main".to_owned(),
            files: BTreeMap::new(),
        }
    }

    /// A private repository, branch `main`, no files.
    pub fn private(owner: &str, name: &str) -> Self {
        Self { private: true, private_reporting: false, advisories: false, ..Self::public(owner, name) }
    }

    /// The same with one more file on the default branch.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }
}

/// How to start.
#[derive(Clone)]
pub struct Options {
    /// The App; `None` when it will be registered through the manifest flow.
    pub app: Option<AppRegistration>,
    /// Where webhooks go (loopback only); `None`: nowhere yet.
    pub hook_url: Option<String>,
    /// Send webhooks as form fields instead of JSON.
    pub form_encoded_hooks: bool,
    /// The clock.
    pub now: Now,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether members of organisations are labelled `MEMBER`; false: their membership is private.
    pub show_private_members: bool,
    /// Port of the API on 127.0.0.1; 0 chooses a free one.
    pub api_port: u16,
    /// Port of the pages on 127.0.0.1; 0 chooses a free one.
    pub web_port: u16,
}

impl Options {
    /// Usual options with this App and this clock.
    pub fn new(app: Option<AppRegistration>, now: Now) -> Self {
        Self {
            app,
            hook_url: None,
            form_encoded_hooks: false,
            now,
            capabilities: Capabilities::default(),
            show_private_members: true,
            api_port: 0,
            web_port: 0,
        }
    }
}

/// A running stand-in; dropping it stops it.
pub struct Standin {
    shared: Arc<Shared>,
    api: SocketAddr,
    web: SocketAddr,
    _stop: DropGuard,
}

impl Standin {
    /// Starts listening on loopback.
    ///
    /// # Errors
    /// When a port is taken, or no HTTP client can be made for the webhooks.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (api_listener, api) = server::listen(options.api_port).await?;
        let (web_listener, web) = server::listen(options.web_port).await?;
        let places = Places { api: format!("http://{api}"), web: format!("http://{web}") };
        let now = (options.now)();
        let mut world = World::new(now, places);
        world.capabilities = options.capabilities;
        world.show_private_members = options.show_private_members;
        let mut state = State {
            world,
            deliveries: Deliveries {
                hook: Hook { url: options.hook_url, form_encoded: options.form_encoded_hooks, ..Hook::default() },
                ..Deliveries::default()
            },
            limits: Limits::new(now),
            faults: Faults::default(),
            log: Vec::new(),
        };
        if let Some(app) = &options.app {
            state.register(app);
        }
        let shared = Arc::new(Shared::new(state, options.now));
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(io::Error::other)?;
        let stop = CancellationToken::new();
        let api_router = {
            let shared = shared.clone();
            axum::Router::new().fallback(move |request| api::answer(shared.clone(), request))
        };
        tokio::spawn(server::serve(api_listener, api_router, stop.clone()));
        let pages = pages::router(shared.clone());
        tokio::spawn(server::serve(web_listener, pages, stop.clone()));
        let (courier, stopped) = (shared.clone(), stop.clone());
        tokio::spawn(async move {
            stopped.run_until_cancelled(deliveries::run(courier, client)).await;
        });
        Ok(Self { shared, api, web, _stop: stop.drop_guard() })
    }

    /// Address of the API, like `https://api.github.com`; GraphQL is at `/graphql` below it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// Address of the pages, like `https://github.com`.
    pub fn web_url(&self) -> String {
        format!("http://{}", self.web)
    }
}

impl State {
    /// Registers the App in the world and at the webhooks.
    pub(crate) fn register(&mut self, app: &AppRegistration) {
        self.world.register_app(app);
        self.deliveries.hook.secret.clone_from(&app.webhook_secret);
        self.deliveries.hook.app_id = app.id;
    }
}
