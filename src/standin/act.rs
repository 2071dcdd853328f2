//! What people do. Every act is checked as GitHub would, changes the world, and sends the webhooks.
//!
//! Repositories are named `owner/name`, people by login. Acts return once the change is made; the webhooks follow in
//! the background ([`Standin::deliveries_idle`] waits for them).

use std::collections::BTreeSet;

use super::change::{AdvisoryFields, PostAt, ThreadPatch};
use super::model::{AccountKind, AdvisoryState, Commit, Role, ThreadKind};
use super::refusal::{Outcome, Refusal};
use super::world::World;
use super::{RepositorySpec, Standin};

impl Standin {
    fn world<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.shared.change(|state| act(&mut state.world))
    }

    fn at<T>(&self, repository: &str, act: impl FnOnce(&mut World, u64) -> Outcome<T>) -> Outcome<T> {
        self.world(|world| {
            let id = world.repository_id(repository)?;
            act(world, id)
        })
    }

    // Furniture

    /// Adds a person.
    pub fn add_user(&self, login: &str) {
        self.world(|w| w.add_account(login, AccountKind::User));
    }

    /// Adds a machine account of somebody else, such as `scanner[bot]`.
    pub fn add_bot(&self, login: &str) {
        self.world(|w| w.add_account(login, AccountKind::Bot));
    }

    /// Adds an organisation.
    pub fn add_organisation(&self, login: &str) {
        self.world(|w| w.add_account(login, AccountKind::Organization));
    }

    /// Makes a person a member of an organisation, or an owner of it.
    pub fn add_member(&self, organisation: &str, login: &str, owner: bool) -> Outcome<()> {
        self.world(|w| w.add_member(organisation, login, owner))
    }

    /// Puts a person into a team, which is made when absent, or takes them out of it. No webhook.
    pub fn set_in_team(&self, organisation: &str, team: &str, login: &str, is_in: bool) -> Outcome<()> {
        self.world(|w| w.set_in_team(organisation, team, login, is_in))
    }

    /// Makes a repository; returns its id.
    pub fn add_repository(&self, spec: &RepositorySpec) -> Outcome<u64> {
        self.world(|w| w.add_repository(spec))
    }

    /// Gives a person a role in one repository.
    pub fn grant(&self, repository: &str, login: &str, role: Role) -> Outcome<()> {
        self.at(repository, |w, id| w.grant(id, login, role))
    }

    /// Counts a person among those whose commits were merged (`CONTRIBUTOR`).
    pub fn add_contributor(&self, repository: &str, login: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            w.add_account(login, AccountKind::User);
            let contributors = &mut w.repository_mut(id)?.contributors;
            contributors.insert(login.to_lowercase());
            Ok(())
        })
    }

    /// Writes a file on the default branch by a commit of the owner; sends `push`.
    pub fn set_file(&self, repository: &str, path: &str, text: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            let owner = w.repository(id)?.owner.clone();
            w.set_file(id, &owner, path, text)
        })
    }

    /// Removes a file from the default branch; sends `push`.
    pub fn remove_file(&self, repository: &str, path: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            let owner = w.repository(id)?.owner.clone();
            w.remove_file(id, &owner, path)
        })
    }

    /// Makes a private repository public, as its owner may at any time. No webhook is sent.
    pub fn make_public(&self, repository: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            w.repository_mut(id)?.private = false;
            Ok(())
        })
    }

    /// Switches private vulnerability reporting on or off.
    pub fn set_private_reporting(&self, repository: &str, enabled: bool) -> Outcome<()> {
        self.at(repository, |w, id| {
            w.repository_mut(id)?.private_reporting = enabled;
            Ok(())
        })
    }

    /// Installs the App on one repository; returns the installation's id. Sends `installation` the first time.
    pub fn install(&self, repository: &str) -> Outcome<u64> {
        self.at(repository, |w, id| {
            let owner = w.repository(id)?.owner.clone();
            w.install(&owner, Some(BTreeSet::from([id])), &owner)
        })
    }

    /// Installs the App on all repositories of an account; returns the installation's id.
    pub fn install_on_all(&self, account: &str) -> Outcome<u64> {
        self.world(|w| w.install(account, None, account))
    }

    /// Changes what an installation grants; tokens minted before keep what they had.
    pub fn set_granted_permission(&self, installation: u64, area: &str, level: Option<&str>) -> Outcome<()> {
        self.world(|w| {
            let found = w.installations.get_mut(&installation);
            let permissions = &mut found.ok_or_else(Refusal::not_found)?.permissions;
            match level {
                Some(level) => permissions.insert(area.to_owned(), level.to_owned()),
                None => permissions.remove(area),
            };
            Ok(())
        })
    }

    /// Somebody accepts a permission that the App asks for; sends `installation`.
    pub fn accept_permission(&self, installation: u64, area: &str, level: &str) -> Outcome<()> {
        self.world(|w| w.accept_permission(installation, area, level))
    }

    // Issues and what looks like them

    /// Opens an issue; returns its number.
    pub fn open_issue(&self, repository: &str, who: &str, title: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.open_thread(id, who, ThreadKind::Issue, title, body))
    }

    /// Opens an issue by a form that puts labels on it; returns its number.
    pub fn open_issue_by_form(
        &self,
        repository: &str,
        who: &str,
        title: &str,
        body: &str,
        labels: &[&str],
    ) -> Outcome<u64> {
        self.at(repository, |w, id| w.open_by_form(id, who, ThreadKind::Issue, (title, body), labels))
    }

    /// Opens a discussion; returns its number.
    pub fn open_discussion(&self, repository: &str, who: &str, title: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.open_thread(id, who, ThreadKind::Discussion, title, body))
    }

    /// Opens a pull request from `branch`, whose one commit has `message`; returns its number.
    pub fn open_pull_request(
        &self,
        repository: &str,
        who: &str,
        title: &str,
        body: &str,
        branch: &str,
        message: &str,
    ) -> Outcome<u64> {
        self.at(repository, |w, id| w.open_pull(id, who, (title, body), branch, message))
    }

    /// Has a pull request change these files and no others; it begins with one.
    pub fn set_changed_files(&self, repository: &str, number: u64, files: &[&str]) -> Outcome<()> {
        self.at(repository, |w, id| w.set_changed_files(id, number, files))
    }

    /// Edits title and body of an issue, pull request or discussion; `None` leaves as it is.
    pub fn edit_thread(
        &self,
        repository: &str,
        number: u64,
        who: &str,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Outcome<()> {
        let patch =
            ThreadPatch { title: title.map(str::to_owned), body: body.map(str::to_owned), ..ThreadPatch::default() };
        self.at(repository, |w, id| w.patch_thread(id, number, who, patch))
    }

    /// Closes a thread; the reason of an issue is `completed` unless given.
    pub fn close(&self, repository: &str, number: u64, who: &str, reason: Option<&str>) -> Outcome<()> {
        let patch =
            ThreadPatch { open: Some(false), state_reason: reason.map(str::to_owned), ..ThreadPatch::default() };
        self.at(repository, |w, id| w.patch_thread(id, number, who, patch))
    }

    /// Opens a closed thread again.
    pub fn reopen(&self, repository: &str, number: u64, who: &str) -> Outcome<()> {
        let patch = ThreadPatch { open: Some(true), ..ThreadPatch::default() };
        self.at(repository, |w, id| w.patch_thread(id, number, who, patch))
    }

    /// Locks a thread.
    pub fn lock(&self, repository: &str, number: u64, who: &str) -> Outcome<()> {
        self.at(repository, |w, id| w.lock(id, number, who, None))
    }

    /// Unlocks a thread.
    pub fn unlock(&self, repository: &str, number: u64, who: &str) -> Outcome<()> {
        self.at(repository, |w, id| w.unlock(id, number, who))
    }

    /// Puts a label on.
    pub fn label(&self, repository: &str, number: u64, who: &str, label: &str) -> Outcome<()> {
        let labels = [label.to_owned()];
        self.at(repository, |w, id| w.add_labels(id, number, who, &labels))
    }

    /// Moves an issue to another repository of the same owner; returns its new number.
    pub fn transfer(&self, repository: &str, number: u64, who: &str, to: &str) -> Outcome<u64> {
        self.at(repository, |w, id| {
            let to = w.repository_id(to)?;
            w.transfer(id, number, who, to)
        })
    }

    /// Deletes an issue for good.
    pub fn delete_issue(&self, repository: &str, number: u64, who: &str) -> Outcome<()> {
        self.at(repository, |w, id| w.delete_thread(id, number, who))
    }

    /// Pushes a commit onto a pull request; returns its sha.
    pub fn push_to_pull_request(&self, repository: &str, number: u64, who: &str, message: &str) -> Outcome<String> {
        self.at(repository, |w, id| w.push_to_pull(id, number, who, message))
    }

    /// Merges a pull request.
    pub fn merge(&self, repository: &str, number: u64, who: &str) -> Outcome<()> {
        self.at(repository, |w, id| w.merge_pull(id, number, who))
    }

    // Comments

    /// Comments on an issue or pull request; returns the comment's id.
    pub fn comment(&self, repository: &str, number: u64, who: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.comment(id, number, who, body, None))
    }

    /// Comments on a discussion, or answers a comment there; returns the comment's id.
    pub fn comment_discussion(
        &self,
        repository: &str,
        number: u64,
        who: &str,
        body: &str,
        reply_to: Option<u64>,
    ) -> Outcome<u64> {
        self.at(repository, |w, id| w.comment(id, number, who, body, reply_to))
    }

    /// Comments on a commit (a sha, branch or tag); returns the comment's id.
    pub fn comment_commit(&self, repository: &str, commit: &str, who: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.comment_commit(id, commit, who, body, None))
    }

    /// Reviews a pull request: `COMMENTED`, `APPROVED` or `CHANGES_REQUESTED`; returns the review's id.
    pub fn review(&self, repository: &str, number: u64, who: &str, state: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.review(id, number, who, state, body))
    }

    /// Comments on a line of a pull request; returns the comment's id.
    pub fn review_comment(&self, repository: &str, number: u64, who: &str, path: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.review_comment(id, number, who, (path, body), None))
    }

    /// Edits any comment or review, found by its id.
    pub fn edit_comment(&self, repository: &str, comment: u64, who: &str, body: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            let at = by_id(w, id, comment)?;
            w.edit_post(id, at, who, body)
        })
    }

    /// Deletes any comment, found by its id.
    pub fn delete_comment(&self, repository: &str, comment: u64, who: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            let at = by_id(w, id, comment)?;
            w.delete_post(id, at, who)
        })
    }

    /// Reacts to the first post of a thread.
    pub fn react(&self, repository: &str, number: u64, who: &str, content: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            w.react(id, PostAt::Thread(number), who, content)?;
            Ok(())
        })
    }

    /// Deletes every older revision of a thread's first post from the edit history, by hand as people must.
    pub fn delete_revisions(&self, repository: &str, number: u64, who: &str) -> Outcome<()> {
        self.clean(repository, who, |_, _| Ok(PostAt::Thread(number)))
    }

    /// The same for a comment or review, found by its id.
    pub fn delete_comment_revisions(&self, repository: &str, comment: u64, who: &str) -> Outcome<()> {
        self.clean(repository, who, |w, id| by_id(w, id, comment))
    }

    fn clean(&self, repository: &str, who: &str, find: impl FnOnce(&World, u64) -> Outcome<PostAt>) -> Outcome<()> {
        self.at(repository, |w, id| {
            let at = find(w, id)?;
            let post = w.repository(id)?.post(at).ok_or_else(Refusal::not_found)?;
            let older: Vec<u64> = post.readable_history().map(|r| r.id).collect();
            for revision in older {
                w.delete_revision(id, at, who, revision)?;
            }
            Ok(())
        })
    }

    // Git

    /// Pushes commits with these messages onto a branch, made when absent; returns the shas. Sends `create`, `push`.
    pub fn push(&self, repository: &str, who: &str, branch: &str, messages: &[&str]) -> Outcome<Vec<String>> {
        self.at(repository, |w, id| w.push(id, who, branch, messages))
    }

    /// Tags a commit (a sha, branch or tag). Sends `create`, `push`.
    pub fn create_tag(&self, repository: &str, who: &str, tag: &str, at: &str) -> Outcome<()> {
        self.at(repository, |w, id| w.create_tag(id, who, tag, at))
    }

    /// Takes over commits of a real history, parents first, without a word to anybody.
    pub fn take_over(&self, repository: &str, commits: Vec<Commit>) -> Outcome<()> {
        self.at(repository, |w, id| w.take_over(id, commits))
    }

    /// Pushes refs (whole names) onto commits that are there, at once. Sends `create`, `push`; nothing about tags where
    /// more than three are pushed.
    pub fn push_refs(&self, repository: &str, who: &str, refs: &[(&str, &str)]) -> Outcome<()> {
        self.at(repository, |w, id| w.push_refs(id, who, refs))
    }

    /// Publishes a release of a tag. Sends `release` `published`.
    pub fn publish_release(&self, repository: &str, who: &str, tag: &str) -> Outcome<()> {
        self.at(repository, |w, id| w.publish_release(id, who, tag))
    }

    // Advisories

    /// Files a private vulnerability report; returns its GHSA id. Sends `repository_advisory` `reported`.
    pub fn report_privately(&self, repository: &str, who: &str, summary: &str, description: &str) -> Outcome<String> {
        let fields = texts(summary, description);
        self.at(repository, |w, id| w.file_advisory(id, who, true, fields))
    }

    /// Drafts an advisory as an administrator; returns its GHSA id. No webhook.
    pub fn draft_advisory(&self, repository: &str, who: &str, summary: &str, description: &str) -> Outcome<String> {
        let fields = texts(summary, description);
        self.at(repository, |w, id| w.file_advisory(id, who, false, fields))
    }

    /// Comments on an advisory; returns the comment's id. No webhook.
    pub fn comment_advisory(&self, repository: &str, ghsa: &str, who: &str, body: &str) -> Outcome<u64> {
        self.at(repository, |w, id| w.comment_advisory(id, ghsa, who, body))
    }

    /// Edits anybody's comment on an advisory, as every collaborator may.
    pub fn edit_advisory_comment(
        &self,
        repository: &str,
        ghsa: &str,
        comment: u64,
        who: &str,
        body: &str,
    ) -> Outcome<()> {
        self.at(repository, |w, id| w.edit_advisory_comment(id, ghsa, comment, who, body))
    }

    /// Sets the weaknesses that an advisory names, by hand.
    pub fn set_advisory_cwes(&self, repository: &str, ghsa: &str, who: &str, cwes: &[&str]) -> Outcome<()> {
        let cwe_ids = Some(cwes.iter().map(|cwe| (*cwe).to_owned()).collect());
        let fields = AdvisoryFields { cwe_ids, ..AdvisoryFields::default() };
        self.at(repository, |w, id| w.patch_advisory(id, ghsa, who, fields))
    }

    /// Sets the packages and versions that an advisory names, in GitHub's shape, by hand.
    pub fn set_advisory_vulnerabilities(
        &self,
        repository: &str,
        ghsa: &str,
        who: &str,
        vulnerabilities: &[serde_json::Value],
    ) -> Outcome<()> {
        let fields = AdvisoryFields { vulnerabilities: Some(vulnerabilities.to_vec()), ..AdvisoryFields::default() };
        self.at(repository, |w, id| w.patch_advisory(id, ghsa, who, fields))
    }

    /// Publishes an advisory. Sends `repository_advisory` `published`.
    pub fn publish_advisory(&self, repository: &str, ghsa: &str, who: &str) -> Outcome<()> {
        self.set_advisory_state(repository, ghsa, who, AdvisoryState::Published)
    }

    /// Takes a published advisory back, as the service's own staff does. Nobody is told.
    pub fn withdraw_advisory(&self, repository: &str, ghsa: &str) -> Outcome<()> {
        self.at(repository, |w, id| {
            let now = w.now;
            let advisory = w.advisory_mut(id, ghsa)?;
            (advisory.state, advisory.updated_at) = (AdvisoryState::Withdrawn, now);
            Ok(())
        })
    }

    /// Moves an advisory to another state: accepts a report (`Draft`), closes it, publishes it.
    pub fn set_advisory_state(&self, repository: &str, ghsa: &str, who: &str, state: AdvisoryState) -> Outcome<()> {
        let fields = AdvisoryFields { state: Some(state), ..AdvisoryFields::default() };
        self.at(repository, |w, id| {
            if w.role(id, who) < Role::Admin {
                return Err(Refusal::forbidden("Must have admin rights to Repository."));
            }
            w.patch_advisory(id, ghsa, who, fields)
        })
    }
}

fn texts(summary: &str, description: &str) -> AdvisoryFields {
    AdvisoryFields {
        summary: Some(summary.to_owned()),
        description: Some(description.to_owned()),
        ..AdvisoryFields::default()
    }
}

/// A comment or review by its id; first posts of threads are found by number instead.
pub(crate) fn by_id(world: &World, repository: u64, id: u64) -> Outcome<PostAt> {
    let posts = world.repository(repository)?.posts().into_iter();
    { posts }
        .find(|(at, post)| post.id == id && !matches!(at, PostAt::Thread(_)))
        .map(|(at, _)| at)
        .ok_or_else(Refusal::not_found)
}
