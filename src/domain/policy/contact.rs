//! `contact`: where people are told to report in private.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where people are told to report in private. A channel is offered only after it was checked to work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Contact {
    /// Offer GitHub's private reporting form, where it is switched on for the repository.
    pub private_reporting: bool,
    /// Offer this mail address. It is shown in public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(address)))]
    #[schemars(extend("format" = "email"))]
    pub email: Option<String>,
    /// Offer the repository's security page, where a SECURITY.md exists and does not point back to public issues.
    pub security_page: bool,
}

/// Accepts plain `local@domain` addresses: dot-atom on both sides (RFC 5322, section 3.4.1, without quoting, comments
/// and literals), at most 254 characters (RFC 5321, section 4.5.3.1.3). A public text shows the address, so nothing
/// that Markdown or HTML could read as markup passes.
fn address(text: &str, _: &()) -> garde::Result {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let local = |part: &str| {
        part.len() <= 64
            && part
                .split('.')
                .all(|atom| !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "+-_=".contains(c)))
    };
    let plain = text.len() <= 254
        && text
            .rsplit_once('@')
            .is_some_and(|(name, domain)| local(name) && domain.contains('.') && domain.split('.').all(label));
    if plain {
        Ok(())
    } else {
        Err(garde::Error::new("is not a mail address; write it plainly, such as security@example.org"))
    }
}
