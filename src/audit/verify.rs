//! Walks the chain from its first link, and says where it is broken first.

use std::{collections::BTreeMap, fmt};

use super::{Head, PAGE};
use crate::{
    domain::decision::DecisionRecord,
    store::{AuditLink, StoreError, Upkeep, link_hash},
};

/// What a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last link that is sound, with everything before it.
    pub sound: Head,
    /// Entries that no link covers yet; nothing protects them.
    pub unlinked: u64,
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
}

/// The first thing that is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The position at which it is.
    pub position: u64,
    /// What it is.
    pub damage: Damage,
    /// What the entry there says about itself: when, who decided, what about. Nothing where it cannot be read.
    pub entry: Option<String>,
}

/// What can be wrong at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// There is no link, though there is a later one.
    LinkGone,
    /// There is a link, but its entry is gone.
    EntryGone,
    /// The link names another predecessor than the one before it.
    NotTheNext,
    /// The entry is not what the link was made over, or the link itself was changed.
    Changed,
    /// Another hash was noted for this position: this link and maybe earlier ones were made anew.
    NotAsNoted,
    /// A hash was noted for this position, and the chain ends before it.
    EndCutOff,
}

impl Damage {
    /// A slug for scripts.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::LinkGone => "link_gone",
            Self::EntryGone => "entry_gone",
            Self::NotTheNext => "not_the_next",
            Self::Changed => "changed",
            Self::NotAsNoted => "not_as_noted",
            Self::EndCutOff => "end_cut_off",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkGone => "the link is gone, and later ones are there",
            Self::EntryGone => "the entry is gone, and its link is there",
            Self::NotTheNext => "the link does not follow the one before it: moved, replaced or changed",
            Self::Changed => "the entry is not the one that was linked here, or its link was changed",
            Self::NotAsNoted => "another hash was noted for this position: the chain was made anew up to here",
            Self::EndCutOff => "this position was noted, and the chain ends before it: its end was cut off",
        })
    }
}

/// A walk along a chain, link by link. Pure: whoever walks reads the links.
#[derive(Debug)]
pub struct Walk {
    at: Head,
    noted: BTreeMap<u64, [u8; 32]>,
}

impl Walk {
    /// A walk from the first link, past heads that were noted earlier. Where two were noted for one position, they are
    /// the same or the chain cannot be sound; the later one counts.
    pub fn past(noted: &[Head]) -> Self {
        let noted = noted.iter().filter(|head| head.position > 0).map(|head| (head.position, head.hash)).collect();
        Self { at: Head::START, noted }
    }

    /// The next link; what is wrong with it, if anything is. A walk ends at the first thing that is wrong.
    pub fn step(&mut self, link: &AuditLink) -> Option<Broken> {
        let expected = self.at.position + 1;
        let entry = describe(&link.entry);
        let damage = if link.position > expected {
            return Some(Broken { position: expected, damage: Damage::LinkGone, entry: None });
        } else if link.position < expected || link.previous != self.at.hash {
            Damage::NotTheNext
        } else if link.entry.is_empty() {
            Damage::EntryGone
        } else if link_hash(&link.previous, link.position, &link.entry) != link.hash {
            Damage::Changed
        } else if self.noted.remove(&link.position).is_some_and(|noted| noted != link.hash) {
            Damage::NotAsNoted
        } else {
            self.at = Head::from(link);
            return None;
        };
        Some(Broken { position: link.position, damage, entry })
    }

    /// After the last link: a head that was noted and never reached.
    pub fn end(&self) -> Option<Broken> {
        let (position, _) = self.noted.first_key_value()?;
        Some(Broken { position: *position, damage: Damage::EndCutOff, entry: None })
    }

    /// The last sound link.
    pub fn at(&self) -> Head {
        self.at
    }
}

/// Walks the whole chain, page by page, past the heads that were noted.
///
/// # Errors
/// When the store fails.
pub async fn verify<S: Upkeep + ?Sized>(store: &S, noted: &[Head]) -> Result<Verified, StoreError> {
    let mut walk = Walk::past(noted);
    let broken = loop {
        let page = store.audit_page(walk.at().position, PAGE).await?;
        if page.is_empty() {
            break walk.end();
        }
        if let Some(broken) = page.iter().find_map(|link| walk.step(link)) {
            break Some(broken);
        }
    };
    Ok(Verified { sound: walk.at(), unlinked: store.audit_unlinked().await?, broken })
}

