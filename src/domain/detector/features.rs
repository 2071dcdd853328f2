//! What the weights are for: each concept in each place, how the post as a whole is built, and its wording.

use std::collections::HashMap;

use super::Place;
use super::grams::{Gram, grams_of};
use super::lexicon::{self, Family};
use super::matching::{Found, LexiconError, Matcher};
use super::text::{Segments, Shape, segment};

/// One feature that a post has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its position among all named features; see [`Slots`].
    pub slot: usize,
    /// The concept's or structure's name.
    pub name: &'static str,
    /// Where.
    pub place: Place,
}

/// What structure features look at.
pub struct Facts<'a> {
    families: &'a [Family],
    names: &'a [&'static str],
    found: &'a [Found],
    shape: Shape,
    title_bytes: usize,
}

impl Facts<'_> {
    /// How many concepts of a family there are where `place` says.
    fn count(&self, family: Family, place: fn(Found) -> bool) -> usize {
        let of_family = self.families.iter().map(|other| *other == family);
        of_family.zip(self.found).filter(|(wanted, found)| *wanted && place(**found)).count()
    }

    fn any(&self, family: Family) -> bool {
        self.count(family, Found::anywhere) > 0
    }

    fn concept(&self, name: &str) -> Found {
        let at = self.names.iter().position(|other| *other == name);
        at.map_or_else(Found::default, |at| self.found[at])
    }

    fn has(&self, name: &str) -> bool {
        self.concept(name).anywhere()
    }

    /// A weakness in the narrow sense: more than the word "vulnerability".
    fn weaknesses(&self, place: fn(Found) -> bool) -> usize {
        let word = usize::from(place(self.concept("vulnerability_word")));
        self.count(Family::Weakness, place).saturating_sub(word)
    }
}

fn in_title(found: Found) -> bool {
    found.title
}

fn in_prose(found: Found) -> bool {
    found.prose
}

