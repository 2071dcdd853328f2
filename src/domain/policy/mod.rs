//! stub
use crate::domain::post::RepoName;
use std::collections::BTreeMap;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Observe,
    Reply,
    Shield,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        None
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
        todo!()
    }
}
pub struct Origin(pub String);
impl Origin {
    pub fn new(name: &str) -> Self {
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
#[error("x")]
pub struct PolicyError;
pub fn effective(_l: &[Layer]) -> Result<Effective, PolicyError> {
    let _: BTreeMap<u8, u8> = BTreeMap::new();
    todo!()
}
