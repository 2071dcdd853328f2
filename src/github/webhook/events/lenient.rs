//! Values that forgive: what is missing, null or of another sort becomes nothing instead of failing the delivery.

use std::{fmt, marker::PhantomData};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// What is kept of a string, in bytes of UTF-8; the rest is left out. GitHub's own limits lie below: 65,536 characters for a
/// post, 125,000 for the notes of a release. Whoever reads a string makes several copies of it.
const MOST_TEXT_BYTES: usize = 512 * 1024;

/// Any JSON value, as far as it is a leaf.
enum Leaf {
    Text(String),
    Number(u64),
    Flag(bool),
    Nothing,
}

/// A string, or nothing.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "Leaf")]
pub(in crate::github::webhook) struct Text(pub(in crate::github::webhook) Option<String>);

impl Text {
    /// The string, empty where there was none.
    pub(super) fn or_empty(self) -> String {
        self.0.unwrap_or_default()
    }
}

/// A number that is not negative, or nothing.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(from = "Leaf")]
pub(in crate::github::webhook) struct Number(pub(in crate::github::webhook) Option<u64>);

/// `true`, or not.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(from = "Leaf")]
pub(super) struct Flag(pub(super) bool);

/// An instant, or nothing. Old payloads write some as seconds.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(from = "Leaf")]
pub(super) struct Instant(pub(super) Option<Timestamp>);

/// An object, or nothing.
#[derive(Clone)]
pub(in crate::github::webhook) struct Object<T>(pub(in crate::github::webhook) Option<T>);

/// Whether there is an object, whatever is in it.
pub(super) type Presence = Object<IgnoredFields>;

/// An object of no interest.
#[derive(Clone, Deserialize)]
pub(super) struct IgnoredFields {}

/// A list, the first `MOST` of its entries.
#[derive(Clone)]
pub(super) struct List<T, const MOST: usize>(pub(super) Vec<T>);

/// A list of objects; what is no object is left out.
#[derive(Clone)]
pub(super) struct Objects<T, const MOST: usize>(pub(super) Vec<T>);

impl From<Leaf> for Text {
    fn from(leaf: Leaf) -> Self {
        Self(match leaf {
            Leaf::Text(text) => Some(text),
            _ => None,
        })
    }
}

impl From<Leaf> for Number {
    fn from(leaf: Leaf) -> Self {
        Self(match leaf {
            Leaf::Number(number) => Some(number),
            _ => None,
        })
    }
}

impl From<Leaf> for Flag {
    fn from(leaf: Leaf) -> Self {
        Self(matches!(leaf, Leaf::Flag(true)))
    }
}

impl From<Leaf> for Instant {
    fn from(leaf: Leaf) -> Self {
        Self(match leaf {
            Leaf::Text(text) => text.parse().ok(),
            Leaf::Number(seconds) => {
                i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
            }
            _ => None,
        })
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Default for Objects<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Leaf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LeafVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Objects<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let List(found) = List::<Object<T>, MOST>::deserialize(deserializer)?;
        Ok(Self(found.into_iter().filter_map(|object| object.0).collect()))
    }
}

fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

struct LeafVisitor;

impl<'de> Visitor<'de> for LeafVisitor {
    type Value = Leaf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Leaf, E> {
        Ok(Leaf::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Leaf, E> {
        Ok(Leaf::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Leaf, E> {
        Ok(u64::try_from(number).map_or(Leaf::Nothing, Leaf::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Leaf, E> {
        Ok(Leaf::Nothing)
    }

    fn visit_str<E>(self, text: &str) -> Result<Leaf, E> {
        let kept = text.get(..text.floor_char_boundary(MOST_TEXT_BYTES)).unwrap_or(text);
        Ok(Leaf::Text(kept.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Leaf, E> {
        Ok(Leaf::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Leaf, A::Error> {
        drain_seq(seq).map(|()| Leaf::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Leaf, A::Error> {
        drain_map(map).map(|()| Leaf::Nothing)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        drain_seq(seq).map(|()| Object(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Object(Some(value)))
    }
}

struct ListVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for ListVisitor<T, MOST> {
    type Value = List<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while found.len() < MOST {
            let Some(entry) = seq.next_element()? else {
                return Ok(List(found));
            };
            found.push(entry);
        }
        drain_seq(seq).map(|()| List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        drain_map(map).map(|()| List::default())
    }
}
