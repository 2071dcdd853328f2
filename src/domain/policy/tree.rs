//! Policy texts as trees in which every value knows where it was written.
//!
//! serde-saphyr is known only here. It reads a text within a tight budget into [`Node`]s; [`super::decode`] makes typed
//! values of them. The detour gives each value of a merged policy its own origin, and lets one reading report several
//! mistakes.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error as YamlError, Spanned};

use super::Preset;
use super::problem::{Problem, mistake};

/// Longest policy text, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A text that values come from.
#[derive(PartialEq, Eq)]
pub(super) struct Source {
    /// What people call it: `acme/framework .github/embargod.yml`.
    pub(super) name: String,
    /// The text itself, for snippets.
    pub(super) text: String,
    /// The preset that it is, if it is one.
    pub(super) preset: Option<Preset>,
}

/// Where something was written.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    /// Counted from 1.
    pub(super) line: u64,
    /// Counted from 1, in characters.
    pub(super) column: u64,
    /// In bytes, from the start of the text.
    pub(super) offset: usize,
    /// In bytes.
    pub(super) length: usize,
}

impl Place {
    /// The start of a text.
    pub(super) fn start(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), line: 1, column: 1, offset: 0, length: 0 }
    }

    fn at(source: &Arc<Source>, location: serde_saphyr::Location) -> Self {
        let bytes = |count: Option<u64>| count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let end = source.text.len();
        let offset = bytes(location.span().byte_offset()).min(end);
        Self {
            source: Arc::clone(source),
            line: location.line().max(1),
            column: location.column().max(1),
            offset,
            length: bytes(location.span().byte_len()).min(end - offset),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line, self.column)
    }
}

/// A value and where it was written.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A value of a policy text.
#[derive(Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One `key: value`.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key was written.
    pub(super) place: Place,
    pub(super) node: Node,
}

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The way from the root to a value. Shown as `series.lts."4.2"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    pub(super) fn child(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.0.iter().enumerate() {
            let dot = if n == 0 { "" } else { "." };
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if is_plain(key) => write!(f, "{dot}{key}")?,
                Step::Key(key) => write!(f, "{dot}{:?}", shortened(key))?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.len() <= 80 && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A key as it may stand in a message: at most 80 characters.
pub(super) fn shortened(key: &str) -> String {
    let mut short: String = key.chars().take(80).collect();
    if short.len() < key.len() {
        short.push('…');
    }
    short
}

impl Node {
    /// The value under `key`, where this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// The value at the end of `path`.
    pub(super) fn at(&self, path: &Path) -> Option<&Node> {
        path.0.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => match &node.value {
                Value::List(items) => items.get(*index),
                _ => None,
            },
        })
    }

    /// Puts `replacement` in the place of the value at the end of `path`, or removes that value. False where there is
    /// none.
    pub(super) fn replace(&mut self, path: &[Step], replacement: Option<Node>) -> bool {
        match (path, &mut self.value) {
            ([Step::Key(key)], Value::Map(entries)) => {
                let Some(n) = entries.iter().position(|entry| entry.key == *key) else {
                    return false;
                };
                match replacement {
                    Some(node) => entries[n].node = node,
                    None => drop(entries.remove(n)),
                }
                true
            }
            ([Step::Index(index)], Value::List(items)) if *index < items.len() => {
                items.remove(*index);
                true
            }
            ([Step::Key(key), rest @ ..], Value::Map(entries)) => entries
                .iter_mut()
                .find(|entry| entry.key == *key)
                .is_some_and(|entry| entry.node.replace(rest, replacement)),
            ([Step::Index(index), rest @ ..], Value::List(items)) => {
                items.get_mut(*index).is_some_and(|node| node.replace(rest, replacement))
            }
            _ => false,
        }
    }

    /// Lays `over` on this value: maps are joined key by key, anything else is replaced.
    pub(super) fn overlay(&mut self, over: &Node) {
        match (&mut self.value, &over.value) {
            (Value::Map(below), Value::Map(above)) => {
                for entry in above {
                    match below.iter_mut().find(|known| known.key == entry.key) {
                        Some(known) => {
                            known.place = entry.place.clone();
                            known.node.overlay(&entry.node);
                        }
                        None => below.push(entry.clone()),
                    }
                }
                // A section that a file adds to is complained about in the file.
                self.place = over.place.clone();
            }
            _ => *self = over.clone(),
        }
    }
}

/// Reads a text. Every failure is the text's fault and is told with its place.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Box<Problem>> {
    if source.text.len() > MAX_BYTES {
        return Err(Box::new(mistake(
            Place::start(source),
            format!("the policy is larger than {MAX_BYTES} bytes"),
            "keep rules only, and move explanations elsewhere".to_owned(),
        )));
    }
    // Sized for a text of at most 64 KiB that nests four deep; an alias bomb or a tower of brackets ends here.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000,
            max_nodes: 10_000,
            max_depth: 16,
            max_documents: 2,
            max_aliases: 100,
            max_anchors: 100,
            max_recorded_anchor_events: 2_000,
            max_merge_keys: 20,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 5_000 },
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Option<Spanned<Raw>>>(&source.text, options) {
        Ok(Some(raw)) => Ok(settle(source, raw)),
        Ok(None) | Err(YamlError::Eof { .. }) => {
            Ok(Node { value: Value::Map(Vec::new()), place: Place::start(source) })
        }
        Err(error) => Err(Box::new(explain(source, &error))),
    }
}

fn explain(source: &Arc<Source>, error: &YamlError) -> Problem {
    let place = match error.location() {
        Some(location) => Place::at(source, location),
        None => Place::start(source),
    };
    let cause = match error {
        YamlError::AliasError { error, .. } => error,
        error => error,
    };
    let (message, remedy) = match cause {
        YamlError::DuplicateMappingKey { key, .. } => (
            match key {
                Some(key) => format!("`{}` is given twice", shortened(key)),
                None => "a key is given twice".to_owned(),
            },
            "keep one of the two",
        ),
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. } => (
            "the policy has too many values, aliases or levels".to_owned(),
            "keep to the keys of the reference; `embargod policy schema` lists them",
        ),
        YamlError::MultipleDocuments { .. } => {
            ("the file holds more than one document".to_owned(), "remove the line `---` and what follows")
        }
        _ => ("this is not valid YAML".to_owned(), "check indentation, colons and quotes here and in the line above"),
    };
    mistake(place, message, remedy.to_owned())
}

/// What the YAML reader hands over.
enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn settle(source: &Arc<Source>, raw: Spanned<Raw>) -> Node {
    let place = Place::at(source, raw.referenced);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Integer(value) => Value::Integer(value),
        Raw::Float(value) => Value::Float(value),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => Value::List(items.into_iter().map(|item| settle(source, item)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    place: Place::at(source, key.referenced),
                    key: key.value,
                    node: settle(source, value),
                })
                .collect(),
        ),
    };
    Node { value, place }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_some<D: serde::Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
                Raw::deserialize(inner)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Integer(value))
            }

            // Numbers beyond i64 are out of every bound of ours; as floats they stay so.
            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Integer))
            }

            fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
                Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Integer))
            }

            fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
                Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Integer))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Raw::Map(map))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}
