//! The stage of the scripted scenario: one project with its releases and people, on either desk. Between two steps the
//! process dies and another one starts, and after each step everything is held to what must hold at every time.

use std::collections::BTreeMap;

use embargod::{
    domain::{
        case::{Case, Desk, EmbargoState, Exposure, Handling, Verdict},
        clocks::next_wake,
    },
    standin::{Commit, Role, Thread},
};
use jiff::{SignedDuration, Timestamp};

use crate::kit::{CASES, REPO, Setting, World};

/// An owner of the organisation: the only one who may publish and delete.
pub const OWNER: &str = "acme";

/// Where the people talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// In the comments of the advisory.
    Advisory,
    /// At an issue of the private case repository.
    Issue,
}

/// Django's policy of 2024 with a window, roles and supported lines.
fn policy(at: At) -> String {
    let kind = match at {
        At::Advisory => "advisory",
        At::Issue => "repository",
    };
    format!(
        "extends: django-2024\nredirect:\n  mode: shield\ncontact:\n  private_reporting: true\n  email: security@acme.example\n\
         desk:\n  kind: {kind}\n  repository: {CASES}\nroles:\n  coordinator: [\"@cora\", \"@mia\", \"@sam\"]\n  triager: \
         [\"@tom\", \"@cora\"]\n  fixer: [\"@finn\"]\n  release_manager: [\"@mia\"]\n  security_team: [\"@acme/security\"]\n\
         embargo:\n  window: {{ days: [tue, wed, thu], from: \"13:00Z\", to: \"16:00Z\" }}\nseries:\n  latest: 2\n  lts: \
         {{ \"4.2\": 2026-04-07, \"5.2\": 2028-04-30 }}\n"
    )
}

/// Releases as they were: tag and day.
const RELEASES: [(&str, &str); 7] = [
    ("4.2", "2023-04-03"),
    ("5.0", "2023-12-04"),
    ("5.1", "2024-08-07"),
    ("5.2", "2025-04-02"),
    ("5.2.1", "2025-05-07"),
    ("6.0a1", "2025-09-03"),
    ("4.2.24", "2025-09-03"),
];

/// See the module.
pub struct Stage {
    pub world: World,
    /// Every case as it was after the last step.
    before: BTreeMap<String, Case>,
}

impl Stage {
    pub async fn new(at: At) -> Self {
        let setting = Setting { policy: Some(policy(at)), begins_at: "2025-09-08T08:00:00Z", ..Setting::default() };
        let world = World::with(setting).await;
        for login in ["cora", "sam", "mia"] {
            world.github.set_in_team("acme", "security", login, true).expect("a team");
        }
        for login in ["tom", "cora", "finn", "mia", "sam"] {
            world.github.grant(REPO, login, Role::Triage).expect("a role");
            world.github.grant(CASES, login, Role::Write).expect("a role");
        }
        let commits: Vec<Commit> =
            RELEASES.iter().enumerate().map(|(place, (tag, day))| commit(place, tag, day)).collect();
        let shas: Vec<(String, String)> = RELEASES
            .iter()
            .zip(&commits)
            .map(|((tag, _), commit)| (format!("refs/tags/{tag}"), commit.sha.clone()))
            .collect();
        world.github.take_over(REPO, commits).expect("taken over");
        let refs: Vec<(&str, &str)> = shas.iter().map(|(name, sha)| (name.as_str(), sha.as_str())).collect();
        world.github.push_refs(REPO, OWNER, &refs).expect("pushed");
        world.settle().await;
        Self { world, before: BTreeMap::new() }
    }

    /// The process dies, time passes, another process starts and does what is due.
    pub async fn goes_on_at(&mut self, when: &str) {
        let when: Timestamp = when.parse().expect("an instant");
        self.world.clock.advance(when.duration_since(self.world.now()));
        self.world.restart().await;
        self.looks().await;
    }

    /// So long a quiet thread may wait until it is read.
    pub async fn a_minute_passes(&mut self) {
        self.world.wait(SignedDuration::from_mins(1)).await;
        self.looks().await;
    }

