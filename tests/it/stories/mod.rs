//! Stories: somebody posts, the bot answers, a maintainer commands. Each runs the real door, engine and client against the
//! stand-in.

mod non_interference;
mod redirect;
mod secrecy;
