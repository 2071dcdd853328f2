//! What the command is given: the policy's `series`, and fixes from a file or the command line. Complaints name the place
//! and what to write instead.

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value};

use super::{arguments::NamedFix, words::short};
use crate::domain::{
    coverage::{Fix, History, SeriesLines, SeriesName, tag_name},
    policy::{self, Layer, Series},
};

/// Largest file of fixes, in bytes.
const MOST_BYTES: u64 = 16 << 20;
/// Most fixes in one run.
const MOST_FIXES: usize = 20_000;
/// Most commits of one fix in one list.
const MOST_COMMITS: usize = 1_000;
/// Longest id and series, in characters.
const LONGEST_NAME: usize = 200;
/// Longest reason, in characters.
const LONGEST_REASON: usize = 2_000;

/// Reads a day. An instant counts as its day in UTC, and must say its offset.
///
/// # Errors
/// With what to write instead.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let remedy = "write a day (2026-11-21), or an instant with its offset (2026-11-21T14:00:00Z)";
    if text.len() <= 10 {
        return text.parse().map_err(|_| format!("is not a day; {remedy}"));
    }
    match text.parse::<Timestamp>() {
        Ok(instant) => Ok(instant.to_zoned(TimeZone::UTC).date()),
        Err(_) if text.parse::<jiff::civil::DateTime>().is_ok() => {
            Err(format!("is an instant that does not say its offset from UTC; {remedy}"))
        }
        Err(_) => Err(format!("is not a day; {remedy}")),
    }
}

/// The policy's `series`.
pub(super) fn series(path: &Path) -> Result<Series, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("{}: the policy cannot be read: {}", path.display(), reason(&error)))?;
    let layer = Layer { origin: path.display().to_string(), text };
    let effective = policy::effective(&[layer])
        .map_err(|error| format!("{error}; see `embargod policy check {}`", path.display()))?;
    effective.policy.series.clone().ok_or_else(|| {
        format!(
            "{}: has no `series`, so nothing says what is supported; add `series:` with the patterns of your branches \
             and tags (docs/coverage.md), or `series: {{}}` for stable/5.1.x and 5.1.4",
            path.display()
        )
    })
}

/// What an operating system's error means, without its number.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// The fixes of a file.
pub(super) fn fixes(path: &Path) -> Result<Vec<Fix>, String> {
    let place = path.display();
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| format!("{place}: cannot be read: {}", reason(&error)))?;
    file.take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("{place}: cannot be read: {}", reason(&error)))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(format!("{place}: is larger than {} MiB; give the fixes in several files", MOST_BYTES >> 20));
    }
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{place}: is not JSON: {error}"))?;
    let Value::Array(values) = value else {
        return Err(format!("{place}: must be a list of fixes: [{{\"id\": …, \"date\": …}}, …]"));
    };
    if values.len() > MOST_FIXES {
        return Err(format!("{place}: holds more than {MOST_FIXES} fixes; give them in several files"));
    }
    let read = values
        .iter()
        .enumerate()
        .map(|(index, value)| fix(value).map_err(|(pointer, what)| format!("{place}: /{index}{pointer}: {what}")));
    read.collect()
}

/// Where below a fix something is wrong, as a JSON pointer, and what.
type Wrong = (String, String);

fn at<T>(pointer: &str, what: impl Into<String>) -> Result<T, Wrong> {
    Err((pointer.to_owned(), what.into()))
}

fn fix(value: &Value) -> Result<Fix, Wrong> {
    let Value::Object(fields) = value else {
        return at("", "must be a fix: {\"id\": …, \"date\": …}");
    };
    // What `embargod coverage scan` adds for people is let through.
    const KNOWN: [&str; 8] = ["id", "date", "main", "series", "not_affected", "confidence", "why", "subject"];
    if let Some(unknown) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return at(&pointer(unknown), "is not known; known are id, date, main, series and not_affected");
    }
    let id = text(fields, "id")?;
    named(&id, "/id")?;
    let date = text(fields, "date")?;
    let date = day(&date).or_else(|what| at("/date", format!("{date:?} {what}")))?;
    let mut main = match fields.get("main") {
        None | Some(Value::Null) => None,
        Some(value) => Some(commits(value, "/main")?),
    };
    let mut series = BTreeMap::new();
    for (name, value) in object(fields, "series")? {
        let place = format!("/series{}", pointer(name));
        named(name, &place)?;
        let commits = commits(value, &place)?;
        if name == "main" {
            main.get_or_insert_with(Vec::new).extend(commits);
        } else {
            series.insert(name.clone(), commits);
        }
    }
    let mut not_affected = BTreeMap::new();
    for (name, value) in object(fields, "not_affected")? {
        let place = format!("/not_affected{}", pointer(name));
        named(name, &place)?;
        let Some(reason) = value.as_str().map(str::trim).filter(|reason| !reason.is_empty()) else {
            return at(&place, "must say why the series is not affected, as a text");
        };
        if reason.chars().count() > LONGEST_REASON {
            return at(&place, format!("is longer than {LONGEST_REASON} characters"));
        }
        not_affected.insert(name.clone(), reason.to_owned());
    }
    if let Some(both) = not_affected.keys().find(|name| series.get(*name).is_some_and(|commits| !commits.is_empty())) {
        return at(
            &format!("/not_affected{}", pointer(both)),
            format!("says that {both} is not affected, but /series names commits for it; remove one of the two"),
        );
    }
    Ok(Fix { id, date, main, series, not_affected })
}