    /// Everything happens that happens by itself within the next seconds.
    pub async fn looks(&mut self) {
        self.world.settle().await;
        for _ in 0..2 {
            self.world.wait(SignedDuration::from_secs(11)).await;
            self.world.engine.poll_advisories_once(std::time::Duration::from_secs(10)).await.expect("GitHub answers");
            self.world.settle().await;
            self.world.engine.read_desks_once().await.expect("GitHub answers");
            self.world.settle().await;
        }
        self.world.engine.set_clocks().await.expect("the store works");
        self.world.settle().await;
        self.invariants_hold().await;
    }

    pub async fn case(&self, id: &str) -> Case {
        let cases = self.world.cases().await;
        cases.into_iter().find(|case| case.id.as_str() == id).unwrap_or_else(|| panic!("{id} does not exist"))
    }

    /// What the bot wrote at the desk of a case, in order.
    pub async fn said(&self, id: &str) -> Vec<String> {
        let bot = self.world.github.bot_login();
        let comments: Vec<(String, String)> = match self.case(id).await.desk {
            Desk::Issue { number, .. } => self.issue(number).comment_texts(),
            Desk::Advisory { ghsa, .. } => self.in_advisory(&ghsa),
            desk => panic!("{id} has no desk: {desk:?}"),
        };
        comments.into_iter().filter(|(author, _)| *author == bot).map(|(_, text)| text).collect()
    }

    fn issue(&self, number: u64) -> Thread {
        self.world.github.issue(CASES, number).expect("it exists")
    }

    fn in_advisory(&self, ghsa: &str) -> Vec<(String, String)> {
        let comments = self.world.github.advisory(REPO, ghsa).expect("it exists").comments;
        comments.into_iter().map(|comment| (comment.author, comment.body)).collect()
    }

    /// What the bot wrote where the reporter of a case reads along.
    pub async fn told_reporter(&self, id: &str) -> Vec<String> {
        let case = self.case(id).await;
        let (bot, address) = (self.world.github.bot_login(), format!("@{}\n", case.reporter.login));
        let all = self.in_advisory(case.ghsa().expect("an advisory"));
        all.into_iter().filter(|(who, text)| *who == bot && text.starts_with(&address)).map(|(_, text)| text).collect()
    }

    /// Somebody writes at the desk of a case; the reply, if there is one. Then the process dies and another one starts.
    pub async fn says(&mut self, id: &str, who: &str, text: &str) -> String {
        let before = self.replies(id).await.len();
        let desk = self.case(id).await.desk;
        let written = match &desk {
            Desk::Issue { number, .. } => self.world.github.comment(CASES, *number, who, text),
            Desk::Advisory { ghsa, .. } => self.world.github.comment_advisory(REPO, ghsa, who, text),
            desk => panic!("{id} has no desk: {desk:?}"),
        };
        written.unwrap_or_else(|refusal| panic!("{who} cannot write at {id}: {refusal:?}"));
        self.looks().await;
        self.world.restart().await;
        self.looks().await;
        let replies = self.replies(id).await;
        assert!(replies.len() <= before + 1, "one reply a comment: {replies:?}");
        replies.get(before).cloned().unwrap_or_default()
    }

    /// The replies to commands at the desk of a case.
    pub async fn replies(&self, id: &str) -> Vec<String> {
        let is_reply = |text: &String| text.starts_with("**`/") || text.starts_with("**Line ");
        self.said(id).await.into_iter().filter(is_reply).collect()
    }

    /// A command is carried out.
    pub async fn does(&mut self, id: &str, who: &str, text: &str) -> String {
        let reply = self.says(id, who, text).await;
        let commands = text.lines().filter(|line| line.starts_with('/')).count();
        assert_eq!(reply.matches("** done.").count(), commands, "{who}: {text}\n{reply}");
        reply
    }

    /// A command is refused, with a way on.
    pub async fn is_refused(&mut self, id: &str, who: &str, text: &str) -> String {
        let state = self.case(id).await.state_version;
        let reply = self.says(id, who, text).await;
        assert!(reply.contains("** refused."), "{who}: {text}\n{reply}");
        assert_eq!(self.case(id).await.state_version, state, "{who}: {text}");
        reply
    }

