//! Trains the detector's heads from labelled posts and writes model, thresholds and card. `cargo xtask train` runs it.
//!
//! What flows in: a folder of labelled posts, which never leaves this process. What flows out: numbers. The same data
//! gives the same files, byte for byte.

mod card;
mod half_split;
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
use crate::validate::{Calibration, Validated};

/// Why training could not go on, for a person.
type Failure = String;

/// Deals owners into folds, and draws samples.
const SEED: u64 = 20_261_121;

/// Trains the detector's heads.
#[derive(Parser)]
#[command(name = "cargo xtask train", disable_version_flag = true)]
struct Arguments {
    /// Folder with detection/ and intake/
    #[arg(long, value_name = "DIR", required_unless_present = "half_split")]
    data: Option<PathBuf>,
    /// Only measure the recipe on a tracker's reports: every second one trains, the others are judged
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    half_split: Option<PathBuf>,
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (&arguments.half_split, &arguments.data) {
        (Some(file), _) => half_split::measure(file).map(|said| println!("{said}")),
        (None, Some(data)) => train(data, &arguments.root),
        (None, None) => Err("name the data: --data DIR".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn train(data: &Path, root: &Path) -> Result<(), Failure> {
    let posts = rows::read_all(data)?;
    let reader = FeatureReader::new().map_err(|error| format!("the lexicon: {error}"))?;
    let slots = reader.slots();
    println!("{} posts; reading off their features", posts.len());
    let inputs = inputs_of(&reader, &posts);
    println!("cross-validation");
    let validated = Validated::run(slots, &posts, &inputs, SEED);
    let report = report::Report::make(slots, &posts, &inputs, &validated, SEED);
    println!("{}", report.figures());
    println!("training on everything");
    let everything: Vec<usize> = (0..posts.len()).collect();
    let calibration = Calibration::learn(&posts, &validated.private, 0..posts.len());
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
