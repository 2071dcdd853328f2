//! The furniture: repositories, files, members, installations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::standin::model::{AccountKind, App, Installation, Repository, Role};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;
use crate::standin::world::World;
use crate::standin::{AppRegistration, RepositorySpec};

impl World {
    /// Registers the App and its machine account.
    pub(crate) fn register_app(&mut self, registration: &AppRegistration) {
        let app = App {
            id: registration.id,
            slug: registration.slug.clone(),
            name: registration.slug.clone(),
            client_id: format!("Iv23li{:014x}", registration.id),
            public_key_pem: registration.public_key_pem.clone(),
            permissions: registration.permissions.clone(),
            events: registration.events.clone(),
            external_url: format!("{}/apps/{}", self.places.web, registration.slug),
            created_at: self.now,
        };
        self.add_account(&app.bot_login(), AccountKind::Bot);
        self.app = Some(app);
    }

    /// Makes a repository with one commit; its owner is added as a person if nobody has that login.
    pub(crate) fn add_repository(&mut self, spec: &RepositorySpec) -> Outcome<u64> {
        let full_name = format!("{}/{}", spec.owner, spec.name);
        if self.find_repository(&full_name).is_some() {
            return Err(Refusal::new(422, format!("{full_name} exists already")));
        }
        self.add_account(&spec.owner, AccountKind::User);
        let id = self.next_id();
        self.repositories.insert(
            id,
            Repository {
                id,
                owner: spec.owner.clone(),
                name: spec.name.clone(),
                private: spec.private,
                private_reporting: spec.private_reporting && !spec.private,
                has_advisories: spec.advisories && !spec.private,
                default_branch: spec.default_branch.clone(),
                created_at: self.now,
                files: spec.files.clone(),
                refs: BTreeMap::new(),
                commits: BTreeMap::new(),
                grants: BTreeMap::new(),
                contributors: BTreeSet::new(),
                threads: BTreeMap::new(),
                next_number: 1,
                commit_comments: Vec::new(),
                advisories: Vec::new(),
                check_runs: Vec::new(),
            },
        );
        let sha = self.add_commit(id, &spec.owner, "Initial commit", Vec::new())?;
        let branch = format!("refs/heads/{}", spec.default_branch);
        self.repository_mut(id)?.refs.insert(branch, sha);
        Ok(id)
    }

    /// Writes a file on the default branch by a commit, and tells of the push.
    pub(crate) fn set_file(&mut self, repository: u64, actor: &str, path: &str, text: &str) -> Outcome<()> {
        let branch = self.repository(repository)?.default_branch.clone();
        self.repository_mut(repository)?.files.insert(path.to_owned(), text.to_owned());
        self.push(repository, actor, &branch, &[&format!("Update {path}")])?;
        self.pushed_file(path, "modified");
        Ok(())
    }

    /// Removes a file from the default branch by a commit, and tells of the push.
    pub(crate) fn remove_file(&mut self, repository: u64, actor: &str, path: &str) -> Outcome<()> {
        let repo = self.repository_mut(repository)?;
        repo.files.remove(path).ok_or_else(Refusal::not_found)?;
        let branch = repo.default_branch.clone();
        self.push(repository, actor, &branch, &[&format!("Delete {path}")])?;
        self.pushed_file(path, "removed");
        Ok(())
    }

    /// Names the file in the push that was told just now. The toy history keeps no files of its commits.
    fn pushed_file(&mut self, path: &str, how: &str) {
        if let Some(push) = self.outbox.last_mut().filter(|told| told.event == "push") {
            push.payload["commits"][0][how] = json!([path]);
            push.payload["head_commit"][how] = json!([path]);
        }
    }

    /// Changes what an installation grants, as somebody does who accepts an App's new permissions, and tells of that.
    pub(crate) fn accept_permission(&mut self, installation: u64, area: &str, level: &str) -> Outcome<()> {
        let found = self.installations.get_mut(&installation).ok_or_else(Refusal::not_found)?;
        found.permissions.insert(area.to_owned(), level.to_owned());
        let (found, account) = (found.clone(), found.account.clone());
        let payload = json!({
            "action": "new_permissions_accepted",
            "installation": render::app::installation(self, &found),
            "sender": render::account::user(self, &account),
        });
        self.emit_for_app("installation", Some("new_permissions_accepted"), Some(installation), payload);
        Ok(())
    }

    /// Gives a person a role in one repository.
    pub(crate) fn grant(&mut self, repository: u64, login: &str, role: Role) -> Outcome<()> {
        self.add_account(login, AccountKind::User);
        let grants = &mut self.repository_mut(repository)?.grants;
        grants.insert(login.to_lowercase(), role);
        Ok(())
    }

    /// Makes a person a member (or owner) of an organisation.
    pub(crate) fn add_member(&mut self, organisation: &str, login: &str, owner: bool) -> Outcome<()> {
        self.add_account(login, AccountKind::User);
        let account = self.accounts.get_mut(&organisation.to_lowercase());
        let account = account.ok_or_else(Refusal::not_found)?;
        account.members.insert(login.to_lowercase(), owner);
        Ok(())
    }

    /// Puts a person into a team, which is made when absent, or takes them out of it.
    pub(crate) fn set_in_team(&mut self, organisation: &str, team: &str, login: &str, is_in: bool) -> Outcome<()> {
        self.add_account(login, AccountKind::User);
        let account = self.accounts.get_mut(&organisation.to_lowercase()).ok_or_else(Refusal::not_found)?;
        let logins = account.teams.entry(team.to_owned()).or_default();
        if is_in {
            logins.insert(login.to_lowercase())
        } else {
            logins.remove(&login.to_lowercase())
        };
        Ok(())
    }

    /// Installs the App at an account, on all repositories or on the named ones; returns the installation's id.
    ///
    /// Installing again widens or replaces the choice of repositories.
    pub(crate) fn install(&mut self, account: &str, repositories: Option<BTreeSet<u64>>, actor: &str) -> Outcome<u64> {
        let app = self.app.as_ref();
        let permissions = app.ok_or_else(Refusal::not_found)?.permissions.clone();
        let account = self.account(account).ok_or_else(Refusal::not_found)?;
        let account = account.login.clone();
        let known = self.installations.values_mut();
        if let Some(known) = { known }.find(|i| i.account == account) {
            known.repositories = match (known.repositories.take(), repositories) {
                (Some(mut old), Some(new)) => {
                    old.extend(new);
                    Some(old)
                }
                _ => None,
            };
            return Ok(known.id);
        }
        let id = self.next_id();
        let installation = Installation { id, account, repositories, permissions, created_at: self.now };
        let shown = render::app::installation(self, &installation);
        let repositories: Vec<_> = self
            .repositories
            .values()
            .filter(|r| covers(&installation, r))
            .map(|r| {
                json!({
                    "id": r.id,
                    "node_id": render::node_id("R", r.id),
                    "name": r.name,
                    "full_name": r.full_name(),
                    "private": r.private,
                })
            })
            .collect();
        self.installations.insert(id, installation);
        let payload = json!({
            "action": "created",
            "installation": shown,
            "repositories": repositories,
            "requester": null,
            "sender": render::account::user(self, actor),
        });
        self.emit_for_app("installation", Some("created"), Some(id), payload);
        Ok(id)
    }
}

/// Whether an installation covers a repository.
pub(crate) fn covers(installation: &Installation, repository: &Repository) -> bool {
    installation.account.eq_ignore_ascii_case(&repository.owner)
        && installation.repositories.as_ref().is_none_or(|r| r.contains(&repository.id))
}
