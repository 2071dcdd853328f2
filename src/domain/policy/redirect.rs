//! `redirect`: what happens to a public post that belongs in private.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Probability (above 0, at most 1) from which mode shield takes a post out of sight.
    #[garde(custom(probability))]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub act_at: f64,
    /// Probability (above 0, at most act_at) from which modes reply and shield answer with the constant comment.
    #[garde(custom(probability), custom(not_above(self.act_at)))]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reply_at: f64,
}

fn probability(value: &f64, _: &()) -> garde::Result {
    // Written so that NaN fails too.
    if *value > 0.0 && *value <= 1.0 {
        Ok(())
    } else {
        Err(garde::Error::new("is not a probability; give a number above 0 and at most 1, such as 0.9"))
    }
}

fn not_above(act_at: f64) -> impl FnOnce(&f64, &()) -> garde::Result {
    move |reply_at, _| {
        if *reply_at > act_at {
            Err(garde::Error::new(
                "is above `redirect.act_at`; posts are answered from a lower probability than they are hidden",
            ))
        } else {
            Ok(())
        }
    }
}
