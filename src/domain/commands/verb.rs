//! A verb as a value: its name, who may use it, its help, how its arguments are read, and the rule behind them.

use super::{Arguments, Done, Problem, Refusal, Role, Scene, problem::nearest, verbs::FAMILIES};
use crate::domain::{
    case::{Case, CaseId},
    post::RepoName,
};

/// Whether a verb needs a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoPeople {
    /// Never.
    Never,
    /// Always.
    Always,
    /// Under this condition, in words.
    When(&'static str),
}

/// A verb.
pub struct Verb {
    /// Its name, without the slash.
    pub name: &'static str,
    /// How it is written: `/extend DATE -- why`.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub help: &'static str,
    /// Who may use it; any of these.
    pub who: &'static [Role],
    /// Whether it needs a second person.
    pub two_people: TwoPeople,
    /// Whether `/undo` takes it back.
    pub reversible: bool,
    /// Whether it only asks: it runs however late it comes, and is no step.
    pub reads_only: bool,
    /// Whether its rule looks at the supported series, which cost a question to GitHub.
    pub asks_series: bool,
    /// Whether everything behind the verb is free text, quotes and dashes included.
    pub free_form: bool,
    /// Lines that work, for the help and its test.
    pub examples: &'static [&'static str],
    /// Reads the arguments.
    pub read: fn(&mut Arguments<'_>) -> Result<Box<dyn Order>, Problem>,
}

/// Whom and what a command names, which the shell has to look up before the command can be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Logins whose roles are asked for.
    pub people: Vec<String>,
    /// Cases that are asked for.
    pub cases: Vec<CaseId>,
    /// Whether sealed lines that wait for a confirmation are asked for.
    pub pending_lines: Vec<String>,
}

/// A command whose arguments were read.
pub trait Order: Send + Sync {
    /// Whom and what it names.
    fn mentions(&self, _case: &Case) -> Mentions {
        Mentions::default()
    }

    /// Whether this very command needs a second person, as the case stands.
    fn needs_second_person(&self, _case: &Case) -> bool {
        false
    }

    /// The repository for which it opens a case, if that is what it does; the inner `None` is the only one there is.
    fn opens_case(&self) -> Option<Option<RepoName>> {
        None
    }

    /// Carries it out on the scene, or refuses and names what is missing. May leave a scene half changed when it refuses:
    /// whoever calls works on a copy.
    ///
    /// # Errors
    /// [`Refusal`], with what is missing and what can be said next.
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal>;
}

impl Verb {
    /// A blank verb to write the others from.
    pub const BLANK: Self = Self {
        name: "",
        usage: "",
        help: "",
        who: &[],
        two_people: TwoPeople::Never,
        reversible: false,
        reads_only: false,
        asks_series: false,
        free_form: false,
        examples: &[],
        read: |arguments| Err(arguments.wrong(0, super::Expected::Verb)),
    };

    /// Every verb, in the order of the help.
    pub fn all() -> impl Iterator<Item = &'static Self> + Clone {
        FAMILIES.iter().flat_map(|family| family.verbs.iter().copied())
    }

    /// The verb of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|verb| verb.name.eq_ignore_ascii_case(name))
    }

    /// The verb that was probably meant.
    pub fn nearest(written: &str) -> Option<String> {
        nearest(written, Self::all().map(|verb| verb.name))
    }
}
