//! What the world knows of a case. Each bit has the instant at which it was first seen, and never clears.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The exposure bits of a case (the terms of CERT/CC's Vultron model).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The vulnerability is public knowledge.
    pub public: Option<Timestamp>,
    /// An exploit is public.
    pub exploit_public: Option<Timestamp>,
    /// It is being used in attacks.
    pub attacked: Option<Timestamp>,
    /// Distributors were told ahead of the public.
    pub prenotified: Option<Timestamp>,
    /// The fix is public.
    pub fix_public: Option<Timestamp>,
}

impl Exposure {
    /// Both exposures together: a bit is set if either has it, since the earlier instant.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let earlier = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            public: earlier(self.public, other.public),
            exploit_public: earlier(self.exploit_public, other.exploit_public),
            attacked: earlier(self.attacked, other.attacked),
            prenotified: earlier(self.prenotified, other.prenotified),
            fix_public: earlier(self.fix_public, other.fix_public),
        }
    }
}
