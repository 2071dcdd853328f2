//! Cuts a post into what can be weighed: title, sentences of prose, pieces of code, and nothing of its template.
//!
//! A template is the project's voice, not the writer's: HTML comments, headings of issue forms, empty form sections and
//! the check boxes that everybody must tick are dropped. Quotes count as prose, because a quote publishes again what it
//! quotes. Raw HTML counts as code: that is how payloads are pasted.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Only this much of a title is read, in bytes. GitHub allows 256 characters.
pub const MAX_TITLE_BYTES: usize = 1024;

/// Only this much of a body is read, in bytes; what follows is not looked at. GitHub allows 65,536 characters, so this
/// is all of an English post.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A line longer than this is looked at as several pieces, so that one line cannot hide how a text is built.
const MAX_PIECE_BYTES: usize = 2048;

/// A post in the shape that the lexicon matches: lower case, single blanks, straight quotes.
#[derive(Default)]
pub struct Segments {
    /// The title.
    pub title: String,
    /// Sentences, list items, table cells and headings of the body.
    pub prose: Vec<String>,
    /// Code blocks, code spans, raw HTML, log lines and stack traces of the body.
    pub code: Vec<String>,
    /// How the body is built.
    pub shape: Shape,
}

/// How a body is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of prose.
    pub prose_bytes: usize,
    /// Fenced or indented code blocks.
    pub code_blocks: usize,
    /// Links and images.
    pub links: usize,
    /// Images alone.
    pub images: usize,
    /// Headings that are not a template's.
    pub headings: usize,
    /// Items of numbered lists.
    pub numbered_steps: usize,
    /// Rows of tables.
    pub table_rows: usize,
    /// Check boxes, the template's included.
    pub check_boxes: usize,
}

/// Cuts a post into segments. Linear in the input, never fails.
pub fn segment(title: &str, body: &str) -> Segments {
    let mut cutter = Cutter::default();
    let body = prefix(body, MAX_BODY_BYTES);
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(body, options) {
        cutter.take(event);
    }
    cutter.end_block();
    let mut segments = cutter.segments;
    segments.title = normalise(prefix(title, MAX_TITLE_BYTES));
    segments.shape.prose_bytes = segments.prose.iter().map(String::len).sum();
    segments
}

/// The longest prefix of at most `bytes` bytes that ends between characters.
fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Lower case, single blanks, straight quotes and dashes, nothing invisible.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for c in text.chars() {
        let c = match c {
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{ff07}' | '\u{00b4}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{ff02}' => '"',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            // Full-width forms of ASCII, common in Chinese and Japanese posts.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{00ad}' | '\u{2060}' => continue,
            other => other,
        };
        if c.is_whitespace() || c.is_control() {
            if !blank {
                out.push(' ');
                blank = true;
            }
        } else {
            out.extend(c.to_lowercase());
            blank = false;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// What the text being collected is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Block {
    #[default]
    Prose,
    Heading,
    Code,
    Html,
}

#[derive(Default)]
struct Cutter {
    segments: Segments,
    block: Block,
    text: String,
    /// Letters of the current paragraph that stand outside of bold text: none means that it is a heading in disguise.
    plain: bool,
    strong: usize,
    numbered: Vec<bool>,
    /// Whether the current list item has a check box.
    check_box: bool,
    in_html_comment: bool,
}

impl Cutter {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                if self.strong == 0 && !text.trim().is_empty() {
                    self.plain = true;
                }
                self.text.push_str(&text);
            }
            Event::Code(code) => {
                // A code span is part of its sentence and a piece of code as well.
                self.plain = true;
                self.text.push_str(&code);
                push_pieces(&mut self.segments.code, &code);
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::TaskListMarker(_) => {
                self.segments.shape.check_boxes += 1;
                self.check_box = true;
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.begin(Block::Heading),
            Tag::CodeBlock(_) => {
                self.begin(Block::Code);
                self.segments.shape.code_blocks += 1;
            }
            Tag::HtmlBlock => self.begin(Block::Html),
            Tag::List(first) => {
                self.begin(Block::Prose);
                self.numbered.push(first.is_some());
            }
            Tag::Item => {
                self.begin(Block::Prose);
                if self.numbered.last() == Some(&true) {
                    self.segments.shape.numbered_steps += 1;
                }
            }
            Tag::TableRow => {
                self.begin(Block::Prose);
                self.segments.shape.table_rows += 1;
            }
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::Table(_) | Tag::TableHead => self.begin(Block::Prose),
            Tag::Strong | Tag::Emphasis => self.strong += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.segments.shape.links += 1;
                self.segments.shape.images += usize::from(matches!(tag, Tag::Image { .. }));
                push_pieces(&mut self.segments.code, dest_url);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => self.strong = self.strong.saturating_sub(1),
            TagEnd::TableCell => self.text.push_str(" | "),
            TagEnd::List(_) => {
                self.end_block();
                self.numbered.pop();
            }
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::Item
            | TagEnd::TableRow
            | TagEnd::TableHead
            | TagEnd::Table
            | TagEnd::BlockQuote(_) => self.end_block(),
            _ => {}
        }
    }

    fn begin(&mut self, block: Block) {
        self.end_block();
        self.block = block;
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.text);
        let block = std::mem::take(&mut self.block);
        let only_bold = !std::mem::take(&mut self.plain);
        let check_box = std::mem::take(&mut self.check_box);
        if text.trim().is_empty() {
            return;
        }
        match block {
            Block::Code | Block::Html => push_pieces(&mut self.segments.code, &text),
            Block::Heading => self.heading(&text),
            Block::Prose if only_bold && text.len() < 80 => self.heading(&text),
            Block::Prose if check_box && is_template_promise(&normalise(&text)) => {}
            Block::Prose => self.prose(&text),
        }
    }

    fn heading(&mut self, text: &str) {
        let heading = normalise(text);
        if !is_form_heading(&heading) {
            self.segments.shape.headings += 1;
            self.segments.prose.push(heading);
        }
    }

    fn prose(&mut self, text: &str) {
        for line in text.lines() {
            let normal = normalise(line);
            if normal.is_empty() || is_empty_answer(&normal) {
                continue;
            }
            if looks_like_log(&normal) {
                push_pieces(&mut self.segments.code, &normal);
            } else {
                push_sentences(&mut self.segments.prose, &normal);
            }
        }
    }

    fn html(&mut self, html: &str) {
        let mut rest = html;
        loop {
            if self.in_html_comment {
                let Some((_, after)) = rest.split_once("-->") else {
                    return;
                };
                self.in_html_comment = false;
                rest = after;
            } else if let Some((before, after)) = rest.split_once("<!--") {
                self.markup(before);
                self.in_html_comment = true;
                rest = after;
            } else {
                return self.markup(rest);
            }
        }
    }

    fn markup(&mut self, html: &str) {
        if self.block == Block::Html {
            self.text.push_str(html);
        } else if !html.is_empty() {
            self.text.push(' ');
            push_pieces(&mut self.segments.code, html);
        }
    }
}

