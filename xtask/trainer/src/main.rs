//! Trains the detector's heads from labelled posts and writes model, thresholds and card. `cargo xtask train` runs it.
//!
//! What flows in: a folder of labelled posts, which never leaves this process. What flows out: numbers. The same data
//! gives the same files, byte for byte.

mod card;
mod metrics;
mod model;
mod plot;
mod random;
mod regression;
mod report;
mod rows;
mod sparse;
mod validate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;
use embargod::domain::detector::features::{FeatureReader, Input};

use crate::model::Recipe;
use crate::rows::Post;
use crate::validate::{Calibration, PREVALENCE, Validated, first, unseen_scores, unseen_sums};

/// Why training could not go on, for a person.
type Failure = String;

/// Deals owners into folds, and draws samples.
const SEED: u64 = 20_261_121;

/// Trains the detector's heads.
#[derive(Parser)]
#[command(name = "cargo xtask train", disable_version_flag = true)]
struct Arguments {
    /// Folder with detection/ and intake/: trains the two heads of the detector, and writes thresholds and card
    #[arg(long, value_name = "DIR", required_unless_present = "rows", conflicts_with = "rows")]
    data: Option<PathBuf>,
    /// Rows of {"title","body","label":0|1,"project"} as JSON lines, perhaps gzipped: trains one other head
    #[arg(long, value_name = "FILE", requires = "head")]
    rows: Option<PathBuf>,
    /// Name of that other head, such as gives_away_fix
    #[arg(long, value_name = "NAME", requires = "rows")]
    head: Option<String>,
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let trained = match (&arguments.data, &arguments.rows, &arguments.head) {
        (Some(data), ..) => train_detector(data, &arguments.root),
        (None, Some(rows), Some(head)) => train_head(rows, head, &arguments.root),
        _ => Err("give --data, or --rows with --head".to_owned()),
    };
    match trained {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn train_detector(data: &Path, root: &Path) -> Result<(), Failure> {
    let posts = rows::read_all(data)?;
    let reader = reader()?;
    let slots = reader.slots();
    println!("{} posts; reading off their features", posts.len());
    let inputs = inputs_of(&reader, &posts);
    println!("cross-validation");
    let validated = Validated::run(slots, &posts, &inputs, SEED);
    let report = report::Report::make(slots, &posts, &inputs, &validated, SEED);
    println!("{}", report.figures());
    println!("training on everything");
    let everything: Vec<usize> = (0..posts.len()).collect();
    let calibration = Calibration::learn(&posts, &validated.private, 0..posts.len(), Some(PREVALENCE));
    let (columns, _, fitted) = Recipe::PRIVATE.fit(slots, &posts, &inputs, &everything);
    let private = columns.head(&fitted, calibration.slope, calibration.offset);
    let (columns, _, fitted) = Recipe::CLASSES.fit(slots, &posts, &inputs, &everything);
    let classes = columns.head(&fitted, 1.0, 0.0);
    let detector_folder = root.join("src/domain/detector");
    let mut bytes = 0;
    for (name, head) in [("private", &private), ("classes", &classes)] {
        let file = head.write(slots).ok_or("the fitted head does not fit its own format")?;
        bytes += file.len();
        write(&detector_folder.join(format!("models/{name}.head")), &file)?;
    }
    write(&detector_folder.join("thresholds.rs"), report.thresholds().as_bytes())?;
    write(&root.join("docs/detection-calibration.svg"), plot::calibration(&report.calibration_points()).as_bytes())?;
    let card = root.join("docs/detection.md");
    let text = fs::read_to_string(&card).map_err(|error| named(&card, &error))?;
    write(&card, card::refreshed(&text, &report, bytes)?.as_bytes())?;
    println!("model: {bytes} bytes");
    Ok(())
}

/// Trains one binary head as the private one is trained, calibrated to the mix of its own rows.
fn train_head(file: &Path, name: &str, root: &Path) -> Result<(), Failure> {
    if !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
        return Err(format!("{name:?} is no name for a head: use small letters and underscores"));
    }
    let posts = rows::read_labelled(file)?;
    let reader = reader()?;
    let slots = reader.slots();
    let inputs = inputs_of(&reader, &posts);
    let fold_of = rows::folds(&posts, validate::FOLDS, SEED);
    let sums = first(unseen_sums(Recipe::PRIVATE, slots, &posts, &inputs, &fold_of));
    println!("{}", report::of_ranking(&posts, &unseen_scores(&posts, &sums, &fold_of, None), SEED));
    let everything: Vec<usize> = (0..posts.len()).collect();
    let calibration = Calibration::learn(&posts, &sums, 0..posts.len(), None);
    let (columns, _, fitted) = Recipe::PRIVATE.fit(slots, &posts, &inputs, &everything);
    let head = columns.head(&fitted, calibration.slope, calibration.offset);
    let bytes = head.write(slots).ok_or("the fitted head does not fit its own format")?;
    write(&root.join(format!("src/domain/detector/models/{name}.head")), &bytes)
}

fn reader() -> Result<FeatureReader, Failure> {
    FeatureReader::new().map_err(|error| format!("the lexicon: {error}"))
}

fn inputs_of(reader: &FeatureReader, posts: &[Post]) -> Vec<Input> {
    posts.iter().map(|post| reader.read(&post.title, &post.body)).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
    }
    fs::write(path, bytes).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> Failure {
    format!("{}: {error}", path.display())
}
