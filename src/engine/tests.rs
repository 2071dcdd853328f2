//! What tests of this room stand on.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Engine, Pace, ShopParts};
use crate::{
    clock::ManualClock,
    domain::{detector, embargoed::Clearance},
    github::{GitHub, GitHubSettings},
    sealing::{Sealer, SealingKey},
    store::sqlite::SqliteStore,
};

/// An engine without work, on a new database in a folder of its own; nobody answers for GitHub.
pub(super) async fn idle() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("embargod.db");
    let store = SqliteStore::open(path.to_str().expect("utf-8")).await.expect("a store");
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der = key.as_der().expect("DER");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    let mut settings = GitHubSettings::new(1, SecretString::from(pem));
    settings.api_base = "http://127.0.0.1:1".parse().expect("an address");
    let clock: crate::clock::SharedClock =
        Arc::new(ManualClock::at(Timestamp::from_second(1_767_225_600).expect("representable")));
    let engine = Engine::new(ShopParts {
        store: Arc::new(store),
        github: GitHub::new(&settings, Arc::clone(&clock)).expect("a client"),
        sealer: Sealer::new(SealingKey::generate()),
        clearance: Clearance::grant(),
        detector: Arc::new(detector::builtin()),
        clock,
        default_policy: None,
        policy_interval: Duration::from_secs(300),
        pace: Pace::default(),
        mirrors: None,
        paging: None,
    });
    (folder, engine)
}
