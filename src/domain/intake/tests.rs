//! The redirect's rule, told as stories. Every post here is somebody's; no text is ever opened.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    Answers, AskedOfPost, Channel, FirstLook, Inquiry, IntakeClass, Named, Taken,
    actions::{InviteReporter, LockThread, OpenDesk, RaiseAlert, RedactPost, SayConstant},
    decide, first_look,
    flagged::Flagged,
    prior::Shift,
    record::{PostOutcome, PostRecord, ThreadRecord},
    texts::{self, PublicText},
    undo::{self, Asked, Labelled},
};
use crate::domain::{
    case::{Case, CaseId, CaseOrigin, Handling},
    detector::{Contribution, Judgement, Place, Probabilities},
    effect::{Action, Effect, Urgency},
    embargoed::Embargoed,
    policy::{Layer, Mode, Policy, effective},
    post::{
        Account, Association, Happening, Permission, Post, PostPlace, PostText, RepoName, Surface, ThreadKind,
        ThreadRef,
    },
    record::Versioned,
};

const CANARY: &str = "canary-7f3a";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("in range")
}

fn policy(mode: &str) -> Policy {
    policy_with(mode, "")
}

/// The same with more lines in its section `redirect`.
pub(super) fn policy_with(mode: &str, more: &str) -> Policy {
    let text = format!(
        "extends: minimal\nredirect:\n  mode: {mode}\n  act_at: 0.9\n  reply_at: 0.5\n{more}contact:\n  email: security@example.org\n"
    );
    let layer = Layer { origin: "test".to_owned(), text };
    effective(&[layer]).expect("a valid policy").policy
}

pub(super) fn post(surface: Surface) -> Post {
    let kind = match surface {
        Surface::Issue | Surface::IssueComment => ThreadKind::Issue,
        Surface::PullRequest | Surface::PullRequestComment | Surface::Review | Surface::ReviewComment => {
            ThreadKind::PullRequest
        }
        Surface::Discussion | Surface::DiscussionComment => ThreadKind::Discussion,
        Surface::CommitComment => ThreadKind::Commit,
    };
    Post {
        place: PostPlace {
            installation_id: 1,
            repository_id: 12,
            repository: RepoName { owner: "acme".to_owned(), name: "framework".to_owned() },
            surface,
            thread: ThreadRef { kind, number: 7, commit: None, node_id: Some("T_7".to_owned()) },
            post_id: 700,
            node_id: "N_700".to_owned(),
            html_url: "https://github.com/acme/framework/issues/7".to_owned(),
        },
        happening: Happening::Created,
        author: account("mallory", 5),
        sender: account("mallory", 5),
        association: Association::None,
        repository_is_public: true,
        thread_is_open: true,
        thread_is_locked: false,
        thread_comments: Some(0),
        labels: Vec::new(),
        created_at: at(0),
        text: Embargoed::new(PostText { title: CANARY.to_owned(), body: CANARY.to_owned() }),
    }
}

fn account(login: &str, id: u64) -> Account {
    Account { login: login.to_owned(), id, is_bot: false }
}

pub(super) fn judgement(disclosure: f64, asks: f64) -> Judgement {
    let probabilities = Probabilities::from_weights([disclosure, asks, 0.0, 0.0, 1.0 - disclosure - asks]);
    Judgement {
        class: probabilities.most_probable(),
        probabilities,
        contributions: vec![Contribution {
            feature: "crafted_input".to_owned(),
            place: Place::Body,
            weight: 2.5,
            text: "crafted input crosses a trust boundary".to_owned(),
        }],
    }
}

/// What is remembered between the looks at one thread.
pub(super) struct Memory {
    pub(super) thread: Versioned<ThreadRecord>,
    earlier: Versioned<PostRecord>,
    case: Option<Versioned<Case>>,
    pub(super) flagged: Option<Flagged>,
}

impl Memory {
    pub(super) fn blank(post: &Post) -> Self {
        Self {
            thread: Versioned {
                value: ThreadRecord { key: post.place.thread_key(), ..ThreadRecord::default() },
                version: 0,
            },
            earlier: Versioned {
                value: PostRecord { key: post.place.post_key(), ..PostRecord::default() },
                version: 0,
            },
            case: None,
            flagged: None,
        }
    }

