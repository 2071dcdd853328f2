//! What speaks for or against a post besides its words: who wrote it, what it touches, what it names.
//!
//! Each sign moves the log-odds of the detector's score by a fixed number of [`SIGNS`] and is told as a reason. Everything
//! here is public: the post, its author, the repository's policy, published advisories, what maintainers said in public.
//! Signs may take a post below a bar. They never lift one over `act_at`: words alone can have a post hidden.

use jiff::{Timestamp, tz::TimeZone};

use super::{prior::Shift, rule::Inquiry};
use crate::domain::{
    policy::matches,
    post::{Association, Happening},
    reason::Reason,
};

/// A sign besides the words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sign {
    /// Its name in reasons: `context.bot_author`.
    pub name: &'static str,
    /// By how much it moves the log-odds; positive speaks for private.
    pub log_odds: f64,
    /// What it says, in plain words.
    pub text: &'static str,
    /// Where it is taken from.
    pub source: &'static str,
}

const fn sign(name: &'static str, log_odds: f64, text: &'static str, source: &'static str) -> Sign {
    Sign { name, log_odds, text, source }
}

const BOT: Sign = sign("bot_author", -2.0, "a bot or App wrote it", "user.type");
const INSIDER: Sign = sign("insider", -0.5, "the author is an owner, member or collaborator", "author_association");
const CONTRIBUTOR: Sign = sign("contributor", -0.3, "the author has contributed here before", "author_association");
const FIRST_TIME: Sign = sign("first_time", 0.2, "it is the author's first contribution here", "author_association");
const SECURITY_FORM: Sign =
    sign("security_form", 0.7, "the form it was opened by put a label about security on it", "issue.labels");
const OTHER_FORM: Sign = sign(
    "other_form",
    -0.5,
    "the form it was opened by put a label on it that is about something else",
    "issue.labels",
);
const PUBLIC_ID: Sign =
    sign("public_id", -1.5, "every CVE or GHSA id that it names is public already", "published advisories");
const DEPENDENCY: Sign =
    sign("dependency", -0.7, "it names a project that this one builds on", "redirect.dependencies");
const LOCK_FILES: Sign = sign(
    "lock_files",
    -2.0,
    "the pull request changes nothing but lock files",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
);

/// All signs. The numbers were chosen by hand, not fitted: the labelled posts do not tell who wrote them or what they
/// touch. The page `docs/detector-tuning.md` shows this very table.
pub const SIGNS: [Sign; 9] =
    [BOT, INSIDER, CONTRIBUTOR, FIRST_TIME, SECURITY_FORM, OTHER_FORM, PUBLIC_ID, DEPENDENCY, LOCK_FILES];

/// All signs together move the log-odds by so much at most, up and down.
const MOST_TOGETHER: f64 = 4.0;

/// A CVE id counts as public from two years after the year in its name, where no published advisory shows it: ids are
/// given out for the current year, and embargoes last months.
const PUBLIC_AFTER_YEARS: i16 = 2;

/// Files that tools write, by their last part.
const LOCKS: [&str; 20] = [
    "bun.lock",
    "bun.lockb",
    "cargo.lock",
    "composer.lock",
    "deno.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];

/// What had to be asked for about a post, beyond what its delivery tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Paths that a pull request changes; `None` where it is none, GitHub did not tell, or there are too many to list.
    pub changed_files: Option<Vec<String>>,
    /// Ids, in upper case, of the repository's published advisories and of their CVE entries.
    pub published_ids: Vec<String>,
}

/// The detector's score, with everything that is not in the words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weighed {
    /// What the words alone say, 0 to 1.
    pub(super) words: f64,
    /// With all signs: held against `reply_at`.
    pub(super) score: f64,
    /// The same without whatever would lift it above the words: held against `act_at`.
    pub(super) hide_score: f64,
    /// One reason for each sign.
    pub(super) reasons: Vec<Reason>,
}

/// Weighs what is known. `asked` is `None` at the first look, when whatever it would tell can only take away.
pub(super) fn weigh(inquiry: &Inquiry<'_>, asked: Option<&Asked>) -> Weighed {
    let words = inquiry.judgement.score();
    let found = signs(inquiry, asked);
    let shift = inquiry.prior;
    let together: f64 = found.iter().map(|sign| sign.log_odds).sum::<f64>() + shift.map_or(0.0, Shift::log_odds);
    let together = together.clamp(-MOST_TOGETHER, MOST_TOGETHER);
    let mut reasons: Vec<Reason> = found.iter().map(Sign::reason).collect();
    reasons.extend(shift.map(Shift::reason));
    Weighed { words, score: moved(words, together), hide_score: moved(words, together.min(0.0)), reasons }
}

