//! Everything that can happen in the world. Each change checks that GitHub would allow it, keeps the history, leaves
//! the webhooks that GitHub would send, and notes in the public transcript what the bot did in public.
//!
//! `actor` is a login; the App acts as `<slug>[bot]`, and its permissions were checked at the door.

mod advisories;
mod git;
mod places;
mod posts;
mod pulls;
mod setting;
mod threads;

pub(crate) use advisories::AdvisoryFields;
pub(crate) use places::PostAt;
pub(crate) use posts::REACTIONS;
pub(crate) use setting::covers;
pub(crate) use threads::ThreadPatch;
