//! What maintainers found out about a case: answers, classes, severity, affected series, CVE ids.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::policy::SeverityLevel;

/// The branch of development among series.
pub const MAIN: &str = "main";

/// The answer to an item of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemVerdict {
    /// Speaks for accepting.
    Yes,
    /// Speaks against.
    No,
    /// Looked at, and not known.
    Unknown,
}

impl ItemVerdict {
    /// The word that commands use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// An answered item of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAnswer {
    /// What was answered.
    pub verdict: ItemVerdict,
    /// Login of whoever answered.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Name of the sealed note that holds the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A severity that people set against the policy's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityOverride {
    /// How bad.
    pub level: SeverityLevel,
    /// Logins of the two who set it.
    pub by: [String; 2],
    /// When.
    pub at: Timestamp,
    /// Name of the sealed note that says why.
    pub why: String,
}

/// Why a series is not affected (the justifications of VEX).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The component is not there.
    ComponentNotPresent,
    /// The vulnerable code is not there.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never run.
    VulnerableCodeNotInExecutePath,
    /// An adversary can't control the vulnerable code.
    VulnerableCodeCannotBeControlledByAdversary,
    /// What is there already stops an attack.
    InlineMitigationsAlreadyExist,
}

impl Justification {
    /// All justifications.
    pub const ALL: [Self; 5] = [
        Self::ComponentNotPresent,
        Self::VulnerableCodeNotPresent,
        Self::VulnerableCodeNotInExecutePath,
        Self::VulnerableCodeCannotBeControlledByAdversary,
        Self::InlineMitigationsAlreadyExist,
    ];

    /// The word of VEX.
    pub fn word(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => "vulnerable_code_cannot_be_controlled_by_adversary",
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }
}

/// How the fix reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// Mended in the open, without announcement ahead.
    Public,
    /// Mended under embargo, announced ahead.
    Private,
    /// Released as soon as possible.
    Urgent,
}

impl Track {
    /// The word that commands use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Urgent => "urgent",
        }
    }
}

/// Where a CVE id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CveState {
    /// It was asked for.
    Requested,
    /// It is ours and not used yet.
    Reserved,
    /// Its record is public.
    Published,
    /// It was given back.
    Rejected,
}

/// A CVE id of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cve {
    /// The id, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it stands.
    pub state: CveState,
}

/// What maintainers found out about a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Assessment {
    /// Answers to the policy's checklist, by item.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, ItemAnswer>,
    /// Classes of weakness, by the policy's slugs.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub classes: BTreeSet<String>,
    /// A severity set against the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity_override: Option<SeverityOverride>,
    /// The CVSS vector, as its library writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<String>,
    /// Numbers of CWE.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cwe: BTreeSet<u32>,
    /// Affected series, `main` among them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub affects: BTreeSet<String>,
    /// Series that are not affected, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_affected: BTreeMap<String, Justification>,
    /// CVE ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cve: Vec<Cve>,
    /// How the fix reaches people, once somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<Track>,
}

impl Assessment {
    /// Whether the main branch, and nothing else, is affected.
    pub fn is_main_only(&self) -> bool {
        self.affects.len() == 1 && self.affects.contains(MAIN)
    }

    /// Whether a CVE id is asked for or reserved, and neither published nor given back.
    pub fn has_open_cve(&self) -> bool {
        self.cve.iter().any(|cve| matches!(cve.state, CveState::Requested | CveState::Reserved))
    }
}
