//! Values that stand as text in a policy file: how they are read and written.
//!
//! Messages name the form that is expected and never repeat what was written.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// Reads and writes a type through its `FromStr` and `Display`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use serde_as_text;

/// An optional repository, as `owner/name`.
pub(super) mod repository {
    use super::*;
    use crate::domain::post::RepoName;

    pub(in crate::domain::policy) fn serialize<S: Serializer>(
        name: &Option<RepoName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match name {
            Some(name) => serializer.collect_str(name),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::domain::policy) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<RepoName>, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(name) if text.len() <= 140 => Ok(Some(name)),
            _ => Err(D::Error::custom("is not a repository; write it as owner/name")),
        }
    }
}

/// A civil date that reads with a message of our own.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlainDate(pub(super) Date);

impl<'de> Deserialize<'de> for PlainDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // jiff would also take the date out of a date-time; an end day has no hour.
        let plain = text.len() == 10;
        match text.parse() {
            Ok(date) if plain => Ok(Self(date)),
            _ => Err(D::Error::custom(
                "is not a day; write it as year-month-day, such as 2026-04-07, without time and zone",
            )),
        }
    }
}

/// A list of days.
pub(super) fn dates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Date>, D::Error> {
    let dates = Vec::<PlainDate>::deserialize(deserializer)?;
    Ok(dates.into_iter().map(|date| date.0).collect())
}

/// Days by name.
pub(super) fn dates_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<std::collections::BTreeMap<String, Date>, D::Error> {
    let dates = std::collections::BTreeMap::<String, PlainDate>::deserialize(deserializer)?;
    Ok(dates.into_iter().map(|(name, date)| (name, date.0)).collect())
}
