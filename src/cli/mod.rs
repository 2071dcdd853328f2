//! cli

pub mod classify;
