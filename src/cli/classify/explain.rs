//! `embargod classify --explain`: one post before somebody's eyes, with marks where the reasons stand, and what a policy would
//! make of it.
//!
//! The words go to the terminal of whoever gave them and nowhere else.

use std::{fmt::Write, ops::Range};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

use crate::domain::{
    detector::{Contribution, Detector, Explanation, Mark, Place},
    embargoed::Embargoed,
    intake::{
        self, Assessment, Inquiry, IntakeClass,
        flagged::Tier,
        prior,
        record::{PostRecord, ThreadRecord},
    },
    policy::{Mode, Policy},
    post::{Account, Association, Happening, Post, PostPlace, PostText, RepoName, Surface, ThreadKind, ThreadRef},
    reason::Reason,
    record::Versioned,
};

/// Columns of the post; longer lines are broken.
const WIDTH: usize = 96;

/// Lines of a body that are shown around a mark where not all are.
const AROUND: usize = 2;

/// Bodies with more lines than this are shown where they are marked only.
const SHOWN_WHOLE: usize = 60;

/// How marks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marking {
    /// By colours.
    Colours,
    /// By a line of carets below.
    Carets,
}

/// What is known of the post besides its words.
pub(super) struct Circumstances {
    pub(super) association: Association,
    pub(super) is_bot: bool,
    pub(super) labels: Vec<String>,
    pub(super) changed_files: Vec<String>,
    pub(super) policy: Policy,
    /// The day of the post, by which ids count as old.
    pub(super) now: Timestamp,
}

/// The whole page.
pub(super) fn page(
    detector: &dyn Detector,
    (title, body): (&str, &str),
    circumstances: &Circumstances,
    marking: Marking,
) -> String {
    let Explanation { judgement, marks } = detector.explain(title, body);
    let assessment = assess(detector, (title, body), circumstances);
    let mut text = String::new();
    draw(&mut text, title, &marks_of(&marks, &judgement.contributions, (Place::Title, title)), marking, true);
    let body = body.trim_end();
    if !body.is_empty() {
        text.push('\n');
        draw(&mut text, body, &marks_of(&marks, &judgement.contributions, (Place::Body, body)), marking, false);
    }
    let _ = writeln!(text, "\nclass    {}", judgement.class.slug());
    let likely = IntakeClass::ALL.map(|class| format!("{} {:.3}", class.slug(), judgement.probabilities.of(class)));
    let _ = writeln!(text, "         {}", likely.join(", "));
    let _ = writeln!(text, "score    {:.3} by its words", assessment.words);
    let _ = writeln!(text, "because  (log-odds; positive speaks for private)");
    for (n, reason) in judgement.contributions.iter().enumerate() {
        let is_marked = marks.iter().any(|mark| mark.contribution == n);
        let number = if is_marked { (n + 1).to_string() } else { String::new() };
        let weight = styled(&format!("{:+.2}", reason.weight), style_of(reason.weight), marking);
        let place = match reason.place {
            Place::Title => "title",
            Place::Body => "body",
            Place::Code => "code",
            Place::Post => "post",
        };
        let _ = writeln!(text, "      {number:>2} {weight}  {place:<5}  {}", reason.text);
    }
    let (bars, signs): (Vec<&Reason>, Vec<&Reason>) =
        assessment.reasons.iter().partition(|reason| !reason.rule.starts_with("context."));
    if !signs.is_empty() {
        let _ = writeln!(text, "besides  the words; together {:.3}", assessment.score);
        for sign in signs {
            let _ = writeln!(text, "         {}", sign.text);
        }
    }
    let policy = &circumstances.policy;
    let _ = writeln!(text, "policy   {} would {}", policy.version, act(&assessment, policy));
    for reason in bars {
        let _ = writeln!(text, "         {}", reason.text);
    }
    let _ = writeln!(text, "model    {}", detector.version());
    text
}

