//! Private reports and published advisories. There is no event for drafts, edits or comments; those are polled.

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::{Instant, Object, Text},
    parts::{AccountPart, account_or_ghost},
};
use crate::domain::{embargoed::Embargoed, post::Account};

/// An advisory that was reported or published.
#[derive(Clone)]
pub struct AdvisoryNotice {
    /// What happened: `reported` or `published`.
    pub action: String,
    /// `GHSA-xxxx-xxxx-xxxx`.
    pub ghsa_id: String,
    /// Its web address.
    pub html_url: String,
    /// Its state, in GitHub's word.
    pub state: String,
    /// Who reported or wrote it.
    pub author: Account,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Its title; private unless it was published.
    pub summary: Embargoed<String>,
    /// Its text; private unless it was published.
    pub description: Embargoed<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    repository_advisory: Object<AdvisoryPart>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AdvisoryPart {
    ghsa_id: Text,
    html_url: Text,
    state: Text,
    summary: Text,
    description: Text,
    created_at: Instant,
    published_at: Instant,
    author: Object<AccountPart>,
}

/// `repository_advisory`.
pub(super) fn advisory(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let advisory = payload.repository_advisory.0.ok_or(ParseError::Missing("repository advisory"))?;
    Ok(Content::Advisory(AdvisoryNotice {
        action: delivery.action.to_owned(),
        ghsa_id: advisory.ghsa_id.0.ok_or(ParseError::Missing("GHSA number"))?,
        html_url: advisory.html_url.or_empty(),
        state: advisory.state.or_empty(),
        author: account_or_ghost(advisory.author),
        created_at: advisory.created_at.0,
        published_at: advisory.published_at.0,
        summary: Embargoed::new(advisory.summary.or_empty()),
        description: Embargoed::new(advisory.description.or_empty()),
    }))
}
