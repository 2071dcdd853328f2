//! `roles`: who may do what in a case.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use garde::Validate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::text;

/// A person or a team, as `@login` or `@organisation/team`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// One account, by its login without the `@`.
    User(String),
    /// All members of a team.
    Team {
        /// The organisation.
        organisation: String,
        /// The team's slug.
        team: String,
    },
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(login) => write!(f, "@{login}"),
            Self::Team { organisation, team } => write!(f, "@{organisation}/{team}"),
        }
    }
}

impl FromStr for Principal {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is neither a person nor a team; write @login or @organisation/team, in quotes";
        let plain = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        let name = text.strip_prefix('@').ok_or(WRONG)?;
        match name.split_once('/') {
            None if plain(name) => Ok(Self::User(name.to_owned())),
            Some((organisation, team)) if plain(organisation) && plain(team) => {
                Ok(Self::Team { organisation: organisation.to_owned(), team: team.to_owned() })
            }
            _ => Err(WRONG),
        }
    }
}

text::serde_as_text!(Principal);

impl JsonSchema for Principal {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Principal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^@[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?$" })
    }
}

/// Who may do what in a case. Each list holds people ("@login") and teams ("@organisation/team"). A role that is not
/// listed follows the permission on the repository: admin is coordinator, security team and release manager, maintain
/// and write are fixer, triage is triager. An empty list means nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Roles {
    /// May decide about a case: accept, reject, set class, severity and embargo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 200))]
    pub coordinator: Option<Vec<Principal>>,
    /// May acknowledge and evaluate reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 200))]
    pub triager: Option<Vec<Principal>>,
    /// May prepare fixes and record what is affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 200))]
    pub fixer: Option<Vec<Principal>>,
    /// May send notices and publish releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 200))]
    pub release_manager: Option<Vec<Principal>>,
    /// May assign coordinators, reopen cases and report leaks and attacks; told when a clock runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 200))]
    pub security_team: Option<Vec<Principal>>,
}
