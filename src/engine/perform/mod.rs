//! Performers: how each action of `domain` is done on GitHub. One file per action or pair of opposites.
//!
//! What flows in: a claimed effect. What flows out: what it made, and what is to be committed with it. What it must never
//! do: decide whether the action is right, repeat it on its own account, or say anything in public that is not a constant
//! of [`crate::domain::intake::texts`]. Every performer is safe to run again after a crash: edits are repeatable, and
//! creates look first for what an earlier attempt may have made.

use std::{collections::HashMap, marker::PhantomData};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Shop, Trouble};
use crate::{
    domain::{
        case::Case,
        commands::acts::{RecordFixCommit, ReplanRelease, RequestCve, ShowCoverage, TellParties},
        effect::{Action, Effect},
        record::Versioned,
    },
    sealing::Sealer,
    store::{ClaimedEffect, Commit},
};

mod alert;
mod answer;
mod asked_of_people;
mod card;
mod case_tick;
mod check_run;
mod close_desk;
mod desk;
mod desk_word;
mod guest;
mod history;
mod invite;
mod lock;
mod minimize;
mod move_desk;
mod proving;
mod react;
mod redact;
mod refuse_case;
mod reporter;
mod restore;
mod say;
mod surfaces;
mod team;
mod tell;
mod timeline;
mod undo_redirect;
mod versions;
mod write_advisory;

/// What a performer made.
pub struct Performed {
    /// Public or private identifiers of what was made, for explanations; never content.
    pub result: Value,
    /// What is committed together with the end of the effect.
    pub commit: Box<Commit>,
}

impl Performed {
    fn with(result: Value) -> Self {
        Self { result, commit: Box::default() }
    }

    /// Nothing was left to do, for a reason that a person may read.
    fn left_alone(why: &str) -> Self {
        Self::with(json!({ "left_alone": why }))
    }
}

/// The circumstances of an attempt.
pub struct Task<'a> {
    /// The effect's key.
    pub key: &'a str,
    /// The case it belongs to.
    pub case: Option<&'a str>,
    /// 1 at first; above 1 an earlier attempt may have reached GitHub.
    pub attempt: u32,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
}

impl<'a> Task<'a> {
    fn of(claimed: &'a ClaimedEffect) -> Self {
        Self {
            key: &claimed.effect.key,
            case: claimed.effect.case.as_deref(),
            attempt: claimed.attempt,
            enqueued_at: claimed.enqueued_at,
        }
    }
}

/// Performs one sort of action.
#[async_trait]
trait Performer<A: Action>: Send + Sync {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: A) -> Result<Performed, Trouble>;

    /// What a maintainer does instead when it is given up: one sentence without a full stop, for an alert.
    fn by_hand(&self) -> &'static str {
        "Do it by hand if it still matters"
    }

    /// What else is to be done when it is stuck: GitHub says that the App may not, or it was given up.
    fn when_stuck(&self, _task: &Task<'_>, _action: &A) -> Option<Effect> {
        None
    }
}

#[async_trait]
trait AnyPerformer: Send + Sync {
    async fn perform(&self, shop: &Shop, task: Task<'_>, payload: Value) -> Result<Performed, Trouble>;

    fn by_hand(&self) -> &'static str;

    fn when_stuck(&self, task: &Task<'_>, payload: Value) -> Option<Effect>;
}

struct Typed<A, P>(P, PhantomData<fn() -> A>);

#[async_trait]
impl<A: Action + Send, P: Performer<A>> AnyPerformer for Typed<A, P> {
    async fn perform(&self, shop: &Shop, task: Task<'_>, payload: Value) -> Result<Performed, Trouble> {
        let action = serde_json::from_value(payload)
            .map_err(|_| Trouble::Nonsense(format!("the payload of a {} effect is unreadable", A::KIND)))?;
        self.0.perform(shop, task, action).await
    }

    fn by_hand(&self) -> &'static str {
        self.0.by_hand()
    }

    fn when_stuck(&self, task: &Task<'_>, payload: Value) -> Option<Effect> {
        let action = serde_json::from_value(payload).ok()?;
        self.0.when_stuck(task, &action)
    }
}

/// All performers, by the kind of their action.
#[derive(Default)]
pub struct Performers(HashMap<&'static str, Box<dyn AnyPerformer>>);

impl Performers {
    fn with<A: Action + Send + 'static>(mut self, performer: impl Performer<A> + 'static) -> Self {
        self.0.insert(A::KIND, Box::new(Typed(performer, PhantomData)));
        self
    }

    /// What a maintainer does instead of an effect that was given up.
    pub(super) fn by_hand(&self, kind: &str) -> &'static str {
        self.0.get(kind).map_or("Update embargod: this version does not know it", |performer| performer.by_hand())
    }

