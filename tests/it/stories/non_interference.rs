//! What the bot does in public is a function of public events alone. The same public acts are played in two worlds that
//! differ only in private; what the public sees must be the same, byte for byte.

use std::{collections::BTreeSet, sync::Arc};

use embargod::{
    domain::{
        detector::{self, Contribution, Detector, Judgement, Place},
        intake::{Channel, texts},
    },
    standin::{Fault, Match},
};
use jiff::SignedDuration;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use regex::Regex;

use crate::kit::{CASES, CORA, MALLORY, RAE, REPO, Setting, World, policy};

const PEOPLE: [&str; 4] = [RAE, MALLORY, "zoe", "finn"];

/// What a post says.
#[derive(Clone, Copy, Debug)]
enum Text {
    Exploit,
    OtherExploit,
    Harmless,
    Question,
    NotSecurity,
}

/// Something that everybody can see. Threads and comments are chosen by their place in the order of arrival; an act that
/// GitHub refuses is no event.
#[derive(Clone, Debug)]
enum Act {
    Issue(usize, Text),
    Discussion(usize, Text),
    Pull(usize, Text),
    Comment(usize, usize, Text),
    EditThread(usize, Text),
    EditComment(usize, Text),
    Reopen(usize, usize),
    Undo(usize),
    Wait(i64),
}

/// Something that the public cannot see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    OtherKey,
    NoAdvisories,
    NoPermission,
    AdvisoryFails(u16),
    AdvisoryForbidden,
    AdvisoryGarbage,
    AdvisoryLostAnswer,
    AdvisoryLimited,
    InvitationRefused(u16),
    NoAdvisoryComments,
    AdvisoryCommentsFail,
    PrivateReport,
    Draft,
    EarlierCase,
    PrivateDesk,
    PrivateDeskFails,
    OtherReasons,
}

const SECRETS: [Secret; 20] = [
    Secret::OtherKey,
    Secret::NoAdvisories,
    Secret::NoPermission,
    Secret::AdvisoryFails(500),
    Secret::AdvisoryFails(404),
    Secret::AdvisoryFails(422),
    Secret::AdvisoryForbidden,
    Secret::AdvisoryGarbage,
    Secret::AdvisoryLostAnswer,
    Secret::AdvisoryLimited,
    Secret::InvitationRefused(422),
    Secret::InvitationRefused(503),
    Secret::NoAdvisoryComments,
    Secret::AdvisoryCommentsFail,
    Secret::PrivateReport,
    Secret::Draft,
    Secret::EarlierCase,
    Secret::PrivateDesk,
    Secret::PrivateDeskFails,
    Secret::OtherReasons,
];

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        4 => Just(Text::Exploit),
        3 => Just(Text::OtherExploit),
        2 => Just(Text::Harmless),
        2 => Just(Text::Question),
        1 => Just(Text::NotSecurity),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..PEOPLE.len();
    let at = 0..6_usize;
    prop_oneof![
        4 => (who.clone(), text()).prop_map(|(who, text)| Act::Issue(who, text)),
        1 => (who.clone(), text()).prop_map(|(who, text)| Act::Discussion(who, text)),
        1 => (who.clone(), text()).prop_map(|(who, text)| Act::Pull(who, text)),
        4 => (at.clone(), who.clone(), text()).prop_map(|(at, who, text)| Act::Comment(at, who, text)),
        2 => (at.clone(), text()).prop_map(|(at, text)| Act::EditThread(at, text)),
        2 => (at.clone(), text()).prop_map(|(at, text)| Act::EditComment(at, text)),
        1 => (at.clone(), who).prop_map(|(at, who)| Act::Reopen(at, who)),
        1 => at.prop_map(Act::Undo),
        2 => prop_oneof![Just(1_i64), Just(61), Just(1_500)].prop_map(Act::Wait),
    ]
}

fn words(world: &World, text: Text) -> (String, String) {
    match text {
        Text::Exploit => world.exploit(),
        Text::OtherExploit => ("Login without a password".to_owned(), world.exploit_comment()),
        Text::Harmless => world.harmless(),
        Text::Question => world.question(),
        Text::NotSecurity => ("A question about the docs".to_owned(), "/not-security".to_owned()),
    }
}

