//! Servers that nobody here wrote: the real binary against GitHub's own examples, and against a GitHub that wishes it ill.
//!
//! What flows in: signed deliveries made of GitHub's example payloads. What flows out: the requests that the other side
//! saw, and how the process fares. What it must never do: share a line of the stand-in, so that both cannot be wrong in
//! the same way.

mod by_the_book;
mod examples;
pub mod hostile;
pub mod payloads;
pub mod program;
