//! `redirect.prior`: how common posts that belong in private are here.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Smallest share that can be given.
const LEAST: f64 = 0.000_1;
/// Largest share that can be given.
const MOST: f64 = 0.2;

/// How common posts that belong in private are in this repository.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Learnt from what maintainers said in public about the bot's answers.
    Auto,
    /// This share of all posts, 0.0001 to 0.2.
    Share(f64),
}

impl Prior {
    /// A rule of policies.
    pub(super) fn check(self) -> Result<(), &'static str> {
        match self {
            Self::Auto => Ok(()),
            // Written so that NaN fails too.
            Self::Share(share) if (LEAST..=MOST).contains(&share) => Ok(()),
            Self::Share(_) => Err("is out of range; give auto, or a share from 0.0001 to 0.2, such as 0.004"),
        }
    }
}

impl Serialize for Prior {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Share(share) => serializer.serialize_f64(*share),
        }
    }
}

impl<'de> Deserialize<'de> for Prior {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl Visitor<'_> for Reading {
            type Value = Prior;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("auto, or a share of all posts such as 0.004")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Prior, E> {
                Ok(Prior::Share(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Prior, E> {
                Ok(Prior::Share(value as f64))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Prior, E> {
                Ok(Prior::Share(value))
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Prior, E> {
                if word == "auto" {
                    Ok(Prior::Auto)
                } else {
                    Err(E::custom("is no prior; write auto, or a share of all posts such as 0.004"))
                }
            }
        }

        deserializer.deserialize_any(Reading)
    }
}

impl JsonSchema for Prior {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Prior".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [{ "const": "auto" }, { "type": "number", "minimum": LEAST, "maximum": MOST }]
        })
    }
}
