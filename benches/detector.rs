//! How long judging a post takes: `cargo bench --bench detector`.
//!
//! Prints a Markdown table: time for each post on one thread (best of several rounds; close other work first), and, where
//! valgrind is installed, instructions, which do not depend on other work.

use std::{
    env,
    hint::black_box,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use embargod::domain::detector::{Detector, builtin};

/// The best of so many rounds counts.
const ROUNDS: usize = 9;

/// Asks this program to judge one post so many times and to say nothing.
const COUNTED: &str = "--counted";

/// How often a post is judged for counting; the same again without it is taken off.
const TIMES: u32 = 50;

struct Text {
    name: &'static str,
    title: &'static str,
    body: String,
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == COUNTED) {
        let number = |offset: usize| arguments.get(at + offset).and_then(|text| text.parse::<u32>().ok());
        return counted(number(1).unwrap_or(0) as usize, number(2).unwrap_or(0));
    }
    let started = Instant::now();
    let detector = builtin();
    println!("Start: {:.1} ms\n", started.elapsed().as_secs_f64() * 1000.0);
    println!("| post | bytes | time | instructions |\n|---|---|---|---|");
    for (index, text) in texts().iter().enumerate() {
        // The first judgements build what later ones use.
        let times = if text.body.len() > 5000 { 3 } else { 300 };
        let best = (0..ROUNDS).map(|_| round(&detector, text, times)).min().unwrap_or_default();
        let instructions = instructions(index).map_or_else(|| "-".to_owned(), |count| format!("{count}"));
        println!("| {} | {} | {:.1} µs | {instructions} |", text.name, text.body.len(), best.as_secs_f64() * 1e6);
    }
}

fn round(detector: &dyn Detector, text: &Text, times: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        black_box(detector.judge(black_box(text.title), black_box(&text.body)));
    }
    started.elapsed() / times
}

fn counted(index: usize, times: u32) {
    let detector = builtin();
    if let Some(text) = texts().get(index) {
        for _ in 0..times {
            black_box(detector.judge(black_box(text.title), black_box(&text.body)));
        }
    }
}

/// Instructions that one more judgement takes, if valgrind can count them.
fn instructions(index: usize) -> Option<u64> {
    let few = total_instructions(index, 5)?;
    let many = total_instructions(index, 5 + TIMES)?;
    Some(many.saturating_sub(few) / u64::from(TIMES))
}

fn total_instructions(index: usize, times: u32) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().ok()?)
        .args([COUNTED, &index.to_string(), &times.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// Posts of our own wording.
fn texts() -> Vec<Text> {
    let ordinary = "When I resize the window while the list is still loading, the second column keeps its old width until \
                    I click on it once more. This began with the last release, before that the columns followed the \
                    window. I looked through the settings and found nothing about it.\n\n1. Open a folder with many \
                    files\n2. Drag the corner of the window\n3. Look at the second column\n\n```\nlayout: 812x600 -> \
                    640x600\ncolumns: 3\n```\n\nI expected it to shrink with the others. It is the same on two of my \
                    machines, so it is not the graphics driver.";
    let report = "The search page builds its query from the `q` parameter without escaping, so an attacker who is not \
                  logged in can read every table. Proof of concept:\n\n```\ncurl 'http://localhost:8080/search?q=x%27%20\
                  UNION%20SELECT%20name,password%20FROM%20users--'\n```\n\nThe answer holds the password hashes of all \
                  accounts. The same hole is in the export page. It works in the newest release with the settings it \
                  comes with; I have not told anybody else so far. A fix would be to bind the parameter in \
                  `search.rs`, as the other pages do.";
    let hostile = "an attacker can allow any user to inject crafted payloads (unauthenticated remote code execution, sql \
                   injection, path traversal) and steal secrets, tokens, passwords: vulnerability in the api; ";
    vec![
        Text {
            name: "ordinary, some 500 characters",
            title: "Second column keeps its width",
            body: ordinary.to_owned(),
        },
        Text { name: "report, some 500 characters", title: "SQL injection in search", body: report.to_owned() },
        Text { name: "ordinary, ten times as long", title: "Second column keeps its width", body: ordinary.repeat(10) },
        Text {
            name: "64 KiB of ordinary text",
            title: "Second column",
            body: ordinary.repeat(1 + (64 << 10) / ordinary.len()),
        },
        Text { name: "64 KiB of attack words", title: "Attack", body: hostile.repeat(1 + (64 << 10) / hostile.len()) },
        Text { name: "64 KiB without a full stop", title: "Long", body: "attacker can ".repeat((64 << 10) / 13) },
    ]
}
