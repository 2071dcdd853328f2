//! How bad a case is, and what keeps it from being accepted: read off the record and the policy to which it is pinned.

use super::{Case, ItemVerdict};
use crate::domain::policy::{ChecklistItem, Policy, SeverityLevel};

/// How bad a case is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The severity in force.
    pub level: Option<SeverityLevel>,
    /// What the policy's table makes of the classes: the highest of several.
    pub computed: Option<SeverityLevel>,
}

impl Rating {
    /// Whether people set another severity than the table's.
    pub fn is_overridden(self) -> bool {
        self.level != self.computed
    }
}

/// What the policy's table makes of the case's classes: the highest of several.
pub fn computed_severity(case: &Case, policy: &Policy) -> Option<SeverityLevel> {
    case.assessment.classes.iter().filter_map(|class| policy.severity.classes.get(class)).copied().max()
}

/// How bad a case is.
pub fn severity(case: &Case, policy: &Policy) -> Rating {
    let computed = computed_severity(case, policy);
    let level = case.assessment.severity_override.as_ref().map(|set| set.level).or(computed);
    Rating { level, computed }
}

/// The word for scripts and people.
pub fn severity_word(level: SeverityLevel) -> &'static str {
    match level {
        SeverityLevel::Low => "low",
        SeverityLevel::Moderate => "moderate",
        SeverityLevel::High => "high",
    }
}

/// The items of the policy's checklist that are not answered with yes, in the policy's order.
pub fn open_items<'p>(case: &Case, policy: &'p Policy) -> Vec<&'p ChecklistItem> {
    let is_open = |item: &&ChecklistItem| {
        let answer = case.assessment.answers.get(&item.id);
        answer.is_none_or(|answer| answer.verdict != ItemVerdict::Yes)
    };
    policy.evaluation.checklist.iter().filter(is_open).collect()
}