/// A feature of the post as a whole.
pub struct Structure {
    /// The feature's name.
    pub name: &'static str,
    /// In plain words, for a maintainer.
    pub says: &'static str,
    holds: fn(&Facts<'_>) -> bool,
}

/// All structure features.
pub const STRUCTURES: &[Structure] = &[
    Structure {
        name: "no_body",
        says: "has a title only",
        holds: |f| f.shape.prose_bytes == 0 && f.shape.code_blocks == 0,
    },
    Structure { name: "no_title", says: "has no title", holds: |f| f.title_bytes == 0 },
    Structure { name: "short_body", says: "is short", holds: |f| (1..200).contains(&f.shape.prose_bytes) },
    Structure { name: "long_body", says: "is long", holds: |f| f.shape.prose_bytes > 2500 },
    Structure {
        name: "harmless_code",
        says: "shows code without attack strings",
        holds: |f| f.shape.code_blocks > 0 && !f.has("exploit_string"),
    },
    Structure { name: "has_image", says: "shows an image", holds: |f| f.shape.images > 0 },
    Structure { name: "has_steps", says: "lists numbered steps", holds: |f| f.shape.numbered_steps >= 2 },
    Structure { name: "has_headings", says: "is built of headings", holds: |f| f.shape.headings >= 3 },
    Structure { name: "has_check_boxes", says: "has check boxes", holds: |f| f.shape.check_boxes >= 2 },
    Structure { name: "has_table", says: "has a table", holds: |f| f.shape.table_rows >= 2 },
    Structure {
        name: "weakness_in_title",
        says: "names a weakness in its title",
        holds: |f| f.weaknesses(in_title) > 0,
    },
    Structure { name: "weakness_in_prose", says: "names a weakness", holds: |f| f.weaknesses(in_prose) > 0 },
    Structure {
        name: "two_weaknesses",
        says: "names two or more kinds of weakness",
        holds: |f| f.weaknesses(Found::anywhere) >= 2,
    },
    Structure {
        name: "many_weaknesses",
        says: "lists many kinds of weakness",
        holds: |f| f.weaknesses(Found::anywhere) >= 6,
    },
    Structure {
        name: "attack_in_title",
        says: "speaks of attack or repair in its title",
        holds: |f| f.count(Family::Attack, in_title) > 0,
    },
    Structure {
        name: "two_attack_words",
        says: "speaks of attack in two or more ways",
        holds: |f| f.count(Family::Attack, Found::anywhere) >= 2,
    },
    Structure {
        name: "many_attack_words",
        says: "speaks of attack in many ways",
        holds: |f| f.count(Family::Attack, Found::anywhere) >= 5,
    },
    Structure {
        name: "weakness_and_attack",
        says: "names a weakness and how it is attacked",
        holds: |f| f.weaknesses(Found::anywhere) > 0 && f.count(Family::Attack, Found::anywhere) > 0,
    },
    Structure {
        name: "weakness_and_more_attack",
        says: "names a weakness and much about attacking it",
        holds: |f| f.weaknesses(Found::anywhere) > 0 && f.count(Family::Attack, Found::anywhere) >= 3,
    },
    Structure {
        name: "weakness_in_title_and_attack",
        says: "names a weakness in its title and how it is attacked",
        holds: |f| f.weaknesses(in_title) > 0 && f.count(Family::Attack, Found::anywhere) > 0,
    },
    Structure {
        name: "weakness_alone",
        says: "names a weakness and nothing that explains it away",
        holds: |f| {
            f.weaknesses(Found::anywhere) > 0
                && !f.any(Family::PublicKnowledge)
                && !f.any(Family::Hardening)
                && !f.any(Family::Lookalike)
        },
    },
    Structure {
        name: "weakness_of_dependency",
        says: "names a weakness and a dependency's public record",
        holds: |f| f.weaknesses(Found::anywhere) > 0 && f.count(Family::PublicKnowledge, Found::anywhere) >= 2,
    },
    Structure {
        name: "weakness_in_lookalike",
        says: "names a weakness among every-day words",
        holds: |f| f.weaknesses(Found::anywhere) > 0 && f.count(Family::Lookalike, Found::anywhere) >= 3,
    },
    Structure {
        name: "weakness_and_wish",
        says: "names a weakness and wishes for more defence",
        holds: |f| f.weaknesses(Found::anywhere) > 0 && f.count(Family::Hardening, in_title) > 0,
    },
    Structure {
        name: "exploit_with_request",
        says: "shows attack strings in a request",
        holds: |f| {
            f.has("exploit_string") && (f.has("http_request") || f.has("proof_of_concept") || f.has("payload_used"))
        },
    },
    Structure {
        name: "attack_string_and_consequence",
        says: "shows attack strings and what they lead to",
        holds: |f| {
            f.has("exploit_string")
                && (f.weaknesses(in_prose) > 0
                    || f.has("attacker_can")
                    || f.has("outsider_can")
                    || f.has("impact_stated"))
        },
    },
    Structure {
        name: "attack_string_in_request",
        says: "an attack string inside a request",
        holds: |f| f.concept("exploit_string").code && f.concept("http_request").code,
    },
    Structure {
        name: "exploit_code_shown",
        says: "names a weakness and shows the code that exploits it",
        holds: |f| {
            f.shape.code_blocks > 0
                && f.weaknesses(Found::anywhere) > 0
                && (f.concept("proof_of_concept").prose
                    || f.concept("exploit_word").prose
                    || f.concept("payload_used").prose)
        },
    },
    Structure {
        name: "consequence_of_weakness",
        says: "says who can abuse a weakness",
        holds: |f| {
            f.weaknesses(Found::anywhere) > 0
                && (f.has("attacker_can") || f.has("outsider_can") || f.has("was_possible"))
        },
    },
    Structure {
        name: "fuzzed_memory_error",
        says: "a memory error from a given file or fuzzer",
        holds: |f| {
            (f.has("sanitizer_trace") || f.has("memory_error"))
                && (f.has("fuzzing") || f.has("proof_of_concept") || f.has("crafted_input"))
        },
    },
    Structure {
        name: "own_cve_with_proof",
        says: "a CVE with a proof of concept and no fixed version",
        holds: |f| {
            f.has("cve_id") && f.has("proof_of_concept") && !f.has("fixed_upstream") && !f.has("dependency_bump")
        },
    },
    Structure {
        name: "repair_of_weakness",
        says: "a fix whose title says what was exploitable",
        holds: |f| {
            f.concept("repairs_weakness").title || f.concept("security_scope").title && f.weaknesses(in_title) > 0
        },
    },
    Structure {
        name: "channel_and_weakness_word",
        says: "looks for a channel because of a vulnerability",
        holds: |f| f.count(Family::Channel, Found::anywhere) >= 2 && f.has("vulnerability_word"),
    },
    Structure {
        name: "channel_in_title",
        says: "looks for a channel in its title",
        holds: |f| f.count(Family::Channel, in_title) > 0,
    },
    Structure {
        name: "channel_asked_in_title",
        says: "asks for the channel in its title",
        holds: |f| f.concept("how_to_report").title || f.concept("private_channel_wanted").title,
    },
    Structure {
        name: "many_channel_words",
        says: "looks for a channel in several ways",
        holds: |f| f.count(Family::Channel, Found::anywhere) >= 3,
    },
    Structure {
        name: "public_in_title",
        says: "names a public record in its title",
        holds: |f| f.count(Family::PublicKnowledge, in_title) > 0,
    },
    Structure {
        name: "much_public_knowledge",
        says: "repeats public records",
        holds: |f| f.count(Family::PublicKnowledge, Found::anywhere) >= 4,
    },
    Structure {
        name: "hardening_in_title",
        says: "wishes for defence in its title",
        holds: |f| f.count(Family::Hardening, in_title) > 0,
    },
    Structure {
        name: "lookalike_in_title",
        says: "uses every-day words in its title",
        holds: |f| f.count(Family::Lookalike, in_title) > 0,
    },
    Structure {
        name: "no_security_word",
        says: "has no word of security at all",
        holds: |f| {
            !f.any(Family::Weakness)
                && !f.any(Family::Attack)
                && !f.any(Family::Channel)
                && !f.any(Family::PublicKnowledge)
                && !f.any(Family::Hardening)
        },
    },
    Structure {
        name: "no_weakness",
        says: "names no weakness",
        holds: |f| f.weaknesses(Found::anywhere) == 0 && !f.has("vulnerability_word"),
    },
];

/// Everything about a post that can have a weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The named features that it has, in the order of their slots.
    pub features: Vec<Feature>,
    /// Its different words and pairs of words, hashed and sorted.
    pub grams: Vec<Gram>,
}

