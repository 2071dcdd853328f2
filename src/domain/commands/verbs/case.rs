//! Opening a case by hand in a private repository: `/case open`.

use super::Family;
use crate::domain::{
    commands::{Actor, Done, Expected, Order, Parsed, Problem, Reading, Refusal, Role, Scene, Verb, parse},
    post::RepoName,
};

pub(super) const FAMILY: Family = Family { title: "Opening", verbs: &[&CASE] };

const WHO: &[Role] = &[Role::Triager, Role::Coordinator, Role::SecurityTeam];

const CASE: Verb = Verb {
    name: "case",
    usage: "/case open [owner/name]",
    help: "Opens a case at an issue of the private case repository, for the repository named, or the only one it serves.",
    who: WHO,
    examples: &["/case open", "/case open acme/framework"],
    read: |arguments| {
        arguments.one_of(&["open"])?;
        let repository = repository(arguments)?;
        Ok(Box::new(Open { repository }))
    },
    ..Verb::BLANK
};

fn repository(arguments: &mut crate::domain::commands::Arguments<'_>) -> Result<Option<RepoName>, Problem> {
    let Some((word, column)) = arguments.next_word() else {
        return Ok(None);
    };
    word.parse().map(Some).map_err(|_| arguments.wrong(column, Expected::Repository))
}

struct Open {
    repository: Option<RepoName>,
}

impl Order for Open {
    fn opens_case(&self) -> Option<Option<RepoName>> {
        Some(self.repository.clone())
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let text = format!("This is the desk of {} already. Open another issue for another case.", scene.case.id);
        Err(Refusal::because(text).then("`/status`"))
    }
}

/// What a comment at an issue without a case asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseAsked {
    /// Nothing: there is no `/case open` in it.
    Nothing,
    /// A case for this repository; `None` is the only one that the case repository serves.
    Open(Option<RepoName>),
    /// It is not to be had, and why, for the desk.
    Refused(String),
}

/// Looks for `/case open` in the text of an unedited comment at an issue of the private case repository that is no desk
/// yet. `author` has the roles that the policy of that repository gives.
pub fn case_asked_for(text: &str, author: &Actor, reading: &Reading<'_>) -> CaseAsked {
    if author.is_bot {
        return CaseAsked::Nothing;
    }
    for parsed in parse(text, reading) {
        match parsed {
            Parsed::Command(command) => {
                let Some(repository) = command.order.opens_case() else {
                    continue;
                };
                if !author.is_any(command.verb.who) {
                    let who: Vec<&str> = command.verb.who.iter().map(|role| role.words()).collect();
                    return CaseAsked::Refused(format!("This is for: {}.", who.join(", ")));
                }
                return CaseAsked::Open(repository);
            }
            Parsed::Problem { verb: Some(verb), problem, .. } if verb.name == CASE.name => {
                return CaseAsked::Refused(problem.to_string());
            }
            Parsed::Problem { .. } => {}
        }
    }
    CaseAsked::Nothing
}
