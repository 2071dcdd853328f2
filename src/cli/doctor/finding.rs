//! What a check found.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Something works less well than it could, or could not be checked.
    Warning,
    /// Something does not work.
    Problem,
}

impl Severity {
    fn mark(self) -> &'static str {
        match self {
            Self::Ok => "ok     ",
            Self::Note => "note   ",
            Self::Warning => "warning",
            Self::Problem => "PROBLEM",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name for scripts: `webhook.url`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// What to do about it; what was checked, where all is well.
    pub remedy: String,
    /// Where the fact comes from: a request, a setting, a file.
    pub source: &'static str,
}

impl Finding {
    /// A finding of any severity.
    pub fn new(
        severity: Severity,
        id: &'static str,
        source: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { id, severity, what: what.into(), remedy: remedy.into(), source }
    }

    /// All is well.
    pub fn ok(id: &'static str, source: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Ok, id, source, what, "nothing to do")
    }

    /// Worth knowing.
    pub fn note(id: &'static str, source: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Note, id, source, what, remedy)
    }

    /// Works less well than it could.
    pub fn warning(id: &'static str, source: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Warning, id, source, what, remedy)
    }

    /// Does not work.
    pub fn problem(id: &'static str, source: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Problem, id, source, what, remedy)
    }
}

/// Everything that was found, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst severity.
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }

    /// 0 where all is well, 1 where there are warnings or problems.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.worst() >= Severity::Warning)
    }

    /// `{"worst": …, "findings": […]}`.
    pub fn to_json(&self) -> Value {
        json!({ "worst": self.worst(), "findings": self.findings })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{} {}: {}", finding.severity.mark(), finding.id, finding.what)?;
            if finding.severity > Severity::Ok {
                writeln!(f, "        -> {}", finding.remedy)?;
                writeln!(f, "        ({})", finding.source)?;
            }
        }
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        writeln!(
            f,
            "{} problems, {} warnings, {} notes, {} ok",
            count(Severity::Problem),
            count(Severity::Warning),
            count(Severity::Note),
            count(Severity::Ok)
        )
    }
}
