//! setup
pub mod manifest;
