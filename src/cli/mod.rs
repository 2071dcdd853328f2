//! cli

pub mod seal;
