//! The lexicon: named concepts, each with the words that people use for it. Data only.
//!
//! A pattern is a regular expression over lower-case text in which blanks are single and quotes are straight; it starts
//! at a word boundary when it starts with a letter, a digit or a bracket. `A && B` asks for both in one sentence (or one
//! piece of code), in any order. `A ~3 B` asks for `A` and then `B` with at most three words between. `{name}` stands for
//! one of the shared fragments below. Patterns are bytes, not Unicode: `.` and classes are for ASCII, other letters may
//! stand only as they are.
//!
//! To add a concept, add it to one of the files here and fit the weights again (`docs/detection.md`); a concept without
//! a weight counts for nothing.

mod access;
mod attack;
mod channel;
mod hardening;
mod languages;
mod lookalikes;
mod public_knowledge;
mod weaknesses;

/// What kind of thing a concept is; the structure features count families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A weakness that software can have.
    Weakness,
    /// The language of attacking, proving and repairing.
    Attack,
    /// Looking for a private channel.
    Channel,
    /// What everybody knows already.
    PublicKnowledge,
    /// Wishes for more defence.
    Hardening,
    /// What only sounds like security.
    Lookalike,
}

/// One named concept.
pub struct Concept {
    /// The feature's name.
    pub name: &'static str,
    /// The concept in plain words, for a maintainer.
    pub says: &'static str,
    /// Its words; see the module.
    pub patterns: &'static [&'static str],
}

/// Words for a concept in other languages than English.
struct Translation {
    concept: &'static str,
    patterns: &'static [&'static str],
}

/// All concepts with their family, in a fixed order.
pub fn concepts() -> impl Iterator<Item = (Family, &'static Concept)> {
    let families: [(Family, &[Concept]); 7] = [
        (Family::Weakness, weaknesses::CONCEPTS),
        (Family::Weakness, access::CONCEPTS),
        (Family::Attack, attack::CONCEPTS),
        (Family::Channel, channel::CONCEPTS),
        (Family::PublicKnowledge, public_knowledge::CONCEPTS),
        (Family::Hardening, hardening::CONCEPTS),
        (Family::Lookalike, lookalikes::CONCEPTS),
    ];
    families.into_iter().flat_map(|(family, concepts)| concepts.iter().map(move |concept| (family, concept)))
}

/// The patterns of a concept in every language.
pub fn patterns_of(concept: &Concept) -> impl Iterator<Item = &'static str> {
    let name = concept.name;
    concept.patterns.iter().copied().chain(
        languages::TRANSLATIONS
            .iter()
            .filter(move |translation| translation.concept == name)
            .flat_map(|translation| translation.patterns.iter().copied()),
    )
}

/// The concepts that translations speak of; a test holds each to an existing one.
#[cfg(test)]
pub fn translated() -> impl Iterator<Item = &'static str> {
    languages::TRANSLATIONS.iter().map(|translation| translation.concept)
}

/// Parts that many patterns share. A fragment may use those above it.
const FRAGMENTS: &[(&str, &str)] = &[
    // Also as it is often misspelt: vulnerabilty, vulnarability, vunerable.
    (
        "vuln",
        "(?:v(?:u|a)l?n?[ae]ra?[a-z]*bi?[a-z]*|vulns?|security (?:issue|problem|bug|flaw|hole|weakness|defect|leak|risk|concern|finding)s?)",
    ),
    (
        "attacker",
        "(?:attacke?rs?|hackers?|intruders?|adversar(?:y|ies)|malicious [a-z-]+|evil [a-z]+|hostile [a-z]+|bad actors?|threat actors?)",
    ),
    (
        "outsider",
        "(?:anyone|anybody|everyone|whoever|any (?:[a-z-]+ )?(?:users?|clients?|visitors?|members?|accounts?|callers?|websites?|processes|process)|every user|all users|other users|another user|guests?|viewers?|anonymous(?: users?)?|unauthenticated (?:users?|clients?|requests?|callers?|attackers?)|unauthori[sz]ed (?:users?|part(?:y|ies)|persons?|access)|unprivileged users?|low.privileged? (?:users?|attackers?)|non.?admins?|normal users?|regular users?|remote users?)",
    ),
    (
        "can",
        "(?:can|could|may|might|able to|allow(?:s|ed|ing)?|lets?|permit(?:s|ted)?|enabl(?:e|es|ed|ing)|possible|would be|will be)",
    ),
    (
        "secret",
        "(?:secrets?|passwords?|passwd|passphrases?|api.?keys?|credentials?|(?:access|auth|api|bearer|session|oauth|refresh|jwt|private|service)[ _-](?:tokens?|keys?)|tokens?|private keys?|jwts?|encryption keys?|signing keys?)",
    ),
    (
        "fixing",
        "(?:fix(?:e[sd]|ing)?|prevent(?:s|ed|ing)?|patch(?:es|ed|ing)?|mitigat[a-z]+|remediat[a-z]+|resolv[a-z]+|clos(?:e|es|ed|ing)|block(?:s|ed|ing)?|stop(?:s|ped)?|avoid(?:s|ed)?|address(?:es|ed)?|eliminat[a-z]+|protect(?:s|ed)?(?: against)?|harden(?:s|ed)?|secur(?:e|es|ed|ing))",
    ),
];

/// Writes the fragments out.
pub fn expand(pattern: &str) -> String {
    let mut pattern = pattern.to_owned();
    for (name, text) in FRAGMENTS.iter().rev() {
        pattern = pattern.replace(&format!("{{{name}}}"), text);
    }
    pattern
}
