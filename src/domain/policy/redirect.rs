//! `redirect`: what happens to a public post that belongs in private.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allow, Bar, Prior};

/// Probability from which a post is acted upon, where nobody says otherwise: the detector's own measured threshold.
pub const DEFAULT_ACT_AT: f64 = crate::domain::detector::ACT_AT;

/// Probability from which a post is answered, where nobody says otherwise: the detector's own measured threshold.
pub const DEFAULT_REPLY_AT: f64 = crate::domain::detector::REPLY_AT;

/// How far the bot may go in public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decides and explains to maintainers, does nothing in public.
    Observe,
    /// Answers with one constant comment that says where security questions go.
    Reply,
    /// Also takes the post out of sight and opens a private case. Never the default: a project has to ask for it.
    Shield,
}

/// What happens to a public post that belongs in private.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Redirect {
    /// How far the bot may go in public: observe, reply or shield.
    pub mode: Mode,
    /// Probability (above 0, at most 1) from which mode shield takes a post out of sight, or a cost:
    /// { a_false_alarm_is_worth: 9 } is 9/10.
    #[garde(custom(bar))]
    pub act_at: Bar,
    /// Probability (above 0, at most act_at) from which modes reply and shield answer with the constant comment, or a
    /// cost: { a_miss_is_worth: 20 } is 1/21.
    #[garde(custom(bar), custom(not_above(self.act_at)))]
    pub reply_at: Bar,
    /// How common such posts are here: auto learns it from what maintainers say in public, a number is their share of
    /// all posts; without it the share of the training data holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(prior_in_bounds)))]
    pub prior: Option<Prior>,
    /// Names of projects that this one builds on; a post that names one may be about that one. At most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 200), inner(custom(dependency)))]
    #[schemars(length(max = 200))]
    pub dependencies: Vec<String>,
    /// Posts that are left alone whatever their words are.
    #[serde(default, skip_serializing_if = "Allow::is_empty")]
    #[garde(dive)]
    pub allow: Allow,
}

fn bar(bar: &Bar, _: &()) -> garde::Result {
    bar.check().map_err(garde::Error::new)
}

fn prior_in_bounds(prior: &Prior, _: &()) -> garde::Result {
    prior.check().map_err(garde::Error::new)
}

fn dependency(name: &str, _: &()) -> garde::Result {
    let good = (2..=100).contains(&name.chars().count()) && name.trim() == name && !name.contains(char::is_control);
    if good { Ok(()) } else { Err(garde::Error::new("is no name of a project; give 2 to 100 characters")) }
}

fn not_above(act_at: Bar) -> impl FnOnce(&Bar, &()) -> garde::Result {
    move |reply_at, _| {
        // Of two mistakes at one value only the first is told.
        if reply_at.check().is_ok() && reply_at.probability() > act_at.probability() {
            Err(garde::Error::new(
                "is above `redirect.act_at`; posts are answered from a lower probability than they are hidden",
            ))
        } else {
            Ok(())
        }
    }
}
