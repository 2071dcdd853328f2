//! The policy: a project's rules as data. (Interim reading of the few keys that the redirect uses.)
//!
//! What flows in: text. What flows out: a [`Policy`].
#![allow(missing_docs)]

use crate::domain::post::RepoName;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Observe,
    Reply,
    Shield,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskKind {
    Advisory,
    Repository,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Redirect {
    pub mode: Mode,
    pub act_at: f64,
    pub reply_at: f64,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub private_reporting: bool,
    pub email: Option<String>,
    pub security_page: bool,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    pub kind: DeskKind,
    pub repository: Option<RepoName>,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Acknowledgment;
impl Acknowledgment {
    pub fn words(&self) -> Option<String> {
        Some("3 working days".to_owned())
    }
}
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub version: String,
    pub redirect: Redirect,
    pub contact: Contact,
    pub desk: Desk,
    pub acknowledgment: Acknowledgment,
}
impl Policy {
    pub fn observing() -> Self {
        Self {
            version: "minimal".to_owned(),
            redirect: Redirect {
                mode: Mode::Observe,
                act_at: crate::domain::detector::ACT_AT,
                reply_at: crate::domain::detector::REPLY_AT,
            },
            contact: Contact {
                private_reporting: true,
                email: None,
                security_page: true,
            },
            desk: Desk {
                kind: DeskKind::Advisory,
                repository: None,
            },
            acknowledgment: Acknowledgment,
        }
    }
}
pub struct Origin(pub String);
impl Origin {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}
pub struct Layer {
    pub origin: Origin,
    pub text: String,
}
pub struct Effective {
    pub policy: Policy,
}
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[allow(dead_code)]
    extends: Option<String>,
    #[serde(default)]
    redirect: FRedirect,
    #[serde(default)]
    contact: FContact,
    #[serde(default)]
    desk: FDesk,
}
#[derive(Deserialize, Default)]
struct FRedirect {
    mode: Option<Mode>,
    act_at: Option<f64>,
    reply_at: Option<f64>,
}
#[derive(Deserialize, Default)]
struct FContact {
    private_reporting: Option<bool>,
    email: Option<String>,
}
#[derive(Deserialize, Default)]
struct FDesk {
    kind: Option<DeskKind>,
    repository: Option<String>,
}
pub fn effective(layers: &[Layer]) -> Result<Effective, PolicyError> {
    let mut policy = Policy {
        version: "interim".into(),
        ..Policy::observing()
    };
    policy.redirect.mode = Mode::Reply;
    for layer in layers {
        let file: File = serde_saphyr::from_str(&layer.text)
            .map_err(|error| PolicyError(format!("{}: {error}", layer.origin.0)))?;
        policy.redirect.mode = file.redirect.mode.unwrap_or(policy.redirect.mode);
        policy.redirect.act_at = file.redirect.act_at.unwrap_or(policy.redirect.act_at);
        policy.redirect.reply_at = file.redirect.reply_at.unwrap_or(policy.redirect.reply_at);
        policy.contact.private_reporting = file.contact.private_reporting.unwrap_or(true);
        policy.contact.email = file.contact.email.or(policy.contact.email);
        policy.desk.kind = file.desk.kind.unwrap_or(policy.desk.kind);
        policy.desk.repository = file.desk.repository.and_then(|name| name.parse().ok());
    }
    Ok(Effective { policy })
}
