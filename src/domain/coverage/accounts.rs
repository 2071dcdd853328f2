//! What documents of the repository say: archives of security issues, advisories and notes that list commits beside an id.
//!
//! An account is a claim like any other: it counts where the history bears it out.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::names::named_ids;

/// Longest title that is kept, in bytes.
const TITLE_BYTES: usize = 300;

/// What one document says about one vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Path of the document.
    pub path: String,
    /// The heading or line that names the vulnerability.
    pub title: String,
    /// Ids of vulnerabilities in it, in upper case.
    pub ids: Vec<String>,
    /// Days in it.
    pub days: Vec<Date>,
    /// The commits that it lists.
    pub commits: Vec<ListedCommit>,
    /// Whether it says that there is no patch.
    pub says_no_patch: bool,
}

/// A commit in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCommit {
    /// The series or version that stands before it in its line.
    pub label: Option<String>,
    /// The commit as it is written: 7 to 40 hexadecimal digits.
    pub name: String,
}

impl Account {
    /// Whether it is about the vulnerability `id`, disclosed on `date`. What has no public id is known by its day and the
    /// rest of its own id, such as `2013-02-19 No CVE`.
    pub fn is_about(&self, id: &str, date: Date) -> bool {
        if self.ids.iter().any(|named| named.eq_ignore_ascii_case(id)) {
            return true;
        }
        if !named_ids(id).is_empty() {
            return false;
        }
        let id = id.to_lowercase();
        let title = self.title.to_lowercase();
        let rest = id.replace(&date.to_string(), "");
        let rest = rest.trim_matches(|c: char| c.is_whitespace() || "-_:/".contains(c));
        let has_number = rest.bytes().any(|byte| byte.is_ascii_digit());
        let ends_so = title.strip_suffix(rest).is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        !rest.is_empty()
            && ends_so
            && (self.days.contains(&date) || (has_number && rest.len() >= 6 && !rest.contains(' ')))
    }
}

/// The accounts in a document. Headings of reStructuredText, Markdown and AsciiDoc open a section; a line or list item that
/// names an id itself stands for itself.
pub fn accounts_in(path: &str, text: &str) -> Vec<Account> {
    let mut reading = Reading { path, ..Reading::default() };
    let lines: Vec<&str> = text.lines().collect();
    let mut skip = false;
    for (number, line) in lines.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let next = lines.get(number + 1).copied().unwrap_or_default();
        if let Some(level) = reading.underlined(line, next) {
            reading.heading(line, level);
            skip = true;
        } else if let Some(level) = marked(line) {
            reading.heading(line, level);
        } else {
            reading.line(line);
        }
    }
    reading.close_item();
    reading.close_section();
    reading.done
}

#[derive(Default)]
struct Reading<'a> {
    path: &'a str,
    done: Vec<Account>,
    /// The section that is open, and how deep its heading is.
    section: Option<(usize, Account)>,
    /// The list item or line that is open, and names an id.
    item: Option<Account>,
    /// Underlines of reStructuredText in the order of their first use.
    underlines: Vec<char>,
}

