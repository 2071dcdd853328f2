//! `embargod classify`: judges posts from a file or from standard input, with reasons and without any effect.
//!
//! What flows in: rows of `{"id","title","body",…}`, or one post whose first line is its title. What flows out: one
//! judgement a row, in the same order, as soon as it is made. The texts go nowhere else: an error names its line and
//! never repeats it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::domain::detector::{ACT_AT, Contribution, Detector, Judgement, REPLY_AT, builtin};
use crate::domain::intake::IntakeClass;
use crate::domain::policy::parse_one;
use crate::domain::post::Association;

mod explain;
mod giveaway;

pub use giveaway::TextKind;

#[cfg(test)]
mod tests;

/// Exit code: fine.
const FINE: u8 = 0;
/// Exit code: the input can't be used.
const USAGE: u8 = 2;
/// Exit code: something failed that is not the input's fault.
const INTERNAL: u8 = 70;

/// A row, or a post on standard input, may have this many bytes; GitHub's largest post needs less than 1 MiB.
const MAX_ROW_BYTES: u64 = 16 << 20;

/// What `embargod classify` is asked.
#[derive(clap::Args, Debug)]
pub struct ClassifyArgs {
    /// Rows of {"id","title","body"} as JSON lines; "-" is standard input. Without it: one post on standard input,
    /// its first line the title
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Show the post with marks where the reasons stand, and what a policy would make of it
    #[arg(long, conflicts_with = "jsonl")]
    pub explain: bool,
    /// The text is no post: would it give away a security fix?
    #[arg(long = "as", value_name = "KIND", conflicts_with = "explain")]
    pub kind: Option<TextKind>,
    /// What is known besides the words.
    #[command(flatten)]
    pub known: KnownArgs,
}

/// What is known of the post besides its words, for `--explain`.
#[derive(clap::Args, Debug, Default)]
pub struct KnownArgs {
    /// The policy whose bars and exceptions hold; the preset minimal without it
    #[arg(long, value_name = "FILE", requires = "explain")]
    pub policy: Option<PathBuf>,
    /// How GitHub relates the author to the repository: owner, member, collaborator, contributor, first_timer,
    /// first_time_contributor or none
    #[arg(long, value_name = "WORD", requires = "explain", value_parser = association)]
    pub association: Option<Association>,
    /// A bot or App wrote it
    #[arg(long, requires = "explain")]
    pub bot: bool,
    /// A label that the form put on; may be given several times
    #[arg(long, value_name = "LABEL", requires = "explain")]
    pub label: Vec<String>,
    /// It is a pull request that changes this file; may be given several times
    #[arg(long, value_name = "PATH", requires = "explain")]
    pub changed_file: Vec<String>,
}

fn association(text: &str) -> Result<Association, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| {
        "write owner, member, collaborator, contributor, first_timer, first_time_contributor or none".to_owned()
    })
}

/// One row of the input; other keys are allowed and ignored.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    id: serde_json::Value,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    body: Option<String>,
}

/// One line of the output. Its shape is fixed: scripts rely on it.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a serde_json::Value,
    class: IntakeClass,
    score: f64,
    probabilities: ByClass,
    reasons: &'a [Contribution],
}

/// The five probabilities under their classes' names.
#[derive(Serialize)]
struct ByClass {
    disclosure: f64,
    asks_channel: f64,
    known_public: f64,
    hardening: f64,
    ordinary: f64,
}

impl<'a> Answer<'a> {
    fn new(id: &'a serde_json::Value, judgement: &'a Judgement) -> Self {
        let of = |class| judgement.probabilities.of(class);
        Self {
            id,
            class: judgement.class,
            score: judgement.score(),
            probabilities: ByClass {
                disclosure: of(IntakeClass::Disclosure),
                asks_channel: of(IntakeClass::AsksChannel),
                known_public: of(IntakeClass::KnownPublic),
                hardening: of(IntakeClass::Hardening),
                ordinary: of(IntakeClass::Ordinary),
            },
            reasons: &judgement.contributions,
        }
    }
}