    fn keep(&mut self, taken: &Taken) {
        for write in &taken.decision.records {
            let value = write.value.clone();
            match write.kind.as_str() {
                "thread" => {
                    self.thread.value = serde_json::from_value(value).expect("a thread");
                    self.thread.version += 1;
                }
                "post" => {
                    self.earlier.value = serde_json::from_value(value).expect("a post");
                    self.earlier.version += 1;
                }
                "case" => {
                    let version = self.case.as_ref().map_or(0, |case| case.version) + 1;
                    self.case = Some(Versioned { value: serde_json::from_value(value).expect("a case"), version });
                }
                "flagged" => {
                    self.flagged = Some(serde_json::from_value(value).expect("a flagged post"));
                }
                other => panic!("an unexpected {other}"),
            }
        }
    }
}

pub(super) struct Story {
    pub(super) policy: Policy,
    pub(super) permission: Option<Permission>,
    pub(super) channel: Channel,
    pub(super) revision: &'static str,
    pub(super) now: Timestamp,
    pub(super) named: Named,
    pub(super) prior: Option<Shift>,
    pub(super) asked: AskedOfPost,
}

impl Story {
    pub(super) fn in_mode(mode: &str) -> Self {
        Self {
            policy: policy(mode),
            permission: Some(Permission::Read),
            channel: Channel { email: Some("security@example.org".to_owned()), ..Channel::default() },
            revision: "rev-1",
            now: at(1),
            named: Named::default(),
            prior: None,
            asked: AskedOfPost::default(),
        }
    }

    pub(super) fn inquiry<'a>(&'a self, post: &'a Post, judgement: &'a Judgement, memory: &'a Memory) -> Inquiry<'a> {
        Inquiry {
            post,
            revision: self.revision,
            text_is_neutral: false,
            own_login: Some("embargod[bot]"),
            judgement,
            model: "test-1",
            named: &self.named,
            prior: self.prior,
            cause: "guid-1",
            policy: &self.policy,
            thread: &memory.thread,
            earlier: &memory.earlier,
            thread_is_followed: memory.earlier.value.seen_new,
            received_at: self.now,
            now: self.now,
        }
    }

    pub(super) fn tell(&self, post: &Post, judgement: &Judgement, memory: &mut Memory) -> Taken {
        let inquiry = self.inquiry(post, judgement, memory);
        let taken = match first_look(&inquiry) {
            FirstLook::Decided(taken) => *taken,
            FirstLook::AskMore { .. } => decide(
                &inquiry,
                Answers {
                    permission: self.permission,
                    channel: self.channel.clone(),
                    open_case: memory.case.clone(),
                    next_case: CaseId::new(2026, 7),
                    asked: self.asked.clone(),
                },
            ),
        };
        assert!(!taken.decision.reasons.is_empty(), "every decision has its reasons");
        memory.keep(&taken);
        taken
    }
}

pub(super) fn kinds(taken: &Taken) -> Vec<&str> {
    taken.decision.effects.iter().map(|effect| effect.kind.as_str()).collect()
}

fn payload<A: Action>(effects: &[Effect]) -> Option<A> {
    let effect = effects.iter().find(|effect| effect.kind == A::KIND)?;
    Some(serde_json::from_value(effect.payload.clone()).expect("its payload"))
}

#[test]
fn an_outsiders_exploit_is_taken_out_of_sight_before_anything_else() {
    let issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    let taken = Story::in_mode("shield").tell(&issue, &judgement(0.97, 0.01), &mut memory);

    assert_eq!(taken.decision.outcome, "shielded");
    assert!(taken.opens_case);
    assert_eq!(taken.evidence.as_ref().expect("evidence").0, "SEC-2026-7");
    let order = kinds(&taken);
    assert_eq!(
        &order[..5],
        [RedactPost::KIND, LockThread::KIND, OpenDesk::KIND, InviteReporter::KIND, "check_history"]
    );
    assert_eq!(order.last(), Some(&SayConstant::KIND));
    assert!(payload::<RedactPost>(&taken.decision.effects).expect("an edit").close, "the same edit closes it");
    let say = taken.decision.effects.last().expect("the comment");
    assert_eq!(say.after, [taken.decision.effects[0].key.clone()], "the comment comes after the edit");
    let case = &memory.case.expect("a case").value;
    assert_eq!(case.exposure.public, Some(at(0)));
    assert!(case.posts[0].closed && case.posts[0].locked && case.posts[0].redacted);
}

