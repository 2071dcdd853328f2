//! `embargod backup` and `embargod restore`: everything that is kept into one encrypted file, and back.
//!
//! What flows in: database and sealing keys, as the settings name them. What flows out: a file that was read back before it
//! got its name; a database. What it must never do: overwrite a file, or put anything into a database that holds something.

use std::{
    fs::File,
    io::{BufReader, BufWriter, ErrorKind},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{FINE, INTERNAL, NO, USAGE, block_on, seal};
use crate::{
    backup::{BackupError, BackupReader, BackupWriter, Contents, Header, restore as take_in, verify},
    clock::{Clock, SystemClock},
    domain::embargoed::Clearance,
    keys,
    sealing::{KeySource, Sealer},
    settings::Settings,
    store::{self, Commit, StoreError},
};

/// Arguments of `embargod backup`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    verify: Option<BackupCommand>,
    /// File to write; never overwritten.
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What else can be done about backups.
#[derive(Subcommand)]
enum BackupCommand {
    /// Read a backup to its end, and say whether it is whole and what is in it.
    Verify(FromArgs),
}

/// Arguments that name a backup.
#[derive(Args)]
struct FromArgs {
    /// The backup.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Settings file, as for `embargod serve`: it names the sealing keys.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod restore`.
#[derive(Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    from: FromArgs,
    /// An empty database, or one that is not there yet: sqlite:PATH or postgres://…
    #[arg(long, value_name = "DATABASE")]
    to: String,
}

/// Runs `embargod backup`.
pub fn run(args: BackupArgs) -> u8 {
    block_on(async {
        match (args.verify, args.out) {
            (Some(BackupCommand::Verify(args)), _) => say(check(&args).await),
            (None, Some(out)) => match seal::open(args.config.as_deref()).await {
                Ok(kept) => say(back_up(&kept, &out).await),
                Err(problems) => seal::refused(&problems),
            },
            (None, None) => USAGE,
        }
    })
}

/// Runs `embargod restore`.
pub fn run_restore(args: RestoreArgs) -> u8 {
    block_on(async { say(restore(&args).await) })
}

/// Why it did not work, where, and the exit code for it.
struct Failed {
    place: String,
    what: String,
    code: u8,
}

impl Failed {
    fn at(place: impl ToString, error: impl Into<BackupError>) -> Self {
        let error = error.into();
        let code = match &error {
            BackupError::Damaged { .. } | BackupError::BeginningDamaged => NO,
            BackupError::Store(StoreError::Corrupt(_)) => INTERNAL,
            _ => USAGE,
        };
        Self { place: place.to_string(), what: error.to_string(), code }
    }
}

fn say(done: Result<String, Failed>) -> u8 {
    match done {
        Ok(text) => {
            println!("{text}");
            FINE
        }
        Err(Failed { place, what, code }) => {
            eprintln!("embargod: {place}: {what}");
            code
        }
    }
}

async fn back_up(kept: &seal::Kept, out: &Path) -> Result<String, Failed> {
    let at_out = |error: BackupError| Failed::at(out.display(), error);
    let exists = || Failed {
        place: out.display().to_string(),
        what: "exists already and is not touched; name another file".to_owned(),
        code: USAGE,
    };
    if out.exists() {
        return Err(exists());
    }
    let now = SystemClock.now();
    if let Err(error) = keys::check(&*kept.store, &kept.ring, now).await {
        // A copy of what cannot be opened today may be all that there is tomorrow.
        eprintln!("embargod: warning: {}", keys::problems(&kept.source, &error));
    }
    let schema = kept.store.schema().await.map_err(|error| Failed::at("database", error))?;
    let header = Header {
        key: String::new(),
        made_at: now,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        backend: schema.backend.to_owned(),
        schema: schema.applied.last().map_or(0, |(number, _)| *number),
    };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // readable by its owner alone; gone if this ends early
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| at_out(error.into()))?;
    let sealer = kept.sealer();
    let mut writer = BackupWriter::begin(BufWriter::new(file), header, &sealer).map_err(at_out)?;
    kept.store.export(&mut writer).await.map_err(|error| Failed::at(out.display(), error))?;
    let (buffer, _) = writer.finish().map_err(at_out)?;
    let file = buffer.into_inner().map_err(|error| at_out(error.into_error().into()))?;
    file.as_file().sync_all().map_err(|error| at_out(error.into()))?;
    let contents = examine(file.path(), &sealer).map_err(at_out)?;
    file.persist_noclobber(out).map_err(|error| match error.error.kind() {
        ErrorKind::AlreadyExists => exists(),
        _ => at_out(error.error.into()),
    })?;
    let text = format!("a backup was made, under sealing key {}", contents.header.key);
    let decision = Some(keys::decision(now, "backed_up", "embargod backup", text));
    let committed = kept.store.commit(now, Commit { decision, ..Commit::default() }).await;
    committed.map_err(|error| Failed::at("database", error))?;
    Ok(format!(
        "Wrote {} and read it back: {}.\nIt opens with sealing key {} alone: keep that elsewhere.",
        out.display(),
        summary(&contents),
        contents.header.key
    ))
}

