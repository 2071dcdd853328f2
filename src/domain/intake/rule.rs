//! The redirect's rule (`docs/ARCHITECTURE.md`, "the public redirect").
//!
//! It is asked twice. [`first_look`] sees what a delivery and the store tell and mostly ends there; only where something
//! may have to be done it names the facts that are still needed, so that an ordinary post costs no call to GitHub.
//! [`decide`] then has everything.

use jiff::Timestamp;

use super::{
    Channel, Named,
    bars::{Strength, strength, with_signs},
    context::{self, Asked},
    flagged::{self, Tier},
    plan,
    prior::Shift,
    record::{PostOutcome, PostRecord, ThreadRecord},
    standing::{maintainer_reason, standing_reason},
    texts::PublicText,
};
use crate::domain::{
    case::{Alert, Case, CaseId, CaseOrigin, CasePost, Desk, Exposure, Opening},
    decision::Decision,
    detector::{Judgement, Place},
    effect::{Action, Effect},
    intake::actions::{RaiseAlert, RedactPost},
    policy::{Mode, Policy},
    post::{Happening, Permission, Post, Surface},
    reason::Reason,
    record::{RecordWrite, Versioned},
};

/// Everything that is known without asking GitHub.
pub struct Inquiry<'a> {
    /// The post.
    pub post: &'a Post,
    /// Keyed fingerprint of its text.
    pub revision: &'a str,
    /// Whether its text is nothing but our own neutral text.
    pub text_is_neutral: bool,
    /// The bot's own login, where it is known: `embargod[bot]`.
    pub own_login: Option<&'a str>,
    /// What the detector says of its text.
    pub judgement: &'a Judgement,
    /// Version of the detector.
    pub model: &'a str,
    /// What the post names.
    pub named: &'a Named,
    /// By how much the repository's prior moves the score.
    pub prior: Option<Shift>,
    /// The delivery that brought the post, by its id.
    pub cause: &'a str,
    /// The policy in force.
    pub policy: &'a Policy,
    /// What was done in the thread before.
    pub thread: &'a Versioned<ThreadRecord>,
    /// What was done to this post before.
    pub earlier: &'a Versioned<PostRecord>,
    /// Whether the store has followed the thread since it was opened ([`PostRecord::seen_new`] of its first post).
    pub thread_is_followed: bool,
    /// When the delivery arrived.
    pub received_at: Timestamp,
    /// The present instant.
    pub now: Timestamp,
}

/// What the first look came to.
pub enum FirstLook {
    /// Nothing is to be done.
    Decided(Box<Taken>),
    /// Something may have to be done: find out the author's permission and the channel.
    AskMore {
        /// Whether a case may be opened, so that a number must be reserved.
        may_open_case: bool,
    },
}

/// The facts that [`decide`] needs beyond the [`Inquiry`].
pub struct Answers {
    /// The author's permission, asked live; `None` where GitHub did not tell.
    pub permission: Option<Permission>,
    /// The channel that works.
    pub channel: Channel,
    /// The open case of the thread, where there is one.
    pub open_case: Option<Versioned<Case>>,
    /// The number that a new case gets.
    pub next_case: CaseId,
    /// What else was asked for about the post.
    pub asked: Asked,
}

/// A decision of the redirect, with what is to be sealed beside it.
pub struct Taken {
    /// The decision.
    pub decision: Decision,
    /// The case and the name under which the post's words are to be sealed, in the same commit.
    pub evidence: Option<(String, String)>,
    /// Whether the case is new, so that it needs a key of its own.
    pub opens_case: bool,
}

/// Looks at what a delivery and the store tell.
pub fn first_look(inquiry: &Inquiry<'_>) -> FirstLook {
    let weighed = context::weigh(inquiry, None);
    let (strength, below) = strength(inquiry, &weighed);
    let reason = standing_reason(inquiry)
        .map(|reason| vec![reason])
        .or_else(|| (strength == Strength::None).then(|| with_signs(below, &weighed)))
        .or_else(|| context::allowed(inquiry, None).map(|reason| vec![reason]));
    match reason {
        Some(reasons) => FirstLook::Decided(Box::new(nothing_because(inquiry, reasons))),
        None if inquiry.policy.redirect.mode == Mode::Observe => {
            let reason = Reason::new(
                "intake.observe",
                "the policy only observes here: a decision is kept, nothing is done in public or in private",
            )
            .from_source("redirect.mode");
            FirstLook::Decided(Box::new(nothing(inquiry, reason)))
        }
        None => FirstLook::AskMore { may_open_case: strength == Strength::Firm },
    }
}

