//! Every word that the reporter gets from the bot. Constants, chosen by name; the only variable parts are dates, words of
//! the policy and names of projects. No note, no checklist, no internal reason is ever among them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::case::RejectReason;

/// The texts to the reporter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "text")]
pub enum ReporterText {
    /// The report came in. No answer of a person yet, and the clock runs on.
    Receipt {
        /// By when a person answers.
        answer_by: Timestamp,
    },
    /// A person has read the report. Their own words follow, if there are any.
    Acknowledged,
    /// Somebody asks something; the question follows.
    Question {
        /// By when an answer helps most.
        answer_by: Timestamp,
    },
    /// It is a vulnerability, and a release will mend it.
    Accepted,
    /// It is not taken for a vulnerability.
    Rejected {
        /// Why, in general.
        reason: RejectReason,
    },
    /// It is known.
    Duplicate,
    /// It belongs to another project.
    Upstream {
        /// Its name.
        project: String,
        /// Where it takes reports.
        address: String,
    },
    /// It will be mended in public.
    PublicFix,
    /// The decision is reconsidered.
    Reopened,
    /// There is a date.
    EmbargoDated {
        /// Until when everybody keeps quiet.
        until: Timestamp,
    },
    /// Nobody has to keep quiet any more.
    EmbargoOver,
}

impl ReporterText {
    /// The name of the text, for lists and documentation.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Receipt { .. } => "receipt",
            Self::Acknowledged => "acknowledged",
            Self::Question { .. } => "question",
            Self::Accepted => "accepted",
            Self::Rejected { .. } => "rejected",
            Self::Duplicate => "duplicate",
            Self::Upstream { .. } => "upstream",
            Self::PublicFix => "public_fix",
            Self::Reopened => "reopened",
            Self::EmbargoDated { .. } => "embargo_dated",
            Self::EmbargoOver => "embargo_over",
        }
    }

    /// Whether a person's own words belong to it. Notes of other commands stay inside.
    pub fn takes_own_words(&self) -> bool {
        matches!(self, Self::Acknowledged | Self::Question { .. })
    }

    /// The words, with those of a person behind them where the text takes any.
    pub fn render(&self, own_words: Option<&str>) -> String {
        let mut text = self.constant();
        if let Some(words) = own_words.map(str::trim).filter(|words| !words.is_empty() && self.takes_own_words()) {
            text.push_str("\n\n");
            text.push_str(words);
        }
        text
    }

    fn constant(&self) -> String {
        match self {
            Self::Receipt { answer_by } => format!(
                "Thank you for your report. This is an automatic receipt; a person answers by {}.",
                utc(*answer_by)
            ),
            Self::Acknowledged => "Thank you for your report. A member of the team has read it and is looking into \
                 it; we will write here as soon as we know more. There is no need to ask again, unless you find out \
                 something that matters. Until we agree on a date, please keep it private."
                .to_owned(),
            Self::Question { answer_by } => {
                format!("To go on, we need to know something from you, if you can by {}:", utc(*answer_by))
            }
            Self::Accepted => "Thank you, we can confirm this. We are preparing a fix and will agree on a date with \
                 you. Please tell us how you would like to be credited: comment `/credit @your-login`, `/credit \"Your \
                 Name\"` or `/credit anonymous`."
                .to_owned(),
            Self::Rejected { reason } => rejected(*reason).to_owned(),
            Self::Duplicate => "Thank you for your report. We know of this already and are working on it; you will be \
                 credited beside the others who found it. Please keep it private until a release mends it."
                .to_owned(),
            Self::Upstream { project, address } => format!(
                "Thank you for your report. The fault lies in {project} and is to be mended there. Please report it to \
                 {address}, in private as you did here."
            ),
            Self::PublicFix => "Thank you for your report. This affects only what has not been released yet, so it is \
                 mended in public like any other bug and needs no embargo. You are welcome to take part there."
                .to_owned(),
            Self::Reopened => "We are looking at your report again and will write here as soon as we know more. \
                 Please keep it private until then."
                .to_owned(),
            Self::EmbargoDated { until } => format!(
                "The fix is planned to be released at {}. Please keep the matter private until then; should it become \
                 known earlier, please tell us here at once.",
                utc(*until)
            ),
            Self::EmbargoOver => "There is no need to keep this matter private any longer. Thank you for your \
                 patience."
                .to_owned(),
        }
    }
}

fn rejected(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::Invalid => {
            "Thank you for your report. We looked into it and do not see a vulnerability: what it describes does not \
             happen, or gives nobody more than they may do anyway. Should we have missed something, please tell us here \
             with a way to reproduce it."
        }
        RejectReason::NotProductionGrade => {
            "Thank you for your report. It shows only in a set-up that is not meant for production, such as a \
             development server, so by our policy it is not a security issue. Should it show in production as well, \
             please tell us here."
        }
        RejectReason::BestPractice => {
            "Thank you for your report. It needs code that does not follow our documented best practice, such as \
             sanitising input, so by our policy it is not a security issue. Should it show without that, please tell us \
             here."
        }
        RejectReason::UserError => {
            "Thank you for your report. What it describes comes from how the software is used or set up rather than from \
             the software itself. Should we have misread it, please tell us here."
        }
        RejectReason::Spam => "This does not look like a report about this project, so nothing more will happen here.",
        RejectReason::WontFix => {
            "Thank you for your report. We know of this behaviour and have decided to leave it as it is."
        }
        RejectReason::OutOfScope => {
            "Thank you for your report. It concerns something that our security policy does not cover. If it is a bug, \
             the public tracker is the right place for it."
        }
    }
}

/// An instant as people read it everywhere: `2025-10-01 13:00 UTC`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
