//! Copying a whole store, and checking the copy row by row.

use std::{
    collections::BTreeMap,
    fmt,
    io::{IsTerminal, Write},
};

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use tokio::sync::mpsc;

use crate::{
    cli::{FINE, INTERNAL, USAGE, by_hand},
    clock::{Clock, SystemClock},
    domain::operator::Act,
    store::{
        self, Commit, SharedStore, StoreError,
        portable::{PortableRow, RowSink, RowSource},
    },
};

/// Rows under way between the two; one is at most 256 KiB, or a case's evidence.
const ROWS_UNDER_WAY: usize = 32;

/// Rows between two looks of the progress line.
const PROGRESS_ROWS: u64 = 500;

/// Why nothing was copied.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// Both names are the same.
    OneDatabase,
    /// There is nothing at the first.
    NoSource,
    /// The first is of another version of this program.
    SourceNotCurrent,
    /// The second holds something.
    TargetNotEmpty,
    /// The first cannot be read.
    Source(StoreError),
    /// The second cannot be written.
    Target(StoreError),
    /// The second does not hold what the first held.
    NotTheSame,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneDatabase => f.write_str("--from and --to name the same database"),
            Self::NoSource => f.write_str("there is no database at --from; check its name"),
            Self::SourceNotCurrent => f.write_str(
                "the database at --from is of another version; bring it up to date with `embargod store migrate`, or run \
                 the embargod that made it",
            ),
            Self::TargetNotEmpty => f.write_str(
                "the database at --to holds something already, and two installations cannot be mixed; name an empty one",
            ),
            Self::Source(error) => write!(f, "--from: {error}"),
            Self::Target(error) => write!(f, "--to: {error}"),
            Self::NotTheSame => f.write_str(
                "the copy is not the same as the original; do not use it. Make the database at --to anew and copy again \
                 while embargod is stopped; if it happens again, please report it",
            ),
        }
    }
}

/// Runs the command.
pub(super) async fn run(from: &str, to: &str) -> u8 {
    match copy(from, to).await {
        Ok(inventory) => {
            println!("copied and checked: {inventory}");
            println!("Next: set `database` (or EMBARGOD_DATABASE) to the new place and start embargod.");
            println!(
                "Keep the old database as a backup, and never start embargod on it again: it would repeat what the"
            );
            println!("new one goes on to do. Sealing keys stay as they are.");
            FINE
        }
        Err(refusal) => {
            eprintln!("embargod: {refusal}");
            if refusal == Refusal::NotTheSame { INTERNAL } else { USAGE }
        }
    }
}

/// Copies everything at `from` to `to`, and reads the copy back.
pub(super) async fn copy(from: &str, to: &str) -> Result<Inventory, Refusal> {
    if from == to {
        return Err(Refusal::OneDatabase);
    }
    let found = store::inspect(from, SystemClock.now()).await.map_err(Refusal::Source)?;
    if !found.exists {
        return Err(Refusal::NoSource);
    }
    if !found.schema.is_current() {
        return Err(Refusal::SourceNotCurrent);
    }
    let source = store::open(from).await.map_err(Refusal::Source)?;
    let target = store::open(to).await.map_err(Refusal::Target)?;
    if !is_empty(&target).await.map_err(Refusal::Target)? {
        return Err(Refusal::TargetNotEmpty);
    }
    let sent = carry(&source, &target).await?;
    let mut arrived = Inventory::new("checked");
    target.export(&mut arrived).await.map_err(Refusal::Target)?;
    arrived.progress.end();
    if !sent.is_the_same_as(arrived) {
        return Err(Refusal::NotTheSame);
    }
    sign(&target).await.map_err(Refusal::Target)?;
    Ok(sent)
}

/// Says in the copy's audit log whose it is; nothing is written into the original.
async fn sign(target: &SharedStore) -> Result<(), StoreError> {
    let now = SystemClock.now();
    let act = Act {
        outcome: "store_copied",
        command: "embargod store copy",
        subject: "database",
        case: None,
        effects: Vec::new(),
        reason: None,
    };
    let decision = Some(act.record(&by_hand::operator(), now));
    target.commit(now, Commit { decision, ..Commit::default() }).await?;
    Ok(())
}

async fn is_empty(store: &SharedStore) -> Result<bool, StoreError> {
    /// Wants no row; the error ends the export at the first.
    struct Nothing(bool);
    #[async_trait]
    impl RowSink for Nothing {
        async fn take(&mut self, _row: PortableRow) -> Result<(), StoreError> {
            self.0 = false;
            Err(StoreError::Unavailable("one row is enough".to_owned()))
        }
    }
    let mut nothing = Nothing(true);
    let ended = store.export(&mut nothing).await;
    if nothing.0 { ended.map(|()| true) } else { Ok(false) }
}

