//! When GitHub last answered, and when it last did not: what readiness is told, without asking GitHub.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// What this process has seen of GitHub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The last answer that was not trouble of GitHub's own (a status below 500).
    pub answered_at: Option<Timestamp>,
    /// The first request that failed since then: no answer, or a status from 500 on. `None` while all is well.
    pub failing_since: Option<Timestamp>,
}

/// Keeps a [`Contact`] up to date.
#[derive(Debug, Default)]
pub(super) struct Contacts(Mutex<Contact>);

impl Contacts {
    /// Notes how a request ended: its status, or `None` where no answer came.
    pub(super) fn note(&self, status: Option<u16>, now: Timestamp) {
        let mut contact = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match status {
            Some(status) if status < 500 => *contact = Contact { answered_at: Some(now), failing_since: None },
            _ => contact.failing_since = contact.failing_since.or(Some(now)),
        }
    }

    pub(super) fn seen(&self) -> Contact {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_dated_from_its_first_sign_until_an_answer_comes() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let contacts = Contacts::default();
        contacts.note(Some(200), at(1));
        contacts.note(None, at(2));
        contacts.note(Some(502), at(3));
        assert_eq!(contacts.seen(), Contact { answered_at: Some(at(1)), failing_since: Some(at(2)) });
        contacts.note(Some(404), at(4));
        assert_eq!(
            contacts.seen(),
            Contact { answered_at: Some(at(4)), failing_since: None },
            "a refusal is an answer"
        );
    }
}