/// Reads off posts everything that can have a weight: what heads are trained on.
pub struct FeatureReader {
    matcher: Matcher,
    slots: Slots,
}

impl FeatureReader {
    /// Compiles the lexicon; the error can't happen with the lexicon that is built in.
    pub fn new() -> Result<Self, LexiconError> {
        Ok(Self { matcher: Matcher::compile()?, slots: Slots::new() })
    }

    /// Reads one post.
    pub fn read(&self, title: &str, body: &str) -> Input {
        self.read_segments(&segment(title, body))
    }

    /// Reads a post that is cut already.
    pub fn read_segments(&self, segments: &Segments) -> Input {
        Input { features: features_of(&self.matcher, segments), grams: grams_of(segments) }
    }

    /// Finds the lexicon's concepts.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// The numbers of the named features.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }
}

/// The places in which a concept can be found.
const CONCEPT_PLACES: [Place; 3] = [Place::Title, Place::Body, Place::Code];

fn features_of(matcher: &Matcher, segments: &Segments) -> Vec<Feature> {
    let found = matcher.find(segments);
    let mut features = Vec::new();
    for (concept, (name, found)) in matcher.names().iter().zip(&found).enumerate() {
        for (at, (here, place)) in [found.title, found.prose, found.code].into_iter().zip(CONCEPT_PLACES).enumerate() {
            if here {
                features.push(Feature { slot: concept * CONCEPT_PLACES.len() + at, name, place });
            }
        }
    }
    let facts = Facts {
        families: matcher.families(),
        names: matcher.names(),
        found: &found,
        shape: segments.shape,
        title_bytes: segments.title.len(),
    };
    let first = matcher.names().len() * CONCEPT_PLACES.len();
    for (at, structure) in STRUCTURES.iter().enumerate() {
        if (structure.holds)(&facts) {
            features.push(Feature { slot: first + at, name: structure.name, place: Place::Post });
        }
    }
    features
}

/// Numbers the named features: each concept in title, body and code, then the structures. The numbers hold for one
/// lexicon; names hold for all, so files name them.
pub struct Slots {
    all: Vec<(&'static str, Place)>,
    says: Vec<&'static str>,
    known: HashMap<(&'static str, Place), usize>,
}

impl Slots {
    /// The slots of the built-in lexicon.
    pub fn new() -> Self {
        let concepts = lexicon::concepts()
            .flat_map(|(_, concept)| CONCEPT_PLACES.map(|place| (concept.name, place, concept.says)));
        let structures = STRUCTURES.iter().map(|structure| (structure.name, Place::Post, structure.says));
        let rows: Vec<_> = concepts.chain(structures).collect();
        let all: Vec<_> = rows.iter().map(|(name, place, _)| (*name, *place)).collect();
        let says = rows.iter().map(|(_, _, says)| *says).collect();
        let known = all.iter().enumerate().map(|(slot, key)| (*key, slot)).collect();
        Self { all, says, known }
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "the lexicon is never empty")]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The slot of a feature.
    pub fn of(&self, name: &str, place: Place) -> Option<usize> {
        self.known.get(&(name, place)).copied()
    }

    /// The feature of a slot.
    pub fn name(&self, slot: usize) -> Option<(&'static str, Place)> {
        self.all.get(slot).copied()
    }

    /// The feature of a slot in plain words.
    pub fn says(&self, slot: usize) -> &'static str {
        self.says.get(slot).copied().unwrap_or("")
    }
}

impl Default for Slots {
    fn default() -> Self {
        Self::new()
    }
}