/// Plays one public act.
fn play(world: &World, act: &Act, comments: &mut Vec<(u64, String)>) {
    let github = &world.github;
    let threads = github.threads(REPO).expect("the repository exists");
    let thread = |at: usize| threads.get(at % threads.len().max(1));
    match *act {
        Act::Issue(who, text) => {
            let (title, body) = words(world, text);
            let opened = github.open_issue(REPO, PEOPLE[who], &title, &body);
            opened.expect("anybody may open an issue");
        }
        Act::Discussion(who, text) => {
            let (title, body) = words(world, text);
            let opened = github.open_discussion(REPO, PEOPLE[who], &title, &body);
            opened.expect("anybody may open a discussion");
        }
        Act::Pull(who, text) => {
            let (title, body) = words(world, text);
            let branch = format!("patch-{}", threads.len());
            let opened = github.open_pull_request(REPO, PEOPLE[who], &title, &body, &branch, "Change");
            opened.expect("anybody may propose a change");
        }
        Act::Comment(at, who, text) => {
            let Some(thread) = thread(at) else { return };
            let (_, body) = words(world, text);
            let who = PEOPLE[who];
            let is_discussion = matches!(thread.kind, embargod::standin::ThreadKind::Discussion);
            let said = if is_discussion {
                github.comment_discussion(REPO, thread.number, who, &body, None)
            } else {
                github.comment(REPO, thread.number, who, &body)
            };
            comments.extend(said.ok().map(|id| (id, who.to_owned())));
        }
        Act::EditThread(at, text) => {
            let Some(thread) = thread(at) else { return };
            let (title, body) = words(world, text);
            let author = thread.post.author.clone();
            let _refused = github.edit_thread(REPO, thread.number, &author, Some(&title), Some(&body));
        }
        Act::EditComment(at, text) => {
            if comments.is_empty() {
                return;
            }
            let (id, author) = comments[at % comments.len()].clone();
            let (_, body) = words(world, text);
            let _refused = github.edit_comment(REPO, id, &author, &body);
        }
        Act::Reopen(at, who) => {
            let Some(thread) = thread(at) else { return };
            let _refused = github.reopen(REPO, thread.number, PEOPLE[who]);
        }
        Act::Undo(at) => {
            let Some(thread) = thread(at) else { return };
            let _refused = github.comment(REPO, thread.number, CORA, "/not-security");
        }
        Act::Wait(minutes) => world.clock.advance(SignedDuration::from_mins(minutes)),
    }
}

/// The built-in detector with other reasons: what it found must not show in public.
struct OtherReasons(Arc<dyn Detector>);

impl Detector for OtherReasons {
    fn judge(&self, title: &str, body: &str) -> Judgement {
        let mut judgement = self.0.judge(title, body);
        judgement.contributions.reverse();
        judgement.contributions.insert(
            0,
            Contribution {
                feature: "something_else".to_owned(),
                place: Place::Post,
                weight: 99.0,
                text: "a reason that the other world does not have".to_owned(),
            },
        );
        judgement
    }

    fn version(&self) -> &str {
        "other"
    }
}

