//! The stage: one project, its people, its desks.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::Timestamp;

use crate::domain::{
    case::{Case, CaseId, CaseOrigin, Desk, Opening},
    clocks::{Tick, tick},
    commands::*,
    coverage::SeriesKind,
    effect::{Action, Effect},
    embargoed::{Clearance, Embargoed},
    policy::{Policy, parse_one},
    post::{Account, RepoName},
};

/// An instant.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The policy of the scenario: Django's of 2024, with a window.
pub(super) fn policy() -> Policy {
    POLICY.clone()
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    policy_of(
        r#"
extends: django-2024
embargo:
  window: { days: [tue, wed, thu], from: "13:00Z", to: "16:00Z" }
series:
  lts: { "4.2": 2026-04-07, "5.2": 2028-04-30 }
"#,
    )
});

pub(super) fn policy_of(text: &str) -> Policy {
    parse_one("policy", text).expect("a good policy").policy
}

/// The people, by name.
pub(super) fn actor(login: &str) -> Actor {
    use Role::*;
    let (id, roles): (u64, &[Role]) = match login {
        "tom" => (1, &[Triager]),
        "cora" => (2, &[Coordinator, Triager, SecurityTeam]),
        "finn" => (3, &[Fixer]),
        "mia" => (4, &[ReleaseManager, Coordinator, SecurityTeam]),
        "sam" => (5, &[Coordinator, SecurityTeam]),
        "rae" => (10, &[]),
        "zoe" => (11, &[]),
        "mallory" => (66, &[]),
        _ => (99, &[]),
    };
    Actor { login: login.to_owned(), id, is_bot: false, roles: roles.iter().copied().collect() }
}

/// A private report of `login`.
pub(super) fn report(id: &str, login: &str, policy: &Policy, now: Timestamp) -> Case {
    let id: CaseId = id.parse().expect("a case");
    let opening = Opening {
        desk: Desk::Advisory { ghsa: "GHSA-2222-3333-4444".to_owned(), url: "https://example.org/a".to_owned() },
        id,
        repository: "acme/framework".parse::<RepoName>().expect("a name"),
        repository_id: 7,
        installation_id: 1,
        origin: CaseOrigin::Reported,
        reporter: Account { login: login.to_owned(), id: actor(login).id, is_bot: false },
        reported_at: now,
    };
    Case::open(opening, policy, now)
}

/// Everything that plays together.
pub(super) struct Stage {
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    pub(super) series: SeriesFacts,
    pub(super) cases: BTreeMap<CaseId, Case>,
    pub(super) lines: BTreeMap<String, Embargoed<String>>,
    pub(super) effects: Vec<Effect>,
    /// People who no longer belong to the project.
    pub(super) gone: Vec<String>,
    comments: u64,
}

impl Stage {
    pub(super) fn new(policy: Policy, now: &str) -> Self {
        let kinds = [
            ("main", SeriesKind::Main),
            ("6.0", SeriesKind::Prerelease),
            ("5.2", SeriesKind::Supported),
            ("5.1", SeriesKind::Supported),
            ("4.2", SeriesKind::Supported),
        ];
        let series = SeriesFacts {
            supported: kinds.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect(),
            last_days: policy.series.as_ref().map(|series| series.lts.clone()).unwrap_or_default(),
        };
        Self {
            policy,
            now: at(now),
            series,
            cases: BTreeMap::new(),
            lines: BTreeMap::new(),
            effects: Vec::new(),
            gone: Vec::new(),
            comments: 0,
        }
    }

    /// A stage with one report of rae's, SEC-2025-1.
    pub(super) fn with_report(policy: Policy, now: &str) -> Self {
        let mut stage = Self::new(policy, now);
        stage.report("SEC-2025-1", "rae");
        stage
    }

    pub(super) fn report(&mut self, id: &str, login: &str) {
        let case = report(id, login, &self.policy, self.now);
        self.cases.insert(case.id.clone(), case);
    }

    pub(super) fn case(&self, id: &str) -> &Case {
        &self.cases[&id.parse::<CaseId>().expect("a case")]
    }

    pub(super) fn case_mut(&mut self, id: &str) -> &mut Case {
        self.cases.get_mut(&id.parse::<CaseId>().expect("a case")).expect("it exists")
    }

    pub(super) fn set(&mut self, now: &str) {
        self.now = at(now);
    }

    pub(super) fn person(&self, login: &str) -> Actor {
        let mut person = actor(login);
        if self.gone.iter().any(|gone| gone == login) {
            person.roles.clear();
        }
        person
    }