async fn check(args: &FromArgs) -> Result<String, Failed> {
    let (source, sealer) = sealing(args.config.as_deref()).await?;
    let contents = examine(&args.from, &sealer).map_err(|error| Failed::at(args.from.display(), error))?;
    contents.opens_with(&sealer.opening_ids()).map_err(|error| Failed::at(source, error))?;
    Ok(format!("{} is whole: {}.", args.from.display(), summary(&contents)))
}

async fn restore(args: &RestoreArgs) -> Result<String, Failed> {
    let from = &args.from.from;
    let at_from = |error: BackupError| Failed::at(from.display(), error);
    let (source, sealer) = sealing(args.from.config.as_deref()).await?;
    let contents = examine(from, &sealer).map_err(at_from)?;
    contents.opens_with(&sealer.opening_ids()).map_err(|error| Failed::at(source, error))?;
    // not its value, which may hold a password
    let at_target = |error: BackupError| Failed::at("--to", error);
    let store = store::open(&args.to).await.map_err(|error| at_target(error.into()))?;
    let clearance = Clearance::grant();
    let reader = open(from, &sealer, &clearance).map_err(at_from)?;
    let rows = take_in(reader, &*store, SystemClock.now()).await.map_err(|error| match error {
        BackupError::Store(_) => at_target(error),
        _ => at_from(error),
    })?;
    Ok(format!(
        "Restored {rows} rows of {}.\nBefore `embargod serve` starts on it, make sure that no other server works for this App. The sweep \
         asks GitHub for what was delivered since.",
        contents.header.made_at
    ))
}

async fn sealing(config: Option<&Path>) -> Result<(KeySource, Sealer), Failed> {
    let failed = |problems: crate::settings::Problems| Failed {
        place: "sealing key".to_owned(),
        what: problems.to_string(),
        code: USAGE,
    };
    let source = keys::source(&Settings::load_custody(config).map_err(failed)?.sealing_key);
    let ring = keys::load(&source).await.map_err(failed)?;
    Ok((source, Sealer::new(ring)))
}

fn open<'c>(
    path: &Path,
    sealer: &Sealer,
    clearance: &'c Clearance,
) -> Result<BackupReader<'c, BufReader<File>>, BackupError> {
    BackupReader::open(BufReader::new(File::open(path)?), sealer, clearance)
}

fn examine(path: &Path, sealer: &Sealer) -> Result<Contents, BackupError> {
    verify(open(path, sealer, &Clearance::grant())?)
}

fn summary(contents: &Contents) -> String {
    let Header { made_at, program, backend, schema, .. } = &contents.header;
    let rows: Vec<String> = contents.rows.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let rows = if rows.is_empty() { "nothing".to_owned() } else { rows.join(", ") };
    format!("{rows}; made {made_at:.0} of {backend} schema {schema} by embargod {program}")
}
