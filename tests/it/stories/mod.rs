//! Stories: somebody posts, the bot answers, a maintainer commands. Each runs the real door, engine and client against the
//! stand-in.

mod budget;
mod classes;
mod edits;
mod people;
mod policies;
mod redirect;
mod surfaces;
