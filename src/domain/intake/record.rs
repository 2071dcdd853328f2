//! What the redirect remembers about threads and posts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::record::Record;

/// What was done in one thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// See [`PostPlace::thread_key`](crate::domain::post::PostPlace::thread_key).
    pub key: String,
    /// When the one constant comment of this thread was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// The case that the thread's posts belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Keys of the posts that were held for private, oldest first, the newest 50: what a maintainer says in the thread is
    /// about these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flagged: Vec<String>,
}

impl ThreadRecord {
    const MOST_FLAGGED: usize = 50;

    /// The same with one more post that was held for private.
    #[must_use]
    pub fn with_flagged(mut self, key: String) -> Self {
        self.flagged.retain(|known| *known != key);
        self.flagged.push(key);
        let surplus = self.flagged.len().saturating_sub(Self::MOST_FLAGGED);
        self.flagged.drain(..surplus);
        self
    }
}

impl Record for ThreadRecord {
    const KIND: &'static str = "thread";

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// What was done to one post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostRecord {
    /// See [`PostPlace::post_key`](crate::domain::post::PostPlace::post_key).
    pub key: String,
    /// Keyed fingerprint of the text that was last judged.
    pub revision: String,
    /// The outcome of that judgement.
    pub outcome: PostOutcome,
    /// How often its words were taken out of sight.
    #[serde(default)]
    pub redactions: u32,
    /// Of a post that opens a thread: whether it was seen when it was new and alone, so that whatever the bot has said in
    /// this thread since is known here.
    #[serde(default)]
    pub seen_new: bool,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostOutcome {
    /// Nothing was done.
    #[default]
    Nothing,
    /// The thread was told where security questions go.
    Replied,
    /// Its words were taken out of sight.
    Shielded,
    /// Maintainers were told in private; nothing happened in public.
    Alerted,
    /// A maintainer said that these words are no security matter.
    Cleared,
}

impl PostOutcome {
    /// The word for lists and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Replied => "replied",
            Self::Shielded => "shielded",
            Self::Alerted => "alerted",
            Self::Cleared => "cleared",
        }
    }
}

impl Record for PostRecord {
    const KIND: &'static str = "post";

    fn key(&self) -> String {
        self.key.clone()
    }
}
