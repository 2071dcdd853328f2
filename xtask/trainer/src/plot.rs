//! The calibration plot, as SVG text.

use std::fmt::Write;

const SIZE: f64 = 360.0;
const MARGIN: f64 = 48.0;

/// Mean score against the share of posts that belong in private, one dot a group; its label says how many posts.
pub fn calibration(points: &[(f64, f64, usize)]) -> String {
    let side = SIZE + 2.0 * MARGIN;
    let x = |share: f64| MARGIN + share * SIZE;
    let y = |share: f64| MARGIN + (1.0 - share) * SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Calibration: predicted against observed share of posts that belong in private</title>\n\
         <rect width=\"{side}\" height=\"{side}\" fill=\"white\"/>\n"
    );
    for tick in 0..=5 {
        let share = f64::from(tick) / 5.0;
        let _ = write!(
            svg,
            "<path d=\"M{0:.1} {1:.1}V{2:.1}M{3:.1} {4:.1}H{5:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{0:.1}\" y=\"{6:.1}\" text-anchor=\"middle\">{share:.1}</text>\n\
             <text x=\"{7:.1}\" y=\"{8:.1}\" text-anchor=\"end\">{share:.1}</text>\n",
            x(share),
            y(0.0),
            y(1.0),
            x(0.0),
            y(share),
            x(1.0),
            y(0.0) + 18.0,
            x(0.0) - 8.0,
            y(share) + 4.0,
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    for (predicted, observed, posts) in points {
        let (x, y) = (x(*predicted), y(*observed));
        let _ = write!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#1f6feb\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#555\">{posts}</text>\n",
            x + 7.0,
            y - 5.0
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">predicted</text>\n\
         <text x=\"14\" y=\"{:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {2:.1})\">observed</text>\n</svg>\n",
        x(0.5),
        side - 8.0,
        y(0.5)
    );
    svg
}
