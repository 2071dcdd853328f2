//! Who is credited: `/credit`. The default is unknown, and nobody is named by guess.

use super::Family;
use crate::domain::{
    case::{Credit, CreditName},
    commands::{Arguments, Done, Expected, Order, Problem, Refusal, Role, Scene, Verb, values},
};

pub(super) const FAMILY: Family = Family { title: "Credit", verbs: &[&CREDIT] };

const CREDIT: Verb = Verb {
    name: "credit",
    usage: "/credit @login|\"name\"|anonymous [for @finder] | /credit remove @finder",
    help: "Says how a finder wants to be named. The reporter says it for themselves, a coordinator for anybody.",
    who: &[Role::Coordinator, Role::Reporter],
    reversible: true,
    examples: &["/credit @rae", "/credit \"Rae R.\" for @rae", "/credit anonymous", "/credit remove @zoe"],
    read,
    ..Verb::BLANK
};

fn read(arguments: &mut Arguments<'_>) -> Result<Box<dyn Order>, Problem> {
    let (word, column) = arguments.word(Expected::Credit)?;
    if word == "remove" {
        return Ok(Box::new(Remove { finder: arguments.user()? }));
    }
    let printable = word.chars().count() <= 100 && !word.chars().any(char::is_control);
    let named = match word.as_str() {
        "anonymous" => CreditName::Anonymous,
        word if word.starts_with('@') => {
            CreditName::Login(values::user(word).map_err(|expected| arguments.wrong(column, expected))?)
        }
        word if printable && !word.trim().is_empty() => CreditName::Name(word.trim().to_owned()),
        _ => return Err(arguments.wrong(column, Expected::Credit)),
    };
    let finder = if arguments.is_empty() {
        None
    } else {
        arguments.one_of(&["for"])?;
        Some(arguments.user()?)
    };
    Ok(Box::new(SetCredit { named, finder }))
}

struct SetCredit {
    named: CreditName,
    finder: Option<String>,
}

/// Whom a command is about: the named finder, the one who speaks, or the only one.
fn whom(scene: &Scene<'_>, finder: Option<&str>, named: Option<&CreditName>) -> Result<String, Refusal> {
    let decides = scene.actor.is_any(&[Role::Coordinator]);
    let speaker = scene.actor.login.clone();
    let finder = match (finder, named) {
        (Some(finder), _) => finder.to_owned(),
        (None, _) if !decides => speaker.clone(),
        (None, Some(CreditName::Login(login))) => login.clone(),
        (None, _) => {
            let finders: Vec<&String> =
                scene.case.people.credits.iter().filter_map(|credit| credit.finder.as_ref()).collect();
            match finders.as_slice() {
                [only] => (*only).clone(),
                _ => {
                    return Err(Refusal::because("There are several finders; say for whom.")
                        .then("`/credit \"name\" for @finder`"));
                }
            }
        }
    };
    if !decides && !finder.eq_ignore_ascii_case(&speaker) {
        return Err(Refusal::because("You can say how you yourself are named; ask a coordinator about others.")
            .then("`/credit @your-login|\"Your Name\"|anonymous`"));
    }
    Ok(finder)
}

fn place(scene: &Scene<'_>, finder: &str) -> Option<usize> {
    scene
        .case
        .people
        .credits
        .iter()
        .position(|credit| credit.finder.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(finder)))
}

impl Order for SetCredit {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let finder = whom(scene, self.finder.as_deref(), Some(&self.named))?;
        let by_login =
            matches!(&self.named, CreditName::Login(login) if !login.eq_ignore_ascii_case(&scene.actor.login));
        if by_login && !scene.actor.is_any(&[Role::Coordinator]) {
            return Err(Refusal::because("That is somebody else's account.").then("`/credit @your-login`"));
        }
        let credit = Credit { finder: Some(finder.clone()), named: Some(self.named.clone()) };
        match place(scene, &finder).and_then(|place| scene.case.people.credits.get_mut(place)) {
            Some(known) => *known = credit,
            None => scene.case.people.credits.push(credit),
        }
        scene.write_advisory();
        let how = match &self.named {
            CreditName::Login(login) => format!("as @{login}"),
            CreditName::Name(_) => "by the name given".to_owned(),
            CreditName::Anonymous => "not at all".to_owned(),
        };
        Ok(Done::saying(format!("@{finder} is named {how}.")))
    }
}

struct Remove {
    finder: String,
}

impl Order for Remove {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let finder = whom(scene, Some(&self.finder), None)?;
        let Some(place) = place(scene, &finder) else {
            return Err(Refusal::because(format!("@{finder} is not credited.")).then("`/status`"));
        };
        scene.case.people.credits.remove(place);
        scene.write_advisory();
        Ok(Done::saying(format!("@{finder} is no longer credited.")))
    }
}
