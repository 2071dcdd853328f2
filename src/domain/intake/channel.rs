//! The private channel that a public text may name.

use serde::{Deserialize, Serialize};

/// Ways to report privately that were checked to work when the decision was taken. All of it is public knowledge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// GitHub's form; present only where private vulnerability reporting is switched on
    /// (`GET /repos/{owner}/{repo}/private-vulnerability-reporting`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form_url: Option<String>,
    /// The policy's address (`contact.email`), unless the post it answers names it, which mostly means that it bounces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The page of the repository's `SECURITY.md`; present only where that file was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
}

impl Channel {
    /// Whether there is nothing to name.
    pub fn is_empty(&self) -> bool {
        self.form_url.is_none() && self.email.is_none() && self.page_url.is_none()
    }

    /// "the private form (URL) or by mail to ADDRESS", or `None` where there is nothing to name.
    pub fn sentence(&self) -> Option<String> {
        let mut ways = Vec::new();
        if let Some(url) = &self.form_url {
            ways.push(format!("through the [private form]({url})"));
        }
        if let Some(address) = &self.email {
            ways.push(format!("by mail to {address}"));
        }
        if ways.is_empty()
            && let Some(url) = &self.page_url
        {
            ways.push(format!("as the [security policy]({url}) describes"));
        }
        (!ways.is_empty()).then(|| ways.join(" or "))
    }
}