impl Reading<'_> {
    fn underlined(&mut self, line: &str, next: &str) -> Option<usize> {
        let mark = next.chars().next().filter(|mark| "=-~^\"'`:.*+#_<>".contains(*mark))?;
        let next = next.trim_end();
        let fits =
            next.len() >= 3 && next.chars().all(|c| c == mark) && next.len() + 2 >= line.trim_end().chars().count();
        let is_text = line.starts_with(|c: char| !c.is_whitespace()) && line.chars().any(char::is_alphanumeric);
        if !fits || !is_text {
            return None;
        }
        let level = self.underlines.iter().position(|known| *known == mark).unwrap_or_else(|| {
            self.underlines.push(mark);
            self.underlines.len() - 1
        });
        Some(level + 1)
    }

    fn heading(&mut self, line: &str, level: usize) {
        self.close_item();
        let account = self.account(line.trim_matches(|c: char| c.is_whitespace() || "#=".contains(c)));
        let opens = !account.ids.is_empty() || !account.days.is_empty();
        if opens || self.section.as_ref().is_some_and(|(open, _)| level <= *open) {
            self.close_section();
        }
        if opens {
            self.section = Some((level, account));
        }
    }

    fn line(&mut self, line: &str) {
        let bare = line.trim_start();
        let begins_item = bare.is_empty() || bare.starts_with(['*', '-', '+', '|']);
        if begins_item {
            self.close_item();
        }
        let ids = ids_in(bare);
        if !ids.is_empty() {
            match &mut self.item {
                Some(item) => item.ids.extend(ids),
                None => self.item = Some(self.account(bare)),
            }
        }
        let lower = bare.to_lowercase();
        let no_patch = lower.contains("advisory only") || lower.contains("no patch");
        let listed = listed_in(line);
        if let Some(account) = self.item.as_mut().or(self.section.as_mut().map(|(_, account)| account)) {
            account.commits.extend(listed);
            account.says_no_patch |= no_patch;
        }
    }

    fn account(&self, title: &str) -> Account {
        let mut end = title.len().min(TITLE_BYTES);
        while !title.is_char_boundary(end) {
            end -= 1;
        }
        Account {
            path: self.path.to_owned(),
            title: title[..end].to_owned(),
            ids: ids_in(title),
            days: days_in(title),
            ..Account::default()
        }
    }

    fn close_item(&mut self) {
        let Some(item) = self.item.take() else {
            return;
        };
        if !item.commits.is_empty() {
            self.done.push(item);
        }
    }

    fn close_section(&mut self) {
        let Some((_, section)) = self.section.take() else {
            return;
        };
        if !section.commits.is_empty() || (section.says_no_patch && !section.ids.is_empty()) {
            self.done.push(section);
        }
    }
}

/// How deep a heading of Markdown or AsciiDoc is.
fn marked(line: &str) -> Option<usize> {
    let depth = |mark: char| line.chars().take_while(|c| *c == mark).count();
    [depth('#'), depth('=')].into_iter().find(|depth| (1..=6).contains(depth) && line[*depth..].starts_with(' '))
}

/// Ids of vulnerabilities, also in the marks of documents: `` :cve:`2024-53907` ``.
fn ids_in(text: &str) -> Vec<String> {
    static MARKED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bcve\W{1,3}(\d{4}-\d{4,19})\b").expect("a valid expression"));
    let lower_has =
        |word: &str| text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    if !lower_has("cve") && !lower_has("ghsa") {
        return Vec::new();
    }
    let mut ids = named_ids(text);
    ids.extend(MARKED.captures_iter(text).map(|found| format!("CVE-{}", &found[1])));
    ids.sort();
    ids.dedup();
    ids
}

fn days_in(text: &str) -> Vec<Date> {
    static DAYS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(\d{4})-(\d\d)-(\d\d)\b|\b([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})\b|\b(\d{1,2}) ([a-z]{3})[a-z]*\.?,? (\d{4})\b")
            .expect("a valid expression")
    });
    let number = |text: &str| text.parse::<i16>().ok();
    let read = |found: regex::Captures<'_>| {
        let part = |index: usize| found.get(index).map(|part| part.as_str());
        let (year, month, day) = match (part(1), part(4), part(8)) {
            (Some(year), ..) => (number(year)?, number(part(2)?)?, number(part(3)?)?),
            (_, Some(month), _) => (number(part(6)?)?, month_of(month)?, number(part(5)?)?),
            (_, _, Some(month)) => (number(part(9)?)?, month_of(month)?, number(part(7)?)?),
            _ => return None,
        };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    DAYS.captures_iter(text).filter_map(read).collect()
}

fn month_of(name: &str) -> Option<i16> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    (1..).zip(MONTHS).find(|(_, month)| month.eq_ignore_ascii_case(name)).map(|(number, _)| number)
}

