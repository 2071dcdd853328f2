//! Long work, seen: on a terminal only, on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is drawn again while nothing is counted.
const TICK: Duration = Duration::from_millis(120);

/// A line for work whose end is not known.
pub(super) fn spinner(what: &'static str, unit: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {what}: {{human_pos}} {unit}, {{elapsed}}")) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// A bar for work of `total` steps.
pub(super) fn bar(what: &'static str, total: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{what} {{wide_bar}} {{human_pos}} of {{human_len}}, {{eta}} left"))
    {
        bar.set_style(style);
    }
    bar
}
