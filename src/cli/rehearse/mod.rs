//! `embargod rehearse`: watch the main job happen, with nothing configured.
//!
//! What flows in: nothing but the story of `story.rs`. What flows out: the real server on a SQLite file in a temporary folder, the
//! stand-in GitHub on loopback, the story played through real signed webhooks, and a transcript of what came of it.
//! Exit code 0 only if all went as the story demands. What it must never do: touch GitHub, or leave anything behind.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use clap::Args;
use secrecy::SecretString;

use super::{FINE, INTERNAL, NO, block_on, serve::asked_to_stop, setup::manifest::AppManifest};
use crate::{
    clock::{Clock, SystemClock},
    domain::retention::Retention,
    sealing::SealingKey,
    server::{self, Metrics, Running, telemetry},
    settings::{DoorSettings, GithubSettings, LogFormat, SealingKeyFrom, Settings, WorkSettings},
    standin::{AppRegistration, Options, RepositorySpec, Role, Standin},
};

pub mod app_key;
mod play;
mod report;
mod story;

/// How long one scene may take until everything has settled.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ports of the pages and the API with `--keep`, so that the addresses stay the same; others are taken where these are not
/// free.
const KEPT_PORTS: (u16, u16) = (4600, 4601);

/// Arguments of `embargod rehearse`.
#[derive(Args)]
pub struct RehearseArgs {
    /// Leave server and stand-in running afterwards, and print where they are.
    #[arg(long)]
    keep: bool,
    /// One JSON object a post instead of a transcript.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: RehearseArgs) -> u8 {
    let filter = std::env::var("EMBARGOD_LOG").unwrap_or_else(|_| "off".to_owned());
    let _telemetry = telemetry::start(&filter, LogFormat::Text, None);
    block_on(async {
        match rehearse(&args).await {
            Ok(code) => code,
            Err(problem) => {
                eprintln!("embargod: the rehearsal could not be set up: {problem}");
                INTERNAL
            }
        }
    })
}

async fn rehearse(args: &RehearseArgs) -> Result<u8, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let stage = Stage::build(folder.path(), args.keep).await?;
    if !args.json {
        println!("{}", report::opening(&stage));
    }
    let mut acts = Vec::new();
    let scenes = story::scenes();
    for index in 0..scenes.len() {
        let came = play::scene(&stage, &scenes, index, &acts).await?;
        if args.json {
            println!("{}", report::json(&came));
        } else {
            println!("{}", report::scene(index, &came));
        }
        acts.push(came);
    }
    let as_demanded = acts.iter().all(|came| came.complaints.is_empty());
    if !args.json {
        println!("{}", report::table(&acts));
    }
    if args.keep {
        eprintln!("{}", report::kept(&stage));
        asked_to_stop().await;
    }
    let Stage { running, github, .. } = stage;
    running.stop().await;
    drop(github);
    Ok(if as_demanded { FINE } else { NO })
}

/// Everything that the story is played on.
struct Stage {
    running: Running,
    listen: SocketAddr,
    github: Standin,
}

impl Stage {
    async fn build(folder: &Path, keep: bool) -> Result<Self, String> {
        let key = app_key::generate()?;
        let secret = uuid::Uuid::new_v4().to_string();
        // The very permissions and events that a real App would be registered with.
        let manifest = AppManifest::embedded();
        let app = AppRegistration {
            id: 1,
            slug: "embargod".to_owned(),
            public_key_pem: key.public_pem,
            webhook_secret: secret.clone(),
            permissions: manifest.default_permissions,
            events: manifest.default_events,
        };
        let github = start_github(app, keep).await?;
        populate(&github).map_err(|refusal| format!("the stand-in refused a beginning: {refusal}"))?;
        let sealing_key_path = folder.join("sealing.key");
        SealingKey::generate().write_new(&sealing_key_path).map_err(|error| error.to_string())?;
        let loopback = "127.0.0.1:0".parse().map_err(|_| "no loopback address".to_owned())?;
        let settings = Settings {
            listen: loopback,
            admin_listen: loopback,
            database: format!("sqlite:{}", folder.join("embargod.db").display()),
            database_connections: 8,
            ack_gather_ms: 0,
            public_url: None,
            default_policy_path: None,
            poll_interval_s: 60,
            sweep_interval_s: 3_600,
            reconcile_interval_s: 3_600,
            policy_interval_s: 300,
            log: "off".to_owned(),
            log_format: LogFormat::Text,
            otlp_endpoint: None,
            doors: DoorSettings::default(),
            work: WorkSettings::default(),
            github: GithubSettings {
                api_base: github.base_url(),
                app_id: 1,
                private_key_path: folder.join("private-key.pem"),
                private_key: key.private_pem,
                webhook_secrets: vec![SecretString::from(secret)],
            },
            sealing_key: SealingKeyFrom::File(sealing_key_path),
            retention: Retention::default(),
            mirrors: None,
            paging_url: None,
        };
        let running = server::start(&settings, Arc::new(SystemClock), Metrics::install())
            .await
            .map_err(|problems| problems.to_string())?;
        let listen = running.listen.ok_or("the server has no public door")?;
        github.set_hook_url(&format!("http://{listen}/webhook"));
        Ok(Self { running, listen, github })
    }

    /// Waits until GitHub has delivered everything and the engine has nothing left to do.
    async fn settled(&self) -> Result<(), String> {
        let shop = self.running.engine.shop();
        let settling = async {
            loop {
                self.github.deliveries_idle().await;
                let seen = self.github.deliveries().len();
                let backlog = shop.store.backlog(shop.clock.now()).await.map_err(|error| error.to_string())?;
                if backlog.deliveries_waiting == 0 && backlog.effects_waiting == 0 {
                    self.github.deliveries_idle().await;
                    if self.github.deliveries().len() == seen {
                        return Ok(());
                    }
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let late = || Err(format!("nothing had settled after {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, settling).await.unwrap_or_else(|_| late())
    }
}

/// With `keep` the usual ports are tried first, so that the address can be bookmarked.
async fn start_github(app: AppRegistration, keep: bool) -> Result<Standin, String> {
    let mut options = Options::new(Some(app), Arc::new(|| SystemClock.now()));
    if keep {
        (options.web_port, options.api_port) = KEPT_PORTS;
        if let Ok(github) = Standin::start(options.clone()).await {
            return Ok(github);
        }
        (options.web_port, options.api_port) = (0, 0);
    }
    Standin::start(options).await.map_err(|error| format!("the stand-in could not listen: {error}"))
}

fn populate(github: &Standin) -> crate::standin::Outcome<()> {
    github.add_organisation("acme");
    github.add_user(story::MAINTAINER);
    for login in story::OUTSIDERS {
        github.add_user(login);
    }
    let repository = RepositorySpec::public("acme", "framework").file(".github/embargod.yml", story::POLICY);
    github.add_repository(&repository)?;
    github.grant(story::REPOSITORY, story::MAINTAINER, Role::Maintain)?;
    github.install(story::REPOSITORY)?;
    Ok(())
}
