//! The whole state of the stand-in and the questions that every part asks of it.
//!
//! Pure: no clock, no network. The shell sets `now` before each use and takes away what `emit` left for the webhooks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::model::{Account, AccountKind, App, Installation, Repository, Role, Thread, Token};
use super::refusal::{Outcome, Refusal};
use super::{Capabilities, render};

/// Base addresses that answers and payloads point to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub api: String,
    pub web: String,
}

/// A webhook that a change caused, before it is signed and sent.
#[derive(Clone, Debug)]
pub(crate) struct Emitted {
    pub event: &'static str,
    pub action: Option<String>,
    pub repository: Option<u64>,
    pub installation: Option<u64>,
    pub payload: Value,
}

/// Everything that this GitHub knows.
pub(crate) struct World {
    pub now: Timestamp,
    pub places: Places,
    pub capabilities: Capabilities,
    pub show_private_members: bool,
    pub accounts: BTreeMap<String, Account>,
    pub repositories: BTreeMap<u64, Repository>,
    pub app: Option<App>,
    pub installations: BTreeMap<u64, Installation>,
    pub tokens: BTreeMap<String, Token>,
    pub manifest_codes: BTreeMap<String, Value>,
    pub outbox: Vec<Emitted>,
    pub public_changes: Vec<Value>,
    last_id: u64,
}

impl World {
    pub(crate) fn new(now: Timestamp, places: Places) -> Self {
        Self {
            now,
            places,
            capabilities: Capabilities::default(),
            show_private_members: true,
            accounts: BTreeMap::new(),
            repositories: BTreeMap::new(),
            app: None,
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            manifest_codes: BTreeMap::new(),
            outbox: Vec::new(),
            public_changes: Vec::new(),
            last_id: 1000,
        }
    }

    /// A number that nothing else has.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    // Accounts