    /// What else is to be done when an effect is stuck.
    pub(super) fn when_stuck(&self, claimed: &ClaimedEffect) -> Option<Effect> {
        let performer = self.0.get(claimed.effect.kind.as_str())?;
        performer.when_stuck(&Task::of(claimed), claimed.effect.payload.clone())
    }

    pub(super) async fn perform(&self, shop: &Shop, claimed: &ClaimedEffect) -> Result<Performed, Trouble> {
        let effect = &claimed.effect;
        let Some(performer) = self.0.get(effect.kind.as_str()) else {
            return Err(Trouble::Nonsense(format!("nobody performs {}", effect.kind)));
        };
        let task = Task::of(claimed);
        performer.perform(shop, task, effect.payload.clone()).await
    }
}

/// All performers. A later feature adds its own here.
pub fn all() -> Performers {
    Performers::default()
        .with(redact::Redact)
        .with(minimize::Minimize)
        .with(lock::Lock)
        .with(lock::Unlock)
        .with(say::Say)
        .with(react::Thumb)
        .with(desk::Open)
        .with(move_desk::Move)
        .with(invite::Invite)
        .with(tell::Tell)
        .with(close_desk::Close)
        .with(alert::Raise)
        .with(restore::Restore)
        .with(history::Check)
        .with(check_run::Put)
        .with(answer::Answer)
        .with(card::Renew)
        .with(reporter::Send)
        .with(refuse_case::Refuse)
        .with(write_advisory::Write)
        .with(guest::Guest)
        .with(team::Admit)
        .with(undo_redirect::Undo)
        .with(timeline::Show)
        .with::<RecordFixCommit>(proving::Prove)
        .with::<ShowCoverage>(proving::Prove)
        .with::<TellParties>(asked_of_people::AskPeople)
        .with::<ReplanRelease>(asked_of_people::AskPeople)
        .with::<RequestCve>(asked_of_people::AskPeople)
        .with(case_tick::Look)
}

/// The invisible mark of the one constant comment of a thread. It is an HMAC under the operator's key, so that nobody
/// else can make one, and says nothing but that the bot has answered this thread.
pub(crate) fn marker(sealer: &Sealer, thread_key: &str) -> String {
    format!("<!-- embargod:{} -->", sealer.mark("thread", thread_key))
}

/// The invisible mark of something that is said once in a private place.
fn private_marker(sealer: &Sealer, effect_key: &str) -> String {
    format!("<!-- embargod:{} -->", sealer.mark("effect", effect_key))
}

/// Whether the case of this effect was undone meanwhile: then nothing is taken out of sight any more.
async fn overtaken_by_undo(shop: &Shop, task: &Task<'_>) -> Result<bool, Trouble> {
    let Some(id) = task.case else {
        return Ok(false);
    };
    let case = shop.read::<Case>(id).await?;
    Ok(case.is_some_and(|case| case.value.restored_at.is_some()))
}

async fn case_of(shop: &Shop, id: &str) -> Result<Versioned<Case>, Trouble> {
    let case = shop.read::<Case>(id).await?;
    case.ok_or_else(|| Trouble::Nonsense(format!("there is no case {id}")))
}
