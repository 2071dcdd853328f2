//! `embargod classify`: judges posts from a file or from standard input, with reasons and without any effect.
//!
//! What flows in: rows of `{"id","title","body",…}`, or one post whose first line is its title. What flows out: one
//! judgement a row, in the same order, as soon as it is made. The texts go nowhere else: an error names its line and
//! never repeats it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::detector::{ACT_AT, Contribution, Detector, Judgement, REPLY_AT, builtin};
use crate::domain::intake::IntakeClass;

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
    #[error("{path}: {source}; name a file of JSON lines that can be read, or - for standard input")]
    Open { path: PathBuf, source: io::Error },
    #[error("{place}: {source}")]
    Read { place: String, source: io::Error },
    #[error("line {line}: {fault}; each line must be one object such as {{\"id\":1,\"title\":\"…\",\"body\":\"…\"}}")]
    Row { line: u64, fault: String },
    #[error("line {line}: longer than {MAX_ROW_BYTES} bytes; put each row on a line of its own, or shorten its body")]
    RowTooLong { line: u64 },
    #[error("standard input: longer than {MAX_ROW_BYTES} bytes; give one post, or use --jsonl for many")]
    PostTooLong,
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
    let outcome = match args.jsonl.as_deref() {
        None => one_post(&detector, io::stdin().lock(), &mut output, for_people),
        Some(path) if path == Path::new("-") => rows(&detector, io::stdin().lock(), &mut output),
        Some(path) => open(path).and_then(|file| rows(&detector, file, &mut output)),
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

fn open(path: &Path) -> Result<BufReader<File>, ClassifyError> {
    let file = File::open(path).map_err(|source| ClassifyError::Open { path: path.to_owned(), source })?;
    Ok(BufReader::new(file))
}

/// Answers each row as soon as it is read.
fn rows(detector: &dyn Detector, mut input: impl BufRead, output: &mut impl Write) -> Result<(), ClassifyError> {
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
        let judgement = detector.judge(row.title.as_deref().unwrap_or(""), row.body.as_deref().unwrap_or(""));
        write_line(output, &Answer::new(&row.id, &judgement))?;
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
    let mut bytes = Vec::new();
    let read = input.take(MAX_ROW_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| ClassifyError::Read { place: "standard input".to_owned(), source })?;
    if bytes.len() as u64 > MAX_ROW_BYTES {
        return Err(ClassifyError::PostTooLong);
    }
    let text = String::from_utf8_lossy(without_mark(&bytes, 1));
    let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
    let judgement = detector.judge(title.trim_end(), body);
    if for_people {
        write_words(output, detector.version(), &judgement).map_err(ClassifyError::Write)
    } else {
        write_line(output, &Answer::new(&serde_json::Value::Null, &judgement))
    }
}

/// Writes one answer, and lets the next program see it at once.
fn write_line(output: &mut impl Write, answer: &Answer<'_>) -> Result<(), ClassifyError> {
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
