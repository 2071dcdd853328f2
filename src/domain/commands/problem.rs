//! What is wrong with a command: where, what was expected, and which word was probably meant. Never holds what somebody
//! wrote, only words of ours.

use std::fmt;

/// What should have stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// A verb that exists.
    Verb,
    /// The quote to be closed.
    ClosingQuote,
    /// Nothing more.
    EndOfLine,
    /// A flag that the verb has.
    Flag,
    /// The flag without a value.
    FlagAlone,
    /// A date.
    Date,
    /// A date that says its zone.
    Zone,
    /// A series.
    Series,
    /// A CVE id.
    Cve,
    /// GitHub's number of an advisory.
    Ghsa,
    /// A case.
    Case,
    /// A case or GitHub's number of an advisory.
    CaseOrGhsa,
    /// A person.
    User,
    /// A CVSS vector.
    Cvss,
    /// A weakness of CWE.
    Cwe,
    /// A commit.
    Commit,
    /// A code to confirm.
    Code,
    /// A web address.
    Address,
    /// Who is credited.
    Credit,
    /// Text after ` -- `.
    FreeText,
    /// A repository.
    Repository,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An item of the policy's checklist.
    Item,
    /// A class of the policy.
    Class,
    /// A project of the policy's list.
    Project,
    /// Fewer commands in one comment.
    FewerCommands,
    /// A shorter comment.
    ShorterComment,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verb => "a command that exists",
            Self::ClosingQuote => "a closing quote",
            Self::EndOfLine => "nothing more; put free text behind ` -- `",
            Self::Flag => "a flag of this command",
            Self::FlagAlone => "the flag without a value",
            Self::Date => "a date such as 2025-10-01T13:00Z, +7d or `tue 14:00Z`",
            Self::Zone => "a zone at the end of the date: Z or an offset such as +02:00",
            Self::Series => "a series such as main or 5.2",
            Self::Cve => "a CVE id such as CVE-2025-12345",
            Self::Ghsa => "an advisory such as GHSA-2222-3333-4444",
            Self::Case => "a case such as SEC-2026-7",
            Self::CaseOrGhsa => "a case such as SEC-2026-7, or an advisory such as GHSA-2222-3333-4444",
            Self::User => "a person such as @login",
            Self::Cvss => "a CVSS vector, 3.1 or 4.0, such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            Self::Cwe => "a weakness such as CWE-89",
            Self::Commit => "a commit, 7 to 40 hexadecimal digits",
            Self::Code => "the code that the answer named, eight letters and digits",
            Self::Address => "a place: a web address, or a word such as twitter",
            Self::Credit => "@login, a name in double quotes, or anonymous",
            Self::FreeText => "text behind ` -- `",
            Self::Repository => "a repository such as acme/framework",
            Self::OneOf(words) => return write!(f, "one of {}", words.join(", ")),
            Self::Item => "an item of the checklist",
            Self::Class => "a class of weakness that the policy rates",
            Self::Project => "a project of the policy's `evaluation.upstream`",
            Self::FewerCommands => "fewer commands in one comment; the rest was not read",
            Self::ShorterComment => "a shorter comment; commands in comments this long are not read",
        })
    }
}

/// What is wrong with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the comment, from 1.
    pub line: usize,
    /// Column in the line, in characters, from 1.
    pub column: usize,
    /// What should have stood there.
    pub expected: Expected,
    /// What was probably meant: a verb, an item, a class, a word of ours.
    pub nearest: Option<String>,
    /// More words to choose from, where they are few.
    pub known: Vec<String>,
}

impl Problem {
    pub(super) fn at(line: usize, column: usize, expected: Expected) -> Self {
        Self { line, column, expected, nearest: None, known: Vec::new() }
    }

    pub(super) fn meaning(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }

    pub(super) fn among(mut self, known: impl IntoIterator<Item = String>) -> Self {
        self.known = known.into_iter().collect();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}, column {}: expected {}", self.line, self.column, self.expected)?;
        if !self.known.is_empty() {
            write!(f, " ({})", self.known.join(", "))?;
        }
        match &self.nearest {
            Some(nearest) => write!(f, ". Did you mean `{nearest}`?"),
            None => f.write_str("."),
        }
    }
}

/// The word of ours that is nearest to what was written, if any is near.
pub(super) fn nearest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let written = written.to_ascii_lowercase();
    if written.is_empty() || written.len() > 60 {
        return None;
    }
    let near = |word: &str| {
        let whole = strsim::jaro_winkler(&written, word);
        let begun = word.starts_with(&written) && written.len() >= 3;
        let few = strsim::damerau_levenshtein(&written, word) <= 1 + word.len() / 5;
        (begun || (few && whole >= 0.8)).then_some(whole)
    };
    words
        .into_iter()
        .filter_map(|word| near(word).map(|score| (score, word)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word.to_owned())
}
