//! Small histories in the shapes that real ones have.

mod built;
mod explained;
mod gaps;
mod ladder;
mod noted;
mod reverts;
mod scan;
mod shapes;
mod support;
mod unknown;

use jiff::civil::{Date, date};

use super::{Cell, Verdict};
use built::Built;

/// The day of disclosure in these stories.
fn disclosure() -> Date {
    date(2026, 3, 3)
}

/// The cell of a series.
fn cell(built: &Built, series: &str, fix: &super::Fix) -> Cell {
    let coverage = built.judge(fix);
    let cells = coverage.cells.into_iter();
    cells
        .clone()
        .find(|cell| cell.series == series)
        .unwrap_or_else(|| panic!("no cell for {series} among {:?}", cells.map(|cell| cell.series).collect::<Vec<_>>()))
}

fn verdict(built: &Built, series: &str, fix: &super::Fix) -> Verdict {
    cell(built, series, fix).verdict
}
