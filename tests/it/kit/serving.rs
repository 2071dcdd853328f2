//! A server as `embargod serve` starts it, in the world of a story.

use std::sync::Arc;

use embargod::{
    domain::retention::Retention,
    server::{self, Metrics, Running},
    settings::{DoorSettings, GithubSettings, LogFormat, Role, SealingKeyFrom, Settings, WorkSettings},
};
use secrecy::SecretString;

use super::{APP_ID, APP_KEY, SECRET, World};

impl World {
    /// Starts a server that does what `role` says, on the files of this world.
    pub async fn serve(&self, role: Role) -> Running {
        let loopback = "127.0.0.1:0".parse().expect("an address");
        let settings = Settings {
            listen: loopback,
            admin_listen: loopback,
            database: format!("sqlite:{}", self.folder.path().join("embargod.db").display()),
            public_url: None,
            default_policy_path: None,
            poll_interval_s: 60,
            sweep_interval_s: 60,
            reconcile_interval_s: 900,
            ack_gather_ms: 0,
            database_connections: 8,
            policy_interval_s: 300,
            log: "off".to_owned(),
            log_format: LogFormat::Text,
            otlp_endpoint: None,
            doors: DoorSettings::default(),
            work: WorkSettings { role, ..WorkSettings::default() },
            github: GithubSettings {
                api_base: self.github.base_url(),
                app_id: APP_ID,
                private_key_path: self.folder.path().join("app.pem"),
                private_key: SecretString::from(APP_KEY.private_pem.clone()),
                webhook_secrets: vec![SecretString::from(SECRET)],
            },
            sealing_key: SealingKeyFrom::File(self.sealing_key.clone()),
            retention: Retention::default(),
            mirrors: None,
            paging_url: None,
        };
        let (_, metrics) = Metrics::recorder();
        let clock = Arc::new(self.clock.clone());
        server::start(&settings, clock, metrics).await.unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// Waits until `it_is_so`; whatever brings it about runs by itself.
    pub async fn until(&self, it_is_so: impl Fn() -> bool) {
        while !it_is_so() {
            tokio::task::yield_now().await;
        }
    }
}