/// What the policy makes of it, for an outsider's issue.
fn act(assessment: &Assessment, policy: &Policy) -> &'static str {
    match (assessment.tier, policy.redirect.mode) {
        (None, _) => "leave it alone",
        (Some(_), Mode::Observe) => "only note it (mode observe)",
        (Some(Tier::Channel), _) => "answer with the private channel",
        (Some(Tier::Reply), _) => "answer with where security questions go",
        (Some(Tier::Act), Mode::Reply) => "open a case and answer (mode reply)",
        (Some(Tier::Act), Mode::Shield) => "take it out of sight and open a case",
    }
}

fn assess(detector: &dyn Detector, (title, body): (&str, &str), known: &Circumstances) -> Assessment {
    let judgement = detector.judge(title, body);
    let named = intake::named(title, body, &known.policy.redirect);
    let post = imagined(known);
    let asked = intake::AskedOfPost {
        changed_files: (!known.changed_files.is_empty()).then(|| known.changed_files.clone()),
        published_ids: Vec::new(),
    };
    let inquiry = Inquiry {
        post: &post,
        revision: "",
        text_is_neutral: false,
        own_login: None,
        judgement: &judgement,
        model: detector.version(),
        named: &named,
        prior: prior::shift(known.policy.redirect.prior, None, known.now),
        cause: "classify",
        policy: &known.policy,
        thread: &Versioned { value: ThreadRecord::default(), version: 0 },
        earlier: &Versioned { value: PostRecord::default(), version: 0 },
        thread_is_followed: false,
        received_at: known.now,
        now: known.now,
    };
    intake::assess(&inquiry, &asked)
}

/// A new post somewhere, with what is known of it.
fn imagined(known: &Circumstances) -> Post {
    let author = Account { login: "somebody".to_owned(), id: 1, is_bot: known.is_bot };
    let (surface, kind) = if known.changed_files.is_empty() {
        (Surface::Issue, ThreadKind::Issue)
    } else {
        (Surface::PullRequest, ThreadKind::PullRequest)
    };
    Post {
        place: PostPlace {
            installation_id: 0,
            repository_id: 0,
            repository: RepoName { owner: "owner".to_owned(), name: "name".to_owned() },
            surface,
            thread: ThreadRef { kind, number: 1, commit: None, node_id: None },
            post_id: 1,
            node_id: String::new(),
            html_url: String::new(),
        },
        happening: Happening::Created,
        sender: author.clone(),
        author,
        association: known.association,
        repository_is_public: true,
        thread_is_open: true,
        thread_is_locked: false,
        thread_comments: Some(0),
        labels: known.labels.clone(),
        created_at: known.now,
        text: Embargoed::new(PostText { title: String::new(), body: String::new() }),
    }
}

/// A marked stretch of one text.
struct Stretch {
    span: Range<usize>,
    number: usize,
    weight: f64,
}

/// The marks of the title, or of the body and its code, each to the end of its word. Where they overlap, the stronger
/// contribution has the place.
fn marks_of(marks: &[Mark], contributions: &[Contribution], (place, source): (Place, &str)) -> Vec<Stretch> {
    let is_here = |mark: &&Mark| (mark.place == Place::Title) == (place == Place::Title);
    let mut taken: Vec<Stretch> = Vec::new();
    for mark in marks.iter().filter(is_here) {
        let Some(contribution) = contributions.get(mark.contribution) else {
            continue;
        };
        let Some(span) = whole_words(&mark.span, source) else {
            continue;
        };
        let is_free = taken.iter().all(|known| span.end <= known.span.start || known.span.end <= span.start);
        if is_free {
            taken.push(Stretch { span, number: mark.contribution + 1, weight: contribution.weight });
        }
    }
    taken.sort_by_key(|stretch| stretch.span.start);
    taken
}

/// A stretch without the white space around it and with the rest of its last word; `None` where nothing is left, or the
/// text is another one.
fn whole_words(span: &Range<usize>, source: &str) -> Option<Range<usize>> {
    let inside = source.get(span.start..span.end.min(source.len()))?;
    let start = span.start + (inside.len() - inside.trim_start().len());
    let end = start + inside.trim().len();
    let rest = source.get(end..)?;
    let more = if inside.trim().ends_with(char::is_alphanumeric) {
        rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
    } else {
        0
    };
    (start < end).then_some(start..end + more)
}

