//! Cuts a post into what can be weighed: title, sentences of prose, pieces of code, and nothing of its template.
//!
//! A template is the project's voice, not the writer's: HTML comments, headings of issue forms, empty form sections and
//! the check boxes that everybody must tick are dropped. Quotes count as prose, because a quote publishes again what it
//! quotes. Raw HTML counts as code: that is how payloads are pasted.

mod piece;
mod template;

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Place;
pub use piece::{Piece, normalise};
use template::{is_empty_answer, is_form_heading, is_template_promise, looks_like_log};

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
    pub title: Piece,
    /// Sentences, list items, table cells and headings of the body.
    pub prose: Vec<Piece>,
    /// Code blocks, code spans, raw HTML, log lines and stack traces of the body.
    pub code: Vec<Piece>,
    /// How the body is built.
    pub shape: Shape,
}

impl Segments {
    /// All pieces with their places: the title, prose, code.
    pub fn pieces(&self) -> impl Iterator<Item = (Place, &Piece)> {
        let prose = self.prose.iter().map(|piece| (Place::Body, piece));
        let code = self.code.iter().map(|piece| (Place::Code, piece));
        std::iter::once((Place::Title, &self.title)).chain(prose).chain(code)
    }
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
    cut(title, body, false)
}

/// As [`segment`], and each piece knows where it comes from ([`Piece::source`]).
pub fn segment_traced(title: &str, body: &str) -> Segments {
    cut(title, body, true)
}

fn cut(title: &str, body: &str, traced: bool) -> Segments {
    let body = prefix(body, MAX_BODY_BYTES);
    let mut cutter = Cutter::new(body, traced);
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        cutter.take(event, range);
    }
    cutter.end_block();
    let mut segments = cutter.segments;
    segments.title = Piece::of(prefix(title, MAX_TITLE_BYTES), traced).normalised();
    segments.shape.prose_bytes = segments.prose.iter().map(|piece| piece.len()).sum();
    segments
}

/// The longest prefix of at most `bytes` bytes that ends between characters.
fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
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

struct Cutter<'a> {
    /// The whole body.
    body: &'a str,
    traced: bool,
    segments: Segments,
    block: Block,
    text: Piece,
    /// Letters of the current paragraph that stand outside of bold text: none means that it is a heading in disguise.
    plain: bool,
    strong: usize,
    numbered: Vec<bool>,
    /// Whether the current list item has a check box.
    check_box: bool,
    in_html_comment: bool,
}

impl<'a> Cutter<'a> {
    fn new(body: &'a str, traced: bool) -> Self {
        Self {
            body,
            traced,
            segments: Segments::default(),
            block: Block::default(),
            text: Piece::of("", traced),
            plain: false,
            strong: 0,
            numbered: Vec::new(),
            check_box: false,
            in_html_comment: false,
        }
    }

    /// `text`, which stands somewhere in `range` of the body.
    fn stretch(&self, text: &str, range: &Range<usize>) -> Piece {
        let mut piece = Piece::of("", self.traced);
        piece.push(text, self.body, range);
        piece
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, &range),
            Event::End(tag) => self.end(tag, &range),
            Event::Text(text) => {
                if self.strong == 0 && !text.trim().is_empty() {
                    self.plain = true;
                }
                self.text.push(&text, self.body, &range);
            }
            Event::Code(code) => {
                // A code span is part of its sentence and a piece of code as well.
                self.plain = true;
                self.text.push(&code, self.body, &range);
                let code = self.stretch(&code, &range);
                push_pieces(&mut self.segments.code, &code);
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html, range),
            Event::SoftBreak | Event::HardBreak => self.text.push("\n", self.body, &range),
            Event::TaskListMarker(_) => {
                self.segments.shape.check_boxes += 1;
                self.check_box = true;
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
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
                let url = self.stretch(dest_url, range);
                push_pieces(&mut self.segments.code, &url);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => self.strong = self.strong.saturating_sub(1),
            TagEnd::TableCell => self.text.push(" | ", self.body, &(range.end..range.end)),
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
        let text = std::mem::replace(&mut self.text, Piece::of("", self.traced));
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
            Block::Prose if check_box && is_template_promise(&text.normalised()) => {}
            Block::Prose => self.prose(&text),
        }
    }

    fn heading(&mut self, text: &Piece) {
        let heading = text.normalised();
        if !is_form_heading(&heading) {
            self.segments.shape.headings += 1;
            self.segments.prose.push(heading);
        }
    }

    fn prose(&mut self, text: &Piece) {
        for line in text.lines() {
            let normal = line.normalised();
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

    /// Raw HTML without its comments; `range` is where it stands in the body.
    fn html(&mut self, html: &str, range: Range<usize>) {
        let whole = self.stretch(html, &range);
        let mut start = 0;
        while let Some(rest) = html.get(start..) {
            let (mark, skipped) = if self.in_html_comment { ("-->", true) } else { ("<!--", false) };
            let end = rest.find(mark).map_or(html.len(), |at| start + at);
            if !skipped {
                self.markup(&whole.part(start..end));
            }
            if end == html.len() {
                break;
            }
            self.in_html_comment = !skipped;
            start = end + mark.len();
        }
    }

    fn markup(&mut self, html: &Piece) {
        if self.block == Block::Html {
            self.text.append(html);
        } else if !html.is_empty() {
            self.text.append(&Piece::of(" ", false));
            push_pieces(&mut self.segments.code, html);
        }
    }
}

/// Appends `text` in pieces of bounded length.
fn push_pieces(pieces: &mut Vec<Piece>, text: &Piece) {
    let text = text.normalised();
    let mut start = 0;
    while start < text.len() {
        let end = text.floor_char_boundary(start + MAX_PIECE_BYTES);
        pieces.push(text.part(start..end));
        start = end;
    }
}

/// Appends the sentences of one normalised line.
fn push_sentences(sentences: &mut Vec<Piece>, line: &Piece) {
    let mut start = 0;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        let ends = match c {
            ' ' => matches!(previous, '.' | '!' | '?' | ';') && at - start > 12,
            '。' | '！' | '？' => true,
            _ => at - start >= MAX_PIECE_BYTES,
        };
        if ends {
            sentences.push(line.part(start..at));
            start = at;
        }
        previous = c;
    }
    if start < line.len() {
        sentences.push(line.part(start..line.len()));
    }
}