#[test]
fn no_word_of_a_post_is_in_a_decision() {
    let issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    let taken = Story::in_mode("shield").tell(&issue, &judgement(0.97, 0.01), &mut memory);
    let effects = serde_json::to_string(&taken.decision.effects).expect("plain data");
    let reasons = serde_json::to_string(&taken.decision.reasons).expect("plain data");
    let records: String = taken.decision.records.iter().map(|write| write.value.to_string()).collect();
    for stored in [effects, reasons, records] {
        assert!(!stored.contains(CANARY), "{stored}");
    }
}

#[test]
fn the_same_comment_twice_is_one_comment_for_ever() {
    let comment = post(Surface::IssueComment);
    let mut memory = Memory::blank(&comment);
    let first = Story::in_mode("shield").tell(&comment, &judgement(0.97, 0.0), &mut memory);
    assert!(kinds(&first).contains(&SayConstant::KIND));
    assert_eq!(payload::<SayConstant>(&first.decision.effects).expect("said").text, PublicText::CommentMoved);
    assert!(!kinds(&first).contains(&LockThread::KIND), "the thread that hosts a comment stays open");

    let mut other = post(Surface::IssueComment);
    other.place.post_id = 701;
    memory.earlier = Memory::blank(&other).earlier;
    let second =
        Story { revision: "rev-2", ..Story::in_mode("shield") }.tell(&other, &judgement(0.97, 0.0), &mut memory);
    assert_eq!(second.decision.outcome, "shielded");
    assert!(!second.opens_case, "one thread, one case");
    assert!(!kinds(&second).contains(&SayConstant::KIND), "answered once for ever");
    assert_eq!(memory.case.expect("the case").value.posts.len(), 2);
}

#[test]
fn a_text_that_its_author_brings_back_is_moved_again() {
    let mut issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    let story = Story::in_mode("shield");
    let first = story.tell(&issue, &judgement(0.97, 0.0), &mut memory);
    issue.happening = Happening::Edited;
    issue.thread_is_open = false;
    issue.thread_is_locked = true;
    let second = story.tell(&issue, &judgement(0.97, 0.0), &mut memory);
    assert_eq!(second.decision.outcome, "shielded");
    let keys = |taken: &Taken| taken.decision.effects.iter().map(|e| e.key.clone()).collect::<Vec<_>>();
    let redact = |taken: &Taken| keys(taken).into_iter().find(|key| key.starts_with("redact:")).expect("an edit");
    assert_ne!(redact(&first), redact(&second), "a second edit is a second effect");
    assert!(!payload::<RedactPost>(&second.decision.effects).expect("an edit").close, "it is closed already");
    let case = memory.case.expect("the case").value;
    assert!(case.posts[0].closed && case.posts[0].locked, "what was changed first is not forgotten");
}

#[test]
fn a_harmless_issue_that_is_edited_into_an_exploit_is_moved() {
    let mut issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    let before = Story::in_mode("shield").tell(&issue, &judgement(0.02, 0.0), &mut memory);
    assert_eq!(before.decision.outcome, "nothing");
    issue.happening = Happening::Edited;
    let after = Story { revision: "rev-2", ..Story::in_mode("shield") };
    assert_eq!(after.tell(&issue, &judgement(0.97, 0.0), &mut memory).decision.outcome, "shielded");
}

