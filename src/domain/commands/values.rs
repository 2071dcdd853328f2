//! Values as people write them in commands: dates with a zone, series, ids.

use jiff::{SignedDuration, Timestamp, ToSpan, Unit, civil::Time, tz::Offset};

use super::problem::Expected;
use crate::domain::{case::CaseId, coverage::SeriesName, policy::Policy};

/// What commands are read against.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Relative dates count from here: the instant at which the comment was written.
    pub now: Timestamp,
    /// Supplies the words: items, classes, projects, the main branch.
    pub policy: &'a Policy,
}

/// An instant: RFC 3339 with optional seconds and a zone, or `+7d`, `+12h`.
pub(super) fn date(text: &str, now: Timestamp) -> Result<Timestamp, Expected> {
    if let Some(ahead) = text.strip_prefix('+') {
        return relative(ahead, now).ok_or(Expected::Date);
    }
    let (day, time) = text.split_once(['T', 't', '_']).ok_or(Expected::Date)?;
    let day = strictly_a_day(day).ok_or(Expected::Date)?;
    let (time, offset) = zoned_time(time)?;
    offset.to_timestamp(day.to_datetime(time)).map_err(|_| Expected::Date)
}

/// The next such weekday and time after `now`: `tue` and `14:00Z`.
pub(super) fn weekday(day: &str, time: &str, now: Timestamp) -> Result<Timestamp, Expected> {
    let wanted = weekday_name(day).ok_or(Expected::Date)?;
    let (time, offset) = zoned_time(time)?;
    let today = offset.to_datetime(now).date();
    for ahead in 0..=7_i64 {
        let date = today.checked_add(ahead.days()).map_err(|_| Expected::Date)?;
        if date.weekday() == wanted {
            let at = offset.to_timestamp(date.to_datetime(time)).map_err(|_| Expected::Date)?;
            if at > now {
                return Ok(at);
            }
        }
    }
    Err(Expected::Date)
}

pub(super) fn weekday_name(text: &str) -> Option<jiff::civil::Weekday> {
    use jiff::civil::Weekday::*;
    Some(match text.to_ascii_lowercase().as_str() {
        "mon" | "monday" => Monday,
        "tue" | "tuesday" => Tuesday,
        "wed" | "wednesday" => Wednesday,
        "thu" | "thursday" => Thursday,
        "fri" | "friday" => Friday,
        "sat" | "saturday" => Saturday,
        "sun" | "sunday" => Sunday,
        _ => return None,
    })
}

fn relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let plain = !number.is_empty() && number.len() <= 4 && number.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = plain.then(|| number.parse().ok()).flatten()?;
    let hours = match unit.to_ascii_lowercase() {
        'h' => number,
        'd' => number * 24,
        'w' => number * 24 * 7,
        _ => return None,
    };
    let at = now.checked_add(SignedDuration::from_hours(hours)).ok()?;
    // A date that people agree on has no odd seconds.
    at.round(Unit::Minute).ok()
}

fn strictly_a_day(text: &str) -> Option<jiff::civil::Date> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plain.then(|| text.parse().ok()).flatten()
}

/// `14:00Z`, `14:00:30+02:00`.
fn zoned_time(text: &str) -> Result<(Time, Offset), Expected> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != ':').ok_or(Expected::Zone)?;
    let (time, zone) = text.split_at(at);
    let parts: Vec<Option<i8>> =
        time.split(':').map(|part| (part.len() == 2).then(|| part.parse().ok()).flatten()).collect();
    let time = match parts.as_slice() {
        [Some(hour), Some(minute)] => Time::new(*hour, *minute, 0, 0),
        [Some(hour), Some(minute), Some(second)] => Time::new(*hour, *minute, *second, 0),
        _ => return Err(Expected::Date),
    };
    let zone: crate::domain::policy::Zone = if zone.eq_ignore_ascii_case("z") {
        crate::domain::policy::Zone::default()
    } else {
        zone.parse().map_err(|_| Expected::Zone)?
    };
    Ok((time.map_err(|_| Expected::Date)?, zone.0))
}

