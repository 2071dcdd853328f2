//! Recovery: which of the posts that GitHub lists are news, given what was seen.
//!
//! What flows in: a listed post, what the store remembers of it, since when the repository is watched, and the instant at
//! which the list was asked for. What flows out: a [`Finding`] per post, and the mark up to which a list needs no second
//! look. What it must never do: see a post's words (it compares fingerprints), or let a mark pass a post about which
//! nothing is certain yet.

use jiff::{SignedDuration, Timestamp};

use super::{
    intake::record::PostOutcome,
    post::{Happening, Surface},
};

/// A post younger than this may still be told by its own webhook, or asked for by the sweep; GitHub's lists lag as well.
pub const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// A post as a list of GitHub's shows it.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// On which surface.
    pub surface: Surface,
    /// Keyed fingerprint of its present text.
    pub revision: &'a str,
    /// Whether the bot wrote it, or its text is nothing but the bot's neutral one.
    pub is_own: bool,
    /// When it was published.
    pub created_at: Timestamp,
    /// When it last changed. Of a thread, also when somebody commented or changed a label.
    pub updated_at: Timestamp,
}

/// What the store remembers of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Keyed fingerprint of the text that was last judged.
    pub revision: String,
    /// What came of it.
    pub outcome: PostOutcome,
    /// When its words were last taken out of sight; `None` where that was never done, or is not done yet.
    pub redacted_at: Option<Timestamp>,
}

/// The circumstances of a look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Since when the repository is watched: what was published before is left alone.
    pub watched_since: Timestamp,
    /// When the list was asked for.
    pub at: Timestamp,
}

/// What a listed post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// These very words were judged.
    Known,
    /// The bot's own.
    Own,
    /// Published before the watch began.
    BeforeTheWatch,
    /// So young that its webhook may still come: to be looked at again.
    TooYoung,
    /// Nobody told of it, or of its present words.
    News(Happening),
    /// Words that were taken out of sight stand there again. Whether that is news depends on who put them back.
    WordsAreBack,
}

/// Judges one listed post.
pub fn finding(listed: &Listed<'_>, seen: Option<&Seen>, look: Look) -> Finding {
    if listed.is_own {
        return Finding::Own;
    }
    let settled = |since: Timestamp| look.at.duration_since(since) >= GRACE;
    if let Some(seen) = seen
        && seen.revision == listed.revision
    {
        let hidden_before = seen.outcome == PostOutcome::Shielded && seen.redacted_at.is_some_and(settled);
        return match hidden_before {
            true if settled(listed.updated_at) => Finding::WordsAreBack,
            true => Finding::TooYoung,
            false => Finding::Known,
        };
    }
    let is_old = listed.created_at < look.watched_since;
    // Of a thread, `updated_at` says nothing about its words; of a comment, only an edit moves it.
    let edit_may_be_news = listed.updated_at > listed.created_at && listed.updated_at >= look.watched_since;
    let before_the_watch = is_old && (listed.surface.opens_thread() || !edit_may_be_news);
    match seen {
        None if before_the_watch => Finding::BeforeTheWatch,
        _ if !settled(listed.updated_at) => Finding::TooYoung,
        None if !is_old => Finding::News(Happening::Created),
        _ => Finding::News(Happening::Edited),
    }
}

/// How far a list is dealt with: the change of the last post before the first that is [`Finding::TooYoung`]. `posts` are in
/// the order of their changes. Never before `mark`.
pub fn advanced(mark: Timestamp, posts: impl IntoIterator<Item = (Timestamp, Finding)>) -> Timestamp {
    let dealt_with = posts.into_iter().take_while(|(_, finding)| *finding != Finding::TooYoung);
    dealt_with.map(|(updated_at, _)| updated_at).fold(mark, Timestamp::max)
}

#[cfg(test)]
mod tests;
