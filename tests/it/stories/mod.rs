//! Stories: somebody posts, the bot answers, a maintainer commands. Each runs the real door, engine and client against the
//! stand-in.

mod crashes;
mod desks;
mod duplicates;
mod faults;
mod history;
mod redirect;
mod sweep;
mod undo;
