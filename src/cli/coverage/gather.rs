//! The history that is judged: opened where it is, or copied from an address first, and read as far as it is needed.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{arguments::SourceArgs, input::reason, progress};
use crate::{
    domain::{
        coverage::{History, Patch},
        policy::Series,
    },
    history::{
        HistoryError, Keeper, PatchReader, Source, cache_file,
        mirror::{Mirror, MirrorLimits, check_address, mirror_folder},
    },
};

/// The environment variable that holds a token for private repositories.
const TOKEN: &str = "EMBARGOD_GIT_TOKEN";

/// What people should know beside the answer; on standard error.
#[derive(Default)]
pub(super) struct Notes(pub(super) Vec<String>);

impl Notes {
    /// Says them.
    pub(super) fn say(&self) {
        for note in &self.0 {
            eprintln!("embargod: note: {}", super::words::plain(note));
        }
    }
}

/// A history, and where more of it can be read.
pub(super) struct Gathered {
    pub(super) history: History,
    source: Source,
    keeper: Keeper,
    /// Held from before the file is read until after it is written, so that two runs do not mix what they keep.
    _lock: Option<File>,
}

/// Opens, and brings up to date what was kept.
pub(super) fn history(args: &SourceArgs, series: &Series, notes: &mut Notes) -> Result<Gathered, String> {
    let folder = args.cache.clone().map_or_else(cache_folder, Ok)?;
    let place = match args.address() {
        Some(address) => mirrored(args, address, folder.join("mirrors"), series)?,
        None => local(args)?,
    };
    let source = Source::open(&place).map_err(|error| match error {
        HistoryError::NoRepository(_) => format!(
            "--git {}: is no git repository; give the folder in which .git is, or a bare one",
            args.git().display()
        ),
        other => other.to_string(),
    })?;
    let kept = cache_file(&folder, &place);
    let lock = locked(&kept);
    let keeper = Keeper::new(kept);
    let mut history = keeper.load();
    let before = (history.commits.len(), history.accounts_at, history.tag_objects.len());
    let spinner = progress::spinner("Reading the history", "commits");
    let read = source.update(&mut history, series, &mut |count| spinner.set_position(count as u64));
    spinner.finish_and_clear();
    read.map_err(|error| error.to_string())?;
    if history.partial {
        notes.0.push(
            "this history was cut off (a shallow or partial clone), so what is not found in it is unknown; \
             `git fetch --unshallow` brings the rest"
                .to_owned(),
        );
    }
    let after = (history.commits.len(), history.accounts_at, history.tag_objects.len());
    let gathered = Gathered { history, source, keeper, _lock: lock };
    if before != after {
        gathered.keep(notes);
    }
    Ok(gathered)
}

impl Gathered {
    /// Notes which of these commits are here although no branch or tag reaches them.
    pub(super) fn look_for_unreached(&mut self, names: Vec<String>) {
        self.source.look_for_unreached(&mut self.history, names);
    }

    /// Reads what commits change, as far as it is not known.
    pub(super) fn read_patches(&mut self, places: BTreeSet<u32>, notes: &mut Notes) -> Result<(), String> {
        let needed: Vec<_> = places
            .into_iter()
            .map(|place| self.history.commit(place).id)
            .filter(|id| !self.history.patches.contains_key(id))
            .collect();
        if needed.is_empty() {
            return Ok(());
        }
        let bar = progress::bar("Reading changes", needed.len());
        let read = PatchReader::new(&self.source).read(&needed, &|done| bar.set_position(done as u64));
        bar.finish_and_clear();
        let read = read.map_err(|error| error.to_string())?;
        // A merge changes nothing by itself; that is known, too.
        for id in needed {
            self.history.patches.insert(id, Patch::default());
        }
        for (id, patch) in read {
            self.history.patches.insert(id, patch);
        }
        self.keep(notes);
        Ok(())
    }

    /// The answer does not need it; the next run is slower without. A cut history is not kept: its oldest commits have
    /// parents that may be there the next time.
    fn keep(&self, notes: &mut Notes) {
        if self.history.partial {
            return;
        }
        if let Err(error) = self.keeper.save(&self.history) {
            let what = match error {
                HistoryError::Unreadable(what) => what,
                other => other.to_string(),
            };
            let note = format!("{what}; the next run reads it again. --cache names another folder");
            if !notes.0.contains(&note) {
                notes.0.push(note);
            }
        }
    }
}

/// The lock of a kept file; `None` where none can be had, as in a folder that cannot be written.
fn locked(kept: &Path) -> Option<File> {
    fs::create_dir_all(kept.parent()?).ok()?;
    let path = kept.with_extension("lock");
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path).ok()?;
    if file.try_lock().is_err() {
        let spinner = progress::spinner("Waiting for another run that uses the same cache", "");
        let locked = file.lock();
        spinner.finish_and_clear();
        locked.ok()?;
    }
    Some(file)
}

/// The folder of a local repository, under one name wherever it is called from.
fn local(args: &SourceArgs) -> Result<PathBuf, String> {
    let git = args.git();
    git.canonicalize().map_err(|error| {
        let shown = git.display();
        if git.to_str().is_some_and(|text| text.contains('@') && text.contains(':')) {
            return format!("--git {shown}: is no folder here, and of addresses only https:// ones are fetched");
        }
        format!("--git {shown}: {}; give a clone of the repository, or its https:// address", reason(&error))
    })
}

fn mirrored(args: &SourceArgs, address: &str, folder: PathBuf, series: &Series) -> Result<PathBuf, String> {
    check_address(address).map_err(|what| format!("--git: {what}"))?;
    let limits = MirrorLimits {
        time_ms: u64::try_from(args.fetch_time.as_millis()).unwrap_or(u64::MAX),
        size_bytes: args.fetch_size.0,
    };
    let token = std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty());
    let token = token.map(|token| SecretString::from(token.trim().to_owned()));
    let mirror = Mirror::new(mirror_folder(&folder, address), limits);
    let spinner = progress::spinner("Fetching", "KiB in the copy");
    let fetched = mirror.fetch_watched(address, token.as_ref(), series, &mut |bytes| spinner.set_position(bytes >> 10));
    spinner.finish_and_clear();
    match fetched {
        Ok(()) => Ok(mirror.path().to_owned()),
        Err(HistoryError::Git(why)) => {
            let remedy = match (address.starts_with("https://"), &token) {
                (true, None) => format!("; a private one needs a token in {TOKEN}"),
                (true, Some(_)) => format!("; it was asked with the token in {TOKEN}, and may have moved"),
                (false, _) => String::new(),
            };
            Err(format!("the repository could not be fetched: {why}{remedy}"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn cache_folder() -> Result<PathBuf, String> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    home.map(|home| home.join("embargod")).ok_or_else(|| {
        "there is neither HOME nor XDG_CACHE_HOME to keep things in; name a folder with --cache".to_owned()
    })
}
