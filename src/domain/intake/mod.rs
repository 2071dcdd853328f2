//! Intake: from a public post to a decision.
pub mod class;
pub use class::IntakeClass;
