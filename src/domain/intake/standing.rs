//! Where a post and its author stand, before and besides all words.

use super::{Inquiry, record::PostOutcome};
use crate::domain::{
    post::{Happening, Permission, Post},
    reason::Reason,
};

/// Reasons to leave a post alone that have nothing to do with its words.
pub(super) fn standing_reason(inquiry: &Inquiry<'_>) -> Option<Reason> {
    let post = inquiry.post;
    let earlier = &inquiry.earlier.value;
    let same_text = inquiry.earlier.version > 0 && earlier.revision == inquiry.revision;
    let own = |login: &str| inquiry.own_login.is_some_and(|own| own.eq_ignore_ascii_case(login));
    if !post.repository_is_public {
        Some(Reason::new("intake.private_repository", "the repository is private: nothing in it is public"))
    } else if own(&post.author.login) || own(&post.sender.login) {
        Some(Reason::new("intake.own_post", "the bot never acts on what it wrote itself"))
    } else if inquiry.text_is_neutral {
        Some(Reason::new("intake.neutral_text", "the post holds nothing but the bot's neutral text"))
    } else if same_text && earlier.outcome == PostOutcome::Cleared {
        Some(Reason::new("intake.cleared", "a maintainer said of these very words that they are no security matter"))
    } else if matches!(post.happening, Happening::Edited | Happening::Reopened) && post.sender.id != post.author.id {
        Some(Reason::new(
            "intake.changed_by_maintainer",
            "somebody other than the author changed it, which takes write access: maintainers are never overruled",
        ))
    } else if same_text && is_told_again(post.happening, earlier.outcome) {
        Some(Reason::new("intake.same_text", "these very words were judged before"))
    } else {
        None
    }
}

/// Whether a happening that brings the words of last time says nothing new. A post that was found before its webhook came is
/// told late; a transfer is told at both ends (and is the act of a maintainer who changed no word); an edit that brings back
/// words which were taken out of sight is news.
fn is_told_again(happening: Happening, outcome: PostOutcome) -> bool {
    match happening {
        Happening::Created | Happening::Transferred => true,
        Happening::Edited => outcome != PostOutcome::Shielded,
        Happening::Reopened => false,
    }
}

/// Why the author counts as a maintainer, if so. Either sign is enough: a slip here would hide a maintainer's post.
pub(super) fn maintainer_reason(post: &Post, permission: Option<Permission>) -> Option<Reason> {
    if post.association.is_insider() {
        let text = "the author is an owner, member or collaborator: maintainers' posts are never hidden or answered";
        return Some(Reason::new("intake.maintainers_post", text).from_source("author_association"));
    }
    permission.filter(|permission| permission.is_maintainer()).map(|_| {
        let text = "the author may triage the repository: maintainers' posts are never hidden or answered";
        Reason::new("intake.maintainers_post", text)
            .from_source("GET /repos/{owner}/{repo}/collaborators/{username}/permission")
    })
}
