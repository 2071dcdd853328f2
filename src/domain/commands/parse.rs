//! From the text of a comment to commands.

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    Arguments, Expected, Order, Problem, Reading, Verb,
    lexer::cut,
    prose::{ProseLine, slash_lines},
};

/// Longest comment whose commands are read, in bytes. GitHub takes 65536 characters.
pub const LONGEST: usize = 64 * 1024;

/// Most commands of one comment.
pub const MOST_COMMANDS: usize = 20;

/// A command that was understood.
pub struct Command {
    /// Its place among the commands of the comment, from 0.
    pub index: usize,
    /// Its line in the comment, from 1.
    pub line: usize,
    /// Its verb.
    pub verb: &'static Verb,
    /// What it asks for.
    pub order: Box<dyn Order>,
    /// Fingerprint of the line: 16 hex digits of its SHA-256.
    pub text_hash: String,
    pub(super) text: String,
}

/// What a line turned out to be.
pub enum Parsed {
    /// A command.
    Command(Command),
    /// A line that was meant as a command and is none.
    Problem {
        /// Its place among the commands of the comment, from 0.
        index: usize,
        /// The verb, where that much is clear.
        verb: Option<&'static Verb>,
        /// What is wrong.
        problem: Problem,
        /// Fingerprint of the line.
        text_hash: String,
    },
}

impl Parsed {
    /// Its place among the commands of the comment.
    pub fn index(&self) -> usize {
        match self {
            Self::Command(command) => command.index,
            Self::Problem { index, .. } => *index,
        }
    }

    /// The name of its verb, where that much is clear.
    pub fn verb_name(&self) -> Option<&'static str> {
        match self {
            Self::Command(command) => Some(command.verb.name),
            Self::Problem { verb, .. } => verb.map(|verb| verb.name),
        }
    }

    /// Fingerprint of its line.
    pub fn text_hash(&self) -> &str {
        match self {
            Self::Command(command) => &command.text_hash,
            Self::Problem { text_hash, .. } => text_hash,
        }
    }

    /// Its line in the comment.
    pub fn line(&self) -> usize {
        match self {
            Self::Command(command) => command.line,
            Self::Problem { problem, .. } => problem.line,
        }
    }
}

/// The commands of a comment, in their order. Lines that merely begin with a slash (a path, `/cc`) are passed over in
/// silence, unless a command stands beside them or their first word is nearly a verb. Never panics, whatever the text.
pub fn parse(text: &str, reading: &Reading<'_>) -> Vec<Parsed> {
    if text.len() > LONGEST {
        // Only a glance, to tell whether anybody waits for an answer.
        let meant = text.lines().take(MOST_COMMANDS).any(|line| verb_of(line.trim()).is_some_and(|v| v.0.is_ok()));
        let problem = Problem::at(1, 1, Expected::ShorterComment);
        let parsed = Parsed::Problem { index: 0, verb: None, problem, text_hash: text_hash("") };
        return if meant { vec![parsed] } else { Vec::new() };
    }
    let lines = slash_lines(text);
    let named: Vec<(ProseLine<'_>, Result<&'static Verb, &str>, usize)> =
        lines.into_iter().filter_map(|line| verb_of(line.text).map(|(verb, length)| (line, verb, length))).collect();
    let has_command = named.iter().any(|(_, verb, _)| verb.is_ok());
    let meant = named.into_iter().filter(|(_, verb, _)| match verb {
        Ok(_) => true,
        Err(word) => has_command || Verb::nearest(word).is_some(),
    });
    let mut parsed: Vec<Parsed> = Vec::new();
    for (index, (line, verb, length)) in meant.enumerate() {
        if index == MOST_COMMANDS {
            let problem = Problem::at(line.number, line.column, Expected::FewerCommands);
            parsed.push(Parsed::Problem { index, verb: None, problem, text_hash: text_hash(line.text) });
            break;
        }
        parsed.push(one(index, line, verb, length, reading));
    }
    parsed
}

fn one(
    index: usize,
    line: ProseLine<'_>,
    verb: Result<&'static Verb, &str>,
    length: usize,
    reading: &Reading<'_>,
) -> Parsed {
    let hash = text_hash(line.text);
    let verb = match verb {
        Ok(verb) => verb,
        Err(word) => {
            let problem = Problem::at(line.number, line.column, Expected::Verb).meaning(slashed(Verb::nearest(word)));
            return Parsed::Problem { index, verb: None, problem, text_hash: hash };
        }
    };
    match read(verb, line, length, reading) {
        Ok(order) => {
            let text = line.text.to_owned();
            Parsed::Command(Command { index, line: line.number, verb, order, text_hash: hash, text })
        }
        Err(problem) => Parsed::Problem { index, verb: Some(verb), problem, text_hash: hash },
    }
}

fn read(
    verb: &'static Verb,
    line: ProseLine<'_>,
    length: usize,
    reading: &Reading<'_>,
) -> Result<Box<dyn Order>, Problem> {
    let behind = line.text.get(length..).unwrap_or_default();
    let column = line.column + length;
    let mut arguments = if verb.free_form {
        let end = column + behind.chars().count();
        Arguments::of_free_text(behind.trim(), line.number, end, *reading)
    } else {
        Arguments::new(cut(behind, line.number, column)?, line.number, *reading)
    };
    let order = (verb.read)(&mut arguments)?;
    arguments.finish()?;
    Ok(order)
}

fn slashed(verb: Option<String>) -> Option<String> {
    verb.map(|verb| format!("/{verb}"))
}

/// The verb of a line, or the word that stands in its place, and its length in bytes with the slash. `None` where the
/// line begins with something that is no word: a path, a comment sign.
fn verb_of(line: &str) -> Option<(Result<&'static Verb, &str>, usize)> {
    let behind = line.strip_prefix('/')?;
    let length = behind.find(char::is_whitespace).unwrap_or(behind.len());
    let word = behind.get(..length)?;
    // What clings to a verb in running text.
    let word = word.trim_end_matches([',', '.', ':', ';', '!', '?']);
    let plain = !word.is_empty() && word.len() <= 40 && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    if !plain {
        return None;
    }
    Some((Verb::named(word).ok_or(word), length + 1))
}

/// Reads again a line that was understood before and waits for its confirmation.
pub(super) fn reread(text: &str, reading: &Reading<'_>) -> Option<Command> {
    let line = ProseLine { number: 1, column: 1, text };
    let (verb, length) = verb_of(text)?;
    match one(0, line, verb, length, reading) {
        Parsed::Command(command) => Some(command),
        Parsed::Problem { .. } => None,
    }
}

/// Fingerprint of a line: 16 hex digits.
pub(super) fn text_hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hex::encode(hash.as_ref().get(..8).unwrap_or_default())
}
