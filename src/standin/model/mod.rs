//! The nouns of the stand-in: what GitHub remembers, as plain values.
//!
//! Nothing here talks to anyone. Changes are made by `change`, which also tells the webhooks; JSON is made by `render`.

mod account;
mod advisory;
mod app;
mod post;
mod repository;
mod thread;

pub use account::{Account, AccountKind, Role};
pub use advisory::{Advisory, AdvisoryState, Credit};
pub use app::{App, Installation, Token};
pub use post::{Deletion, Post, Reaction, Revision};
pub use repository::{CheckRun, Commit, CommitComment, Repository};
pub use thread::{Comment, Pull, Rename, Review, ReviewComment, Thread, ThreadKind};
