//! Another task, for comparison with papers: a tracker's bug reports, every second one to train on, the others to judge.
//! Nothing of it reaches the model.

use std::path::Path;

use embargod::domain::detector::features::FeatureReader;

use crate::Failure;
use crate::metrics::{Judged, average_precision, recall, threshold_at_alarms};
use crate::model::Recipe;
use crate::rows;

/// False alarms per 1,000 others at which recall is told, as papers do.
const ALARMS_PER_1000: f64 = 150.0;

/// Measures the private head's recipe on a file of labelled reports, and says what came of it.
pub fn measure(path: &Path) -> Result<String, Failure> {
    let posts = rows::read_plain(path)?;
    let reader = FeatureReader::new().map_err(|error| format!("the lexicon: {error}"))?;
    let inputs = crate::inputs_of(&reader, &posts);
    let training: Vec<usize> = (0..posts.len()).step_by(2).collect();
    let (_, matrix, fitted) = Recipe::PRIVATE.fit(reader.slots(), &posts, &inputs, &training);
    let judged: Vec<Judged> = (1..posts.len())
        .step_by(2)
        .map(|row| {
            let positive = posts[row].positive;
            Judged { score: fitted.sums(&matrix, row)[0], positive, plain: !positive, owner: 0 }
        })
        .collect();
    let positives = judged.iter().filter(|post| post.positive).count();
    let found = recall(&judged, threshold_at_alarms(&judged, ALARMS_PER_1000));
    Ok(format!(
        "{} reports to train on, {} judged, {positives} of them positive: recall {found:.3} at a false-positive rate of .15, \
         PR-AUC {:.3}",
        training.len(),
        judged.len(),
        average_precision(&judged)
    ))
}
