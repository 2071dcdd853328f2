//! Typed values from trees: a serde deserializer whose errors name the place and never the value.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Expected, IntoDeserializer, Unexpected};
use serde::{Deserializer, forward_to_deserialize_any};

use super::problem::nearest;
use super::tree::{Entry, Node, Path, Place, Step, Value};

/// Why a tree is not a value of some type.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// The way to the value that does not fit, from the root.
    pub(super) path: Path,
    /// Where the value, or the key that nobody knows, stands.
    pub(super) place: Option<Box<Place>>,
    /// What is wrong with it, to follow its name.
    pub(super) message: String,
    /// How to mend it.
    pub(super) remedy: String,
    /// The key that a section must have and has not.
    pub(super) lacks: Option<&'static str>,
}

impl Mismatch {
    fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: Path::default(), place: None, message: message.into(), remedy: remedy.into(), lacks: None }
    }

    /// The same, one step further from the value; the innermost place stays.
    fn inside(mut self, step: Step, place: &Place) -> Self {
        self.path.0.insert(0, step);
        self.place.get_or_insert_with(|| Box::new(place.clone()));
        self
    }
}

/// Cuts the words of a rule, `what is wrong; how to mend it`, in two.
pub(super) fn cut(words: &str) -> (String, String) {
    match words.split_once("; ") {
        Some((message, remedy)) => (message.to_owned(), remedy.to_owned()),
        // garde's own rules say `greater than 365` and `length is lower than 1`.
        None => {
            let message = match words.strip_prefix("length is ") {
                Some(bound) => format!("has a length {bound}"),
                None => format!("is {words}"),
            };
            (message, "stay within the bounds of the reference".to_owned())
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}; {}", self.path, self.message, self.remedy)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(words: T) -> Self {
        let (message, remedy) = cut(&words.to_string());
        Self::new(message, remedy)
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("is of the wrong type", format!("give {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new("is out of range", "give a number within the bounds of the reference")
    }

    fn missing_field(field: &'static str) -> Self {
        Self { lacks: Some(field), ..Self::new(format!("lacks `{field}`"), format!("add `{field}`")) }
    }
}

/// Makes a typed value of a tree.
pub(super) fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, Mismatch> {
    T::deserialize(Reader(node))
}

#[derive(Clone, Copy)]
struct Reader<'a>(&'a Node);

impl<'a> Reader<'a> {
    fn wrong<T>(self, message: &str, remedy: impl Into<String>) -> Result<T, Mismatch> {
        Err(match self.0.value {
            Value::Null => Mismatch::new("has no value", "give one, or remove the line"),
            _ => Mismatch::new(message, remedy),
        })
    }

    fn entries(self) -> Result<&'a [Entry], Mismatch> {
        match &self.0.value {
            Value::Map(entries) => Ok(entries),
            _ => self.wrong("is not a section", "give keys with values, indented below it"),
        }
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self.0.value {
                Value::Integer(value) => visitor.visit_i64(value),
                Value::Float(_) => self.wrong("is not a whole number", "give a whole number within the bounds of the reference"),
                _ => self.wrong("is not a number", "give a number, without quotes"),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_str(value),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_f64<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0.value {
            Value::Integer(value) => visitor.visit_i64(value),
            Value::Float(value) => visitor.visit_f64(value),
            _ => self.wrong("is not a number", "give a number, without quotes"),
        }
    }

    fn deserialize_bool<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0.value {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => self.wrong("is neither true nor false", "write true or false"),
        }
    }

    fn deserialize_str<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.0.value {
            Value::Text(value) => visitor.visit_str(value),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => {
                self.wrong("is read as a number or a truth value", "put it in quotes, if it is meant")
            }
            _ => self.wrong("is not text", "give one text"),
        }
    }

    fn deserialize_string<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.0.value {
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            _ => self.wrong("is not a list", "write it as a list, such as [one, two]"),
        }
    }

    fn deserialize_map<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let entries = self.entries()?;
        visitor.visit_map(Entries { entries, next: 0 })
    }

    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let entries = self.entries()?;
        if let Some(entry) = entries.iter().find(|entry| !fields.contains(&entry.key.as_str())) {
            let remedy = match nearest(&entry.key, fields.iter().copied()) {
                Some(field) => format!("did you mean `{field}`?"),
                None => format!("known here: {}", fields.join(", ")),
            };
            let step = Step::Key(entry.key.clone());
            return Err(Mismatch::new("is not a key of the policy", remedy).inside(step, &entry.place));
        }
        visitor.visit_map(Entries { entries, next: 0 })
    }

    fn deserialize_enum<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let known = variants.join(", ");
        match &self.0.value {
            Value::Text(word) if variants.contains(&word.as_str()) => {
                let word: StrDeserializer<'_, Mismatch> = word.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            Value::Text(word) => Err(Mismatch::new(
                format!("is not one of {known}"),
                match nearest(word, variants.iter().copied()) {
                    Some(variant) => format!("did you mean {variant}?"),
                    None => format!("write one of {known}"),
                },
            )),
            _ => self.wrong(&format!("is not one of {known}"), format!("write one of {known}")),
        }
    }

    forward_to_deserialize_any! {
        f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some(node) = self.items.get(self.next) else {
            return Ok(None);
        };
        let step = Step::Index(self.next);
        self.next += 1;
        seed.deserialize(Reader(node)).map(Some).map_err(|mismatch| mismatch.inside(step, &node.place))
    }
}

struct Entries<'a> {
    entries: &'a [Entry],
    next: usize,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some(entry) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Mismatch> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|mismatch| mismatch.inside(Step::Key(entry.key.clone()), &entry.place))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        // serde asks for a value only after the key that `next_key_seed` found.
        let Some(entry) = self.entries.get(self.next) else {
            return Err(Mismatch::new("has no value", "give one"));
        };
        self.next += 1;
        seed.deserialize(Reader(&entry.node))
            .map_err(|mismatch| mismatch.inside(Step::Key(entry.key.clone()), &entry.node.place))
    }
}
