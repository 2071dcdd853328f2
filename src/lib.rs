//! embargod: a GitHub App that enforces a project's vulnerability-disclosure policy.
//!
//! The crate is cut into rooms. `domain` is pure and knows nobody; every other room may know `domain`, and the way of
//! one delivery through them is walked in `docs/ARCHITECTURE.md`.

pub mod audit;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod domain;
pub mod engine;
pub mod failpoint;
pub mod github;
pub mod health;
pub mod history;
pub mod keys;
pub mod memory;
pub mod paging;
pub mod receiver;
pub mod sealing;
pub mod server;
pub mod settings;
pub mod standin;
pub mod store;
pub mod trace;
