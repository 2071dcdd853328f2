//! `embargod policy`: checks, describes and shows policy files.
//!
//! What flows in: files that somebody names. What flows out: text or JSON and an exit code. What it must never do: reach
//! the network or the store; a policy can be written and checked on any machine.

mod check;
mod schema;
mod show;
mod simulate;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

pub use check::CheckArgs;
pub use show::ShowArgs;
pub use simulate::SimulateArgs;

use crate::domain::policy::{Layer, MAX_BYTES, Problem};

/// Checks, describes and shows policy files.
#[derive(clap::Subcommand, Debug)]
pub enum PolicyCommand {
    /// Say what is wrong in policy files, with line, column and remedy.
    Check(CheckArgs),
    /// Print the JSON Schema of policy files, for editors.
    Schema,
    /// Print the policy that follows from files, with the origin of each value.
    Show(ShowArgs),
    /// Say what would be decided about a stored webhook, and why; nothing is done.
    Simulate(SimulateArgs),
}

/// How a command ended (see "Exit codes elsewhere" in the operators' reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Exit code 0.
    Fine,
    /// The answer is no: a policy has mistakes. Exit code 1.
    Findings,
    /// A file can't be read. Exit code 2.
    BadInput,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Findings => Self::from(1),
            Outcome::BadInput => Self::from(2),
        }
    }
}

/// Where a command reads and writes.
pub struct Streams<'a> {
    /// Read for the file name `-`.
    pub input: &'a mut dyn Read,
    /// Answers.
    pub output: &'a mut dyn Write,
    /// Why there is no answer.
    pub errors: &'a mut dyn Write,
    /// Whether a person looks at `output`, so that mistakes are drawn with the lines around them.
    pub terminal: bool,
}

impl PolicyCommand {
    /// Runs the command on the process's own streams.
    ///
    /// # Errors
    /// Where an answer can't be written.
    pub fn run(self) -> io::Result<Outcome> {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        self.run_with(&mut Streams {
            input: &mut io::stdin().lock(),
            output: &mut stdout.lock(),
            errors: &mut io::stderr().lock(),
            terminal,
        })
    }

    /// Runs the command on given streams.
    ///
    /// # Errors
    /// Where an answer can't be written.
    pub fn run_with(self, streams: &mut Streams<'_>) -> io::Result<Outcome> {
        match self {
            Self::Check(args) => check::run(&args, streams),
            Self::Schema => schema::run(streams),
            Self::Show(args) => show::run(&args, streams),
            Self::Simulate(args) => simulate::run(&args, streams),
        }
    }
}

/// Reads a policy file, or the input for `-`. A failure is told on `errors`, and the answer is `None`.
fn read(path: &Path, streams: &mut Streams<'_>) -> io::Result<Option<Layer>> {
    let is_input = path == Path::new("-");
    let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
    // One byte more than allowed, so that the policy itself is told to be too large.
    let limit = MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let result = if is_input {
        (&mut *streams.input).take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    if let Err(error) = result {
        writeln!(streams.errors, "{name}: can't be read: {error}")?;
        return Ok(None);
    }
    match text(bytes) {
        Some(text) => Ok(Some(Layer { origin: name, text })),
        None => {
            writeln!(streams.errors, "{name}: is not text in UTF-8; save it so")?;
            Ok(None)
        }
    }
}

/// The text of a file. The limit may have cut the last character in two; then the file is too large, not wrong.
fn text(mut bytes: Vec<u8>) -> Option<String> {
    if bytes.len() > MAX_BYTES
        && let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
        while bytes.len() <= MAX_BYTES {
            bytes.push(b' ');
        }
    }
    String::from_utf8(bytes).ok()
}

/// Tells mistakes: drawn for a person, one a line otherwise.
fn tell(kind: &str, problems: &[Problem], streams: &mut Streams<'_>) -> io::Result<()> {
    let handler = miette::GraphicalReportHandler::new();
    for problem in problems {
        if streams.terminal {
            write!(streams.output, "{kind}{}", problem.draw(&handler))?;
        } else {
            writeln!(streams.output, "{kind}{}", problem.one_line())?;
        }
    }
    Ok(())
}
