//! Slash-commands: what people tell a case at its desk.
//!
//! What flows in: the text of a comment with who wrote it and whether it was touched since, the case, the policy, `now`,
//! and the few facts that the commands in it ask for ([`needs`]). What flows out: a [`Consideration`]: the case as it is
//! now, answers for the desk, wanted acts as effects, free text to be sealed, reasons. Which verbs there are is data, one
//! file a family, listed in [`verbs::FAMILIES`]; the help, `docs/commands.md` and the rules come from the same values.
//! What it must never do: run a line that stands in code, a quote or HTML, or that somebody else may have written; run a
//! line twice; let free text out unsealed; answer in public.

pub mod acts;
mod arguments;
mod consider;
mod facts;
mod lexer;
mod log;
mod parse;
mod problem;
mod prose;
mod reference;
mod roles;
mod scene;
pub mod texts;
mod values;
mod verb;
pub mod verbs;

pub use arguments::{Arguments, Words};
pub use consider::{Answer, Comment, Consideration, Edit, Outcome, Reaction, World, consider, needs};
pub use facts::SeriesFacts;
pub use log::{CommentLog, Ran};
pub use parse::{Command, LONGEST, MOST_COMMANDS, Parsed, parse};
pub use problem::{Expected, Problem};
pub use reference::{help_of, overview, reference};
pub use roles::{Actor, Role, TeamsOf, roles_of};
pub use scene::{Done, Note, Refusal, Scene};
pub use values::Reading;
pub use verb::{Mentions, Order, TwoPeople, Verb};
pub use verbs::case::{CaseAsked, case_asked_for};

#[cfg(test)]
mod tests;