fn pointer(key: &str) -> String {
    let key: String = key.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<String, Wrong> {
    match fields.get(key) {
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => at(&pointer(key), "must be a text"),
        None => at("", format!("lacks \"{key}\"")),
    }
}

fn named(name: &str, place: &str) -> Result<(), Wrong> {
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return at(place, format!("must be 1 to {LONGEST_NAME} characters on one line"));
    }
    Ok(())
}

fn object<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<Vec<(&'a String, &'a Value)>, Wrong> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(entries)) => Ok(entries.iter().collect()),
        Some(_) => at(&pointer(key), "must be an object with series as its keys: {\"5.1\": …}"),
    }
}

fn commits(value: &Value, place: &str) -> Result<Vec<String>, Wrong> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let Value::Array(values) = value else {
        return at(place, "must be a list of commits: [\"8c35a08c1f2b…\"]");
    };
    if values.len() > MOST_COMMITS {
        return at(place, format!("holds more than {MOST_COMMITS} commits"));
    }
    let names = values.iter().enumerate().map(|(index, value)| match value.as_str().map(commit_name) {
        Some(Ok(name)) => Ok(name),
        Some(Err(what)) => at(&format!("{place}/{index}"), what),
        None => at(&format!("{place}/{index}"), "must be a commit's name as a text"),
    });
    names.collect()
}

fn commit_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if (7..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        Err(format!("{shown:?} is not a commit's name: 7 to 40 hexadecimal digits"))
    }
}

/// The fixes that the command line names, and what was assumed for them, for people.
pub(super) fn from_command_line(
    named: &[NamedFix],
    history: &History,
    lines: &SeriesLines,
    notes: &mut Vec<String>,
) -> Result<Vec<Fix>, String> {
    let mut fixes = Vec::new();
    for fix in named {
        let place = format!("--fix {}", fix.id);
        if fix.id.trim().is_empty() || fix.id.chars().count() > LONGEST_NAME || fix.id.chars().any(char::is_control) {
            return Err(format!("--fix: an id is 1 to {LONGEST_NAME} characters on one line"));
        }
        let commits: Result<Vec<String>, String> = fix
            .commits
            .iter()
            .map(|name| commit_name(name).map_err(|what| format!("{place}: --commit {what}")))
            .collect();
        let commits = commits?;
        let date = match (fix.date, commits.first()) {
            (Some(date), _) => date,
            (None, Some(first)) => {
                let Some(found) = history.resolve(first) else {
                    return Err(format!(
                        "{place}: commit {first} is not on the branches and tags that the policy names, so its day is not \
                         known; check the name, or say the day of disclosure with --date"
                    ));
                };
                let date = Timestamp::from_second(history.commit(found).committed_s).unwrap_or(Timestamp::UNIX_EPOCH);
                let date = date.to_zoned(TimeZone::UTC).date();
                notes.push(format!(
                    "{place}: no --date, so {date} counts, the day on which {} was committed",
                    short(first)
                ));
                date
            }
            (None, None) => return Err(format!("{place}: give --commit or --date")),
        };
        let mut series: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut main = Vec::new();
        for name in commits {
            // A commit of a branch says nothing about main, where the fix is still to be found.
            let found = history.resolve(&name).filter(|found| !lines.main_holds(*found));
            let branches = found.map(|found| lines.all().filter(|line| line.holds(found)).collect::<Vec<_>>());
            match branches.as_deref() {
                Some([]) | None => main.push(name),
                Some(branches) => {
                    for line in branches {
                        series.entry(line.name.to_string()).or_default().push(name.clone());
                    }
                }
            }
        }
        fixes.push(Fix {
            id: fix.id.trim().to_owned(),
            date,
            main: (!main.is_empty()).then_some(main),
            series,
            not_affected: BTreeMap::new(),
        });
    }
    Ok(fixes)
}

/// Looks at the series that fixes name. What is no series' name at all is an error; one that this history does not have
/// is worth a word: a typing mistake, or a branch that was not fetched.
pub(super) fn check_series(
    fixes: &[Fix],
    origin: &str,
    policy: &Series,
    lines: &SeriesLines,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let known: std::collections::BTreeSet<SeriesName> = lines.all().map(|line| line.name.clone()).collect();
    let mut absent: BTreeMap<String, usize> = BTreeMap::new();
    for (index, fix) in fixes.iter().enumerate() {
        let recorded = fix.series.keys().map(|name| ("series", name));
        for (key, name) in recorded.chain(fix.not_affected.keys().map(|name| ("not_affected", name))) {
            if *name == policy.main
                || SeriesName::parse(name).is_some_and(|name| known.contains(&name))
                || tag_name(policy, name, &known).is_some_and(|tag| known.contains(&tag.series))
            {
                continue;
            }
            if SeriesName::parse(name).is_none() {
                return Err(format!(
                    "{origin}: /{index}/{key}{}: is not a series; write its number as in the policy's patterns, such as {}",
                    pointer(name),
                    known.last().map_or_else(|| "5.1".to_owned(), ToString::to_string),
                ));
            }
            *absent.entry(name.clone()).or_default() += 1;
        }
    }
    if !absent.is_empty() {
        let names: Vec<String> = absent.into_keys().take(12).collect();
        notes.push(format!("{origin} names series that have neither a branch nor a tag here: {}", names.join(", ")));
    }
    Ok(())
}