#[test]
fn maintainers_are_never_hidden_and_never_answered() {
    for (association, permission) in
        [(Association::Member, None), (Association::None, Some(Permission::Triage)), (Association::Owner, None)]
    {
        let mut issue = post(Surface::Issue);
        issue.association = association;
        let mut memory = Memory::blank(&issue);
        let story = Story { permission, ..Story::in_mode("shield") };
        let taken = story.tell(&issue, &judgement(0.97, 0.0), &mut memory);
        assert_eq!(taken.decision.outcome, "alerted");
        assert_eq!(kinds(&taken), [OpenDesk::KIND], "told in private, nothing in public");
        assert_eq!(memory.case.expect("a case").value.origin, CaseOrigin::MaintainersPost);
        let mut memory = Memory::blank(&issue);
        assert!(story.tell(&issue, &judgement(0.1, 0.8), &mut memory).decision.effects.is_empty());
    }
}

#[test]
fn where_github_does_not_tell_the_permission_an_outsiders_exploit_is_still_moved() {
    let issue = post(Surface::Issue);
    let story = Story { permission: None, ..Story::in_mode("shield") };
    let taken = story.tell(&issue, &judgement(0.97, 0.0), &mut Memory::blank(&issue));
    assert_eq!(taken.decision.outcome, "shielded");
}

#[test]
fn a_pull_request_alarms_in_private_and_stays_as_it_is() {
    let pull = post(Surface::PullRequest);
    let taken = Story::in_mode("shield").tell(&pull, &judgement(0.97, 0.0), &mut Memory::blank(&pull));
    assert_eq!((taken.decision.outcome.as_str(), kinds(&taken)), ("alerted", vec![OpenDesk::KIND]));
}

#[test]
fn whoever_asks_for_the_channel_gets_one_that_works_and_keeps_the_thread() {
    let issue = post(Surface::Issue);
    let taken = Story::in_mode("shield").tell(&issue, &judgement(0.02, 0.9), &mut Memory::blank(&issue));
    assert_eq!(kinds(&taken), [SayConstant::KIND]);
    let said = payload::<SayConstant>(&taken.decision.effects).expect("said");
    assert_eq!(said.text, PublicText::ChannelAsked);
    assert!(said.text.render(&said.channel, None).contains("security@example.org"));

    let none = Story { channel: Channel::default(), ..Story::in_mode("shield") };
    let taken = none.tell(&issue, &judgement(0.02, 0.9), &mut Memory::blank(&issue));
    assert_eq!(kinds(&taken), [RaiseAlert::KIND], "nobody is sent to a channel that is not known to work");
}

#[test]
fn below_the_bar_one_gentle_answer_and_in_mode_reply_nothing_is_hidden() {
    let issue = post(Surface::Issue);
    let gentle = Story::in_mode("shield").tell(&issue, &judgement(0.7, 0.0), &mut Memory::blank(&issue));
    assert_eq!(kinds(&gentle), [SayConstant::KIND]);
    let mut memory = Memory::blank(&issue);
    let reply = Story::in_mode("reply").tell(&issue, &judgement(0.97, 0.0), &mut memory);
    assert_eq!(kinds(&reply), [OpenDesk::KIND, SayConstant::KIND]);
    assert_eq!(payload::<SayConstant>(&reply.decision.effects).expect("said").text, PublicText::WhereToGo);
}

#[test]
fn observing_does_nothing_and_says_why() {
    let issue = post(Surface::Issue);
    let taken = Story::in_mode("observe").tell(&issue, &judgement(0.97, 0.0), &mut Memory::blank(&issue));
    assert!(taken.decision.effects.is_empty());
    assert_eq!(taken.decision.reasons[0].rule, "intake.observe");
}

#[test]
fn private_repositories_own_posts_and_maintainers_edits_are_left_alone() {
    let exploit = judgement(0.97, 0.0);
    let private = Post { repository_is_public: false, ..post(Surface::Issue) };
    let own = Post { author: account("Embargod[bot]", 9), ..post(Surface::Issue) };
    let edited = Post { happening: Happening::Edited, sender: account("cora", 1), ..post(Surface::Issue) };
    for (post, rule) in
        [(private, "intake.private_repository"), (own, "intake.own_post"), (edited, "intake.changed_by_maintainer")]
    {
        let taken = Story::in_mode("shield").tell(&post, &exploit, &mut Memory::blank(&post));
        assert!(taken.decision.effects.is_empty(), "{rule}");
        assert_eq!(taken.decision.reasons[0].rule, rule);
    }
}