/// The commits in a line: names of twelve digits and more, or shorter ones in an address of a commit.
fn listed_in(line: &str) -> Vec<ListedCommit> {
    static NAMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)/commits?/([0-9a-f]{7,40})\b|\b([0-9a-f]{12,40})\b").expect("a valid expression")
    });
    static VERSIONS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bv?(\d{1,4}(?:\.\d{1,4}){0,3})(?:\.x)?\b").expect("a valid expression"));
    if !line.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let mut from = 0;
    let mut listed = Vec::new();
    for found in NAMES.captures_iter(line) {
        let Some(name) = found.get(1).or_else(|| found.get(2)) else {
            continue;
        };
        let before = &line[from..found.get(0).map_or(name.start(), |all| all.start())];
        let label = VERSIONS.captures_iter(before).last().map(|version| version[1].to_owned());
        listed.push(ListedCommit { label, name: name.as_str().to_ascii_lowercase() });
        from = name.end();
    }
    listed
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const ARCHIVE: &str = "\
Archive of security issues
==========================

Issues
------

March 3, 2026 - :cve:`2026-1111`
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

Something long. `Full description <https://example.org/2026/mar/03/>`__

Versions affected
^^^^^^^^^^^^^^^^^

* Project 5.2 :commit:`(patch) <bbc74a7f7eb7335e913bdb4787f22e83a9be947e>`
* Project 5.1.4 :commit:`(patch) <a5a89ea28cc550c1b29b03f9e14ef3c128ec1e84>` and
  :commit:`(correction) <790eb058b0716c536a2f2e8d1c6d5079d776c22b>`

February 2, 2026 - No CVE 2
~~~~~~~~~~~~~~~~~~~~~~~~~~~

* Project 5.1: :commit:`(patch) <1111111111111111111111111111111111111111>`

January 2, 2026 - :cve:`2026-0001`
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

This notification was an advisory only, so no patches were issued.

* Project 5.1

Other things
------------

Style was changed in 2222222222222222222222222222222222222222.
";

    #[test]
    fn an_archive_lists_commits_by_series_below_the_heading_that_names_the_vulnerability() {
        let accounts = accounts_in("docs/security.txt", ARCHIVE);
        let about = |id: &str, day: Date| accounts.iter().filter(|one| one.is_about(id, day)).collect::<Vec<_>>();
        let found = about("CVE-2026-1111", date(2026, 3, 3));
        let labels: Vec<_> = found[0].commits.iter().map(|one| (one.label.as_deref(), &one.name[..4])).collect();
        assert_eq!(labels, [(Some("5.2"), "bbc7"), (Some("5.1.4"), "a5a8"), (None, "790e")]);
        assert!(about("CVE-2026-2222", date(2026, 3, 3)).is_empty());
    }

    #[test]
    fn what_has_no_public_id_is_known_by_its_day_and_the_rest_of_its_own() {
        let accounts = accounts_in("docs/security.txt", ARCHIVE);
        let about = |id: &str, day: Date| accounts.iter().filter(|one| one.is_about(id, day)).count();
        assert_eq!(about("2026-02-02 No CVE 2", date(2026, 2, 2)), 1);
        assert_eq!(about("2026-02-02 No CVE", date(2026, 2, 2)), 0);
        assert_eq!(about("2026-02-03 No CVE 2", date(2026, 2, 3)), 0, "another day");
    }

    #[test]
    fn an_advisory_alone_is_said_to_be_one() {
        let accounts = accounts_in("docs/security.txt", ARCHIVE);
        let alone: Vec<_> = accounts.iter().filter(|one| one.says_no_patch).map(|one| one.ids.clone()).collect();
        assert_eq!(alone, [["CVE-2026-0001"]]);
        let listed: usize = accounts.iter().map(|one| one.commits.len()).sum();
        assert_eq!(listed, 4, "what stands below another heading belongs to none");
    }

    #[test]
    fn a_list_item_that_names_the_vulnerability_stands_for_itself() {
        let text = "# Changes\n\n## v1.4.2 (2026-03-03)\n\n- CVE-2026-1111: length checked\n  ([abc1234](https://example.org/a/b/commit/abc1234f))\n- other (https://example.org/a/b/commit/1234567f)\n";
        let accounts = accounts_in("CHANGELOG.md", text);
        let ours: Vec<_> = accounts.iter().filter(|one| one.is_about("CVE-2026-1111", date(2026, 3, 3))).collect();
        assert_eq!(ours.len(), 1);
        assert_eq!(ours[0].commits.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["abc1234f"]);
    }
}