/// `main` or numbers with dots, as the case keeps it.
pub(super) fn series(text: &str, policy: &Policy) -> Result<String, Expected> {
    let main = policy.series.as_ref().map_or(crate::domain::case::MAIN, |series| series.main.as_str());
    if text.eq_ignore_ascii_case(crate::domain::case::MAIN) || text == main {
        return Ok(crate::domain::case::MAIN.to_owned());
    }
    let number = text.strip_suffix(".x").unwrap_or(text);
    SeriesName::parse(number).map(|name| name.to_string()).ok_or(Expected::Series)
}

/// A CVE id, in upper case.
pub(super) fn cve(text: &str) -> Result<String, Expected> {
    let upper = text.to_ascii_uppercase();
    let mut parts = upper.splitn(3, '-');
    let digits = |part: Option<&str>, least: usize, most: usize| {
        part.is_some_and(|p| (least..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let fits = parts.next() == Some("CVE") && digits(parts.next(), 4, 4) && digits(parts.next(), 4, 19);
    if fits { Ok(upper) } else { Err(Expected::Cve) }
}

/// GitHub's number of an advisory, as GitHub writes it.
pub(super) fn ghsa(text: &str) -> Result<String, Expected> {
    let lower = text.to_ascii_lowercase();
    let groups: Vec<&str> = lower.split('-').collect();
    let four = |group: &&str| group.len() == 4 && group.bytes().all(|b| b"23456789cfghjmpqrvwx".contains(&b));
    match groups.as_slice() {
        ["ghsa", rest @ ..] if rest.len() == 3 && rest.iter().all(four) => Ok(format!("GHSA-{}", rest.join("-"))),
        _ => Err(Expected::Ghsa),
    }
}

/// A case's number.
pub(super) fn case(text: &str) -> Result<CaseId, Expected> {
    text.parse().map_err(|_| Expected::Case)
}

/// A login, without its `@`.
pub(super) fn user(text: &str) -> Result<String, Expected> {
    let login = text.strip_prefix('@').ok_or(Expected::User)?.trim_end_matches([',', '.']);
    let plain = !login.is_empty()
        && login.len() <= 39
        && login.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if plain { Ok(login.to_owned()) } else { Err(Expected::User) }
}

/// A weakness of CWE.
pub(super) fn cwe(text: &str) -> Result<u32, Expected> {
    let upper = text.trim_end_matches(',').to_ascii_uppercase();
    let number = upper.strip_prefix("CWE-").ok_or(Expected::Cwe)?;
    let plain = !number.is_empty() && number.len() <= 5 && number.bytes().all(|b| b.is_ascii_digit());
    match number.parse() {
        Ok(number) if plain && number > 0 => Ok(number),
        _ => Err(Expected::Cwe),
    }
}

/// A CVSS vector of version 3.1 or 4.0: as its library writes it, with score and rating.
pub(super) fn cvss(text: &str) -> Result<Scored, Expected> {
    let vector: cvss::Cvss = text.parse().map_err(|_| Expected::Cvss)?;
    // The library scores what is there; a score means something only if every base metric is.
    let base: &[&str] = match vector {
        cvss::Cvss::CvssV31(_) => &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
        cvss::Cvss::CvssV40(_) => &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
        _ => return Err(Expected::Cvss),
    };
    let given: Vec<&str> = text.split('/').filter_map(|part| part.split_once(':')).map(|(name, _)| name).collect();
    if !base.iter().all(|name| given.contains(name)) {
        return Err(Expected::Cvss);
    }
    Ok(Scored { score: vector.score(), rating: vector.severity().as_str(), vector: vector.to_string() })
}

/// A CVSS vector that was read and scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The vector in its library's writing.
    pub vector: String,
    /// The base score, 0.0 to 10.0.
    pub score: f64,
    /// The rating by CVSS's own scale: none, low, medium, high, critical.
    pub rating: &'static str,
}