/// Decides what is done about a post for which [`first_look`] asked for more.
pub fn decide(inquiry: &Inquiry<'_>, answers: Answers) -> Taken {
    let weighed = context::weigh(inquiry, Some(&answers.asked));
    let (strength, reason) = strength(inquiry, &weighed);
    if let Some(allowed) = context::allowed(inquiry, Some(&answers.asked)) {
        return nothing_because(inquiry, vec![allowed]);
    }
    let mut taken = decide_by_strength(inquiry, answers, strength, reason);
    let signs = taken.decision.reasons.iter().position(|reason| reason.rule.starts_with("detector."));
    let signs = signs.unwrap_or(taken.decision.reasons.len());
    taken.decision.reasons.splice(signs..signs, weighed.reasons.iter().cloned());
    if let Some(tier) = Tier::of(strength) {
        taken.decision.records.extend(flagged::kept(inquiry, &taken.decision, &weighed, tier));
    }
    taken
}

fn decide_by_strength(inquiry: &Inquiry<'_>, answers: Answers, strength: Strength, reason: Reason) -> Taken {
    let maintainer = maintainer_reason(inquiry.post, answers.permission);
    let firm = strength == Strength::Firm;
    match (strength, maintainer) {
        (Strength::None, _) => nothing(inquiry, reason),
        (_, Some(who)) if firm => private_case(inquiry, answers, CaseOrigin::MaintainersPost, vec![reason, who]),
        (_, Some(who)) => nothing_because(inquiry, vec![reason, who]),
        (Strength::Asks, None) => answer_channel(inquiry, answers, reason),
        (_, None) if inquiry.post.place.surface == Surface::PullRequest => {
            let pull = Reason::new(
                "intake.pull_request",
                "a pull request's diff cannot be hidden, so nothing happens in public",
            );
            if firm {
                private_case(inquiry, answers, CaseOrigin::PullRequest, vec![reason, pull])
            } else {
                nothing_because(inquiry, vec![reason, pull])
            }
        }
        (Strength::Firm, None) if inquiry.policy.redirect.mode == Mode::Shield => shield(inquiry, answers, reason),
        (Strength::Firm, None) => private_case(inquiry, answers, CaseOrigin::Replied, vec![reason]),
        (Strength::Gentle, None) => say_where(inquiry, answers, reason),
    }
}

fn shield(inquiry: &Inquiry<'_>, answers: Answers, reason: Reason) -> Taken {
    let post = inquiry.post;
    let redaction = inquiry.earlier.value.redactions + 1;
    let protecting = plan::protect(post, redaction);
    let opens = post.place.surface.opens_thread();
    let touched = CasePost {
        place: post.place.clone(),
        evidence: Vec::new(),
        redacted: true,
        locked: opens && !post.thread_is_locked,
        closed: opens && post.thread_is_open,
        minimized: plan::can_be_minimized(&post.place),
    };
    let mut taken = open_or_extend(inquiry, &answers, CaseOrigin::Shielded, touched, redaction);
    let (case, evidence) = taken.evidence.clone().expect("a case always takes the post as evidence");
    let mut effects = protecting;
    if taken.opens_case {
        effects.extend(plan::open_desk(&case, post, true, is_first_taken_in(inquiry)));
        effects.extend(plan::watch_history(&case, inquiry.now));
    } else {
        effects.push(plan::more_evidence(&case, &evidence));
    }
    if inquiry.thread.value.answered_at.is_none() {
        // The lock goes first as well, by its urgency; but where it does not work, the comment need not wait for it.
        let wait_for: Vec<Effect> = effects.iter().filter(|e| e.kind == RedactPost::KIND).cloned().collect();
        let text = plan::moved_text(post.place.surface);
        let within = promise(inquiry.policy);
        effects.push(plan::say(post, text, answers.channel, within, is_certainly_first(inquiry), &wait_for));
    }
    for effect in &mut effects {
        effect.case.get_or_insert_with(|| case.clone());
    }
    let answered = inquiry.thread.value.answered_at.or(Some(inquiry.now));
    taken.decision.effects = effects;
    taken.decision.reasons.insert(0, reason);
    remember(inquiry, &mut taken.decision, PostOutcome::Shielded, redaction, answered, Some(case));
    taken
}

