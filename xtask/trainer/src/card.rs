//! The model's card: the parts of `docs/detection.md` that are figures, between markers.

use std::fmt::Write;

use embargod::domain::intake::IntakeClass;

use crate::Failure;
use crate::metrics::{Figure, macro_f1, recall, with_interval};
use crate::report::{MEASURES, Report, of_source};
use crate::rows::Source;

/// The card with its figures written anew.
pub fn refreshed(card: &str, report: &Report, bytes: usize) -> Result<String, Failure> {
    let parts = [
        ("figures", figures(report)),
        ("thresholds", thresholds(report)),
        ("kinds", kinds(report)),
        ("classes", classes(report)),
        ("features", features(report)),
        ("size", format!("The two heads take {} KiB.\n", bytes.div_ceil(1024))),
    ];
    let mut card = card.to_owned();
    for (name, text) in parts {
        card = replaced(&card, name, &text)?;
    }
    Ok(card)
}

/// Replaces what stands between the markers of a part.
fn replaced(card: &str, name: &str, text: &str) -> Result<String, Failure> {
    let (open, close) = (format!("<!-- trained: {name} -->\n"), format!("<!-- end of {name} -->"));
    let parts = card.split_once(&open).and_then(|(before, rest)| Some((before, rest.split_once(&close)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("the card has no part between {open:?} and {close:?}"))?;
    Ok(format!("{before}{open}{text}{close}{after}"))
}

fn told(figure: Figure) -> String {
    format!("{:.3} ({:.3} to {:.3})", figure.value, figure.low, figure.high)
}

fn figures(report: &Report) -> String {
    let mut text = String::from("| figure | dev: natural mix | dev_extra: mostly fix PRs |\n|---|---|---|\n");
    let sources = [report.of(Source::Dev), report.of(Source::Extra)];
    let counts = sources
        .each_ref()
        .map(|posts| format!("{} / {}", posts.len(), posts.iter().filter(|post| post.positive).count()));
    let _ = writeln!(text, "| posts / positive | {} | {} |", counts[0], counts[1]);
    for measure in MEASURES {
        let [dev, extra] = sources.each_ref().map(|posts| told(with_interval(posts, report.seed, measure.of)));
        let _ = writeln!(text, "| {} | {dev} | {extra} |", measure.name);
    }
    let class = told(report.class_figure());
    let _ = writeln!(text, "| five classes, macro F1 (intake set, {} posts) | {class} | |", report.classes.len());
    text
}

fn thresholds(report: &Report) -> String {
    let mut text = String::from(
        "| `score` at least | recall | precision at 0.64 % | at 0.5 % | at 0.3 % | false alarms per 1,000 plain ordinary posts | of hard negatives |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for score in report.curve() {
        let (recall, alarms, hard) = report.at(score);
        let name = match score {
            score if score == report.act_at => format!("**{score}** `ACT_AT`"),
            score if score == report.reply_at => format!("**{score}** `REPLY_AT`"),
            score => score.to_string(),
        };
        let precision = [0.0064, 0.005, 0.003].map(|stream| format!("{:.2}", report.precision_in(score, stream)));
        let _ = writeln!(
            text,
            "| {name} | {recall:.2} | {} | {} | {} | {alarms:.1} | {:.1} % |",
            precision[0],
            precision[1],
            precision[2],
            hard * 100.0
        );
    }
    let [firm, gentle] = report.honest.map(|(hits, alarms, positives)| {
        let right = hits as f64 / (hits + alarms).max(1) as f64;
        format!(
            "recall {:.2} ({hits} of {positives}), precision {right:.2} ({alarms} false)",
            hits as f64 / positives as f64
        )
    });
    let _ = writeln!(
        text,
        "\nWith thresholds that were chosen without the fold they are measured on: `ACT_AT` {firm}; `REPLY_AT` {gentle}, both at the\nmix of `dev`."
    );
    text
}

fn kinds(report: &Report) -> String {
    let mut text = String::from(
        "| kind of positive | source | posts | recall at `REPLY_AT` | at `ACT_AT` |\n|---|---|---|---|---|\n",
    );
    for (source, kind, posts) in &report.kinds {
        let [gentle, firm] = [report.reply_at, report.act_at].map(|threshold| recall(posts, threshold));
        let _ = writeln!(text, "| {kind} | {} | {} | {gentle:.2} | {firm:.2} |", source.name(), posts.len());
    }
    text
}

fn classes(report: &Report) -> String {
    let mut text = String::from("| class | posts | precision | recall | said instead |\n|---|---|---|---|---|\n");
    for class in IntakeClass::ALL {
        let at = class as usize;
        let count = |truth: bool, said: bool| {
            let test = |(t, s): &&(usize, usize)| (!truth || *t == at) && (!said || *s == at);
            report.classes.iter().filter(test).count()
        };
        let (both, truth, said) = (count(true, true), count(true, false), count(false, true));
        let instead: Vec<String> = IntakeClass::ALL
            .into_iter()
            .filter(|other| *other != class)
            .filter_map(|other| {
                let posts = report.classes.iter().filter(|pair| **pair == (at, other as usize)).count();
                (posts > 0).then(|| format!("{} {posts}", other.slug()))
            })
            .collect();
        let (precision, recall) = (both as f64 / said.max(1) as f64, both as f64 / truth.max(1) as f64);
        let _ =
            writeln!(text, "| {} | {truth} | {precision:.2} | {recall:.2} | {} |", class.slug(), instead.join(", "));
    }
    let right = report.classes.iter().filter(|(truth, said)| truth == said).count();
    let share = 100.0 * right as f64 / report.classes.len().max(1) as f64;
    let _ = writeln!(text, "\n{share:.0} % right; macro F1 {:.3}.", macro_f1(&report.classes, IntakeClass::ALL.len()));
    text
}

fn features(report: &Report) -> String {
    let mut text = String::from(
        "| features | PR-AUC dev | recall at 2 per 1,000 | recall at precision .9 | PR-AUC dev_extra |\n|---|---|---|---|---|\n",
    );
    let all = [("all features", &report.judged)];
    for (name, judged) in all.into_iter().chain(report.ablations.iter().map(|a| (a.name, &a.judged))) {
        let (dev, extra) = (of_source(judged, Source::Dev), of_source(judged, Source::Extra));
        let [area, alarms, precise] = [0, 1, 2].map(|at: usize| (MEASURES[at].of)(&dev));
        let _ = writeln!(text, "| {name} | {area:.3} | {alarms:.2} | {precise:.2} | {:.3} |", (MEASURES[0].of)(&extra));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let card = "a\n<!-- trained: x -->\nold\n<!-- end of x -->\nb\n";
        assert_eq!(replaced(card, "x", "new\n").as_deref(), Ok("a\n<!-- trained: x -->\nnew\n<!-- end of x -->\nb\n"));
        assert!(replaced(card, "y", "new\n").is_err(), "a card without the part is not the card");
    }
}