/// Reads one and writes the other, side by side.
async fn carry(source: &SharedStore, target: &SharedStore) -> Result<Inventory, Refusal> {
    let (loading, mut unloading) = mpsc::channel(ROWS_UNDER_WAY);
    let sending = async {
        let mut loader = Loader { inventory: Inventory::new("copied"), onto: &loading };
        let outcome = source.export(&mut loader).await;
        let inventory = loader.inventory;
        // The end is said aloud: rows that merely stop coming are a copy that broke off.
        if outcome.is_ok() {
            let _ = loading.send(None).await;
        }
        drop(loading);
        (outcome, inventory)
    };
    let mut unloader = Unloader(&mut unloading);
    let receiving = async {
        let taken = target.import(&mut unloader).await;
        // Whoever still loads must not wait for ever.
        unloader.0.close();
        taken
    };
    let ((sent, mut inventory), taken) = tokio::join!(sending, receiving);
    inventory.progress.end();
    match (sent, taken) {
        (Ok(()), Ok(_)) => Ok(inventory),
        // The target's refusal is the cause; the source only finds nobody to hand its rows to.
        (Err(error), Ok(_)) => Err(Refusal::Source(error)),
        (Err(error), Err(_)) if !is_hang_up(&error) => Err(Refusal::Source(error)),
        (_, Err(error)) => Err(Refusal::Target(error)),
    }
}

fn hang_up() -> StoreError {
    StoreError::Unavailable("the other side hung up".to_owned())
}

fn is_hang_up(error: &StoreError) -> bool {
    *error == hang_up()
}

struct Loader<'a> {
    inventory: Inventory,
    onto: &'a mpsc::Sender<Option<PortableRow>>,
}

#[async_trait]
impl RowSink for Loader<'_> {
    async fn take(&mut self, row: PortableRow) -> Result<(), StoreError> {
        self.inventory.count(&row)?;
        self.onto.send(Some(row)).await.map_err(|_| hang_up())
    }
}

struct Unloader<'a>(&'a mut mpsc::Receiver<Option<PortableRow>>);

#[async_trait]
impl RowSource for Unloader<'_> {
    async fn next(&mut self) -> Result<Option<PortableRow>, StoreError> {
        self.0.recv().await.ok_or_else(hang_up)
    }
}

/// How many rows of each kind, and a digest over all of them.
pub(super) struct Inventory {
    counts: BTreeMap<&'static str, u64>,
    digest: Context,
    progress: Progress,
}

impl Inventory {
    fn new(doing: &'static str) -> Self {
        Self { counts: BTreeMap::new(), digest: Context::new(&SHA256), progress: Progress { doing, rows: 0 } }
    }

    fn count(&mut self, row: &PortableRow) -> Result<(), StoreError> {
        let written =
            serde_json::to_vec(row).map_err(|_| StoreError::Corrupt("a row cannot be written as JSON".to_owned()))?;
        self.digest.update(&written);
        *self.counts.entry(kind(row)).or_default() += 1;
        self.progress.step();
        Ok(())
    }

    fn is_the_same_as(&self, other: Self) -> bool {
        self.counts == other.counts && self.digest.clone().finish().as_ref() == other.digest.finish().as_ref()
    }

    /// Number of all rows.
    pub(super) fn rows(&self) -> u64 {
        self.counts.values().sum()
    }
}

#[async_trait]
impl RowSink for Inventory {
    async fn take(&mut self, row: PortableRow) -> Result<(), StoreError> {
        self.count(&row)
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.rows())?;
        for (n, (kind, count)) in self.counts.iter().enumerate() {
            write!(f, "{}{count} {kind}", if n == 0 { " (" } else { ", " })?;
        }
        f.write_str(if self.counts.is_empty() { "" } else { ")" })
    }
}

fn kind(row: &PortableRow) -> &'static str {
    match row {
        PortableRow::Delivery(_) => "deliveries",
        PortableRow::BodyPart { .. } => "parts of bodies",
        PortableRow::Effect(_) => "effects",
        PortableRow::Record { .. } => "records",
        PortableRow::Sealed { .. } => "sealed blobs",
        PortableRow::Number { .. } => "series of numbers",
        PortableRow::Decision { .. } => "decisions",
        PortableRow::Link { .. } => "audit links",
    }
}

/// One line on a terminal that counts up.
struct Progress {
    doing: &'static str,
    rows: u64,
}

impl Progress {
    fn step(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(PROGRESS_ROWS) {
            self.show("");
        }
    }

    fn end(&mut self) {
        self.show("\n");
    }

    fn show(&self, end: &str) {
        let mut errors = std::io::stderr();
        if errors.is_terminal() {
            // Whoever cannot see it does not need it.
            let _ = write!(errors, "\r{} {} rows{end}", self.doing, self.rows);
        }
    }
}
