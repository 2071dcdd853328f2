//! How a decision to act becomes effects, in the order that limits exposure first.

use jiff::{SignedDuration, Timestamp};

use super::{
    actions::{
        CheckHistory, DeskNews, InviteReporter, LockThread, MinimizePost, OpenDesk, RedactPost, SayConstant, TellDesk,
    },
    channel::Channel,
    texts::PublicText,
};
use crate::domain::{
    effect::Effect,
    post::{Account, Happening, Post, PostPlace, Surface},
};

/// A post younger than this, alone in its thread, cannot have been answered by an earlier run of ours.
const UNTOUCHED: SignedDuration = SignedDuration::from_secs(60);

/// When the edit history of redacted posts is looked at: after an hour, a day, three days and a week.
pub(super) const HISTORY_LOOKS: [SignedDuration; 4] = [
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(72),
    SignedDuration::from_hours(168),
];

/// Whether nobody but the author can have acted on the post yet.
pub(super) fn is_untouched(post: &Post, received_at: Timestamp) -> bool {
    is_fresh(post, received_at) && post.place.surface.opens_thread() && post.thread_comments == Some(0)
}

/// Whether the post is so young that no earlier run of ours can have taken it in.
pub(super) fn is_fresh(post: &Post, received_at: Timestamp) -> bool {
    post.happening == Happening::Created && received_at.duration_since(post.created_at).abs() < UNTOUCHED
}

/// The key of the effect that takes a post's words out of sight for the `redaction`th time.
pub fn redaction_key(post_key: &str, redaction: u32) -> String {
    format!("redact:{post_key}#{redaction}")
}

/// The protecting effects: one edit, then fold, then lock. Keys carry the number of the redaction, so that a text which
/// its author brings back is taken out of sight again.
pub(super) fn protect(post: &Post, redaction: u32) -> Vec<Effect> {
    let place = &post.place;
    let (thread, key) = (place.thread_key(), place.post_key());
    let opens = place.surface.opens_thread();
    let redact = RedactPost {
        place: place.clone(),
        close: opens && (post.thread_is_open || post.happening == Happening::Reopened),
    };
    let mut effects = vec![Effect::new(redaction_key(&key, redaction), &thread, &redact)];
    if opens {
        if !post.thread_is_locked {
            let lock = LockThread { place: place.clone() };
            effects.push(Effect::new(format!("lock:{key}#{redaction}"), &thread, &lock));
        }
    } else if can_be_minimized(place) {
        let fold = MinimizePost { place: place.clone() };
        effects.push(Effect::new(format!("minimize:{key}#{redaction}"), &thread, &fold));
    }
    effects
}

/// GitHub folds comments and reviews, never the body of a thread (GraphQL `Minimizable`).
pub(super) fn can_be_minimized(place: &PostPlace) -> bool {
    !place.surface.opens_thread() && !place.node_id.is_empty()
}

/// The one constant comment of the thread.
pub(super) fn say(
    post: &Post,
    text: PublicText,
    channel: Channel,
    answered_within: Option<String>,
    certainly_first: bool,
    after: &[Effect],
) -> Effect {
    let place = &post.place;
    let say = SayConstant { place: place.clone(), text, channel, answered_within, certainly_first };
    let thread = place.thread_key();
    Effect::new(format!("say:{thread}"), thread, &say).after(after.iter().map(|effect| effect.key.clone()))
}

/// The private side of a new case: its desk and, where the words were hidden, the invitation.
pub(super) fn open_desk(case: &str, post: &Post, invite: bool, certainly_first: bool) -> Vec<Effect> {
    let desk = OpenDesk { case: case.to_owned(), certainly_first };
    let mut effects = vec![Effect::new(format!("desk:{case}"), format!("case:{case}"), &desk).for_case(case)];
    if invite && is_invitable(&post.author) {
        let desk_key = effects[0].key.clone();
        let invite = InviteReporter { case: case.to_owned() };
        effects.push(
            Effect::new(format!("invite:{case}"), format!("case:{case}"), &invite).for_case(case).after([desk_key]),
        );
    }
    effects
}

/// The private side of a case that exists already: the desk is told of the new evidence.
pub(super) fn more_evidence(case: &str, evidence: &str) -> Effect {
    let tell = TellDesk { case: case.to_owned(), news: DeskNews::MoreEvidence { evidence: evidence.to_owned() } };
    Effect::new(format!("tell:{case}/{evidence}"), format!("case:{case}"), &tell)
        .for_case(case)
        .after([format!("desk:{case}")])
}

/// The later looks at the edit history.
pub(super) fn watch_history(case: &str, now: Timestamp) -> Vec<Effect> {
    HISTORY_LOOKS
        .iter()
        .enumerate()
        .filter_map(|(round, wait)| {
            let due = now.checked_add(*wait).ok()?;
            let look = CheckHistory { case: case.to_owned(), round };
            Some(
                Effect::new(format!("history:{case}/{round}"), format!("case:{case}"), &look)
                    .for_case(case)
                    .not_before(due),
            )
        })
        .collect()
}

/// Deleted accounts and bots are credited by name at most, never invited.
fn is_invitable(author: &Account) -> bool {
    !author.is_bot && author.id != 0
}

/// Which constant text belongs to a moved post.
pub(super) fn moved_text(surface: Surface) -> PublicText {
    if surface.opens_thread() { PublicText::ThreadMoved } else { PublicText::CommentMoved }
}
