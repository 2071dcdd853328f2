//! Who has to do with a case: its coordinator, and who is credited.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A person, by GitHub's account. The number identifies; the login is for reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Login name.
    pub login: String,
    /// GitHub's number of the account.
    pub id: u64,
}

/// How somebody wants to be named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum CreditName {
    /// By an account.
    Login(String),
    /// By a name as it is to be printed.
    Name(String),
    /// Not at all.
    Anonymous,
}

/// Somebody who found or reported the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Login of the finder, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finder: Option<String>,
    /// How they want to be named; `None` until they or a maintainer said so, and never guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<CreditName>,
}

/// Who has to do with a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct People {
    /// The one person who steers the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<Person>,
    /// Who found it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<Credit>,
    /// Since when an answer of the reporter is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_reporter_at: Option<Timestamp>,
}

impl People {
    /// Takes in the credits of another case with the same subject, losing nobody and doubling nobody. Somebody who is
    /// known to both keeps the name that was said here.
    pub fn join_credits(&mut self, others: &[Credit]) {
        for other in others {
            let same = |known: &&mut Credit| match (&known.finder, &other.finder) {
                (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                (None, None) => known.named == other.named,
                _ => false,
            };
            match self.credits.iter_mut().find(same) {
                Some(known) => {
                    if known.named.is_none() {
                        known.named.clone_from(&other.named);
                    }
                }
                None => self.credits.push(other.clone()),
            }
        }
    }
}
