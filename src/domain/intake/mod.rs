//! Intake: from a public post to a decision.
//!
//! What flows in: a post, the detector's judgement, the policy, what was done in the thread before, and the few facts
//! that [`first_look`] asks for. What flows out: a [`Decision`](super::decision::Decision) whose effects are the actions
//! in [`actions`], and which evidence to seal. What it must never do: open a post's text ([`named`] is handed the words by
//! whoever may open them), put a case's number or a class into anything public, let anything public hang on what was said in
//! private, or answer a thread twice.

pub mod actions;
mod bars;
pub mod channel;
pub mod class;
mod context;
pub mod desk;
pub mod flagged;
mod plan;
pub mod prior;
mod reading;
pub mod record;
pub mod report;
mod rule;
mod standing;
pub mod texts;
pub mod undo;

pub use bars::{Assessment, assess};
pub use channel::Channel;
pub use class::IntakeClass;
pub use context::{Asked as AskedOfPost, SIGNS, Sign, is_public_id};
pub use plan::redaction_key;
pub use reading::{Named, named};
pub use rule::{Answers, FirstLook, Inquiry, Taken, decide, first_look};

#[cfg(test)]
mod tests;
