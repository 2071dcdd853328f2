use std::collections::{BTreeMap, BTreeSet};

/// What sort of account a login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A person.
    User,
    /// An organisation; it owns repositories and has members.
    Organization,
    /// A machine account such as `embargod[bot]`.
    Bot,
}

impl AccountKind {
    /// The word that GitHub uses in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Organization => "Organization",
            Self::Bot => "Bot",
        }
    }
}

/// A login.
#[derive(Clone, Debug)]
pub struct Account {
    /// GitHub's number for the account.
    pub id: u64,
    /// The name, as written by its owner; compared without case.
    pub login: String,
    /// Person, organisation or machine.
    pub kind: AccountKind,
    /// Members of an organisation; `true` for its owners.
    pub members: BTreeMap<String, bool>,
    /// Teams of an organisation by slug, with the logins in them.
    pub teams: BTreeMap<String, BTreeSet<String>>,
}

/// What a person may do in one repository, weakest first (docs.github.com, "Repository roles for an organization").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing: the repository is private and the person is a stranger.
    None,
    /// Reads, and opens issues.
    Read,
    /// Manages issues without writing code.
    Triage,
    /// Pushes, edits and locks.
    Write,
    /// Manages the repository without dangerous settings.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// The word in `role_name` of the collaborator-permission endpoint.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The older, coarser word in `permission`: maintain reads as write, triage as read.
    pub fn legacy_permission(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }
}
