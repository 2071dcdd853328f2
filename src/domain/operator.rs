//! What an operator does by hand, as the audit log keeps it: who, what, when, and why in their own words.

use std::str::FromStr;

use jiff::Timestamp;

use super::{decision::DecisionRecord, reason::Reason};

/// Who runs a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    user: String,
    by_sudo_from: Option<String>,
}

impl Operator {
    /// The machine's user `user`, who became that by sudo where `by_sudo_from` names somebody else. Anything but visible
    /// characters becomes `?`, because the name is printed.
    pub fn new(user: &str, by_sudo_from: Option<&str>) -> Self {
        let by_sudo_from = by_sudo_from.map(visible).filter(|from| !from.is_empty() && *from != user);
        Self { user: visible(user), by_sudo_from }
    }

    /// The actor of a decision: `operator:alice`.
    pub fn actor(&self) -> String {
        format!("operator:{}", self.user)
    }
}

fn visible(name: &str) -> String {
    name.trim().chars().take(64).map(|c| if c.is_control() || c.is_whitespace() { '?' } else { c }).collect()
}

/// Why an operator does something, in their own words: 3 to 500 characters on one line. It is kept for ever and in the
/// clear, so it must hold no word of what is under embargo; nobody but the operator can see to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenReason(String);

impl GivenReason {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GivenReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err("a reason is one line of text, without tabs and other control characters".to_owned());
        }
        match text.chars().count() {
            0..3 => Err("say in 3 characters or more why; the audit log keeps it".to_owned()),
            3..=500 => Ok(Self(text.to_owned())),
            many => Err(format!("a reason has 500 characters at most, and this one has {many}")),
        }
    }
}

/// One act of an operator.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// What was done, in one word: `effect_retried`.
    pub outcome: &'static str,
    /// The command that did it: `embargod effects retry`.
    pub command: &'static str,
    /// What it was done to: an effect's key, a delivery's GUID, an alert's name.
    pub subject: &'a str,
    /// The case that it concerns.
    pub case: Option<&'a str>,
    /// Keys of the effects that it sets going again.
    pub effects: Vec<String>,
    /// Why; `None` where the command asks for no reason.
    pub reason: Option<&'a GivenReason>,
}

impl Act<'_> {
    /// The entry for the audit log.
    pub fn record(self, operator: &Operator, at: Timestamp) -> DecisionRecord {
        let why = self.reason.map_or("no reason was given", |reason| reason.0.as_str());
        let mut reasons = vec![Reason::new(format!("operator.{}", self.outcome), why)];
        if let Some(from) = &operator.by_sudo_from {
            let text = format!("{from} became {} by sudo", operator.user);
            reasons.push(Reason::new("operator.sudo", text).from_source("SUDO_USER"));
        }
        DecisionRecord {
            at,
            feature: "operator".to_owned(),
            subject: self.subject.to_owned(),
            outcome: self.outcome.to_owned(),
            cause: self.command.to_owned(),
            actor: Some(operator.actor()),
            case: self.case.map(str::to_owned),
            policy_version: String::new(),
            reasons,
            effects: self.effects,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> Result<GivenReason, String> {
        text.parse()
    }

    #[test]
    fn a_reason_is_a_line_that_says_something() {
        assert_eq!(why("  the permission is back "), Ok(GivenReason("the permission is back".to_owned())));
        for (text, complaint) in [
            ("", "3 characters or more"),
            ("  x  ", "3 characters or more"),
            ("a\nb\nc", "one line"),
            ("red\u{1b}[31m", "control"),
            (&"é".repeat(501), "this one has 501"),
        ] {
            let said = why(text).expect_err("refused");
            assert!(said.contains(complaint), "{text:?}: {said}");
        }
        assert!(why(&"é".repeat(500)).is_ok(), "characters are counted, not bytes");
    }

    #[test]
    fn an_act_says_who_what_when_and_why() {
        let reason = why("the App may write again").expect("a reason");
        let act = Act {
            outcome: "effect_retried",
            command: "embargod effects retry",
            subject: "redact:repo:1/issue/7#0",
            case: Some("SEC-2026-1"),
            effects: vec!["redact:repo:1/issue/7#0".to_owned()],
            reason: Some(&reason),
        };
        let record = act.record(&Operator::new("root", Some("alice")), Timestamp::UNIX_EPOCH);
        assert_eq!(record.actor.as_deref(), Some("operator:root"));
        assert_eq!((record.feature.as_str(), record.outcome.as_str()), ("operator", "effect_retried"));
        assert_eq!(record.cause, "embargod effects retry");
        let told: Vec<_> = record.reasons.iter().map(|reason| (reason.rule.as_str(), reason.text.as_str())).collect();
        assert_eq!(
            told,
            [("operator.effect_retried", "the App may write again"), ("operator.sudo", "alice became root by sudo"),]
        );
    }

    #[test]
    fn a_name_cannot_write_lines_of_its_own() {
        assert_eq!(Operator::new("eve\nroot", Some("eve\nroot")).actor(), "operator:eve?root");
        assert_eq!(Operator::new("alice", Some("alice")), Operator::new("alice", None));
    }
}
