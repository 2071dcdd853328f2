//! Changes of a repository itself.

use super::{Content, Delivery, ParseError, RepositoryBrief, parts::repository};

/// A change of a repository. Its new facts are in it; what it was before is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryNotice {
    /// The repository as it is now.
    pub repository: RepositoryBrief,
    /// What happened: `renamed`, `transferred`, `publicized`, `privatized`, `archived`, `unarchived`, `edited`, `created`,
    /// `deleted`.
    pub action: String,
}

/// `repository`, and `public`, which has no action and says the same as `publicized`.
pub(super) fn change(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let action = match delivery.action {
        "" => "publicized",
        action => action,
    };
    Ok(Content::Repository(RepositoryNotice { repository: repository(delivery)?.clone(), action: action.to_owned() }))
}
