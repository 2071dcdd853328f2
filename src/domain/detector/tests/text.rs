//! How a post is cut into segments.

use proptest::prelude::*;

use crate::domain::detector::text::{
    MAX_BODY_BYTES, MAX_TITLE_BYTES, Piece, Segments, normalise, segment, segment_traced,
};
use crate::domain::detector::{Detector, Place, builtin};
use crate::domain::intake::IntakeClass;

fn has(pieces: &[Piece], words: &str) -> bool {
    pieces.iter().any(|piece| piece.contains(words))
}

#[test]
fn prose_and_code_are_told_apart() {
    let cut = segment(
        "A Title",
        "First sentence of the post. Second one!\n\n```sh\ncurl -X POST /admin\n```\n\nUse `DROP TABLE x` here.",
    );
    assert_eq!(&*cut.title, "a title");
    assert!(has(&cut.prose, "first sentence of the post."));
    assert!(has(&cut.code, "curl -x post /admin"));
    assert!(!has(&cut.prose, "curl"));
    assert!(has(&cut.prose, "drop table x") && has(&cut.code, "drop table x"), "a code span is both");
    assert_eq!(cut.shape.code_blocks, 1);
}

#[test]
fn sentences_are_cut_so_that_words_meet_only_within_one() {
    let cut = segment("", "The parser reads the whole file. Nothing else happens there.");
    assert_eq!(cut.prose.len(), 2, "{:?}", cut.prose);
}

#[test]
fn templates_are_not_the_writer_s_words() {
    let cut = segment(
        "",
        "<!-- Please tell us about the exploit -->\n## Security impact\nNone\n\n**Steps to reproduce**\n\n1. Open it\n\n\
         - [x] I have read the security policy\n- [ ] add a vault\n\n### Secrets of the vault\nreal words",
    );
    assert!(!has(&cut.prose, "exploit") && !has(&cut.code, "exploit"));
    assert!(!has(&cut.prose, "security impact") && !has(&cut.prose, "none"));
    assert!(!has(&cut.prose, "steps to reproduce"));
    assert!(!has(&cut.prose, "security policy"));
    assert!(has(&cut.prose, "add a vault"), "a check box of the writer's own stays");
    assert!(has(&cut.prose, "secrets of the vault"), "a heading of the writer's own stays");
    assert_eq!(cut.shape.check_boxes, 2);
}

#[test]
fn a_comment_that_spans_lines_or_never_ends_is_dropped() {
    for body in ["<!-- one\n\ntwo exploit\n-->\nafter", "before <!-- exploit --> after", "after\n\n<!-- exploit"] {
        let cut = segment("", body);
        assert!(!has(&cut.prose, "exploit") && !has(&cut.code, "exploit"), "{body:?}: {:?} {:?}", cut.prose, cut.code);
        assert!(has(&cut.prose, "after"), "{body:?}: {:?}", cut.prose);
    }
}

#[test]
fn pasted_markup_is_kept_as_code() {
    let cut = segment("", "I named it <img src=x onerror=alert(1)> and it ran.\n\n<script>alert(2)</script>\n");
    assert!(has(&cut.code, "onerror=alert(1)"));
    assert!(has(&cut.code, "alert(2)"));
}

#[test]
fn quotes_publish_again_what_they_quote() {
    assert!(has(&segment("", "> the attacker reads it\n\nyes").prose, "the attacker reads it"));
}

#[test]
fn stack_traces_without_a_fence_are_code() {
    let cut =
        segment("", "It fails:\nat org.example.Main.run(Main.java:12)\n#0 0x4f2 in main a.c:1\n==12==ERROR: boom");
    assert!(cut.prose.len() == 1 && &*cut.prose[0] == "it fails:", "{:?}", cut.prose);
    assert_eq!(cut.code.len(), 3);
}

#[test]
fn text_is_normalised() {
    assert_eq!(normalise("  Don\u{2019}t \u{201c}Run\u{201d}\r\n\tＳＱＬ\u{200b}i  "), "don't \"run\" sqli");
}