#[test]
fn an_undo_restores_what_was_changed_and_the_words_are_left_alone_from_then_on() {
    let mut issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    let story = Story::in_mode("shield");
    let shielded = story.tell(&issue, &judgement(0.97, 0.0), &mut memory);
    let waiting = shielded.decision.effects.iter().map(|e| e.key.clone()).collect();
    let case = memory.case.clone().expect("a case");
    let undone = undo::decide(
        &case,
        vec![memory.earlier.clone()],
        Labelled::default(),
        waiting,
        &Asked::ByOperator,
        "operator:alice",
        at(60),
    );
    let kinds: Vec<_> = undone.effects.iter().map(|effect| effect.kind.as_str()).collect();
    assert_eq!(kinds, ["unlock_thread", "restore_post", "close_desk", "tell_desk"]);
    assert!(undone.dropped_effects.iter().any(|key| key.starts_with("say:")));
    memory.keep(&Taken { decision: undone, evidence: None, opens_case: false });
    assert_eq!(memory.case.as_ref().expect("the case").value.handling, Handling::Rejected);
    assert_eq!(memory.earlier.value.outcome, PostOutcome::Cleared);

    issue.happening = Happening::Reopened;
    let again = story.tell(&issue, &judgement(0.97, 0.0), &mut memory);
    assert_eq!(again.decision.reasons[0].rule, "intake.cleared");
    let case = memory.case.expect("the case");
    let twice =
        undo::decide(&case, Vec::new(), Labelled::default(), Vec::new(), &Asked::ByOperator, "operator:alice", at(61));
    assert!(twice.effects.is_empty());
}

#[test]
fn only_a_maintainer_undoes_in_public() {
    let issue = post(Surface::Issue);
    let mut memory = Memory::blank(&issue);
    Story::in_mode("shield").tell(&issue, &judgement(0.97, 0.0), &mut memory);
    let case = memory.case.expect("a case");
    let comment = post(Surface::IssueComment).place;
    for (permission, allowed) in [(Permission::Read, false), (Permission::None, false), (Permission::Triage, true)] {
        let asked = Asked::InPublic { comment: &comment, permission };
        let decision = undo::decide(&case, Vec::new(), Labelled::default(), Vec::new(), &asked, "cora", at(60));
        assert_eq!(!decision.effects.is_empty(), allowed, "{permission:?}");
        assert!(!allowed || decision.effects.iter().any(|effect| effect.kind == "react"));
    }
}

#[test]
fn the_public_texts_are_these_and_no_others() {
    let channel = Channel {
        form_url: Some("https://github.com/acme/framework/security/advisories/new".to_owned()),
        email: Some("security@example.org".to_owned()),
        page_url: None,
    };
    for text in PublicText::ALL {
        let words = text.render(&channel, Some("48 hours"));
        for confirming in ["vulnerab", "confirmed", "severity", "SEC-", "CVE-", "GHSA"] {
            assert!(!words.contains(confirming), "{} says {confirming}", text.id());
        }
        assert!(words.contains("within 48 hours"), "{words}");
        assert!(!text.render(&Channel::default(), None).contains("http"), "no channel, no link");
    }
    assert!(texts::is_neutral(texts::NEUTRAL_TITLE, texts::NEUTRAL_BODY));
    assert!(texts::is_neutral("", &format!("{}\n", texts::NEUTRAL_BODY)));
    assert!(!texts::is_neutral("A title", texts::NEUTRAL_BODY));
}

/// A post without its text, so that a failing run may print it.
#[derive(Clone, Debug)]
struct Sketch {
    surface: Surface,
    association: Association,
    happening: Happening,
    public: bool,
    open: bool,
    locked: bool,
    comments: u64,
    sender: Account,
}

impl Sketch {
    fn post(&self) -> Post {
        Post {
            association: self.association,
            happening: self.happening,
            repository_is_public: self.public,
            thread_is_open: self.open,
            thread_is_locked: self.locked,
            thread_comments: Some(self.comments),
            sender: self.sender.clone(),
            ..post(self.surface)
        }
    }
}

