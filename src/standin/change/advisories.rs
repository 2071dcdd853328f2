//! Security advisories: drafted, reported, edited, discussed, published. Only `reported` and `published` have webhooks.

use serde_json::{Map, Value};

use super::posts::refuse_blank;
use crate::standin::model::{Advisory, AdvisoryState, Credit, Post, Role};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;
use crate::standin::world::World;

/// What a request may set on an advisory; what is `None` stays.
#[derive(Default)]
pub(crate) struct AdvisoryFields {
    pub summary: Option<String>,
    pub description: Option<String>,
    pub severity: Option<Option<String>>,
    pub cvss_vector: Option<Option<String>>,
    pub cve_id: Option<Option<String>>,
    pub cwe_ids: Option<Vec<String>>,
    pub vulnerabilities: Option<Vec<Value>>,
    pub credits: Option<Vec<Credit>>,
    pub state: Option<AdvisoryState>,
    pub collaborators: Option<Vec<String>>,
    pub teams: Option<Vec<String>>,
    pub start_private_fork: bool,
}

impl World {
    /// Files a draft (`reported` = false) or a private report (`reported` = true); returns its GHSA id.
    pub(crate) fn file_advisory(
        &mut self,
        repository: u64,
        actor: &str,
        reported: bool,
        fields: AdvisoryFields,
    ) -> Outcome<String> {
        let repo = self.repository(repository)?;
        if !self.capabilities.advisories || !repo.has_advisories {
            return Err(Refusal::not_found());
        }
        if reported && !repo.private_reporting {
            return Err(Refusal::new(422, "Private vulnerability reporting is not enabled on this repository."));
        }
        if !reported && actor != self.bot() && self.role(repository, actor) < Role::Admin {
            return Err(Refusal::forbidden("Must have admin rights to Repository."));
        }
        let (id, now) = (self.next_id(), self.now);
        let ghsa_id = ghsa_id(id);
        let advisory = Advisory {
            id,
            ghsa_id: ghsa_id.clone(),
            cve_id: None,
            summary: String::new(),
            description: String::new(),
            severity: None,
            cvss_vector: None,
            cwe_ids: Vec::new(),
            vulnerabilities: Vec::new(),
            credits: Vec::new(),
            state: if reported { AdvisoryState::Triage } else { AdvisoryState::Draft },
            author: actor.to_owned(),
            publisher: None,
            submission: reported.then_some(false),
            collaborators: Vec::new(),
            teams: Vec::new(),
            comments: Vec::new(),
            private_fork: None,
            created_at: now,
            updated_at: now,
            published_at: None,
            closed_at: None,
        };
        self.repository_mut(repository)?.advisories.push(advisory);
        if let Err(refusal) = self.patch_advisory(repository, &ghsa_id, actor, fields) {
            self.repository_mut(repository)?.advisories.pop();
            return Err(refusal);
        }
        if reported {
            self.emit_advisory(repository, &ghsa_id, "reported", actor);
        }
        Ok(ghsa_id)
    }

    /// Changes an advisory. Lists replace lists.
    pub(crate) fn patch_advisory(
        &mut self,
        repository: u64,
        ghsa_id: &str,
        actor: &str,
        fields: AdvisoryFields,
    ) -> Outcome<()> {
        let people = fields.collaborators.iter().flatten();
        let credited = fields.credits.iter().flatten().map(|c| &c.login);
        for login in people.chain(credited) {
            if self.account(login).is_none() {
                return Err(Refusal::invalid("RepositoryAdvisory", "login", &format!("{login} is not a valid user")));
            }
        }
        let (now, fork) = (self.now, self.next_id());
        let name = self.repository(repository)?.name.clone();
        let advisory = self.advisory_mut(repository, ghsa_id)?;
        let state_before = advisory.state;
        if state_before == AdvisoryState::Published && fields.state.is_some_and(|s| s != AdvisoryState::Published) {
            return Err(Refusal::invalid("RepositoryAdvisory", "state", "a published advisory stays published"));
        }
        set(&mut advisory.summary, fields.summary);
        set(&mut advisory.description, fields.description);
        set(&mut advisory.severity, fields.severity);
        set(&mut advisory.cvss_vector, fields.cvss_vector);
        set(&mut advisory.cve_id, fields.cve_id);
        set(&mut advisory.cwe_ids, fields.cwe_ids);
        set(&mut advisory.vulnerabilities, fields.vulnerabilities);
        set(&mut advisory.credits, fields.credits);
        set(&mut advisory.collaborators, fields.collaborators);
        set(&mut advisory.teams, fields.teams);
        if fields.start_private_fork && advisory.private_fork.is_none() {
            let fork_name = format!("{name}-{}", ghsa_id.to_lowercase());
            advisory.private_fork = Some((fork, fork_name));
        }
        advisory.updated_at = now;
        if let Some(state) = fields.state {
            advisory.state = state;
            advisory.closed_at = (state == AdvisoryState::Closed).then_some(now);
            if state_before == AdvisoryState::Triage && state == AdvisoryState::Draft {
                advisory.submission = Some(true);
            }
            if state == AdvisoryState::Published && state_before != state {
                advisory.published_at = Some(now);
                advisory.publisher = Some(actor.to_owned());
                advisory.private_fork = None;
                self.emit_advisory(repository, ghsa_id, "published", actor);
            }
        }
        Ok(())
    }