/// A case whose public side stays as it is; in mode `reply` the thread is told where security questions go.
fn private_case(inquiry: &Inquiry<'_>, answers: Answers, origin: CaseOrigin, reasons: Vec<Reason>) -> Taken {
    let post = inquiry.post;
    let seen_before = inquiry.earlier.version > 0 && inquiry.earlier.value.revision == inquiry.revision;
    if seen_before && matches!(inquiry.earlier.value.outcome, PostOutcome::Alerted | PostOutcome::Replied) {
        return nothing(inquiry, Reason::new("intake.told_before", "maintainers were told of these very words before"));
    }
    let untouched = CasePost {
        place: post.place.clone(),
        evidence: Vec::new(),
        redacted: false,
        locked: false,
        closed: false,
        minimized: false,
    };
    let redactions = inquiry.earlier.value.redactions;
    let mut taken = open_or_extend(inquiry, &answers, origin, untouched, redactions);
    let (case, evidence) = taken.evidence.clone().expect("a case always takes the post as evidence");
    let mut effects = if taken.opens_case {
        plan::open_desk(&case, post, false, is_first_taken_in(inquiry))
    } else {
        vec![plan::more_evidence(&case, &evidence)]
    };
    let mut answered = inquiry.thread.value.answered_at;
    let mut outcome = PostOutcome::Alerted;
    if origin == CaseOrigin::Replied {
        outcome = PostOutcome::Replied;
        if answered.is_none() && !answers.channel.is_empty() {
            let within = promise(inquiry.policy);
            let text = PublicText::WhereToGo;
            effects.push(plan::say(post, text, answers.channel, within, is_certainly_first(inquiry), &[]));
            answered = Some(inquiry.now);
        }
    }
    taken.decision.effects = effects;
    taken.decision.reasons.splice(0..0, reasons);
    remember(inquiry, &mut taken.decision, outcome, redactions, answered, Some(case));
    taken
}

fn say_where(inquiry: &Inquiry<'_>, answers: Answers, reason: Reason) -> Taken {
    say_only(inquiry, answers.channel, PublicText::WhereToGo, reason)
}

fn answer_channel(inquiry: &Inquiry<'_>, answers: Answers, reason: Reason) -> Taken {
    say_only(inquiry, answers.channel, PublicText::ChannelAsked, reason)
}

fn say_only(inquiry: &Inquiry<'_>, channel: Channel, text: PublicText, reason: Reason) -> Taken {
    let thread = &inquiry.thread.value;
    if thread.answered_at.is_some() {
        let once =
            Reason::new("intake.answered_before", "the thread was answered before, and is answered once for ever");
        return nothing_because(inquiry, vec![reason, once]);
    }
    let mut decision = Decision { reasons: vec![reason], ..Decision::default() };
    if channel.is_empty() {
        let place = &inquiry.post.place;
        decision.reasons.push(Reason::new(
            "intake.no_channel",
            "no private channel is known to work here, so nobody is sent anywhere; maintainers are alerted",
        ));
        let alert = Alert {
            resolved_at: None,
            id: format!("no-channel:{}", place.repository_id),
            at: inquiry.now,
            repository: place.repository.clone(),
            case: None,
            text:
                "somebody needs a private channel, and none is known to work: switch private vulnerability reporting \
                   on, or set contact.email in .github/embargod.yml"
                    .to_owned(),
        };
        let key = format!("alert:{}", alert.id);
        decision.effects.push(Effect::new(key, place.thread_key(), &RaiseAlert { alert }));
        remember(inquiry, &mut decision, PostOutcome::Alerted, 0, None, None);
    } else {
        let within = promise(inquiry.policy);
        decision.effects.push(plan::say(inquiry.post, text, channel, within, is_certainly_first(inquiry), &[]));
        remember(inquiry, &mut decision, PostOutcome::Replied, 0, Some(inquiry.now), None);
    }
    Taken { decision, evidence: None, opens_case: false }
}

/// Puts the post into the thread's open case, or into a new one.
fn open_or_extend(
    inquiry: &Inquiry<'_>,
    answers: &Answers,
    origin: CaseOrigin,
    mut touched: CasePost,
    redaction: u32,
) -> Taken {
    let post = inquiry.post;
    let place = &post.place;
    let seen = Exposure { public: Some(post.created_at.min(inquiry.received_at)), ..Exposure::default() };
    let evidence = format!("{}@{}#{redaction}", place.post_key(), inquiry.revision);
    touched.evidence.push(evidence.clone());
    let opens_case = answers.open_case.is_none();
    let (case, version) = match &answers.open_case {
        Some(open) => {
            let mut case = open.value.clone();
            if let Some(at) = seen.public {
                case.sighted(at, inquiry.policy, inquiry.now);
            }
            match case.posts.iter_mut().find(|known| known.place.post_key() == place.post_key()) {
                Some(known) => {
                    // A post that is told only after its own edit is older than what is known.
                    let newest = match post.happening {
                        Happening::Created => 0,
                        _ => known.evidence.len(),
                    };
                    known.evidence.insert(newest, evidence.clone());
                    known.redacted |= touched.redacted;
                    known.locked |= touched.locked;
                    known.closed |= touched.closed;
                    known.minimized |= touched.minimized;
                }
                None => case.posts.push(touched),
            }
            (case, open.version)
        }
        None => {
            let opening = Opening {
                id: answers.next_case.clone(),
                repository: place.repository.clone(),
                repository_id: place.repository_id,
                installation_id: place.installation_id,
                origin,
                reporter: post.author.clone(),
                reported_at: inquiry.now,
                desk: Desk::Pending,
            };
            let mut case = Case::open(opening, inquiry.policy, inquiry.now);
            case.exposure = seen;
            case.posts.push(touched);
            (case, 0)
        }
    };
    let id = case.id.to_string();
    let joined = if opens_case {
        Reason::new("intake.case_opened", format!("opened {id} under policy {}", inquiry.policy.version))
    } else {
        Reason::new("intake.case_extended", format!("the thread belongs to {id}, which takes this post in"))
    };
    let decision = Decision {
        records: vec![RecordWrite::guarded(&case, version)],
        case: Some(id.clone()),
        reasons: vec![joined],
        ..Decision::default()
    };
    Taken { decision, evidence: Some((id, evidence)), opens_case }
}