#[test]
fn a_traced_piece_knows_where_it_comes_from() {
    let body = "# T\u{ff29}tle\n\n> Don\u{2019}t **Trust** &lt;script&gt; in `Some Code`!\n\n1. Été  dure [Link](http://a.b/C)\n\n\
                ```\nRun ME\n```\n<!-- no --><b>Bold</b>\n";
    let cut = segment_traced("", body);
    for (words, source) in [
        ("don't trust <script> in", "Don\u{2019}t **Trust** &lt;script&gt; in"),
        ("some code", "Some Code"),
        ("été dure link", "Été  dure [Link"),
        ("http://a.b/c", "http://a.b/C"),
        ("run me", "Run ME"),
        ("<b>bold</b>", "<b>Bold</b>"),
        ("title", "T\u{ff29}tle"),
    ] {
        let mut found = cut.prose.iter().chain(&cut.code).filter_map(|piece| {
            let start = piece.find(words)?;
            piece.source(start..start + words.len(), body)
        });
        assert_eq!(found.next().map(|span| &body[span]), Some(source), "{:?} {:?}", cut.prose, cut.code);
    }
}

#[test]
fn only_so_much_is_read() {
    let long = "ä".repeat(MAX_BODY_BYTES);
    let Segments { title, prose, .. } = segment(&long, &format!("{long} tail"));
    assert!(title.len() <= MAX_TITLE_BYTES);
    assert!(prose.iter().map(|piece| piece.len()).sum::<usize>() <= MAX_BODY_BYTES);
    assert!(!has(&prose, "tail"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_is_judged_without_panic_and_adds_up(title in "\\PC{0,80}", body in "(\\PC|[\n`#>*<!\\-\\[\\]|]){0,400}") {
        let judgement = builtin().judge(&title, &body);
        let total: f64 = IntakeClass::ALL.iter().map(|class| judgement.probabilities.of(*class)).sum();
        prop_assert!((total - 1.0).abs() < 1e-9);
        prop_assert!((0.0..=1.0).contains(&judgement.score()));
        prop_assert!(judgement.contributions.iter().all(|reason| reason.weight.is_finite()));
    }

    #[test]
    fn segments_never_hold_more_than_was_read(body in "(\\PC|\\s|[`#>*<!-]){0,600}") {
        let cut = segment("", &body);
        // Lower case may lengthen a letter, and code spans stand in two places.
        let prose: usize = cut.prose.iter().map(|piece| piece.len()).sum();
        prop_assert!(prose <= 3 * body.len() + 8 * body.matches('|').count());
        prop_assert!(cut.prose.iter().chain(&cut.code).all(|piece| !piece.is_empty() && !piece.contains('\n')));
    }

    #[test]
    fn marks_stand_in_the_post_and_explaining_changes_no_judgement(
        title in "(attacker|can|\\PC| ){0,12}",
        body in "(an attacker can |sql injection |craft|é|&amp;|\\PC|[\n`#>*<!\\-\\[\\]|]){0,60}",
    ) {
        let explained = builtin().explain(&title, &body);
        prop_assert_eq!(&explained.judgement, &builtin().judge(&title, &body));
        for mark in &explained.marks {
            let text = if mark.place == Place::Title { &title } else { &body };
            prop_assert!(text.get(mark.span.clone()).is_some_and(|words| !words.is_empty()));
            prop_assert_eq!(explained.judgement.contributions[mark.contribution].place, mark.place);
        }
    }

    #[test]
    fn traced_and_untraced_pieces_are_the_same(body in "(\\PC|\\s|[`#>*<!-]){0,600}") {
        let (plain, traced) = (segment("", &body), segment_traced("", &body));
        let texts = |pieces: &[Piece]| pieces.iter().map(|piece| piece.to_string()).collect::<Vec<_>>();
        prop_assert_eq!(texts(&plain.prose), texts(&traced.prose));
        prop_assert_eq!(texts(&plain.code), texts(&traced.code));
        for piece in traced.prose.iter().chain(&traced.code) {
            prop_assert!(piece.source(0..piece.len(), &body).is_some(), "{:?}", piece);
        }
    }

    #[test]
    fn normalising_twice_changes_nothing(text in "\\PC{0,200}") {
        let once = normalise(&text);
        prop_assert_eq!(normalise(&once), once);
    }
}

#[test]
fn reasons_are_marked_where_their_words_stand() {
    let (title, body) = ("Question", "Hello.\n\nAn **Attacker** can drop a table: `' OR 1=1 --`\n");
    let explained = builtin().explain(title, body);
    let words = |feature: &str| {
        let reasons = &explained.judgement.contributions;
        let marks = explained.marks.iter().filter(|mark| reasons[mark.contribution].feature == feature);
        marks.map(|mark| &body[mark.span.clone()]).collect::<Vec<_>>()
    };
    assert!(words("exploit_string").contains(&"' OR 1=1"), "{explained:?}");
    assert!(words("wording_of_reports").iter().any(|words| words.contains("Attacker")), "{explained:?}");
}
