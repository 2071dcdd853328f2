//! The audit log: is it whole, and how does it leave the house?
//!
//! What flows in: links of the chain as the store keeps them, and heads that an operator noted elsewhere. What flows out:
//! a [`Verified`] that names the first place where the chain is broken, the chain's [`Head`], and lines for an archive.
//! What it must never do: write (linking is the engine's chore), open anything sealed, or call a chain whole that it has
//! not walked from its first link.
//!
//! What a chain can show and what it cannot is in `docs/audit.md`.

mod export;
mod head;
mod verify;

pub use export::{ExportProblem, export};
pub use head::{Head, head};
pub use verify::{Broken, Damage, Verified, Walk, verify};

/// Links that are read at once.
const PAGE: u32 = 500;
