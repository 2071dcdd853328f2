use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// The registered GitHub App.
#[derive(Clone)]
pub struct App {
    /// The App's number, `iss` of its JWT.
    pub id: u64,
    /// Name in addresses; its account is `<slug>[bot]`.
    pub slug: String,
    /// Name as shown.
    pub name: String,
    /// OAuth client id, also accepted as `iss`.
    pub client_id: String,
    /// Public half of the App's key.
    pub public_key_pem: String,
    /// What it asks for, `read` or `write` by area.
    pub permissions: BTreeMap<String, String>,
    /// Events that it subscribed to.
    pub events: Vec<String>,
    /// Home page.
    pub external_url: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl App {
    /// Login of the App's machine account.
    pub fn bot_login(&self) -> String {
        format!("{}[bot]", self.slug)
    }
}

/// The App, installed at one account.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Number of the installation.
    pub id: u64,
    /// Login of the account.
    pub account: String,
    /// Repositories by id; `None` means all of the account.
    pub repositories: Option<BTreeSet<u64>>,
    /// What the account granted.
    pub permissions: BTreeMap<String, String>,
    /// When.
    pub created_at: Timestamp,
}

/// An installation access token.
#[derive(Clone)]
pub struct Token {
    /// Its installation.
    pub installation: u64,
    /// Last instant at which it works.
    pub expires_at: Timestamp,
    /// What it allows.
    pub permissions: BTreeMap<String, String>,
    /// Narrowed to these repositories.
    pub repositories: Option<BTreeSet<u64>>,
}
