//! The help: made from the verbs themselves, for answers and for `docs/commands.md`.

use super::{Actor, Role, TwoPeople, Verb, verbs::FAMILIES};

fn who(roles: &[Role]) -> String {
    if roles.len() == Role::EVERYBODY.len() {
        return "everybody at the desk".to_owned();
    }
    if roles == Role::INSIDERS {
        return "everybody of the project".to_owned();
    }
    roles.iter().map(|role| role.words()).collect::<Vec<_>>().join(", ")
}

fn second(verb: &Verb) -> Option<String> {
    match verb.two_people {
        TwoPeople::Never => None,
        TwoPeople::Always => Some("always".to_owned()),
        TwoPeople::When(when) => Some(when.to_owned()),
    }
}

/// The help of one verb.
pub fn help_of(verb: &Verb) -> String {
    let mut text = format!("`{}`: {}\n", verb.usage, verb.help);
    text.push_str(&format!("- who: {}\n", who(verb.who)));
    if let Some(when) = second(verb) {
        text.push_str(&format!("- a second person confirms: {when}\n"));
    }
    if verb.reversible {
        text.push_str("- `/undo` takes it back within 10 minutes\n");
    }
    for example in verb.examples {
        text.push_str(&format!("- for example `{example}`\n"));
    }
    text
}

/// The verbs that somebody may use, a line each.
pub fn overview(actor: &Actor) -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let verbs: Vec<&Verb> = family.verbs.iter().copied().filter(|verb| actor.is_any(verb.who)).collect();
        if verbs.is_empty() {
            continue;
        }
        text.push_str(&format!("**{}**\n", family.title));
        for verb in verbs {
            text.push_str(&format!("- `{}`: {}\n", verb.usage, verb.help));
        }
        text.push('\n');
    }
    text
}

/// Every verb, as the part of `docs/commands.md` that is made from the program.
pub fn reference() -> String {
    let mut text = String::new();
    for family in FAMILIES {
        text.push_str(&format!("## {}\n\n", family.title));
        text.push_str("| command | what it does | who | second person | undo |\n|---|---|---|---|---|\n");
        for verb in family.verbs {
            let usage = verb.usage.replace('|', "\\|");
            let second = second(verb).unwrap_or("–".to_owned());
            let undo = if verb.reversible { "yes" } else { "–" };
            text.push_str(&format!("| `{usage}` | {} | {} | {second} | {undo} |\n", verb.help, who(verb.who)));
        }
        text.push_str("\n```\n");
        for example in family.verbs.iter().flat_map(|verb| verb.examples) {
            text.push_str(&format!("{example}\n"));
        }
        text.push_str("```\n\n");
    }
    text
}