/// A world with a secret; `key` is the sealing key that it shares.
async fn world_with(secret: Option<Secret>, key: Option<&std::path::Path>) -> World {
    let mut setting = Setting { sealing_key: key.map(std::path::Path::to_owned), ..Setting::default() };
    match secret {
        Some(Secret::OtherKey) => setting.sealing_key = None,
        Some(Secret::NoPermission) => setting.permissions = vec![("repository_advisories", None)],
        Some(Secret::PrivateDesk | Secret::PrivateDeskFails) => {
            let desk = format!("desk:\n  kind: repository\n  repository: {CASES}\n");
            setting.policy = Some(policy("shield") + &desk);
        }
        Some(Secret::OtherReasons) => {
            setting.detector = Arc::new(OtherReasons(Arc::new(detector::builtin())));
        }
        _ => {}
    }
    let mut world = World::with(setting).await;
    world.words_restored = true;
    world.losses_expected = true;
    let github = &world.github;
    let advisories = |method: &str| Match::path("/security-advisories").method(method);
    match secret {
        None | Some(Secret::OtherKey | Secret::NoPermission | Secret::PrivateDesk | Secret::OtherReasons) => {}
        Some(Secret::NoAdvisories) => github.set_capabilities(|can| can.advisories = false),
        Some(Secret::AdvisoryFails(status)) => {
            github.fault(advisories("POST"), Fault::Status(status));
        }
        Some(Secret::AdvisoryForbidden) => {
            github.fault(advisories("POST"), Fault::HeaderlessForbidden403);
        }
        Some(Secret::AdvisoryGarbage) => github.fault(advisories("POST"), Fault::GarbageBody),
        Some(Secret::AdvisoryLostAnswer) => {
            github.fault(advisories("POST"), Fault::DropAnswerAfterDoing);
        }
        Some(Secret::AdvisoryLimited) => {
            let limit = Fault::SecondaryLimit { status: 403, retry_after_s: 60 };
            github.fault(advisories("POST").times(2), limit);
        }
        Some(Secret::InvitationRefused(status)) => {
            github.fault(advisories("PATCH"), Fault::Status(status));
        }
        Some(Secret::NoAdvisoryComments) => {
            github.set_capabilities(|can| can.advisory_comments = false);
        }
        Some(Secret::AdvisoryCommentsFail) => {
            let comments = Match::path("/comments").method("POST").body("Original text");
            github.fault(comments, Fault::BadGateway502);
        }
        Some(Secret::PrivateReport) => {
            let (title, body) = world.exploit();
            let reported = github.report_privately(REPO, MALLORY, &title, &body);
            reported.expect("the form is on");
        }
        Some(Secret::Draft) => {
            let (title, body) = world.exploit();
            let owner = "acme";
            let drafted = github.draft_advisory(REPO, owner, &title, &body);
            drafted.expect("an owner may draft");
        }
        Some(Secret::EarlierCase) => {
            // numbers of cases are private: here some were given out before
            for _ in 0..7 {
                let given = world.store().next_number("case:2026").await;
                given.expect("the store works");
            }
        }
        Some(Secret::PrivateDeskFails) => {
            github.fault(Match::path("/repos/acme/cases"), Fault::Status(500));
        }
    }
    world.settle().await;
    world
}

/// What the public sees in the end, without what differs between any two runs: the random canary, the port of the
/// stand-in's pages.
async fn transcript(world: World, acts: &[Act]) -> String {
    let mut comments = Vec::new();
    for act in acts {
        play(&world, act, &mut comments);
        world.settle().await;
    }
    let shown = serde_json::to_string_pretty(&world.github.public_transcript()).expect("JSON");
    let shown = shown.replace(world.canary.word(), "CANARY").replace(&world.github.web_url(), "https://github.example");
    world.finish().await;
    shown
}

fn without_markers(shown: &str) -> String {
    let marker = Regex::new("<!-- embargod:[^ ]* -->").expect("a valid pattern");
    assert!(marker.is_match(shown) || !shown.contains("embargod:"), "the marker has another form");
    marker.replace_all(shown, "<!-- marker -->").into_owned()
}

async fn compare(acts: &[Act], secrets: &[Secret]) -> usize {
    let plain = world_with(None, None).await;
    // the folder of the plain world goes away with it
    let keep = tempfile::tempdir().expect("a folder");
    let key = keep.path().join("sealing.key");
    std::fs::copy(plain.sealing_key(), &key).expect("copied");
    let expected = transcript(plain, acts).await;
    for secret in secrets {
        let world = world_with(Some(*secret), Some(&key)).await;
        let shown = transcript(world, acts).await;
        if *secret == Secret::OtherKey {
            let (shown, expected) = (without_markers(&shown), without_markers(&expected));
            assert_eq!(shown, expected, "{secret:?} shows in public");
        } else {
            assert_eq!(shown, expected, "{secret:?} shows in public");
        }
    }
    expected.matches(texts::NEUTRAL_BODY).count()
}

