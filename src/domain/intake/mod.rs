//! Intake: from a public post to a decision.
//!
//! What flows in: a post, the detector's judgement, the policy, what was done in the thread before, and the few facts
//! that [`first_look`] asks for. What flows out: a [`Decision`](super::decision::Decision) whose effects are the actions
//! in [`actions`], and which evidence to seal. What it must never do: open a post's text, put a case's number or a class
//! into anything public, or answer a thread twice.

pub mod actions;
pub mod channel;
pub mod class;
pub mod desk;
mod plan;
pub mod record;
mod rule;
mod standing;
pub mod texts;
pub mod undo;

pub use channel::Channel;
pub use class::IntakeClass;
pub use plan::redaction_key;
pub use rule::{Answers, FirstLook, Inquiry, Taken, decide, first_look};

#[cfg(test)]
mod tests;
