//! Bars: from which probability something happens, given as such or as what a mistake costs.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most that one mistake may be worth of the other kind.
const MOST_WORTH: f64 = 10_000.0;

const MISS: &str = "a_miss_is_worth";
const FALSE_ALARM: &str = "a_false_alarm_is_worth";

/// From which calibrated probability something happens.
///
/// Where a miss costs as much as n needless acts, acting pays from p = 1 / (n + 1) on: there the expected cost of leaving
/// the post alone, n p, reaches that of acting needlessly, 1 - p. Where a needless act costs as much as n misses, from
/// n / (n + 1) on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// The probability itself, above 0 and at most 1.
    Probability(f64),
    /// So many needless acts are as bad as one miss, above 0 and at most 10,000.
    MissIsWorth(f64),
    /// So many misses are as bad as one needless act, above 0 and at most 10,000.
    FalseAlarmIsWorth(f64),
}

impl Bar {
    /// The probability from which it happens.
    pub fn probability(self) -> f64 {
        match self {
            Self::Probability(probability) => probability,
            Self::MissIsWorth(count) => 1.0 / (count + 1.0),
            Self::FalseAlarmIsWorth(count) => count / (count + 1.0),
        }
    }

    /// A rule of policies.
    pub(super) fn check(self) -> Result<(), &'static str> {
        // Written so that NaN fails too.
        match self {
            Self::Probability(p) if p > 0.0 && p <= 1.0 => Ok(()),
            Self::Probability(_) => Err("is not a probability; give a number above 0 and at most 1, such as 0.9"),
            Self::MissIsWorth(n) | Self::FalseAlarmIsWorth(n) if n > 0.0 && n <= MOST_WORTH => Ok(()),
            Self::MissIsWorth(_) | Self::FalseAlarmIsWorth(_) => {
                Err("has a worth out of range; give a number above 0 and at most 10000, such as 20")
            }
        }
    }
}

/// The probability, and where it comes from if it was given as a cost.
impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probability(probability) => write!(f, "{probability}"),
            Self::MissIsWorth(count) => write!(f, "{:.3} (a miss is worth {count})", self.probability()),
            Self::FalseAlarmIsWorth(count) => {
                write!(f, "{:.3} (a false alarm is worth {count})", self.probability())
            }
        }
    }
}

impl Serialize for Bar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, count) = match self {
            Self::Probability(probability) => return serializer.serialize_f64(*probability),
            Self::MissIsWorth(count) => (MISS, count),
            Self::FalseAlarmIsWorth(count) => (FALSE_ALARM, count),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, count)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Bar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Bar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number such as 0.1, or a cost such as {{ {MISS}: 20 }}")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Bar, E> {
                Ok(Bar::Probability(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Bar, E> {
                Ok(Bar::Probability(value as f64))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Bar, E> {
                Ok(Bar::Probability(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bar, A::Error> {
                let mut bar = None;
                while let Some(key) = map.next_key::<String>()? {
                    let worth: f64 = match key.as_str() {
                        MISS | FALSE_ALARM => map.next_value()?,
                        _ => {
                            return Err(A::Error::custom(format!(
                                "has a key that is no cost; write {MISS} or {FALSE_ALARM}"
                            )));
                        }
                    };
                    let read = if key == MISS { Bar::MissIsWorth(worth) } else { Bar::FalseAlarmIsWorth(worth) };
                    if bar.replace(read).is_some() {
                        return Err(A::Error::custom(format!("gives two costs; keep {MISS} or {FALSE_ALARM}")));
                    }
                }
                bar.ok_or_else(|| A::Error::missing_field(MISS))
            }
        }

        deserializer.deserialize_any(Reading)
    }
}

impl JsonSchema for Bar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let cost = |key: &str| {
            json_schema!({
                "type": "object",
                "properties": {
                    (key): { "type": "number", "exclusiveMinimum": 0, "maximum": MOST_WORTH }
                },
                "required": [key],
                "additionalProperties": false
            })
        };
        json_schema!({
            "oneOf": [
                { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
                cost(MISS),
                cost(FALSE_ALARM)
            ]
        })
    }
}