    pub(crate) fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.get(&login.to_lowercase())
    }

    pub(crate) fn add_account(&mut self, login: &str, kind: AccountKind) {
        if self.account(login).is_some() {
            return;
        }
        let id = self.next_id();
        let (members, teams) = (BTreeMap::new(), BTreeMap::new());
        self.accounts.insert(login.to_lowercase(), Account { id, login: login.to_owned(), kind, members, teams });
    }

    /// Login of the App's machine account; empty while no App is registered.
    pub(crate) fn bot(&self) -> String {
        self.app.as_ref().map(App::bot_login).unwrap_or_default()
    }

    // Repositories

    /// Id of `owner/name`.
    pub(crate) fn find_repository(&self, full_name: &str) -> Option<u64> {
        self.repositories.values().find(|r| r.full_name().eq_ignore_ascii_case(full_name)).map(|r| r.id)
    }

    /// Id of `owner/name`, or a refusal that names it.
    pub(crate) fn repository_id(&self, full_name: &str) -> Outcome<u64> {
        self.find_repository(full_name).ok_or_else(|| Refusal::new(404, format!("no repository {full_name}")))
    }

    pub(crate) fn repository(&self, id: u64) -> Outcome<&Repository> {
        self.repositories.get(&id).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn repository_mut(&mut self, id: u64) -> Outcome<&mut Repository> {
        self.repositories.get_mut(&id).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn thread(&self, repository: u64, number: u64) -> Outcome<&Thread> {
        self.repository(repository)?.threads.get(&number).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn thread_mut(&mut self, repository: u64, number: u64) -> Outcome<&mut Thread> {
        self.repository_mut(repository)?.threads.get_mut(&number).ok_or_else(Refusal::not_found)
    }

    // People and repositories

    /// What `login` may do in the repository.
    pub(crate) fn role(&self, repository: u64, login: &str) -> Role {
        let Some(repo) = self.repositories.get(&repository) else {
            return Role::None;
        };
        if repo.owner.eq_ignore_ascii_case(login) {
            return Role::Admin;
        }
        let granted = repo.grants.get(&login.to_lowercase()).copied();
        let by_membership =
            self.membership(&repo.owner, login).map(|owner| if owner { Role::Admin } else { Role::Read });
        let floor = if repo.private { Role::None } else { Role::Read };
        [granted, by_membership].into_iter().flatten().fold(floor, Role::max)
    }

    /// Whether `login` is a member of the organisation, and if so, whether an owner.
    fn membership(&self, organisation: &str, login: &str) -> Option<bool> {
        self.account(organisation)?.members.get(&login.to_lowercase()).copied()
    }

    /// How GitHub labels an author in one repository (`author_association`).
    pub(crate) fn association(&self, repository: u64, login: &str) -> &'static str {
        let Some(repo) = self.repositories.get(&repository) else {
            return "NONE";
        };
        let key = login.to_lowercase();
        if repo.owner.eq_ignore_ascii_case(login) {
            "OWNER"
        } else if self.show_private_members && self.membership(&repo.owner, login).is_some() {
            "MEMBER"
        } else if repo.grants.get(&key).is_some_and(|r| *r > Role::Read) {
            "COLLABORATOR"
        } else if repo.contributors.contains(&key) {
            "CONTRIBUTOR"
        } else {
            "NONE"
        }
    }

    /// Whether the actor may moderate: a person with write, or the App (whose permission the route has checked).
    pub(crate) fn moderates(&self, repository: u64, actor: &str) -> bool {
        actor == self.bot() || self.role(repository, actor) >= Role::Write
    }

    // The App

    /// The installation that covers a repository.
    pub(crate) fn installation_of(&self, repository: u64) -> Option<&Installation> {
        let repo = self.repositories.get(&repository)?;
        self.installations.values().find(|i| {
            i.account.eq_ignore_ascii_case(&repo.owner)
                && i.repositories.as_ref().is_none_or(|r| r.contains(&repository))
        })
    }

    // Telling

    /// Leaves a webhook about a repository, if the App is installed there and subscribed.
    pub(crate) fn emit(
        &mut self,
        repository: u64,
        event: &'static str,
        action: Option<&str>,
        sender: &str,
        mut fields: Map<String, Value>,
    ) {
        let Some(installation) = self.installation_of(repository).map(|i| i.id) else {
            return;
        };
        let subscribed = self.app.as_ref().is_some_and(|a| a.events.iter().any(|e| e == event));
        let Some(repo) = self.repositories.get(&repository) else {
            return;
        };
        if !subscribed {
            return;
        }
        if let Some(action) = action {
            fields.insert("action".into(), action.into());
        }
        fields.insert("repository".into(), render::repository::payload(self, repo, event == "push"));
        if let Some(owner) = self.account(&repo.owner)
            && owner.kind == AccountKind::Organization
        {
            fields.insert("organization".into(), render::account::organisation(self, owner));
        }
        fields.insert("sender".into(), render::account::user(self, sender));
        fields.insert(
            "installation".into(),
            json!({"id": installation, "node_id": format!("MDIzOkluc3RhbGxhdGlvbg{installation}")}),
        );
        self.outbox.push(Emitted {
            event,
            action: action.map(str::to_owned),
            repository: Some(repository),
            installation: Some(installation),
            payload: Value::Object(fields),
        });
    }

    /// Leaves a webhook that belongs to the App itself (`ping`, `installation`); these need no subscription.
    pub(crate) fn emit_for_app(
        &mut self,
        event: &'static str,
        action: Option<&str>,
        installation: Option<u64>,
        payload: Value,
    ) {
        self.outbox.push(Emitted { event, action: action.map(str::to_owned), repository: None, installation, payload });
    }

    /// Writes a change into the public transcript, if the bot made it where everyone can see it.
    ///
    /// Values carry no ids and no instants, so that two runs can be compared.
    pub(crate) fn note_public(&mut self, repository: u64, actor: &str, what: Value) {
        let Some(repo) = self.repositories.get(&repository) else {
            return;
        };
        if !repo.private && actor == self.bot() {
            let repository = repo.full_name();
            self.public_changes.push(json!({"repository": repository, "change": what}));
        }
    }
}