fn any_post() -> impl Strategy<Value = Sketch> {
    let surfaces = proptest::sample::select(vec![
        Surface::Issue,
        Surface::PullRequest,
        Surface::IssueComment,
        Surface::PullRequestComment,
        Surface::Review,
        Surface::ReviewComment,
        Surface::Discussion,
        Surface::DiscussionComment,
        Surface::CommitComment,
    ]);
    let associations = proptest::sample::select(vec![
        Association::Owner,
        Association::Member,
        Association::Collaborator,
        Association::Contributor,
        Association::None,
    ]);
    let happenings = proptest::sample::select(vec![
        Happening::Created,
        Happening::Edited,
        Happening::Reopened,
        Happening::Transferred,
    ]);
    (surfaces, associations, happenings, any::<[bool; 4]>(), 0_u64..3, 1_u64..4).prop_map(
        |(surface, association, happening, [public, open, locked, same], comments, sender)| {
            let sender = if same { account("mallory", 5) } else { account("cora", sender) };
            Sketch { surface, association, happening, public, open, locked, comments, sender }
        },
    )
}

proptest! {
    /// Whatever happens in a thread: at most one comment is ever said, maintainers' posts and private repositories see
    /// nothing in public, and the protecting effects come before all others.
    #[test]
    fn any_sequence_of_posts_keeps_the_promises(
        posts in proptest::collection::vec((any_post(), 0.0_f64..1.0, 0.0_f64..1.0, 0_usize..3), 1..12),
        mode in proptest::sample::select(vec!["observe", "reply", "shield"]),
    ) {
        let revisions = ["rev-1", "rev-2", "rev-3"];
        let mut said = 0;
        let mut memory: Option<Memory> = None;
        for (sketch, disclosure, share, revision) in posts {
            let mut post = sketch.post();
            post.place.thread.kind = ThreadKind::Issue;
            let memory = memory.get_or_insert_with(|| Memory::blank(&post));
            if memory.earlier.value.key != post.place.post_key() {
                memory.earlier = Memory::blank(&post).earlier;
            }
            let asks = (1.0 - disclosure) * share;
            let story = Story { revision: revisions[revision], ..Story::in_mode(mode) };
            let taken = story.tell(&post, &judgement(disclosure, asks), memory);
            let public = |effect: &&Effect| {
                matches!(effect.kind.as_str(), "redact_post" | "lock_thread" | "say_constant" | "minimize_post")
            };
            let in_public = taken.decision.effects.iter().filter(public).count();
            said += taken.decision.effects.iter().filter(|effect| effect.kind == SayConstant::KIND).count();
            if post.association.is_insider() || !post.repository_is_public || story.policy.redirect.mode == Mode::Observe {
                prop_assert_eq!(in_public, 0);
            }
            if post.place.surface == Surface::PullRequest {
                prop_assert!(taken.decision.effects.iter().all(|effect| effect.kind != RedactPost::KIND));
            }
            let ranks: Vec<_> = taken.decision.effects.iter().map(|effect| effect.urgency).collect();
            let first_other = ranks.iter().position(|urgency| *urgency != Urgency::Protecting).unwrap_or(ranks.len());
            prop_assert!(ranks[first_other..].iter().all(|urgency| *urgency != Urgency::Protecting));
            prop_assert_eq!(taken.evidence.is_some(), taken.decision.case.is_some());
        }
        prop_assert!(said <= 1, "said {said} times");
    }
}

#[test]
fn a_young_thread_needs_no_look_and_any_other_does() {
    let issue = post(Surface::Issue);
    let untouched = |post: &Post, now| {
        let story = Story { now, ..Story::in_mode("shield") };
        let taken = story.tell(post, &judgement(0.97, 0.0), &mut Memory::blank(post));
        payload::<SayConstant>(&taken.decision.effects).expect("said").certainly_first
    };
    assert!(untouched(&issue, at(5)));
    assert!(
        !untouched(&issue, at(5).checked_add(SignedDuration::from_secs(60)).expect("in range")),
        "redelivered late"
    );
    assert!(!untouched(&Post { thread_comments: Some(1), ..post(Surface::Issue) }, at(5)));
    assert!(!untouched(&post(Surface::IssueComment), at(5)), "a comment is never alone in its thread");
    assert_eq!(IntakeClass::ALL.len(), 5);
}
