//! How strongly a post speaks for private handling, held against the policy's bars.

use super::{
    IntakeClass,
    context::{self, Asked, Weighed},
    flagged::Tier,
    rule::Inquiry,
};
use crate::domain::reason::Reason;

/// How strongly the text speaks for private handling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    None,
    Gentle,
    Firm,
    Asks,
}

/// What follows from a post's words and from what is known besides, before anybody is asked who its author is.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// How strongly it speaks; `None` where nothing would be done.
    pub tier: Option<Tier>,
    /// What the words alone come to, 0 to 1.
    pub words: f64,
    /// What they come to with all signs, 0 to 1.
    pub score: f64,
    /// Why: what decided first, then one reason for each sign.
    pub reasons: Vec<Reason>,
}

/// Assesses a post for somebody who wants to know, without any decision.
pub fn assess(inquiry: &Inquiry<'_>, asked: &Asked) -> Assessment {
    let weighed = context::weigh(inquiry, Some(asked));
    let (strength, reason) = strength(inquiry, &weighed);
    let allowed = context::allowed(inquiry, Some(asked));
    let tier = if allowed.is_some() { None } else { Tier::of(strength) };
    let reasons = with_signs(allowed.unwrap_or(reason), &weighed);
    Assessment { tier, words: weighed.words, score: weighed.score, reasons }
}

/// A reason about the bars, followed by the signs besides the words that led there.
pub(super) fn with_signs(reason: Reason, weighed: &Weighed) -> Vec<Reason> {
    std::iter::once(reason).chain(weighed.reasons.iter().cloned()).collect()
}

/// Holds the scores against the bars.
pub(super) fn strength(inquiry: &Inquiry<'_>, weighed: &Weighed) -> (Strength, Reason) {
    let judgement = inquiry.judgement;
    let redirect = &inquiry.policy.redirect;
    let (act_at, reply_at) = (redirect.act_at, redirect.reply_at);
    let asks = judgement.probabilities.of(IntakeClass::AsksChannel);
    let discloses = judgement.probabilities.of(IntakeClass::Disclosure);
    let Weighed { words, score, hide_score, .. } = *weighed;
    let shown = |score: f64| {
        if score == words { format!("{score:.3}") } else { format!("{score:.3} (its words alone {words:.3})") }
    };
    if score < reply_at.probability() {
        let text = format!("class {}: score {} is below reply_at {reply_at}", judgement.class.slug(), shown(score));
        (Strength::None, Reason::new("intake.below_bar", text).from_source("redirect.reply_at"))
    } else if asks > discloses {
        let text = format!("class asks_channel: score {} is at or above reply_at {reply_at}", shown(score));
        (Strength::Asks, Reason::new("intake.asks_channel", text).from_source("redirect.reply_at"))
    } else if hide_score < act_at.probability() {
        let text = format!("score {} is between reply_at {reply_at} and act_at {act_at}", shown(hide_score));
        (Strength::Gentle, Reason::new("intake.gentle", text).from_source("redirect.act_at"))
    } else {
        let text = format!("class disclosure: score {} is at or above act_at {act_at}", shown(hide_score));
        (Strength::Firm, Reason::new("intake.firm", text).from_source("redirect.act_at"))
    }
}