/// Why classifying stopped.
#[derive(Debug, thiserror::Error)]
enum ClassifyError {
    #[error("{path}: {source}; name a file that can be read, or - for standard input where rows are read")]
    Open { path: PathBuf, source: io::Error },
    #[error("{place}: {source}")]
    Read { place: String, source: io::Error },
    #[error("line {line}: {fault}; each line must be one object such as {{\"id\":1,\"title\":\"…\",\"body\":\"…\"}}")]
    Row { line: u64, fault: String },
    #[error("line {line}: longer than {MAX_ROW_BYTES} bytes; put each row on a line of its own, or shorten its body")]
    RowTooLong { line: u64 },
    #[error("standard input: longer than {MAX_ROW_BYTES} bytes; give one post, or use --jsonl for many")]
    PostTooLong,
    #[error("{0}")]
    Policy(String),
    #[error("standard output: {0}")]
    Write(io::Error),
}

impl ClassifyError {
    fn exit_code(&self) -> u8 {
        match self {
            // Whoever read the answers has seen enough, as `head` does.
            Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => FINE,
            Self::Write(_) => INTERNAL,
            _ => USAGE,
        }
    }
}

/// Classifies what the arguments name; answers on standard output, errors on standard error.
///
/// Exit codes: 0 fine, 2 the input can't be used, 70 the output can't be written.
pub fn run(args: ClassifyArgs) -> u8 {
    let detector = builtin();
    let stdout = io::stdout();
    let for_people = stdout.is_terminal();
    let mut output = BufWriter::new(stdout.lock());
    let stdin = io::stdin().lock();
    let outcome = match (args.jsonl.as_deref(), args.kind) {
        (None, Some(kind)) => giveaway::one(kind, stdin, &mut output, for_people),
        (None, None) if args.explain => explained(&detector, stdin, &mut output, &args.known),
        (None, None) => one_post(&detector, stdin, &mut output, for_people),
        (Some(path), kind) => {
            let file = if path == Path::new("-") { Ok(Box::new(stdin) as Box<dyn BufRead>) } else { open(path) };
            file.and_then(|file| match kind {
                Some(kind) => giveaway::rows(kind, file, &mut output),
                None => rows(&detector, file, &mut output),
            })
        }
    };
    let flushed = output.flush().map_err(ClassifyError::Write);
    match outcome.and(flushed) {
        Ok(()) => FINE,
        Err(error) => {
            let code = error.exit_code();
            if code != FINE {
                eprintln!("embargod classify: {error}");
            }
            code
        }
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, ClassifyError> {
    let file = File::open(path).map_err(|source| ClassifyError::Open { path: path.to_owned(), source })?;
    Ok(Box::new(BufReader::new(file)))
}

/// Answers each row as soon as it is read.
fn rows(detector: &dyn Detector, input: impl BufRead, output: &mut impl Write) -> Result<(), ClassifyError> {
    each_row(input, |row| {
        let judgement = detector.judge(row.title.as_deref().unwrap_or(""), row.body.as_deref().unwrap_or(""));
        write_line(output, &Answer::new(&row.id, &judgement))
    })
}

/// Reads rows one by one.
fn each_row(
    mut input: impl BufRead,
    mut with: impl FnMut(Row) -> Result<(), ClassifyError>,
) -> Result<(), ClassifyError> {
    let mut bytes = Vec::new();
    for line in 1_u64.. {
        bytes.clear();
        let read = input.by_ref().take(MAX_ROW_BYTES + 1).read_until(b'\n', &mut bytes);
        let read = read.map_err(|source| ClassifyError::Read { place: format!("line {line}"), source })?;
        if read == 0 {
            break;
        }
        if bytes.len() as u64 > MAX_ROW_BYTES {
            return Err(ClassifyError::RowTooLong { line });
        }
        let text = without_mark(&bytes, line);
        if text.trim_ascii().is_empty() {
            continue;
        }
        if !text.trim_ascii_start().starts_with(b"{") {
            // serde would also take an array for a row, by position.
            let fault = "not a JSON object".to_owned();
            return Err(ClassifyError::Row { line, fault });
        }
        let row: Row =
            serde_json::from_slice(text).map_err(|error| ClassifyError::Row { line, fault: fault(&error) })?;
        with(row)?;
    }
    Ok(())
}

/// The first line of a file may begin with a byte-order mark.
fn without_mark(bytes: &[u8], line: u64) -> &[u8] {
    if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes }
}

/// What is wrong with a row, without its words: serde's own messages may quote the text.
fn fault(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "a value of another kind than expected (title and body are strings)",
        serde_json::error::Category::Eof => "the JSON ends too early",
        _ => "not JSON",
    };
    format!("{kind}, at column {}", error.column())
}

