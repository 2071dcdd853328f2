//! Branches and tags that were made, and releases.

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::{Flag, Object, Text},
};

/// A branch or tag that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefNotice {
    /// Its whole name: `refs/tags/5.1.4`.
    pub reference: String,
}

/// A change of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseNotice {
    /// What happened: `created`, `published`, `edited`, `deleted`, `unpublished`, `prereleased`, `released`.
    pub action: String,
    /// The short name of its tag.
    pub tag: String,
    /// Whether it is a draft, which the public does not see.
    pub draft: bool,
    /// Its title; empty of a draft and of a private repository's, where it may be secret.
    pub name: String,
    /// Its text; empty like its title.
    pub body: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Created {
    #[serde(rename = "ref")]
    reference: Text,
    ref_type: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    release: Object<ReleasePart>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReleasePart {
    tag_name: Text,
    draft: Flag,
    name: Text,
    body: Text,
}

/// `create`.
pub(super) fn created(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: Created = serde_json::from_slice(delivery.body)?;
    let name = payload.reference.0.ok_or(ParseError::Missing("ref"))?;
    let folder = match payload.ref_type.0.as_deref() {
        Some("tag") => "tags",
        Some("branch") => "heads",
        _ => return Ok(Content::Other),
    };
    Ok(Content::Ref(RefNotice { reference: format!("refs/{folder}/{name}") }))
}

/// `release`.
pub(super) fn release(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let release = payload.release.0.ok_or(ParseError::Missing("release"))?;
    let is_public = !release.draft.0 && delivery.repository.is_some_and(|repository| !repository.private);
    let shown = |text: Text| if is_public { text.or_empty() } else { String::new() };
    Ok(Content::Release(ReleaseNotice {
        action: delivery.action.to_owned(),
        tag: release.tag_name.or_empty(),
        draft: release.draft.0,
        name: shown(release.name),
        body: shown(release.body),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::webhook::events::parse;

    fn read(event: &str, payload: &str) -> Content {
        parse(event, payload.as_bytes()).expect("it can be read").content
    }

    #[test]
    fn a_made_ref_is_told_by_its_whole_name() {
        let Content::Ref(tag) = read("create", r#"{"ref": "5.1.4", "ref_type": "tag"}"#) else {
            panic!("no ref");
        };
        assert_eq!(tag.reference, "refs/tags/5.1.4");
        let Content::Ref(branch) = read("create", r#"{"ref": "stable/5.1.x", "ref_type": "branch"}"#) else {
            panic!("no ref");
        };
        assert_eq!(branch.reference, "refs/heads/stable/5.1.x");
        assert!(matches!(read("create", r#"{"ref": "x", "ref_type": "repository"}"#), Content::Other));
    }

    #[test]
    fn a_release_tells_its_tag() {
        let Content::Release(release) =
            read("release", r#"{"action": "published", "release": {"tag_name": "5.1.4", "draft": false}}"#)
        else {
            panic!("no release");
        };
        assert_eq!((release.tag.as_str(), release.action.as_str(), release.draft), ("5.1.4", "published", false));
    }
}
