//! The transcript.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Stage, play::Came};

/// Reasons shown per post; the rest is in `embargod case explain`.
const SHOWN_REASONS: usize = 5;

pub(super) fn opening(stage: &Stage) -> String {
    format!(
        "A rehearsal: the real server at http://{}, a stand-in GitHub at {}, real signed webhooks.\n",
        stage.listen,
        stage.github.web_url()
    )
}

pub(super) fn scene(index: usize, came: &Came) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{:>2}. {}", index + 1, came.name);
    let _ = writeln!(text, "    {}", came.what);
    let _ = writeln!(text, "    class {} (score {:.2}), decision: {}", came.class.slug(), came.score, came.outcome);
    for reason in came.reasons.iter().take(SHOWN_REASONS) {
        let _ = writeln!(text, "      because {}: {}", reason.rule, reason.text);
    }
    match came.protected_after_ms {
        Some(ms) => writeln!(text, "    in public, from {ms:.0} ms after the delivery:"),
        None => writeln!(text, "    in public:"),
    }
    .unwrap_or_default();
    list(&mut text, &came.public);
    let _ = writeln!(text, "    in private:");
    list(&mut text, &came.private);
    for complaint in &came.complaints {
        let _ = writeln!(text, "    NOT AS DEMANDED: {complaint}");
    }
    text
}

fn list(text: &mut String, lines: &[String]) {
    if lines.is_empty() {
        text.push_str("      nothing\n");
    }
    for line in lines {
        let mut parts = line.lines().filter(|part| !part.is_empty());
        if let Some(first) = parts.next() {
            let _ = writeln!(text, "      - {first}");
        }
        for part in parts {
            let _ = writeln!(text, "        {part}");
        }
    }
}

pub(super) fn table(all: &[Came]) -> String {
    let mut text = String::new();
    let width = all.iter().map(|came| came.name.len()).max().unwrap_or(0);
    let _ = writeln!(
        text,
        "{:width$}  {:13} {:9} {:>10} {:>6}  as demanded",
        "post", "class", "decision", "protected", "calls"
    );
    for came in all {
        let protected = came.protected_after_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"));
        let fine = if came.complaints.is_empty() { "yes" } else { "NO" };
        let _ = writeln!(
            text,
            "{:width$}  {:13} {:9} {:>10} {:>6}  {fine}",
            came.name,
            came.class.slug(),
            came.outcome,
            protected,
            came.calls
        );
    }
    let wrong = all.iter().filter(|came| !came.complaints.is_empty()).count();
    let verdict = match wrong {
        0 => "all went as the story demands".to_owned(),
        n => format!("{n} of {} did not go as the story demands", all.len()),
    };
    let _ = write!(text, "\n{verdict}");
    text
}

/// The form that scripts read.
pub(super) fn json(came: &Came) -> Value {
    json!({
        "post": came.name,
        "class": came.class.slug(),
        "public": came.public,
        "private": came.private,
        "protected_after_ms": came.protected_after_ms,
        "decision": came.outcome,
        "reasons": came.reasons,
        "calls": came.calls,
        "as_demanded": came.complaints.is_empty(),
        "complaints": came.complaints,
    })
}

pub(super) fn kept(stage: &Stage) -> String {
    format!(
        "\nStill running. Open {} in a browser, open an issue, and see the bot answer.\nmetrics  http://{}/metrics\nAPI      \
         {}\nwebhook  http://{}/webhook\nStop with Ctrl-C; nothing is left behind.",
        stage.github.web_url(),
        stage.running.admin_listen,
        stage.github.base_url(),
        stage.listen
    )
}