impl Sign {
    fn reason(&self) -> Reason {
        Reason::new(format!("context.{}", self.name), format!("{} ({:+.2})", self.text, self.log_odds))
            .from_source(self.source)
    }
}

/// A probability with its log-odds moved.
fn moved(probability: f64, log_odds: f64) -> f64 {
    if log_odds == 0.0 {
        return probability;
    }
    let weight = probability * log_odds.exp();
    weight / (weight + 1.0 - probability)
}

fn signs(inquiry: &Inquiry<'_>, asked: Option<&Asked>) -> Vec<Sign> {
    let post = inquiry.post;
    let mut found = Vec::new();
    if post.author.is_bot {
        found.push(BOT);
    }
    match post.association {
        Association::Owner | Association::Member | Association::Collaborator => found.push(INSIDER),
        Association::Contributor => found.push(CONTRIBUTOR),
        Association::FirstTimer | Association::FirstTimeContributor => found.push(FIRST_TIME),
        Association::None => {}
    }
    // GitHub drops labels that an outsider sends along, so what an outsider's new issue carries is the form's.
    if post.happening == Happening::Created && !post.association.is_insider() && post.author.id == post.sender.id {
        found.extend(form_sign(&post.labels));
    }
    let published = asked.map_or(&[][..], |asked| &asked.published_ids);
    let ids = &inquiry.named.ids;
    if !ids.is_empty() && ids.iter().all(|id| is_public_id(id, published, post.created_at)) {
        found.push(PUBLIC_ID);
    }
    if inquiry.named.dependency.is_some() {
        found.push(DEPENDENCY);
    }
    let files = asked.and_then(|asked| asked.changed_files.as_deref()).unwrap_or_default();
    if !files.is_empty() && files.iter().all(|path| is_lock(path)) {
        found.push(LOCK_FILES);
    }
    found
}

fn form_sign(labels: &[String]) -> Option<Sign> {
    // By the beginnings of their words: `kind/security`, `type: docs`, but not `docker`.
    let begins = |word: &str, with: &str| word.starts_with(with) && (with.len() > 4 || word == with);
    let holds = |words: &[&str]| {
        let label_words = |label: &String| {
            let label = label.to_lowercase();
            label.split(|c: char| !c.is_alphanumeric()).any(|word| words.iter().any(|with| begins(word, with)))
        };
        labels.iter().any(label_words)
    };
    if holds(&["security", "vulnerab"]) {
        Some(SECURITY_FORM)
    } else if holds(&[
        "docs",
        "documentation",
        "enhancement",
        "feature",
        "question",
        "dependenc",
        "translation",
        "proposal",
    ]) {
        Some(OTHER_FORM)
    } else {
        None
    }
}

/// Whether everybody can know an id (in upper case) by `now`: it is among the `published` ones, or a CVE id of the year before
/// last or older.
pub fn is_public_id(id: &str, published: &[String], now: Timestamp) -> bool {
    let year = id.strip_prefix("CVE-").and_then(|rest| rest.get(..4)?.parse::<i16>().ok());
    let is_old = year.is_some_and(|year| year + PUBLIC_AFTER_YEARS <= now.to_zoned(TimeZone::UTC).year());
    is_old || published.iter().any(|known| known.eq_ignore_ascii_case(id))
}

fn is_lock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    LOCKS.contains(&name.as_str())
}

/// Why the policy leaves the post alone whatever its words are, if it does.
pub(super) fn allowed(inquiry: &Inquiry<'_>, asked: Option<&Asked>) -> Option<Reason> {
    let allow = &inquiry.policy.redirect.allow;
    let post = inquiry.post;
    let at = |key: &str, place: usize| {
        Reason::new("intake.allowed", format!("`redirect.allow.{key}[{place}]` of the policy leaves it alone"))
            .from_source(format!("redirect.allow.{key}"))
    };
    let any = |patterns: &[String], texts: &[String]| {
        patterns.iter().position(|pattern| texts.iter().any(|text| matches(pattern, text)))
    };
    if let Some(place) = inquiry.named.allowed_title {
        return Some(at("titles", place));
    }
    if let Some(place) = any(&allow.labels, &post.labels) {
        return Some(at("labels", place));
    }
    if let Some(place) = any(&allow.authors, std::slice::from_ref(&post.author.login)) {
        return Some(at("authors", place));
    }
    let files = asked.and_then(|asked| asked.changed_files.as_deref()).unwrap_or_default();
    let of = |path: &String| any(&allow.paths, std::slice::from_ref(path));
    match files.first().and_then(of) {
        Some(place) if files.iter().all(|path| of(path).is_some()) => Some(at("paths", place)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
