//! Stories about commands, with a stage on which they play: people, a policy, a clock that stands where it is put.

mod docs;
mod embargoes;
mod grammar;
mod invariants;
mod people;
mod ratings;
mod replay;
mod scenario;
mod stage;
