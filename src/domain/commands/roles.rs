//! Who may do what: roles from the policy's lists, or from the permission on the repository.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{
    policy::{Principal, Roles},
    post::Permission,
};

/// What somebody is to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reported it.
    Reporter,
    /// Acknowledges and evaluates.
    Triager,
    /// Prepares fixes.
    Fixer,
    /// Decides.
    Coordinator,
    /// Sends notices and releases.
    ReleaseManager,
    /// Assigns, reopens, reports leaks and attacks.
    SecurityTeam,
}

impl Role {
    /// Everybody but the reporter.
    pub const INSIDERS: &[Self] =
        &[Self::Triager, Self::Fixer, Self::Coordinator, Self::ReleaseManager, Self::SecurityTeam];

    /// Everybody.
    pub const EVERYBODY: &[Self] =
        &[Self::Reporter, Self::Triager, Self::Fixer, Self::Coordinator, Self::ReleaseManager, Self::SecurityTeam];

    /// The word for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Triager => "triager",
            Self::Fixer => "fixer",
            Self::Coordinator => "coordinator",
            Self::ReleaseManager => "release manager",
            Self::SecurityTeam => "security team",
        }
    }
}

/// Somebody who gives a command, with roles that were asked for just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Login name.
    pub login: String,
    /// GitHub's number of the account; identifies.
    pub id: u64,
    /// Whether it is a bot or App; those never command.
    pub is_bot: bool,
    /// What they are to the case.
    pub roles: BTreeSet<Role>,
}

impl Actor {
    /// Whether they have any of these roles.
    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Whether they belong to the project.
    pub fn is_insider(&self) -> bool {
        self.is_any(Role::INSIDERS)
    }
}

/// Teams that the policy names, with whether somebody is in them, as GitHub said just now: `(organisation, team)`.
pub type TeamsOf = BTreeMap<(String, String), bool>;

/// The roles that a policy gives to an account. A role whose list is missing follows the permission on the repository:
/// admin is coordinator, security team and release manager; write, maintain and admin are fixer; triage and above are
/// triager. A list replaces that for its role; an empty list is nobody.
pub fn roles_of(login: &str, permission: Permission, teams: &TeamsOf, roles: &Roles) -> BTreeSet<Role> {
    let is_named = |list: &[Principal]| {
        list.iter().any(|principal| match principal {
            Principal::User(name) => name.eq_ignore_ascii_case(login),
            Principal::Team { organisation, team } => {
                teams.get(&(organisation.clone(), team.clone())).copied().unwrap_or(false)
            }
        })
    };
    let lists = [
        (Role::Coordinator, &roles.coordinator, Permission::Admin),
        (Role::SecurityTeam, &roles.security_team, Permission::Admin),
        (Role::ReleaseManager, &roles.release_manager, Permission::Admin),
        (Role::Fixer, &roles.fixer, Permission::Write),
        (Role::Triager, &roles.triager, Permission::Triage),
    ];
    lists
        .into_iter()
        .filter(|(_, list, least)| list.as_ref().map_or(permission >= *least, |list| is_named(list)))
        .map(|(role, ..)| role)
        .collect()
}