    /// A new comment at the desk of a case, written now.
    pub(super) fn says(&mut self, id: &str, login: &str, text: &str) -> Consideration {
        self.comments += 1;
        let key = format!("comment/{}", self.comments);
        self.hears(id, &key, login, text, self.now, Edit::Never, None)
    }

    /// The same where everything has to be carried out.
    #[track_caller]
    pub(super) fn does(&mut self, id: &str, login: &str, text: &str) -> Consideration {
        let result = self.says(id, login, text);
        assert!(!result.answers.is_empty(), "nothing was heard: {text}");
        for answer in &result.answers {
            assert_eq!(answer.outcome, Outcome::Done, "{text}: {}", result.reply());
        }
        result
    }

    /// The same where everything has to be refused; gives the reply.
    #[track_caller]
    pub(super) fn refused(&mut self, id: &str, login: &str, text: &str) -> String {
        let before = self.case(id).clone();
        let result = self.says(id, login, text);
        assert!(!result.answers.is_empty(), "nothing was heard: {text}");
        for answer in &result.answers {
            assert_eq!(answer.outcome, Outcome::Refused, "{text}: {}", result.reply());
        }
        assert_eq!(&before, self.case(id), "a refusal changes nothing");
        assert_eq!(result.effects, [], "a refusal wants nothing");
        result.reply()
    }

    /// A command that waits; gives its code.
    #[track_caller]
    pub(super) fn waits(&mut self, id: &str, login: &str, text: &str) -> String {
        let result = self.says(id, login, text);
        assert_eq!(result.answers.len(), 1, "{text}");
        assert_eq!(result.answers[0].outcome, Outcome::Waits, "{text}: {}", result.reply());
        self.case(id).pending.last().expect("it waits").code.clone()
    }

    /// A command of one, confirmed by another.
    #[track_caller]
    pub(super) fn both_do(&mut self, id: &str, first: &str, second: &str, text: &str) -> Consideration {
        let code = self.waits(id, first, text);
        self.does(id, second, &format!("/confirm {code}"))
    }

    /// A comment as the desk tells it.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn hears(
        &mut self,
        id: &str,
        key: &str,
        login: &str,
        text: &str,
        written_at: Timestamp,
        edit: Edit,
        log: Option<&CommentLog>,
    ) -> Consideration {
        let id: CaseId = id.parse().expect("a case");
        let case = self.cases[&id].clone();
        let mentions = needs(text, &case, &self.policy, written_at);
        let people: BTreeMap<String, Actor> =
            mentions.people.iter().map(|login| (login.to_ascii_lowercase(), self.person(login))).collect();
        let cases = mentions.cases.iter().filter_map(|id| Some((id.clone(), self.cases.get(id)?.clone()))).collect();
        let lines = mentions
            .pending_lines
            .iter()
            .filter_map(|name| Some((name.clone(), self.lines.get(name)?.clone())))
            .collect();
        let clearance = Clearance::grant();
        let world = World {
            policy: &self.policy,
            now: self.now,
            series: &self.series,
            proof: None,
            people: &people,
            cases: &cases,
            lines: &lines,
            clearance: &clearance,
        };
        let author = self.person(login);
        let body = Embargoed::new(text.to_owned());
        let comment = Comment { key, author: &author, written_at, edit, text: &body, log };
        let result = consider(&comment, case, &world);
        for note in &result.notes {
            self.lines.insert(note.name.clone(), note.text.clone());
        }
        self.cases.insert(id, result.case.clone());
        for other in &result.others {
            self.cases.insert(other.id.clone(), other.clone());
        }
        self.effects.extend(result.effects.clone());
        result
    }

    /// Time reaches a case.
    pub(super) fn tick(&mut self, id: &str) -> Tick {
        let (policy, now) = (self.policy.clone(), self.now);
        tick(self.case_mut(id), &policy, now)
    }

    /// Payloads of one sort of wanted act, oldest first.
    pub(super) fn wanted<A: Action>(&self) -> Vec<A> {
        self.effects
            .iter()
            .filter(|effect| effect.kind == A::KIND)
            .map(|effect| serde_json::from_value(effect.payload.clone()).expect("its own payload"))
            .collect()
    }

    /// Brings SEC-2025-1 to accepted: acknowledged, checked, a high class, two series.
    pub(super) fn accept(&mut self) {
        self.does("SEC-2025-1", "tom", "/ack");
        let checks: Vec<String> =
            self.policy.evaluation.checklist.iter().map(|item| format!("/check {} yes", item.id)).collect();
        self.does("SEC-2025-1", "tom", &checks.join("\n"));
        self.does("SEC-2025-1", "cora", "/class sql-injection\n/affects main 5.2 5.1 4.2\n/accept");
    }
}
