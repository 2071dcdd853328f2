//! `embargod audit verify|head|export`: is the log of all decisions whole, and how does it leave the house?
//!
//! What flows in: the chain as the store keeps it, and heads that were noted earlier. What flows out: an answer with an
//! exit code (1 where the chain is broken), a head to be noted, lines for an archive. What it must never do: write to the
//! store. A check that changed what it checks would be worth little; linking is the running server's chore.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{FINE, NO, USAGE, block_on, opened, page};
use crate::{
    audit::{self, ExportProblem, Head, Verified},
    store::SharedStore,
};

/// Subcommands of `embargod audit`.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Walk the whole chain, and say where it is broken first. Changes nothing.
    Verify(VerifyArgs),
    /// Print the head of the chain, to be noted elsewhere.
    ///
    /// By itself a chain cannot show that its end was cut off, or that all of it was made anew. Against a head that was
    /// noted on another machine it can: embargod audit verify --against HEAD.
    Head(HeadArgs),
    /// Write entries with positions and hashes, one JSON object a line. docs/audit.md has a script that verifies them.
    Export(ExportArgs),
}

/// Arguments of `embargod audit verify`.
#[derive(Args)]
pub struct VerifyArgs {
    /// A head that was noted earlier, POSITION:HASH; may be given several times.
    #[arg(long, value_name = "HEAD")]
    against: Vec<Head>,
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod audit head`.
#[derive(Args)]
pub struct HeadArgs {
    /// One JSON object instead of POSITION:HASH.
    #[arg(long)]
    json: bool,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod audit export`.
#[derive(Args)]
pub struct ExportArgs {
    /// Only entries after this position: the last one that the archive has.
    #[arg(long, value_name = "POSITION", default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    since: u64,
    /// The form of the lines.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// A new file to write to, readable by you alone; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
}

/// Runs the command.
pub fn run(command: AuditCommand) -> u8 {
    block_on(async {
        match command {
            AuditCommand::Verify(args) => verify(args).await,
            AuditCommand::Head(args) => head(args).await,
            AuditCommand::Export(args) => export(args).await,
        }
    })
}

async fn verify(args: VerifyArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    let verified = match audit::verify(&*store, &args.against).await {
        Ok(verified) => verified,
        Err(error) => return opened::failed(&error),
    };
    let text = if args.json { format!("{}\n", as_json(&verified)) } else { lines(&verified, &args.against) };
    let code = page::print(&text);
    if code == FINE && verified.broken.is_some() { NO } else { code }
}

fn as_json(verified: &Verified) -> serde_json::Value {
    json!({
        "whole": verified.broken.is_none(),
        "sound_to": verified.sound.position,
        "head": verified.sound.to_string(),
        "unlinked": verified.unlinked,
        "broken": verified.broken.as_ref().map(|broken| json!({
            "position": broken.position,
            "damage": broken.damage.slug(),
            "entry": broken.entry,
        })),
    })
}

fn lines(verified: &Verified, noted: &[Head]) -> String {
    let sound = verified.sound;
    let mut text = String::new();
    match &verified.broken {
        None => {
            text.push_str(&format!("the chain is whole: {} entries\nhead {sound}\n", sound.position));
            if noted.is_empty() {
                let advice = "A chain cannot show by itself that its end was cut off. Note this head elsewhere, and compare \
                              next time: embargod audit verify --against HEAD";
                text.push_str(&page::wrapped("", advice));
            }
        }
        Some(broken) => {
            text.push_str(&page::wrapped(
                &format!("BROKEN at position {}: ", broken.position),
                &broken.damage.to_string(),
            ));
            if let Some(entry) = &broken.entry {
                text.push_str(&page::wrapped("  the entry there says: ", entry));
            }
            text.push_str(&match sound.position {
                0 => "nothing before it\n".to_owned(),
                1 => "sound before it: position 1\n".to_owned(),
                last => format!("sound before it: positions 1 to {last}\n"),
            });
            let advice = "keep the database as it is, and compare with an export or a backup (docs/audit.md)";
            text.push_str(&page::wrapped("next: ", advice));
        }
    }
    if verified.unlinked > 0 {
        text.push_str(&format!(
            "{} not linked yet; a running server links them within seconds\n",
            page::counted(usize::try_from(verified.unlinked).unwrap_or(usize::MAX), "entry is", "entries are")
        ));
    }
    text
}

async fn head(args: HeadArgs) -> u8 {
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    match (audit::head(&*store).await, store.audit_unlinked().await) {
        (Ok(head), Ok(unlinked)) if args.json => {
            let told = json!({ "position": head.position, "hash": hex::encode(head.hash), "unlinked": unlinked });
            page::print(&format!("{told}\n"))
        }
        (Ok(head), Ok(_)) => page::print(&format!("{head}\n")),
        (Err(error), _) | (_, Err(error)) => opened::failed(&error),
    }
}

async fn export(args: ExportArgs) -> u8 {
    let Format::Jsonl = args.format;
    let store = match opened::store(args.config.as_deref()).await {
        Ok(store) => store,
        Err(code) => return code,
    };
    match audit::head(&*store).await {
        Ok(head) if head.position < args.since => {
            eprintln!("embargod: the chain ends at position {}, before {}", head.position, args.since);
            eprintln!(
                "  its end was cut off, this is another database, or the number is a slip: embargod audit verify"
            );
            return NO;
        }
        Ok(_) => {}
        Err(error) => return opened::failed(&error),
    }
    let Some(path) = &args.out else {
        return written(&store, args.since, &mut BufWriter::new(io::stdout())).await.unwrap_or_else(|code| code);
    };
    let file = match create(path) {
        Ok(file) => file,
        Err(error) => {
            let why = match error.kind() {
                io::ErrorKind::AlreadyExists => "there is such a file already".to_owned(),
                _ => error.to_string(),
            };
            eprintln!("embargod: {} cannot be written: {why}; name a new file in a folder of yours", path.display());
            return USAGE;
        }
    };
    let mut out = BufWriter::new(file);
    let code = written(&store, args.since, &mut out).await.unwrap_or_else(|code| code);
    match out.get_ref().sync_all() {
        Ok(()) => code,
        Err(error) => page::ended(Err(error)),
    }
}

/// Writes; says on standard error how many there were and where the next export goes on.
async fn written(store: &SharedStore, since: u64, out: &mut (dyn Write + Send)) -> Result<u8, u8> {
    let exported = audit::export(&**store, since, out).await;
    let (count, last) = exported.map_err(|problem| match problem {
        ExportProblem::Store(error) => opened::failed(&error),
        ExportProblem::Output(error) => page::ended(Err(error)),
    })?;
    let told = page::counted(usize::try_from(count).unwrap_or(usize::MAX), "entry", "entries");
    eprintln!("{told}; the next export goes on with --since {last}");
    Ok(FINE)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
