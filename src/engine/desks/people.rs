//! Who somebody is to a case, asked live: teams that the policy names, else the permission on the repository.

use crate::{
    domain::{
        case::Case,
        commands::{Actor, TeamsOf, roles_of},
        policy::{Policy, Principal, Roles},
        post::{Account, RepoName},
    },
    engine::{Shop, Trouble},
    github::GitHubError,
};

/// The project to which people belong: the permissions of its repository count.
pub(in crate::engine) struct Project {
    pub(in crate::engine) installation_id: u64,
    pub(in crate::engine) repository: RepoName,
}

impl Project {
    /// That of a case.
    pub(super) fn of(case: &Case) -> Self {
        Self { installation_id: case.installation_id, repository: case.repository.clone() }
    }
}

/// The author of a comment, with the roles that they have at this very moment.
pub(in crate::engine) async fn actor(
    shop: &Shop,
    place: &Project,
    policy: &Policy,
    account: &Account,
) -> Result<Actor, Trouble> {
    let found = named(shop, place, policy, &account.login).await?;
    // A login that somebody else has taken over meanwhile gives its old owner nothing.
    let roles = if found.id == account.id && account.id != 0 { found.roles } else { Default::default() };
    Ok(Actor { login: account.login.clone(), id: account.id, is_bot: account.is_bot, roles })
}

/// Somebody whom a command names. Whom GitHub does not know has the number 0 and no roles.
pub(super) async fn named(shop: &Shop, place: &Project, policy: &Policy, login: &str) -> Result<Actor, Trouble> {
    let github = shop.github.installation(place.installation_id);
    let (permission, account) = github.member(&place.repository, login).await?;
    let Some(account) = account else {
        return Ok(Actor { login: login.to_owned(), id: 0, is_bot: false, roles: Default::default() });
    };
    let mut teams = TeamsOf::new();
    for (organisation, team) in teams_in(&policy.roles) {
        let is_in = match github.is_in_team(&organisation, &team, &account.login).await {
            Ok(is_in) => is_in,
            // Nobody gets a role because GitHub would not say.
            Err(GitHubError::Forbidden { .. }) => {
                tracing::warn!(repository = %place.repository, "the App may not see who is in @{organisation}/{team}: grant it members: read");
                false
            }
            Err(error) => return Err(error.into()),
        };
        teams.insert((organisation, team), is_in);
    }
    let roles = roles_of(&account.login, permission, &teams, &policy.roles);
    Ok(Actor { login: account.login, id: account.id, is_bot: account.is_bot, roles })
}

fn teams_in(roles: &Roles) -> std::collections::BTreeSet<(String, String)> {
    let lists = [&roles.coordinator, &roles.triager, &roles.fixer, &roles.release_manager, &roles.security_team];
    let named = lists.into_iter().flatten().flatten();
    named
        .filter_map(|principal| match principal {
            Principal::Team { organisation, team } => Some((organisation.clone(), team.clone())),
            Principal::User(_) => None,
        })
        .collect()
}
