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

/// One of the bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureBit {
    /// See [`Exposure::public`].
    Public,
    /// See [`Exposure::exploit_public`].
    ExploitPublic,
    /// See [`Exposure::attacked`].
    Attacked,
    /// See [`Exposure::prenotified`].
    Prenotified,
    /// See [`Exposure::fix_public`].
    FixPublic,
}

/// What a person decided about what became public. The bit stays set with its instant; a ruling says whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureRuling {
    /// Whether only vague words got out, so that the matter itself is not public.
    pub vague: bool,
    /// When that was decided. What is seen later is not covered.
    pub at: Timestamp,
}

impl Exposure {
    /// Only this bit, seen at this instant.
    pub fn of(bit: ExposureBit, at: Timestamp) -> Self {
        let mut exposure = Self::default();
        let place = match bit {
            ExposureBit::Public => &mut exposure.public,
            ExposureBit::ExploitPublic => &mut exposure.exploit_public,
            ExposureBit::Attacked => &mut exposure.attacked,
            ExposureBit::Prenotified => &mut exposure.prenotified,
            ExposureBit::FixPublic => &mut exposure.fix_public,
        };
        *place = Some(at);
        exposure
    }

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