    /// Comments on an advisory; returns the id. GitHub sends no webhook for it.
    pub(crate) fn comment_advisory(&mut self, repository: u64, ghsa_id: &str, actor: &str, body: &str) -> Outcome<u64> {
        refuse_blank(body)?;
        if actor != self.bot() && !self.sees_advisory(repository, ghsa_id, actor) {
            return Err(Refusal::not_found());
        }
        let post = Post::new(self.next_id(), actor, body, self.now);
        let (id, now) = (post.id, self.now);
        let advisory = self.advisory_mut(repository, ghsa_id)?;
        advisory.comments.push(post);
        advisory.updated_at = now;
        Ok(id)
    }

    /// Edits a comment on an advisory. Everybody with write on the advisory may edit everybody's comment.
    pub(crate) fn edit_advisory_comment(
        &mut self,
        repository: u64,
        ghsa_id: &str,
        comment: u64,
        actor: &str,
        body: &str,
    ) -> Outcome<()> {
        refuse_blank(body)?;
        if actor != self.bot() && !self.sees_advisory(repository, ghsa_id, actor) {
            return Err(Refusal::not_found());
        }
        let now = self.now;
        let ids = [self.next_id(), self.next_id()];
        let mut ids = ids.into_iter();
        let advisory = self.advisory_mut(repository, ghsa_id)?;
        let mut comments = advisory.comments.iter_mut();
        let post = comments.find(|c| c.id == comment);
        let post = post.ok_or_else(Refusal::not_found)?;
        post.rewrite(actor, body, now, || ids.next().unwrap_or_default());
        Ok(())
    }

    /// Whether a person sees the advisory: everybody when published, else its author, collaborators (their teams as well) and admins.
    pub(crate) fn sees_advisory(&self, repository: u64, ghsa_id: &str, login: &str) -> bool {
        let Ok(advisory) = self.advisory(repository, ghsa_id) else {
            return false;
        };
        advisory.state == AdvisoryState::Published
            || advisory.author.eq_ignore_ascii_case(login)
            || advisory.collaborators.iter().any(|c| c.eq_ignore_ascii_case(login))
            || advisory.teams.iter().any(|team| self.is_in_team(repository, team, login))
            || self.role(repository, login) >= Role::Admin
    }

    fn is_in_team(&self, repository: u64, team: &str, login: &str) -> bool {
        let owner = self.repository(repository).ok().and_then(|repo| self.account(&repo.owner));
        let team = owner.and_then(|owner| owner.teams.get(team));
        team.is_some_and(|logins| logins.contains(&login.to_lowercase()))
    }

    pub(crate) fn advisory(&self, repository: u64, ghsa_id: &str) -> Outcome<&Advisory> {
        let mut advisories = self.repository(repository)?.advisories.iter();
        advisories.find(|a| a.ghsa_id.eq_ignore_ascii_case(ghsa_id)).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn advisory_mut(&mut self, repository: u64, ghsa_id: &str) -> Outcome<&mut Advisory> {
        let mut advisories = self.repository_mut(repository)?.advisories.iter_mut();
        advisories.find(|a| a.ghsa_id.eq_ignore_ascii_case(ghsa_id)).ok_or_else(Refusal::not_found)
    }

    fn emit_advisory(&mut self, repository: u64, ghsa_id: &str, action: &str, actor: &str) {
        let (Ok(repo), Ok(advisory)) = (self.repository(repository), self.advisory(repository, ghsa_id)) else {
            return;
        };
        let shown = render::advisory::advisory(self, repo, advisory);
        let fields = Map::from_iter([("repository_advisory".to_owned(), shown)]);
        self.emit(repository, "repository_advisory", Some(action), actor, fields);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A GHSA id that looks like GitHub's: three groups of four from its alphabet.
fn ghsa_id(number: u64) -> String {
    const ALPHABET: &[u8] = b"23456789cfghjmpqrvwx";
    let mut rest = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (number << 17);
    let mut id = String::from("GHSA");
    for place in 0..12 {
        if place % 4 == 0 {
            id.push('-');
        }
        id.push(char::from(ALPHABET[(rest % 20) as usize]));
        rest /= 20;
    }
    id
}
