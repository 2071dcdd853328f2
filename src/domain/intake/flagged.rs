//! What the redirect held for private, and what people said about it: the labels by which the detector is measured.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    actions::{RedactPost, SayConstant},
    bars::Strength,
    context::Weighed,
    prior::Tally,
    record::{PostOutcome, PostRecord},
    rule::{Inquiry, SHOWN},
};
use crate::domain::{
    case::{RejectReason, Verdict},
    decision::Decision,
    effect::{Action, Effect},
    post::{RepoName, Surface},
    record::{Record, RecordWrite, Versioned},
};

/// How strongly the detector spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// At or above `act_at`.
    Act,
    /// Between `reply_at` and `act_at`.
    Reply,
    /// A question for the channel.
    Channel,
}

impl Tier {
    /// The tier of a strength, where something follows from it.
    pub(super) fn of(strength: Strength) -> Option<Self> {
        match strength {
            Strength::None => None,
            Strength::Gentle => Some(Self::Reply),
            Strength::Firm => Some(Self::Act),
            Strength::Asks => Some(Self::Channel),
        }
    }

    /// The word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Reply => "reply",
            Self::Channel => "channel",
        }
    }
}

/// What somebody found a post to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// It belonged in private: accepted, mended in public, a duplicate, somebody else's weakness.
    Confirmed,
    /// It did not: `/not-security`, spam, out of scope.
    Refused,
    /// It had to be looked at in private, and was no vulnerability. Counts neither way.
    Moot,
}

impl Label {
    /// What a case's verdict says about the posts that led to it.
    pub fn of(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Accepted { .. }
            | Verdict::PublicFix
            | Verdict::Duplicate { .. }
            | Verdict::Published { .. }
            | Verdict::Upstream { .. } => Some(Self::Confirmed),
            Verdict::Rejected { reason: RejectReason::Spam | RejectReason::OutOfScope } => Some(Self::Refused),
            Verdict::Rejected { .. } => Some(Self::Moot),
            Verdict::Withdrawn => None,
        }
    }
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What it comes to.
    pub label: Label,
    /// Who said it: a login, `operator:alice`.
    pub by: String,
    /// When it was taken in.
    pub at: Timestamp,
}

/// A post that the redirect held for private, with what people said about it. Written with the decision, so that both or
/// neither are kept. Holds no word of the post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flagged {
    /// See [`PostPlace::post_key`](crate::domain::post::PostPlace::post_key).
    pub key: String,
    /// The repository's number.
    pub repository_id: u64,
    /// The repository's name at that time.
    pub repository: RepoName,
    /// On which surface the post stands.
    pub surface: Surface,
    /// The decision, by its cause: the delivery's id.
    pub decision: String,
    /// When it was decided.
    pub at: Timestamp,
    /// Version of the detector.
    pub model: String,
    /// What the words alone came to, 0 to 1.
    pub words: f64,
    /// What they came to with the signs besides them.
    pub score: f64,
    /// How strongly it spoke.
    pub tier: Tier,
    /// What was done.
    pub outcome: PostOutcome,
    /// Whether something was done that everybody can see.
    pub in_public: bool,
    /// Names of the features that spoke for private most, strongest first, at most 6.
    pub features: Vec<String>,
    /// What a maintainer said in the public thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_in_public: Option<Said>,
    /// What followed from the case or was said at its desk. Private: nothing public may hang on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_in_private: Option<Said>,
}

impl Record for Flagged {
    const KIND: &'static str = "flagged";

    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Flagged {
    /// What holds: what was said last.
    pub fn said(&self) -> Option<&Said> {
        match (&self.said_in_public, &self.said_in_private) {
            (Some(public), Some(private)) => Some(if private.at > public.at { private } else { public }),
            (public, private) => public.as_ref().or(private.as_ref()),
        }
    }
}

/// What is kept of a post about which `decision` does something.
pub(super) fn kept(inquiry: &Inquiry<'_>, decision: &Decision, weighed: &Weighed, tier: Tier) -> Option<RecordWrite> {
    let place = &inquiry.post.place;
    let remembered = decision.records.iter().find(|write| write.kind == PostRecord::KIND)?;
    let outcome = serde_json::from_value::<PostRecord>(remembered.value.clone()).ok()?.outcome;
    if outcome == PostOutcome::Nothing {
        return None;
    }
    let shows = |effect: &Effect| [SayConstant::KIND, RedactPost::KIND].contains(&effect.kind.as_str());
    let strongest = inquiry.judgement.contributions.iter().filter(|contribution| contribution.weight > 0.0);
    let flagged = Flagged {
        key: place.post_key(),
        repository_id: place.repository_id,
        repository: place.repository.clone(),
        surface: place.surface,
        decision: inquiry.cause.to_owned(),
        at: inquiry.now,
        model: inquiry.model.to_owned(),
        words: weighed.words,
        score: weighed.score,
        tier,
        outcome,
        in_public: decision.effects.iter().any(shows),
        features: strongest.take(SHOWN).map(|contribution| contribution.feature.clone()).collect(),
        said_in_public: None,
        said_in_private: None,
    };
    // New words, new judgement: what was said about others does not hold for them, so the old one is overwritten.
    Some(RecordWrite::overwriting(&flagged))
}

/// Takes in what was said in the public thread about these posts. Saying the same again changes nothing.
pub fn said_in_public(posts: Vec<Versioned<Flagged>>, said: &Said) -> Vec<RecordWrite> {
    changed(posts, |post| {
        let news = post.said_in_public.as_ref().is_none_or(|known| known.label != said.label);
        if news {
            post.said_in_public = Some(said.clone());
        }
        news
    })
}

/// Takes in what was said in private, or, with `None`, that it was taken back.
pub fn said_in_private(posts: Vec<Versioned<Flagged>>, said: Option<&Said>) -> Vec<RecordWrite> {
    changed(posts, |post| {
        let news = post.said_in_private.as_ref().map(|known| known.label) != said.map(|said| said.label);
        if news {
            post.said_in_private = said.cloned();
        }
        news
    })
}

fn changed(posts: Vec<Versioned<Flagged>>, change: impl Fn(&mut Flagged) -> bool) -> Vec<RecordWrite> {
    posts
        .into_iter()
        .filter_map(|mut post| change(&mut post.value).then(|| RecordWrite::guarded(&post.value, post.version)))
        .collect()
}

/// The tally of a repository out of its posts, as `writes` leave them. `None` where none of them changes what was said in
/// public.
pub fn tally(repository_id: u64, posts: &[Flagged], writes: &[RecordWrite], now: Timestamp) -> Option<Tally> {
    let changed: Vec<Flagged> = writes
        .iter()
        .filter(|write| write.kind == Flagged::KIND)
        .filter_map(|write| serde_json::from_value(write.value.clone()).ok())
        .collect();
    if changed.is_empty() {
        return None;
    }
    let others = posts.iter().filter(|post| !changed.iter().any(|known| known.key == post.key));
    let here = others.chain(&changed).filter(|post| post.repository_id == repository_id && post.in_public);
    let (mut told, mut refused) = (0, 0);
    for post in here {
        told += 1;
        // What was said in private must not count: see `prior`.
        refused += u64::from(post.said_in_public.as_ref().is_some_and(|said| said.label == Label::Refused));
    }
    Some(Tally { repository_id, told, refused, at: now })
}