fn nothing(inquiry: &Inquiry<'_>, reason: Reason) -> Taken {
    nothing_because(inquiry, vec![reason])
}

fn nothing_because(inquiry: &Inquiry<'_>, reasons: Vec<Reason>) -> Taken {
    let mut decision = Decision { outcome: PostOutcome::Nothing.word().to_owned(), reasons, ..Decision::default() };
    decision.reasons.extend(detector_reasons(inquiry.judgement));
    let known = &inquiry.earlier.value;
    let keeps_outcome = known.revision == inquiry.revision || inquiry.text_is_neutral;
    if !keeps_outcome && inquiry.post.repository_is_public {
        let record = PostRecord {
            key: inquiry.post.place.post_key(),
            revision: inquiry.revision.to_owned(),
            outcome: PostOutcome::Nothing,
            redactions: known.redactions,
            seen_new: is_seen_new(inquiry),
        };
        decision.records.push(RecordWrite::guarded(&record, inquiry.earlier.version));
    }
    Taken { decision, evidence: None, opens_case: false }
}

/// See [`PostRecord::seen_new`].
fn is_seen_new(inquiry: &Inquiry<'_>) -> bool {
    inquiry.earlier.value.seen_new || plan::is_untouched(inquiry.post, inquiry.received_at)
}

/// Whether a first attempt to speak in the thread needs no look for what was said there before.
fn is_certainly_first(inquiry: &Inquiry<'_>) -> bool {
    inquiry.thread_is_followed || plan::is_untouched(inquiry.post, inquiry.received_at)
}

/// Whether a first attempt to make a desk needs no look for one that was made before.
fn is_first_taken_in(inquiry: &Inquiry<'_>) -> bool {
    inquiry.thread_is_followed || plan::is_fresh(inquiry.post, inquiry.received_at)
}

/// Writes down what was done to the post and in its thread, and adds the detector's reasons.
fn remember(
    inquiry: &Inquiry<'_>,
    decision: &mut Decision,
    outcome: PostOutcome,
    redactions: u32,
    answered_at: Option<Timestamp>,
    case: Option<String>,
) {
    let place = &inquiry.post.place;
    let post = PostRecord {
        key: place.post_key(),
        revision: inquiry.revision.to_owned(),
        outcome,
        redactions: redactions.max(inquiry.earlier.value.redactions),
        seen_new: is_seen_new(inquiry),
    };
    let known = &inquiry.thread.value;
    let thread = ThreadRecord {
        key: place.thread_key(),
        answered_at,
        case: case.or_else(|| known.case.clone()),
        flagged: known.flagged.clone(),
    }
    .with_flagged(post.key.clone());
    decision.records.push(RecordWrite::guarded(&post, inquiry.earlier.version));
    decision.records.push(RecordWrite::guarded(&thread, inquiry.thread.version));
    decision.outcome = outcome.word().to_owned();
    decision.reasons.extend(detector_reasons(inquiry.judgement));
}

/// So many contributions are kept.
pub(super) const SHOWN: usize = 6;

/// The strongest contributions, in plain words.
fn detector_reasons(judgement: &Judgement) -> impl Iterator<Item = Reason> {
    judgement.contributions.iter().take(SHOWN).map(|contribution| {
        let place = match contribution.place {
            Place::Title => "in the title",
            Place::Body => "in the body",
            Place::Code => "in a code block or log",
            Place::Post => "of the post",
        };
        Reason::new(
            format!("detector.{}", contribution.feature),
            format!("{} ({place}, {:+.2})", contribution.text, contribution.weight),
        )
    })
}

/// Within which time a person answers, as the public texts say it.
fn promise(policy: &Policy) -> Option<String> {
    Some(policy.acknowledgment.within().to_string())
}