/// Appends `text` in pieces of bounded length.
fn push_pieces(pieces: &mut Vec<String>, text: &str) {
    let text = normalise(text);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(MAX_PIECE_BYTES));
        pieces.push(piece.to_owned());
        rest = after;
    }
}

/// Appends the sentences of one normalised line.
fn push_sentences(sentences: &mut Vec<String>, line: &str) {
    let mut start = 0;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        let ends = match c {
            ' ' => matches!(previous, '.' | '!' | '?' | ';') && at - start > 12,
            '。' | '！' | '？' => true,
            _ => at - start >= MAX_PIECE_BYTES,
        };
        if ends {
            sentences.push(line[start..at].to_owned());
            start = at;
        }
        previous = c;
    }
    if start < line.len() {
        sentences.push(line[start..].to_owned());
    }
}

/// Headings that issue forms, PR templates and advisory forms ask everybody to fill in.
const FORM_HEADINGS: &[&str] = &[
    "describe the bug",
    "description",
    "bug description",
    "to reproduce",
    "steps to reproduce",
    "reproduction",
    "reproduction steps",
    "how to reproduce",
    "expected behavior",
    "expected behaviour",
    "actual behavior",
    "actual behaviour",
    "current behavior",
    "expected result",
    "actual result",
    "screenshots",
    "additional context",
    "environment",
    "system information",
    "version",
    "versions",
    "operating system",
    "desktop",
    "smartphone",
    "logs",
    "checklist",
    "motivation",
    "test plan",
    "testing",
    "related issues",
    "related issue",
    "type of change",
    "changes",
    "what does this pr do",
    "how has this been tested",
    "security",
    "security impact",
    "security considerations",
    "security checklist",
    "security issue",
    "is this a security issue",
    "security implications",
    "security notes",
    "security review",
    "vulnerability",
    "does this affect security",
    "code of conduct",
    "acceptance criteria",
    "possible solution",
    "context",
    "category",
    "severity",
    "is there an existing issue for this",
    "summary",
];

fn is_form_heading(heading: &str) -> bool {
    let bare = heading.trim_matches(|c: char| !c.is_alphanumeric());
    FORM_HEADINGS.contains(&bare)
}

/// What forms put under a heading that nobody filled in.
fn is_empty_answer(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| !c.is_alphanumeric());
    matches!(bare, "no response" | "n/a" | "na" | "none" | "no" | "yes" | "")
}

/// Beginnings of the sentences that a template makes everybody tick.
const PROMISES: &[&str] = &[
    "i have",
    "i've",
    "i agree",
    "i am",
    "i'm",
    "i confirm",
    "i understand",
    "i checked",
    "i searched",
    "i read",
    "i will",
    "this is not",
    "this issue",
    "this pr",
    "this does not",
    "no security",
    "not a security",
    "my code",
    "my change",
    "code of conduct",
    "bug",
    "new feature",
    "security",
    "breaking change",
    "documentation",
    "tests",
    "refactor",
    "searched",
    "yes",
    "no",
    "none of the above",
    "not applicable",
];

fn is_template_promise(item: &str) -> bool {
    let bare = item.trim_start_matches(|c: char| !c.is_alphanumeric());
    PROMISES.iter().any(|promise| bare.starts_with(promise))
}

/// Stack frames, sanitizer lines and time-stamped log lines that nobody fenced.
fn looks_like_log(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    line.starts_with("at ") && line.ends_with(')') && line.contains('.')
        || bytes.first() == Some(&b'#') && digit(1) && line.contains(" 0x")
        || line.starts_with("==") && digit(2)
        || line.starts_with("traceback (most recent")
        || line.starts_with("goroutine ") && line.ends_with(':')
        || digit(0) && digit(3) && bytes.get(4) == Some(&b'-') && digit(5) && line.contains(':')
        || bytes.first() == Some(&b'[') && digit(1) && line.contains(':')
}
