//! Undoing a redirect: a maintainer says that a case is no security matter, and the public side comes back as it was.

use jiff::Timestamp;

use super::{
    actions::{CloseDesk, DeskNews, React, RestorePost, TellDesk, UnlockThread},
    flagged::{self, Flagged, Label, Said},
    record::{PostOutcome, PostRecord},
};
use crate::domain::{
    case::{Case, Handling, RejectReason, Verdict},
    decision::Decision,
    effect::Effect,
    post::{Permission, Post, PostPlace},
    reason::Reason,
    record::{RecordWrite, Versioned},
};

/// What nobody can take back, said to whoever undoes.
pub const CANNOT_BE_UNDONE: [&str; 3] = [
    "Mails and notifications that GitHub sent when the post was moved stay sent.",
    "The edit history shows that the text was replaced and restored.",
    "The bot's comment stays; delete it by hand if it is in the way.",
];

/// Who asks for an undo, and how.
pub enum Asked<'a> {
    /// An operator, by `embargod undo`.
    ByOperator,
    /// At the desk, by somebody whose role allows it.
    AtDesk,
    /// A maintainer, by `/not-security` in the public thread.
    InPublic {
        /// The comment that says so; it is answered by a reaction.
        comment: &'a PostPlace,
        /// Whose permission it was.
        permission: Permission,
    },
}

/// Whether a comment asks for an undo at all: `/not-security` at the start of a line, outside of code and quotes.
///
/// `lines` are the lines of the comment's own prose, as the shell extracted them from Markdown.
pub fn asks_for_undo<'a>(mut lines: impl Iterator<Item = &'a str>) -> bool {
    lines.any(|line| {
        let line = line.trim();
        line == "/not-security" || line.starts_with("/not-security ") || line.starts_with("/not-security\t")
    })
}

/// Posts that the redirect held for private, as far as an undo is about them.
#[derive(Default)]
pub struct Labelled {
    /// The posts in question.
    pub posts: Vec<Versioned<Flagged>>,
    /// All posts of the repository, where something was said in public; else empty.
    pub all: Vec<Flagged>,
    /// Version of the repository's tally; 0 where there is none.
    pub tally_version: i64,
}

impl Labelled {
    /// Takes in that `by` said of the posts that they are no security matter. The tally follows what is said in public alone.
    fn refused(self, repository_id: u64, by: &str, in_public: bool, now: Timestamp) -> Vec<RecordWrite> {
        let said = Said { label: Label::Refused, by: by.to_owned(), at: now };
        if !in_public {
            return flagged::said_in_private(self.posts, Some(&said));
        }
        let mut writes = flagged::said_in_public(self.posts, &said);
        let tally = flagged::tally(repository_id, &self.all, &writes, now);
        writes.extend(tally.map(|tally| RecordWrite::guarded(&tally, self.tally_version)));
        writes
    }
}

/// Decides about `/not-security` where the thread has no case that could be undone.
pub fn without_case(
    post: &Post,
    permission: Option<Permission>,
    answered: bool,
    labelled: Labelled,
    now: Timestamp,
) -> Decision {
    let may = permission.is_some_and(Permission::is_maintainer);
    if may && answered {
        let reason = Reason::new("undo.noted", "nothing was moved in this thread; the maintainer's word is noted");
        let effect = acknowledge(&post.place);
        return Decision {
            outcome: "noted".to_owned(),
            records: labelled.refused(post.place.repository_id, &post.author.login, true, now),
            effects: vec![effect],
            reasons: vec![reason],
            ..Decision::default()
        };
    }
    let why = if may { "the bot did nothing in this thread" } else { "the author is no maintainer of the repository" };
    Decision::nothing(Reason::new("undo.ignored", format!("/not-security is ignored: {why}")))
}

