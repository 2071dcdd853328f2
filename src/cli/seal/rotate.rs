//! `embargod seal rotate`.

use std::path::{Path, PathBuf};

use super::{FINE, Kept, NO, USAGE, open, refused};
use crate::{
    clock::{Clock, SystemClock},
    keys::{self, Finish, KeysError, Rewrapped, SETTLING, Waiting},
    sealing::{KeyFile, KeySource, Keyring, Sealer},
};

/// Arguments of `embargod seal rotate`.
#[derive(clap::Args)]
pub struct RotateArgs {
    /// Take out the old key, if nothing needs it any more.
    #[arg(long)]
    finish: bool,
    /// Write the keys to a new file instead of the configured one, and go no further: for keys from the environment or a
    /// command, and for several machines with a file each.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The office that one rotation at a time holds.
const OFFICE: &str = "sealing key rotation";

/// Runs the command: exit code 1 where the old key cannot go yet.
pub(super) async fn rotate(args: RotateArgs) -> u8 {
    let kept = match open(args.config.as_deref()).await {
        Ok(kept) => kept,
        Err(problems) => return refused(&problems),
    };
    let done = match (&args.out, args.finish) {
        (out, true) => finish(&kept, out.as_ref()).await,
        (Some(out), false) => hand_out(&kept, out),
        (None, false) => forward(&kept).await,
    };
    done.unwrap_or_else(|error| kept.failed(&error))
}

/// A successor if there is none yet, then everything under it.
async fn forward(kept: &Kept) -> Result<u8, KeysError> {
    let now = SystemClock.now();
    keys::check(&*kept.store, &kept.ring, now).await?;
    let ring = if kept.ring.ids().len() > 1 {
        println!("A rotation is under way; going on with it.");
        keys::admit(&*kept.store, &kept.ring, now).await?;
        kept.ring.clone()
    } else {
        let KeySource::File(path) = &kept.source else {
            eprintln!(
                "embargod: the key comes from {}, which this command cannot change\n  remedy: `embargod seal rotate --out \
                 FILE` writes a successor and the present key to a new file; put its content where the key comes from, \
                 restart the servers where that is the environment, and run `embargod seal rotate` again",
                kept.source
            );
            return Ok(USAGE);
        };
        let Some(_office) = kept.store.lead(OFFICE).await? else { return Err(KeysError::Busy) };
        let file = KeyFile::lock(path)?;
        if file.ring().ids() != kept.ring.ids() {
            return Err(KeysError::Busy);
        }
        let ring = keys::begin(&*kept.store, file, now).await?;
        println!(
            "Key {} seals from now on; {} stays in {} to open what is sealed under it. Copy the file to where your copy of the \
             old key is.",
            ring.current().id(),
            kept.ring.current().id(),
            path.display()
        );
        ring
    };
    let sealer = Sealer::new(ring);
    let rewrapped = keys::rewrap(&*kept.store, &sealer).await?;
    report(&rewrapped, &sealer);
    println!(
        "Servers seal with the new key within half a minute{}. In {} minutes or later: embargod seal rotate --finish",
        if matches!(kept.source, KeySource::Text { .. }) { " of their restart" } else { "" },
        SETTLING.as_mins() + 1
    );
    Ok(FINE)
}

/// Keys into a file of their own, to be brought to where they are read from.
fn hand_out(kept: &Kept, out: &Path) -> Result<u8, KeysError> {
    if kept.ring.ids().len() > 1 {
        eprintln!(
            "embargod: a rotation is under way: {} holds {} keys\n  remedy: end it with `embargod seal rotate` and then \
             `--finish` before the next one",
            kept.source,
            kept.ring.ids().len()
        );
        return Ok(USAGE);
    }
    let ring = kept.ring.with_successor();
    ring.write_new(out)?;
    println!(
        "Wrote key {} and behind it the present key {} to {}. Nothing else has changed yet.\n\
         - Put the file's content where every server gets its key from ({}).\n\
         - Where several servers cannot get it at once, put the new key's two lines last at first: it then opens and does not \
         seal. When all have it, put them first.\n\
         - Then: embargod seal rotate, and later embargod seal rotate --finish.",
        ring.current().id(),
        kept.ring.current().id(),
        out.display(),
        kept.source
    );
    Ok(FINE)
}

async fn finish(kept: &Kept, out: Option<&PathBuf>) -> Result<u8, KeysError> {
    let now = SystemClock.now();
    keys::check(&*kept.store, &kept.ring, now).await?;
    let Some(_office) = kept.store.lead(OFFICE).await? else { return Err(KeysError::Busy) };
    let sealer = kept.sealer();
    let (unneeded, rewrapped) = match keys::finish(&*kept.store, &sealer, now).await? {
        Finish::Done { unneeded, rewrapped } => (unneeded, rewrapped),
        Finish::NotYet(waiting) => {
            eprintln!("embargod: the old key cannot go yet: {}\n  remedy: {}", why(&waiting), remedy(&waiting));
            return Ok(NO);
        }
    };
    report(&rewrapped, &sealer);
    let gone = unneeded.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let alone = kept.ring.only_current();
    match (&kept.source, out) {
        (_, Some(out)) => alone.write_new(out)?,
        (KeySource::File(path), None) if !unneeded.is_empty() => replace(path, &kept.ring, &alone)?,
        _ => {}
    }
    let late = keys::conclude(&*kept.store, &sealer, now).await?;
    if late != (Rewrapped { settled: true, damaged: rewrapped.damaged, ..Rewrapped::default() }) {
        report(&late, &sealer);
    }
    if unneeded.is_empty() {
        println!("Nothing to finish: {} is the only key, and nothing needs another.", alone.current().id());
        return Ok(FINE);
    }
    match (&kept.source, out) {
        (_, Some(out)) => println!(
            "Nothing needs {gone} any more. Wrote the remaining key to {}: put its content where the servers get theirs from ({}).",
            out.display(),
            kept.source
        ),
        (KeySource::File(path), None) => println!("Took {gone} out of {}: nothing needs it any more.", path.display()),
        _ => println!("Nothing needs {gone} any more: take its two lines out of {}.", kept.source),
    }
    println!("Backups made before need {gone}: keep your copy of it as long as you keep them.");
    Ok(FINE)
}

fn replace(path: &Path, expected: &Keyring, alone: &Keyring) -> Result<(), KeysError> {
    let file = KeyFile::lock(path)?;
    if file.ring().ids() != expected.ids() {
        return Err(KeysError::Busy);
    }
    Ok(file.replace(alone)?)
}

fn report(rewrapped: &Rewrapped, sealer: &Sealer) {
    let (done, key) = (rewrapped.done, sealer.key_id());
    println!("Wrapped anew under {key}: the keys of {} cases and {} deliveries.", done.cases, done.deliveries);
    if !rewrapped.damaged.is_empty() {
        println!(
            "Damaged, and not to be opened with any key: {}. Restore them from a backup if you can.",
            rewrapped.damaged.join(", ")
        );
    }
    if !rewrapped.settled {
        println!("Servers still seal with an older key; what they add is wrapped anew by the next run.");
    }
}

fn why(waiting: &Waiting) -> String {
    match waiting {
        Waiting::Servers(servers) => format!("servers {} still seal with it", servers.join(", ")),
        Waiting::Until(at) => {
            format!("what servers had begun to seal with it may arrive until {at:.0}")
        }
        Waiting::StillSealing => "new things keep turning up under it".to_owned(),
    }
}

fn remedy(waiting: &Waiting) -> &'static str {
    match waiting {
        Waiting::Servers(_) => {
            "wait half a minute, restart those whose key comes from the environment, and see their logs; a server that died is \
             forgotten after 5 minutes"
        }
        Waiting::Until(_) => "try again after that",
        Waiting::StillSealing => "find the server that has the old key alone: `embargod seal status`",
    }
}