    /// A command waits for a second person, and gets one.
    pub async fn both_do(&mut self, id: &str, one: &str, other: &str, text: &str) {
        let reply = self.says(id, one, text).await;
        assert!(reply.contains("** waits."), "{text}\n{reply}");
        let code = reply.split("/confirm ").nth(1).and_then(|rest| rest.get(..8)).expect("a code").to_owned();
        let alone = self.is_refused(id, one, &format!("/confirm {code}")).await;
        assert!(alone.contains("second person"), "{alone}");
        self.does(id, other, &format!("/confirm {code}")).await;
    }

    /// Everything that must hold at every time.
    async fn invariants_hold(&mut self) {
        for after in self.world.cases().await {
            let id = after.id.to_string();
            let embargo = &after.embargo;
            let is_running = embargo.state.is_running();
            // I1, I2: nothing public is under embargo; an embargo has an absolute end, and one cause of its end.
            assert!(!(after.is_exposed() && is_running), "{id}: {embargo:?} {:?}", after.exposure);
            assert!(!is_running || embargo.until.is_some(), "{id}: {embargo:?}");
            assert_eq!(embargo.state == EmbargoState::Exited, embargo.cause.is_some(), "{id}: {embargo:?}");
            // I4: what is accepted affects a part of what was supported, and more than main.
            if let (true, Some(Verdict::Accepted { supported, .. })) = (after.handling.is_in_work(), &after.verdict) {
                let affects = &after.assessment.affects;
                assert!(!affects.is_empty() && affects.iter().all(|series| supported.contains(series)), "{id}");
                assert!(!after.assessment.is_main_only(), "{id}");
            }
            if after.handling == Handling::PublicFix {
                assert!(!is_running && after.exposure.prenotified.is_none(), "{id}");
            }
            // I10: there is a next instant, unless nothing is left to do.
            let owes = after.handling != Handling::Released || after.assessment.has_open_cve();
            assert!(after.handling.is_closed() || !owes || next_wake(&after).is_some(), "{id}: {:?}", after.clocks);
            if let Some(before) = self.before.get(&id) {
                // I11: what was seen stays seen. I12: nobody who found it is lost.
                for (old, new) in bits(&before.exposure).into_iter().zip(bits(&after.exposure)) {
                    assert!(old.is_none() || new.is_some_and(|new| Some(new) <= old), "{id}");
                }
                assert!(before.people.credits.len() <= after.people.credits.len(), "{id}");
                // I6: the rules of a case are those that it was opened with.
                assert_eq!(before.policy_version, after.policy_version, "{id}");
                if before.embargo.state == EmbargoState::Exited {
                    assert_eq!(before.embargo, after.embargo, "{id}: the end is the end");
                }
            }
            self.before.insert(id, after);
        }
        // I14: nothing in public comes from a case.
        let public = self.world.github.public_transcript()["changes_by_bot"].to_string();
        for word in ["SEC-20", "sql-injection", "directory", "embargo ", "CVE-1900", "severity", "GHSA"] {
            assert!(!public.contains(word), "{word:?} is public: {public}");
        }
        self.world.canary.must_not_be_in("what the bot changed in public", public.as_bytes());
        // I9: whatever took two people names two.
        for decision in self.world.decisions().await {
            for reason in decision.reasons.iter().filter(|reason| reason.rule == "commands.confirmed") {
                let (by, confirmed) = reason.text.split_once(", confirmed by ").expect("both");
                assert!(!by.ends_with(&format!(" {confirmed}")), "{}", reason.text);
            }
            assert!(
                !decision.policy_version.is_empty()
                    || decision.outcome == "nothing"
                    || decision.case.is_none()
                    || decision.actor.is_none(),
                "{decision:?}"
            );
        }
    }
}

fn commit(place: usize, tag: &str, day: &str) -> Commit {
    Commit {
        sha: format!("{:040x}", 0xabc0_0000 + place),
        message: format!("Released {tag}"),
        author: OWNER.to_owned(),
        at: format!("{day}T12:00:00Z").parse().expect("an instant"),
        parents: Vec::new(),
    }
}

fn bits(exposure: &Exposure) -> [Option<Timestamp>; 5] {
    [exposure.public, exposure.exploit_public, exposure.attacked, exposure.prenotified, exposure.fix_public]
}
