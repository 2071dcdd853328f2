//! Times of a policy file. They always name their zone: an embargo that ends an hour early is a leak.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use jiff::tz::Offset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl From<jiff::civil::Weekday> for Weekday {
    fn from(day: jiff::civil::Weekday) -> Self {
        use jiff::civil::Weekday as Civil;
        match day {
            Civil::Monday => Self::Mon,
            Civil::Tuesday => Self::Tue,
            Civil::Wednesday => Self::Wed,
            Civil::Thursday => Self::Thu,
            Civil::Friday => Self::Fri,
            Civil::Saturday => Self::Sat,
            Civil::Sunday => Self::Sun,
        }
    }
}

/// A fixed offset from UTC, written `Z` or `+01:00`. Named zones are not taken: their rules change under a running
/// policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub Offset);

impl Default for Zone {
    fn default() -> Self {
        Self(Offset::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.seconds() / 60;
        if minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for Zone {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is not a zone; write \"Z\" for UTC or an offset such as \"+01:00\"";
        if text == "Z" {
            return Ok(Self::default());
        }
        let sign = match text.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(WRONG),
        };
        let (hours, minutes) = hours_and_minutes(text.get(1..).unwrap_or("")).ok_or(WRONG)?;
        if hours > 14 {
            return Err(WRONG);
        }
        Offset::from_seconds(sign * (hours * 60 + minutes) * 60).map(Self).map_err(|_| WRONG)
    }
}

text::serde_as_text!(Zone);

/// A time of day with its zone, written `13:00Z` or `14:00+01:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZonedTime {
    /// The time on the clocks of that zone.
    pub time: Time,
    /// The zone.
    pub zone: Zone,
}

impl fmt::Display for ZonedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.time.hour(), self.time.minute());
        write!(f, "{hour:02}:{minute:02}{}", self.zone)
    }
}

impl FromStr for ZonedTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is not a time of day; write hours, minutes and zone, such as \"13:00Z\"";
        let (clock, zone) = match (text.get(..5), text.get(5..)) {
            (Some(clock), Some(zone)) => (clock, zone),
            _ => return Err(WRONG),
        };
        let (hours, minutes) = hours_and_minutes(clock).ok_or(WRONG)?;
        if zone.is_empty() {
            return Err("has no zone; add \"Z\" for UTC or an offset, such as \"13:00Z\"");
        }
        let time = i8::try_from(hours)
            .ok()
            .zip(i8::try_from(minutes).ok())
            .and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok())
            .ok_or(WRONG)?;
        Ok(Self { time, zone: zone.parse()? })
    }
}

text::serde_as_text!(ZonedTime);

/// Reads `HH:MM`, minutes below 60.
fn hours_and_minutes(text: &str) -> Option<(i32, i32)> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i32>().ok()).flatten()
    };
    let minutes = two(minutes)?;
    (minutes < 60).then_some((two(hours)?, minutes))
}