/// Everything once, against every secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_shows_in_public() {
    let acts = [
        Act::Issue(0, Text::Exploit),
        Act::Issue(1, Text::Harmless),
        Act::Comment(1, 1, Text::OtherExploit),
        Act::Comment(1, 2, Text::OtherExploit),
        Act::Issue(2, Text::Question),
        Act::Pull(3, Text::Exploit),
        Act::Discussion(2, Text::OtherExploit),
        Act::Comment(2, 1, Text::NotSecurity),
        Act::Wait(61),
        Act::EditThread(0, Text::OtherExploit),
        Act::EditComment(0, Text::Exploit),
        Act::Undo(1),
        Act::Comment(1, 0, Text::Exploit),
        Act::Wait(1_500),
        Act::Issue(3, Text::Exploit),
    ];
    let moved = compare(&acts, &SECRETS).await;
    assert!(moved >= 3, "the bot moved next to nothing: {moved}");
}

/// Random acts, against random secrets.
#[test]
fn no_secret_shows_in_public_whatever_happens() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut moved = 0;
    let cases = Config { cases: 14, max_shrink_iters: 24, failure_persistence: None, ..Config::default() };
    let secrets = prop::sample::subsequence(SECRETS.to_vec(), 2);
    let stories = (prop::collection::vec(act(), 4..12), secrets);
    let moved_here = &std::sync::atomic::AtomicUsize::new(0);
    TestRunner::new(cases)
        .run(&stories, |(acts, secrets)| {
            let count = runtime.block_on(compare(&acts, &secrets));
            moved_here.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    moved += moved_here.load(std::sync::atomic::Ordering::Relaxed);
    assert!(moved > 0, "the bot did nothing in all stories");
}

fn long_words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 6).map(str::to_lowercase).collect()
}

/// Words that the bot may say whatever was posted: those of its constants.
fn vocabulary(world: &World) -> BTreeSet<String> {
    let channel = Channel {
        form_url: Some(format!("{}/{REPO}/security/advisories/new", world.github.web_url())),
        email: Some("security@acme.example".to_owned()),
        page_url: None,
    };
    let mut all = format!("{} {}", texts::NEUTRAL_TITLE, texts::NEUTRAL_BODY);
    for text in texts::PublicText::ALL {
        all += &text.render(&channel, Some("3 working days"));
    }
    long_words(&all)
}

/// Whatever is posted, no word of it comes back out of the bot's mouth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_repeats_no_word_of_a_post() {
    let mut world = World::new().await;
    world.losses_expected = true;
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let word = proptest::string::string_regex("[a-z]{6,14}").expect("a valid pattern");
    let random = prop::collection::vec(word, 12..30);
    let marker = Regex::new("<!-- embargod:[0-9a-zA-Z_-]+ -->").expect("a valid pattern");
    let known = vocabulary(&world);
    let mut spoken = 0;
    for round in 0..12 {
        let noise = random.new_tree(&mut runner).expect("words").current();
        let half = noise.len() / 2;
        let (title, body) = match round % 4 {
            0 | 1 => world.exploit(),
            2 => ("Login".to_owned(), world.exploit_comment()),
            _ => world.question(),
        };
        let title = format!("{title} {}", noise[..3].join(" "));
        let body = format!("{}\n\n{body}\n\n```\n{}\n```\n", noise[3..half].join(" "), noise[half..].join(" "));
        let author = PEOPLE[round % 4];
        let number = if round % 3 == 2 {
            world.github.open_discussion(REPO, author, &title, &body)
        } else {
            world.github.open_issue(REPO, author, &title, &body)
        }
        .expect("posted");
        world.settle().await;
        let mut ours = world.said(number).join("\n");
        let thread = world.thread(number);
        if thread.title != title {
            ours += &format!("\n{}\n{}", thread.title, thread.body());
        }
        let posted = long_words(&format!("{title} {body}"));
        let ours = marker.replace_all(&ours, "").into_owned();
        spoken += usize::from(!ours.is_empty());
        let repeated: Vec<_> =
            long_words(&ours).into_iter().filter(|word| posted.contains(word) && !known.contains(word)).collect();
        assert!(repeated.is_empty(), "the bot repeats {repeated:?}");
    }
    assert!(spoken >= 6, "the bot said too little to judge: {spoken}");
    world.finish().await;
}