/// Decides about an undo of `case` that `by` asks for. `posts` are the records of the case's posts, `waiting` the keys of
/// its effects that have not started.
pub fn decide(
    case: &Versioned<Case>,
    posts: Vec<Versioned<PostRecord>>,
    labelled: Labelled,
    waiting: Vec<String>,
    asked: &Asked<'_>,
    by: &str,
    now: Timestamp,
) -> Decision {
    let id = case.value.id.to_string();
    let who = match asked {
        Asked::ByOperator => Reason::new("undo.operator", "the operator asked for it on the command line"),
        Asked::AtDesk => Reason::new("undo.desk", "somebody with a role in the case said /not-security at its desk"),
        Asked::InPublic { permission, .. } if permission.is_maintainer() => {
            Reason::new("undo.maintainer", "a maintainer said /not-security in the public thread")
                .from_source("GET /repos/{owner}/{repo}/collaborators/{username}/permission")
        }
        Asked::InPublic { .. } => {
            let text = "/not-security is ignored: the author is no maintainer of the repository";
            return Decision::nothing(Reason::new("undo.ignored", text));
        }
    };
    if case.value.restored_at.is_some() {
        let text = format!("{id} was undone before; nothing is left to restore");
        return Decision { case: Some(id), ..Decision::nothing(Reason::new("undo.done_before", text)) };
    }
    let mut rejected = case.value.clone();
    rejected.handling = Handling::Rejected;
    rejected.restored_at = Some(now);
    rejected.verdict = Some(Verdict::Rejected { reason: RejectReason::OutOfScope });
    rejected.stop_clocks(now);
    let mut records = vec![RecordWrite::guarded(&rejected, case.version)];
    records.extend(posts.into_iter().map(|post| {
        let version = post.version;
        RecordWrite::guarded(&PostRecord { outcome: PostOutcome::Cleared, ..post.value }, version)
    }));
    let in_public = matches!(asked, Asked::InPublic { .. });
    records.extend(labelled.refused(case.value.repository_id, by, in_public, now));
    let mut effects = restore(&case.value);
    if let Asked::InPublic { comment, .. } = asked {
        effects.push(acknowledge(comment).for_case(&id));
    }
    let remarks = CANNOT_BE_UNDONE.iter().map(|remark| (*remark).to_owned()).collect();
    let lane = format!("case:{id}");
    let tell = TellDesk { case: id.clone(), news: DeskNews::Restored { remarks } };
    let desk = format!("desk:{id}");
    // A desk that is still being made is told and closed when it is there.
    let tell = Effect::new(format!("restored:{id}"), &lane, &tell).for_case(&id).after([desk.clone()]);
    let close = CloseDesk { case: id.clone() };
    effects.push(Effect::new(format!("close:{id}"), &lane, &close).for_case(&id).after([tell.key.clone()]));
    effects.push(tell);
    Decision {
        outcome: "restored".to_owned(),
        records,
        effects,
        dropped_effects: waiting.into_iter().filter(|key| *key != desk).collect(),
        case: Some(id),
        reasons: vec![who],
    }
}

fn restore(case: &Case) -> Vec<Effect> {
    let mut effects = Vec::new();
    for post in case.posts.iter().filter(|post| post.redacted) {
        let Some(evidence) = post.evidence.last() else {
            continue;
        };
        let (thread, key) = (post.place.thread_key(), post.place.post_key());
        let id = case.id.as_str();
        if post.locked {
            let unlock = UnlockThread { place: post.place.clone() };
            effects.push(Effect::new(format!("unlock:{id}/{key}"), &thread, &unlock).for_case(id));
        }
        let restore = RestorePost {
            case: id.to_owned(),
            place: post.place.clone(),
            evidence: evidence.clone(),
            reopen: post.closed,
            unminimize: post.minimized,
        };
        effects.push(Effect::new(format!("restore:{id}/{key}"), &thread, &restore).for_case(id));
    }
    effects
}

fn acknowledge(comment: &PostPlace) -> Effect {
    let react = React { place: comment.clone() };
    Effect::new(format!("react:{}", comment.post_key()), comment.thread_key(), &react)
}
