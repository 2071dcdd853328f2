//! The presets: policies that come with the program, as data in `presets/`.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::Source;

/// The rules that a policy file starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Preset {
    /// Django's policy as of March 2018.
    #[serde(rename = "django-2018")]
    Django2018,
    /// Django's policy as of October 2024.
    #[serde(rename = "django-2024")]
    Django2024,
    /// Django's policy as of April 2026.
    #[serde(rename = "django-2026")]
    Django2026,
    /// What any project can keep: a private channel, a human answer within three working days, an embargo with an end.
    #[serde(rename = "minimal")]
    Minimal,
}

impl Preset {
    /// All presets, oldest first.
    pub const ALL: [Self; 4] = [Self::Django2018, Self::Django2024, Self::Django2026, Self::Minimal];

    /// The name in policy files.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Django2018 => "django-2018",
            Self::Django2024 => "django-2024",
            Self::Django2026 => "django-2026",
            Self::Minimal => "minimal",
        }
    }

    /// The preset's own policy text: every section, but no `extends`.
    pub fn text(self) -> &'static str {
        match self {
            Self::Django2018 => include_str!("../../../presets/django-2018.yml"),
            Self::Django2024 => include_str!("../../../presets/django-2024.yml"),
            Self::Django2026 => include_str!("../../../presets/django-2026.yml"),
            Self::Minimal => include_str!("../../../presets/minimal.yml"),
        }
    }

    pub(super) fn source(self) -> Arc<Source> {
        Arc::new(Source { name: format!("preset {self}"), text: self.text().to_owned(), preset: Some(self) })
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