/// Draws a text with its marks; a long one only around them.
fn draw(out: &mut String, text: &str, marks: &[Stretch], marking: Marking, whole: bool) {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        lines.push(start..start + line.trim_end_matches('\r').len());
        start += line.len() + 1;
    }
    let is_marked = |line: &Range<usize>| marks.iter().any(|m| m.span.start < line.end && line.start < m.span.end);
    let whole = whole || lines.len() <= SHOWN_WHOLE;
    let mut left_out = 0;
    for (n, line) in lines.iter().enumerate() {
        let near = n.saturating_sub(AROUND)..(n + AROUND + 1).min(lines.len());
        if whole || lines[near].iter().any(is_marked) {
            told(out, &mut left_out);
            draw_line(out, text, line, marks, marking);
        } else {
            left_out += 1;
        }
    }
    told(out, &mut left_out);
}

fn told(out: &mut String, left_out: &mut usize) {
    if *left_out > 0 {
        let _ = writeln!(out, "  ({left_out} lines without a mark)");
        *left_out = 0;
    }
}

/// Draws one line of the text, in as many rows as it needs.
fn draw_line(out: &mut String, text: &str, line: &Range<usize>, marks: &[Stretch], marking: Marking) {
    for row in rows(text, line) {
        let mut shown = String::from("  ");
        let mut below = String::from("  ");
        let mut at = row.start;
        let here = marks.iter().filter(|mark| mark.span.start < row.end && row.start < mark.span.end);
        for mark in here {
            let span = mark.span.start.max(row.start)..mark.span.end.min(row.end);
            let (before, inside) = (visible(&text[at..span.start]), visible(&text[span.clone()]));
            let number = mark.number.to_string();
            below.push_str(&" ".repeat(width(&before)));
            let carets = width(&inside);
            if carets > number.len() {
                let _ = write!(below, "{number}{}", "^".repeat(carets - number.len()));
            } else {
                below.push_str(&"^".repeat(carets));
            }
            shown.push_str(&before);
            shown.push_str(&styled(&inside, style_of(mark.weight).underline(), marking));
            if marking == Marking::Colours && mark.span.end <= row.end {
                shown.push_str(&styled(&format!("[{number}]"), Style::new().dimmed(), marking));
            }
            at = span.end;
        }
        shown.push_str(&visible(&text[at..row.end]));
        let _ = writeln!(out, "{}", shown.trim_end());
        if marking == Marking::Carets && below.contains('^') {
            let _ = writeln!(out, "{}", below.trim_end());
        }
    }
}

/// The rows into which a line is broken, at spaces where there are any.
fn rows(text: &str, line: &Range<usize>) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut columns, mut last_space) = (line.start, 0, None);
    let mut place = line.start;
    while place < line.end {
        let Some(c) = text[place..line.end].chars().next() else {
            break;
        };
        columns += width(&visible(&text[place..place + c.len_utf8()]));
        if columns > WIDTH && place > start {
            let end = last_space.filter(|space| *space > start).unwrap_or(place);
            rows.push(start..end);
            (start, last_space) = (end, None);
            columns = width(&visible(&text[start..place + c.len_utf8()]));
        }
        place += c.len_utf8();
        if c == ' ' {
            last_space = Some(place);
        }
    }
    rows.push(start..line.end);
    rows
}

/// Text as it may go to a terminal: a post can hold sequences that command one.
fn visible(text: &str) -> String {
    let is_hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || is_hidden(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

fn style_of(weight: f64) -> Style {
    let colour = if weight > 0.0 { AnsiColor::Red } else { AnsiColor::Green };
    Style::new().fg_color(Some(colour.into()))
}

fn styled(text: &str, style: Style, marking: Marking) -> String {
    match marking {
        Marking::Colours => format!("{style}{text}{style:#}"),
        Marking::Carets => text.to_owned(),
    }
}
