//! Stories about commands, with a stage on which they play: people, a policy, a clock that stands where it is put.

mod docs;
mod grammar;
mod stage;
