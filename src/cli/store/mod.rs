//! `embargod store`: the schema, and moving to another database.
//!
//! What flows in: the place of a database from the settings, or two from the arguments. What flows out: what its schema is
//! and how much waits, for people or as JSON; a copy that was checked. What it must never do: need the server's other
//! settings, change anything in order to look at it, or repeat a connection string, which may hold a password.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{FINE, NO, USAGE, block_on};
use crate::{
    clock::{Clock, SystemClock},
    settings::Settings,
    store::{self, Backlog, Inspection, StoreError},
};

mod copy;
#[cfg(test)]
mod tests;

/// `embargod store …`.
#[derive(Subcommand)]
pub enum StoreCommand {
    /// Create the database or bring its schema up to date. `embargod serve` does so by itself when it starts.
    Migrate(ConfigArgs),
    /// Say what the schema is and how much waits, without changing anything. Exit code 1: this program cannot work with
    /// the database as it is.
    Status(StatusArgs),
    /// Copy everything into an empty database, of either kind, and check the copy. Stop embargod first.
    Copy(CopyArgs),
}

/// Arguments that name the settings.
#[derive(Args)]
pub struct ConfigArgs {
    /// Settings file, as for `embargod serve`; only `database` is read.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `embargod store status`.
#[derive(Args)]
pub struct StatusArgs {
    #[command(flatten)]
    settings: ConfigArgs,
    /// JSON instead of lines for people.
    #[arg(long)]
    json: bool,
}

/// Arguments of `embargod store copy`.
#[derive(Args)]
pub struct CopyArgs {
    /// The database to copy: sqlite:PATH or postgres://…
    #[arg(long, value_name = "DATABASE", env = "EMBARGOD_COPY_FROM", hide_env_values = true)]
    from: String,
    /// The database to copy to, which must be empty. One with a password is better named in the environment, where other
    /// users of the machine do not see it.
    #[arg(long, value_name = "DATABASE", env = "EMBARGOD_COPY_TO", hide_env_values = true)]
    to: String,
}

/// Runs the command.
pub fn run(command: StoreCommand) -> u8 {
    block_on(async {
        match command {
            StoreCommand::Migrate(args) => migrate(args).await,
            StoreCommand::Status(args) => status(args).await,
            StoreCommand::Copy(args) => copy::run(&args.from, &args.to).await,
        }
    })
}

fn database(args: &ConfigArgs) -> Result<String, u8> {
    Settings::load_database(args.config.as_deref()).map_err(|problems| {
        eprintln!("embargod: {problems}");
        USAGE
    })
}

fn failed(error: &StoreError) -> u8 {
    eprintln!("embargod: {error}");
    USAGE
}

async fn migrate(args: ConfigArgs) -> u8 {
    let database = match database(&args) {
        Ok(database) => database,
        Err(code) => return code,
    };
    let before = match store::inspect(&database, SystemClock.now()).await {
        Ok(before) => before,
        Err(error) => return failed(&error),
    };
    if let Err(error) = store::open(&database).await {
        return failed(&error);
    }
    for (version, name) in &before.schema.pending {
        println!("applied {version} {name}");
    }
    if before.schema.pending.is_empty() {
        println!("nothing to do: the schema is up to date");
    }
    FINE
}

async fn status(args: StatusArgs) -> u8 {
    let database = match database(&args.settings) {
        Ok(database) => database,
        Err(code) => return code,
    };
    match store::inspect(&database, SystemClock.now()).await {
        Ok(found) => {
            if args.json {
                println!("{}", as_json(&found));
            } else {
                print!("{}", as_text(&found));
            }
            if found.schema.is_current() { FINE } else { NO }
        }
        Err(error) => failed(&error),
    }
}

fn as_json(found: &Inspection) -> Value {
    let migrations = |list: &[(i64, String)]| -> Vec<Value> {
        list.iter().map(|(version, name)| json!({ "version": version, "name": name })).collect()
    };
    json!({
        "backend": found.schema.backend,
        "exists": found.exists,
        "current": found.schema.is_current(),
        "newer": found.schema.is_newer,
        "applied": migrations(&found.schema.applied),
        "pending": migrations(&found.schema.pending),
        "backlog": found.backlog.map(|waiting| json!({
            "deliveries_waiting": waiting.deliveries_waiting,
            "oldest_delivery_at": waiting.oldest_delivery_at,
            "deliveries_parked": waiting.deliveries_parked,
            "effects_waiting": waiting.effects_waiting,
            "oldest_effect_at": waiting.oldest_effect_at,
            "effects_dead": waiting.effects_dead,
        })),
    })
}

fn as_text(found: &Inspection) -> String {
    let schema = &found.schema;
    let last = schema.applied.last().map_or_else(|| "none".to_owned(), |(version, name)| format!("{version} {name}"));
    let state = if schema.is_newer {
        "of a newer embargod: run that one".to_owned()
    } else if schema.pending.is_empty() {
        "up to date".to_owned()
    } else {
        let pending: Vec<_> = schema.pending.iter().map(|(version, name)| format!("{version} {name}")).collect();
        format!("pending: {} (`embargod store migrate` applies it; back up first)", pending.join(", "))
    };
    let mut text = format!("backend     {}\nschema      {last}, {state}\n", schema.backend);
    if !found.exists {
        text.push_str("            there is no database yet; `embargod serve` makes it as well\n");
    }
    if let Some(waiting) = &found.backlog {
        text.push_str(&waiting_lines(waiting));
    }
    text
}

fn waiting_lines(waiting: &Backlog) -> String {
    let since =
        |oldest: Option<Timestamp>| oldest.map(|oldest| format!(", the oldest since {oldest:.0}")).unwrap_or_default();
    format!(
        "deliveries  {} waiting{}; {} parked\neffects     {} waiting{}; {} dead\n",
        waiting.deliveries_waiting,
        since(waiting.oldest_delivery_at),
        waiting.deliveries_parked,
        waiting.effects_waiting,
        since(waiting.oldest_effect_at),
        waiting.effects_dead,
    )
}
