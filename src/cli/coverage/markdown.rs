//! The matrix for issues and advisories on GitHub.

use super::words::{lag, lag_in_words, plain, series, short, step, summary, verdict};
use crate::domain::coverage::{Cell, Coverage, ExplainedCell, FixCoverage, Verdict};

/// The matrix; with `explained`, all that each verdict rests on.
pub(super) fn markdown(coverage: &Coverage, explained: Option<&[Vec<ExplainedCell>]>) -> String {
    let mut text = format!("{}\n\n", escaped(&summary(coverage)));
    text.push_str("| fix | disclosed | series | verdict | first tag | tagged | commits |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for fix in &coverage.fixes {
        for cell in &fix.cells {
            text.push_str(&row(fix, cell));
        }
    }
    let Some(explained) = explained else {
        return text;
    };
    for (fix, cells) in coverage.fixes.iter().zip(explained) {
        text.push_str(&format!("\n### {}, disclosed {}\n\n", escaped(&fix.id), fix.date));
        for (cell, why) in fix.cells.iter().zip(cells) {
            explain(&mut text, cell, why);
        }
    }
    text
}

fn row(fix: &FixCoverage, cell: &Cell) -> String {
    let mark = match cell.verdict {
        Verdict::Covered => "\u{2705} ",
        Verdict::Missing => "\u{274c} ",
        Verdict::NotTaggedYet => "\u{23f3} ",
        Verdict::Unknown => "\u{2753} ",
        Verdict::NotAffected | Verdict::AdvisoryOnly => "",
    };
    let tagged = cell.first_tag_date.map(|day| format!("{day}, {}", lag_in_words(lag(fix.date, day))));
    let commits: Vec<String> = cell.commits.iter().map(|commit| format!("`{}`", short(&commit.to_string()))).collect();
    format!(
        "| {} | {} | {} | {mark}{} | {} | {} | {} |\n",
        escaped(&fix.id),
        fix.date,
        escaped(&series(cell)),
        verdict(cell.verdict),
        cell.first_tag.as_deref().map(escaped).unwrap_or_default(),
        tagged.unwrap_or_default(),
        commits.join(" "),
    )
}

fn explain(text: &mut String, cell: &Cell, why: &ExplainedCell) {
    text.push_str(&format!("- **{}: {}**\n", escaped(&series(cell)), verdict(cell.verdict)));
    text.push_str(&format!("  - {}\n", escaped(&why.counts_because)));
    for commit in &why.commits {
        let name = commit.commit.to_string();
        text.push_str(&format!("  - `{}` {} {}\n", short(&name), commit.day, escaped(&commit.subject)));
        for said in &commit.steps {
            let mark = if said.decisive {
                "**yes**"
            } else if said.holds {
                "yes"
            } else {
                "no"
            };
            text.push_str(&format!("    - {}: {mark}, {}\n", step(said.kind), escaped(&said.said)));
        }
    }
    for note in &cell.notes {
        text.push_str(&format!("  - {}\n", escaped(note)));
    }
    if let Some(remedy) = &why.remedy {
        text.push_str(&format!("  - to do: {}\n", escaped(remedy)));
    }
}

/// A text of others that stays text: no markup, no cell of a table ended, nobody called by name, no issue linked.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // GitHub makes links of these after the markup is gone.
            '@' | '#' => {
                escaped.push(c);
                escaped.push_str("<!-- -->");
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(escaped("a|b <img> *x* `y` [z](u)"), "a\\|b &lt;img&gt; \\*x\\* \\`y\\` \\[z\\](u)");
        assert_eq!(escaped("@mia #12\nx"), "@<!-- -->mia #<!-- -->12 x");
    }
}
