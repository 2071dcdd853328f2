//! What everybody reads on a tagged commit: a constant, or what is true of published fixes.

use serde::{Deserialize, Serialize};

use super::{findings::TagFinding, holding::Holding, rule::PublicFix, tag::TagFacts};

/// The name of the check run.
pub const CHECK_NAME: &str = "release checks";

const TITLE: &str = "Release checks";
const SUMMARY: &str = "embargod looks at every release tag of this repository. What it says about security fixes is shown \
                       here once they are published.";

/// Fixes that one check run lists at most, the newest first.
const MOST_LISTED: usize = 200;

/// How a check run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing is said.
    Neutral,
    /// Every published fix is in it.
    Success,
    /// A published fix is not in it, or the tag is not as it should be.
    Failure,
}

impl Conclusion {
    /// GitHub's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// What a check run says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckText {
    /// How it ends.
    pub conclusion: Conclusion,
    /// Its title.
    pub title: String,
    /// Its first lines.
    pub summary: String,
    /// The rest, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What the check run of a tag says: a function of what everybody can know. Without a published fix that concerns the tag's
/// series it is constant, whatever is wrong with the tag; `fixes` are those with a cell for that series.
pub fn check_of(tag: &TagFacts, wants_signature: bool, fixes: &[PublicFix<'_>]) -> CheckText {
    if fixes.is_empty() {
        return CheckText {
            conclusion: Conclusion::Neutral,
            title: TITLE.to_owned(),
            summary: SUMMARY.to_owned(),
            text: None,
        };
    }
    // Where a tag stood before is told to maintainers; a later look does not know it any more.
    let seen = TagFacts { moved_from: None, ..tag.clone() };
    let findings = TagFinding::of(&seen, wants_signature);
    let lacks = fixes.iter().any(|fix| fix.holding.is_lack());
    let open = fixes.iter().any(|fix| fix.holding == Holding::Unknown);
    let (conclusion, title) = match (lacks, findings.is_empty(), open) {
        (true, _, _) => (Conclusion::Failure, "Lacks a published fix"),
        (_, false, _) => (Conclusion::Failure, "The tag is not as it should be"),
        (_, _, true) => (Conclusion::Neutral, "Not everything can be told"),
        _ => (Conclusion::Success, "Holds every published fix"),
    };
    let mut text = "| published fix | this release |\n|---|---|\n".to_owned();
    let mut newest: Vec<_> = fixes.iter().collect();
    newest.sort_by_key(|fix| (std::cmp::Reverse(fix.advisory.published_at), fix.advisory.ghsa.clone()));
    for fix in newest.iter().take(MOST_LISTED) {
        text.push_str(&format!("| {} | {} |\n", name(fix), row(fix, &tag.tag)));
    }
    if newest.len() > MOST_LISTED {
        text.push_str(&format!("\nThe newest {MOST_LISTED} are listed.\n"));
    }
    for finding in &findings {
        text.push_str(&format!("\n- {}\n", finding.sentence(&tag.tag)));
    }
    CheckText {
        conclusion,
        title: title.to_owned(),
        summary: format!("What the release {} of {} holds of the fixes that are published.", tag.tag, tag.series),
        text: Some(text),
    }
}

fn name(fix: &PublicFix<'_>) -> String {
    match &fix.advisory.cve {
        Some(cve) => format!("{cve} ({})", fix.advisory.ghsa),
        None => fix.advisory.ghsa.clone(),
    }
}

fn row(fix: &PublicFix<'_>, tag: &str) -> String {
    let words = match &fix.holding {
        Holding::Held { since } if since == tag => "held, first here".to_owned(),
        Holding::Held { since } => format!("held since {since}"),
        Holding::NotAffected => "not affected".to_owned(),
        Holding::OnTheBranchOnly => "**not in this release**; its branch has it".to_owned(),
        Holding::Missing => "**not found**".to_owned(),
        Holding::Unknown => "cannot be told".to_owned(),
    };
    if fix.holding.is_lack() && fix.advisory.claims(tag) {
        format!("{words}, although the advisory calls this version patched")
    } else {
        words
    }
}
