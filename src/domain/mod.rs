//! The rules. Pure: facts, case, policy and `now` go in; state, effects and reasons come out.
//!
//! What flows in: values that the engine gathered. What flows out: [`decision::Decision`]s, whose
//! [`effect::Effect`]s are data. What it must never do: read a clock, do I/O, be async, draw random numbers, log, or know
//! a type of GitHub's. `tests/it/structure.rs` holds it to that.

pub mod budget;
pub mod case;
pub mod clocks;
pub mod commands;
pub mod coverage;
pub mod decision;
pub mod detector;
pub mod doors;
pub mod effect;
pub mod embargoed;
pub mod giveaway;
pub mod intake;
pub mod operator;
pub mod policy;
pub mod post;
pub mod reason;
pub mod record;
pub mod recovery;
pub mod release_checks;
pub mod retention;
