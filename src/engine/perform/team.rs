//! Lets the project's people in at an advisory: those whom the policy's roles name, by login or by team.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::{
        commands::acts::AdmitTeam,
        policy::{Principal, Roles},
    },
    engine::{Shop, Trouble, desks::speak},
    github::AdvisoryEdit,
};

pub(super) struct Admit;

#[async_trait]
impl Performer<AdmitTeam> for Admit {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: AdmitTeam) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let Some(ghsa) = case.ghsa() else {
            return Ok(Performed::left_alone("the case has no advisory"));
        };
        let policy = shop.policies.of_case(shop, &case).await?;
        let (logins, slugs) = named(&policy.roles, &case.repository.owner);
        let github = shop.github.installation(case.installation_id);
        let stands = github.advisory(&case.repository, ghsa).await?;
        let users = joined(stands.collaborating_users, &logins);
        let teams = joined(stands.collaborating_teams, &slugs);
        if users.is_none() && teams.is_none() {
            return Ok(Performed::left_alone("they all collaborate on the advisory already"));
        }
        let edit = AdvisoryEdit { collaborating_users: users, collaborating_teams: teams, ..AdvisoryEdit::default() };
        match github.update_advisory(&case.repository, ghsa, &edit).await {
            Ok(_) => Ok(Performed::with(json!({ "admitted": true }))),
            Err(error) if speak::is_refusal(&error) => {
                let mut all: Vec<String> = logins.iter().map(|login| format!("@{login}")).collect();
                all.extend(slugs.iter().map(|slug| format!("@{}/{slug}", case.repository.owner)));
                let text = format!(
                    "- [ ] GitHub does not let the App add {} as collaborators of the advisory: please add them by hand, or \
                     they cannot read it.",
                    all.join(", ")
                );
                desk_word::say(shop, &case, &task, &text, "the team could not be let in at its advisory").await
            }
            Err(error) => Err(error.into()),
        }
    }

    fn by_hand(&self) -> &'static str {
        "The team was not let in at the advisory: add it there as collaborator by hand"
    }
}

/// Those who answer, evaluate and decide: logins, and teams of the repository's own organisation.
fn named(roles: &Roles, owner: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut logins, mut slugs) = (BTreeSet::new(), BTreeSet::new());
    let lists = [&roles.triager, &roles.coordinator, &roles.security_team];
    for principal in lists.into_iter().flatten().flatten() {
        match principal {
            Principal::User(login) => {
                logins.insert(login.clone());
            }
            Principal::Team { organisation, team } if organisation.eq_ignore_ascii_case(owner) => {
                slugs.insert(team.clone());
            }
            Principal::Team { .. } => {}
        }
    }
    (logins, slugs)
}

/// A list with more names in it; `None` where all of them are in it.
fn joined(stands: Vec<String>, more: &BTreeSet<String>) -> Option<Vec<String>> {
    let is_in = |name: &str| stands.iter().any(|known| known.eq_ignore_ascii_case(name));
    let missing: Vec<String> = more.iter().filter(|name| !is_in(name)).cloned().collect();
    if missing.is_empty() {
        return None;
    }
    Some(stands.into_iter().chain(missing).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_of_other_organisations_are_not_let_in() {
        let all = ["@tom", "@acme/security", "@other/security"].map(|name| name.parse().expect("a name"));
        let roles = Roles { triager: Some(all.to_vec()), ..Roles::default() };
        let (logins, slugs) = named(&roles, "Acme");
        assert_eq!((logins, slugs), (BTreeSet::from(["tom".to_owned()]), BTreeSet::from(["security".to_owned()])));
    }

    #[test]
    fn who_is_in_already_is_not_added_again() {
        let more = BTreeSet::from(["tom".to_owned()]);
        assert_eq!(joined(vec!["Tom".to_owned()], &more), None);
        assert_eq!(joined(vec!["rae".to_owned()], &more), Some(vec!["rae".to_owned(), "tom".to_owned()]));
    }
}