/// Answers for one post whose first line is its title.
fn one_post(
    detector: &dyn Detector,
    input: impl Read,
    output: &mut impl Write,
    for_people: bool,
) -> Result<(), ClassifyError> {
    let text = whole(input)?;
    let (title, body) = title_and_body(&text);
    let judgement = detector.judge(title, body);
    if for_people {
        write_words(output, detector.version(), &judgement).map_err(ClassifyError::Write)
    } else {
        write_line(output, &Answer::new(&serde_json::Value::Null, &judgement))
    }
}

/// Everything on standard input.
fn whole(input: impl Read) -> Result<String, ClassifyError> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_ROW_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| ClassifyError::Read { place: "standard input".to_owned(), source })?;
    if bytes.len() as u64 > MAX_ROW_BYTES {
        return Err(ClassifyError::PostTooLong);
    }
    Ok(String::from_utf8_lossy(without_mark(&bytes, 1)).into_owned())
}

fn title_and_body(text: &str) -> (&str, &str) {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    (title.trim_end(), body)
}

/// Shows one post with marks, and what a policy makes of it.
fn explained(
    detector: &dyn Detector,
    input: impl Read,
    output: &mut impl Write,
    known: &KnownArgs,
) -> Result<(), ClassifyError> {
    let policy = match &known.policy {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|source| ClassifyError::Open { path: path.clone(), source })?;
            parse_one(&path.display().to_string(), &text).map_err(|error| ClassifyError::Policy(error.to_string()))?
        }
        None => parse_one("built in", "extends: minimal").map_err(|error| ClassifyError::Policy(error.to_string()))?,
    };
    let circumstances = explain::Circumstances {
        association: known.association.unwrap_or(Association::None),
        is_bot: known.bot,
        labels: known.label.clone(),
        changed_files: known.changed_file.clone(),
        policy: policy.policy,
        now: SystemClock.now(),
    };
    // As anstream decides it: a terminal, NO_COLOR, CLICOLOR_FORCE.
    let marking = match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => explain::Marking::Carets,
        _ => explain::Marking::Colours,
    };
    let text = whole(input)?;
    let page = explain::page(detector, title_and_body(&text), &circumstances, marking);
    output.write_all(page.as_bytes()).map_err(ClassifyError::Write)
}

/// Writes one answer, and lets the next program see it at once.
fn write_line(output: &mut impl Write, answer: &Answer<'_>) -> Result<(), ClassifyError> {
    write_json_line(output, answer)
}

fn write_json_line(output: &mut impl Write, answer: &impl Serialize) -> Result<(), ClassifyError> {
    let write = |output: &mut dyn Write| {
        serde_json::to_writer(&mut *output, answer)?;
        output.write_all(b"\n")?;
        output.flush()
    };
    write(output).map_err(ClassifyError::Write)
}

fn write_words(output: &mut impl Write, version: &str, judgement: &Judgement) -> io::Result<()> {
    let score = judgement.score();
    let meaning = if score >= ACT_AT {
        "hidden, where the policy allows it"
    } else if score >= REPLY_AT {
        "answered gently, where the policy allows it"
    } else {
        "left alone"
    };
    writeln!(output, "class    {}", judgement.class.slug())?;
    writeln!(output, "score    {score:.3}  ({meaning}; hide from {ACT_AT}, reply from {REPLY_AT})")?;
    for class in IntakeClass::ALL {
        writeln!(output, "         {:<13} {:.3}", class.slug(), judgement.probabilities.of(class))?;
    }
    writeln!(output, "because  (positive speaks for private)")?;
    for reason in &judgement.contributions {
        let place = format!("{:?}", reason.place).to_lowercase();
        writeln!(output, "         {:+.2}  {:<5}  {}", reason.weight, place, reason.text)?;
    }
    writeln!(output, "model    {version}")
}