/// An entry in a line that cannot move a terminal's cursor, without its reasons; `None` where it is no entry of ours.
fn describe(entry: &str) -> Option<String> {
    let record: DecisionRecord = serde_json::from_str(entry).ok()?;
    let case = record.case.map(|case| format!(" ({case})")).unwrap_or_default();
    let line = format!("{} {}: {} about {}{case}", record.at, record.feature, record.outcome, record.subject);
    Some(line.chars().map(|c| if c.is_control() { '?' } else { c }).take(300).collect())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::reason::Reason;

    fn entry(number: u64) -> String {
        let record = DecisionRecord {
            at: Timestamp::UNIX_EPOCH,
            feature: "redirect".to_owned(),
            subject: format!("repo:1/issue/{number}"),
            outcome: "shielded".to_owned(),
            cause: "guid".to_owned(),
            actor: None,
            case: Some(format!("SEC-2026-{number}")),
            policy_version: "v".to_owned(),
            reasons: vec![Reason::new("intake.firm", "not for the terminal")],
            effects: Vec::new(),
        };
        serde_json::to_string(&record).expect("plain data")
    }

    fn chain(entries: impl IntoIterator<Item = String>) -> Vec<AuditLink> {
        let mut previous = [0; 32];
        let linked = entries.into_iter().zip(1..).map(|(entry, position)| {
            let hash = link_hash(&previous, position, &entry);
            AuditLink { position, previous: std::mem::replace(&mut previous, hash), entry, hash }
        });
        linked.collect()
    }

    /// Position and damage; and how far the chain was sound.
    fn walked(links: &[AuditLink], noted: &[Head]) -> (u64, Option<(u64, Damage)>) {
        let mut walk = Walk::past(noted);
        let broken = links.iter().find_map(|link| walk.step(link)).or_else(|| walk.end());
        (walk.at().position, broken.map(|broken| (broken.position, broken.damage)))
    }

    #[test]
    fn a_whole_chain_is_sound_up_to_its_head() {
        assert_eq!(walked(&[], &[]), (0, None));
        let links = chain((1..=5).map(entry));
        let heads: Vec<Head> = links.iter().map(Head::from).collect();
        assert_eq!(walked(&links, &heads), (5, None), "every head that was ever noted is passed");
        assert_eq!(walked(&links, &[Head::START]), (5, None), "the head of an empty chain says nothing");
    }

    #[test]
    fn each_damage_is_found_at_its_place() {
        let sound = chain((1..=5).map(entry));
        let damaged = |damage: &dyn Fn(&mut Vec<AuditLink>)| {
            let mut links = sound.clone();
            damage(&mut links);
            walked(&links, &[])
        };
        assert_eq!(damaged(&|l| l[2].entry = entry(9)), (2, Some((3, Damage::Changed))));
        assert_eq!(damaged(&|l| l[2].entry.push(' ')), (2, Some((3, Damage::Changed))), "bytes count, not meaning");
        assert_eq!(damaged(&|l| l[2].entry.clear()), (2, Some((3, Damage::EntryGone))));
        assert_eq!(damaged(&|l| l[2].hash[31] ^= 1), (2, Some((3, Damage::Changed))));
        assert_eq!(damaged(&|l| l[2].previous[0] ^= 1), (2, Some((3, Damage::NotTheNext))));
        assert_eq!(damaged(&|l| drop(l.remove(2))), (2, Some((3, Damage::LinkGone))));
        assert_eq!(damaged(&|l| drop(l.remove(0))), (0, Some((1, Damage::LinkGone))));
        assert_eq!(damaged(&|l| l.insert(2, l[1].clone())), (2, Some((2, Damage::NotTheNext))));
        let swapped = |l: &mut Vec<AuditLink>| {
            let (third, fourth) = (l[2].entry.clone(), l[3].entry.clone());
            (l[2].entry, l[3].entry) = (fourth, third);
        };
        assert_eq!(damaged(&swapped), (2, Some((3, Damage::Changed))));
        let renumbered = |l: &mut Vec<AuditLink>| {
            l.remove(2);
            for (link, position) in l.iter_mut().zip(1..) {
                link.position = position;
            }
        };
        assert_eq!(damaged(&renumbered), (2, Some((3, Damage::NotTheNext))));
    }

    #[test]
    fn only_a_noted_head_shows_a_chain_that_was_cut_or_made_anew() {
        let sound = chain((1..=5).map(entry));
        let noted = [Head::from(&sound[1]), Head::from(&sound[3])];
        assert_eq!(walked(&sound[..3], &[]), (3, None), "by itself a shorter chain is as good as any");
        assert_eq!(walked(&sound[..3], &noted), (3, Some((4, Damage::EndCutOff))));
        let anew = chain([1, 2, 9, 4, 5].map(entry));
        assert_eq!(walked(&anew, &[]), (5, None));
        assert_eq!(walked(&anew, &noted), (3, Some((4, Damage::NotAsNoted))));
        assert_eq!(walked(&[], &noted), (0, Some((2, Damage::EndCutOff))));
    }

    #[test]
    fn an_entry_names_itself_without_its_reasons_and_without_tricks() {
        let line = describe(&entry(7)).expect("readable");
        assert_eq!(line, "1970-01-01T00:00:00Z redirect: shielded about repo:1/issue/7 (SEC-2026-7)");
        let tricky = entry(7).replace("shielded", "\\u001b[2Jgone");
        assert!(!describe(&tricky).expect("readable").contains('\u{1b}'));
        assert_eq!(describe("{}"), None);
    }
}
