//! Every word that the redirect says in public. Constants, chosen by name; the only variable parts are the project's
//! own channel and the answering time of its policy. Nothing here depends on a post, a class or a case.

use serde::{Deserialize, Serialize};

use super::channel::Channel;

/// Title of a post whose words were moved.
pub const NEUTRAL_TITLE: &str = "Moved to the private channel";

/// Body of a post whose words were moved.
pub const NEUTRAL_BODY: &str = "The text that stood here was moved to the project's private channel. \
    Whatever might touch on security is handled there first, whether or not it turns out to be a problem.";

/// The public texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicText {
    /// After a thread was closed and its opening post moved.
    ThreadMoved,
    /// After a single comment was moved; the thread goes on.
    CommentMoved,
    /// Nothing was moved: where security questions go, whether or not this is one.
    WhereToGo,
    /// Somebody asked for the private channel.
    ChannelAsked,
}

impl PublicText {
    /// All texts.
    pub const ALL: [Self; 4] = [Self::ThreadMoved, Self::CommentMoved, Self::WhereToGo, Self::ChannelAsked];

    /// The name of the text, for lists and documentation.
    pub fn id(self) -> &'static str {
        match self {
            Self::ThreadMoved => "thread_moved",
            Self::CommentMoved => "comment_moved",
            Self::WhereToGo => "where_to_go",
            Self::ChannelAsked => "channel_asked",
        }
    }

    /// The words. `answered_within` is the policy's promise ("48 hours").
    pub fn render(self, channel: &Channel, answered_within: Option<&str>) -> String {
        let way = channel.sentence();
        let promise = match (&way, answered_within) {
            (Some(_), Some(time)) => format!(" A person answers there within {time}."),
            _ => String::new(),
        };
        let go_there = match &way {
            Some(way) => format!("Please continue {way}, and leave details out of public places until then.{promise}"),
            None => "A maintainer will get in touch with you in private; \
                please leave details out of public places until then."
                .to_owned(),
        };
        match self {
            Self::ThreadMoved => format!(
                "Thank you for taking the time to write. This project handles everything that might touch on security \
                 in private first, whether or not it turns out to be a problem, so this thread was moved and is closed \
                 for now.\n\n{go_there}\n\nIf this has nothing to do with security, a maintainer can bring it back as \
                 it was."
            ),
            Self::CommentMoved => format!(
                "Thank you for taking the time to write. This project handles everything that might touch on security \
                 in private first, whether or not it turns out to be a problem, so a comment of this thread was moved. \
                 The thread itself stays open.\n\n{go_there}\n\nIf that comment has nothing to do with security, a \
                 maintainer can bring it back as it was."
            ),
            Self::WhereToGo => format!(
                "Thank you for taking the time to write. In case this touches on security, whether or not it turns out \
                 to be a problem: this project handles such questions in private first.\n\n{go_there}\n\nIf it does not, \
                 nothing needs to be done, and the thread goes on as usual."
            ),
            Self::ChannelAsked => match way {
                Some(way) => format!(
                    "Thank you for asking first. This project takes reports about security {way}.{promise}\n\nPlease \
                     leave details out of public places until then."
                ),
                None => format!("Thank you for asking first. {go_there}"),
            },
        }
    }
}

/// Whether a post is nothing but our own neutral text, which must not be judged again.
pub fn is_neutral(title: &str, body: &str) -> bool {
    body.trim() == NEUTRAL_BODY && (title.is_empty() || title.trim() == NEUTRAL_TITLE)
}
