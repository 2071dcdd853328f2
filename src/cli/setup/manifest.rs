//! The App as it is to be registered: `app-manifest.yml`, which is part of the program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file.
const TEXT: &str = include_str!("../../../app-manifest.yml");

/// GitHub's longest name of an App, in characters.
const NAME_MAX_CHARS: usize = 34;

/// A GitHub App manifest (GitHub, "Registering a GitHub App from a manifest").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppManifest {
    /// The App's name, unique on GitHub; people may change it on GitHub's page.
    #[serde(default = "default_name")]
    pub name: String,
    /// What it does, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its home page.
    #[serde(default)]
    pub url: String,
    /// Whether others may install it.
    #[serde(default)]
    pub public: bool,
    /// Where its webhooks go.
    #[serde(default)]
    pub hook_attributes: HookAttributes,
    /// Where GitHub sends the browser once the App exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Permissions that it needs: `issues` -> `write`.
    pub default_permissions: BTreeMap<String, String>,
    /// Events that it needs.
    pub default_events: Vec<String>,
}

/// Where webhooks go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookAttributes {
    /// The address.
    pub url: String,
    /// Whether GitHub delivers.
    #[serde(default)]
    pub active: bool,
}

fn default_name() -> String {
    "embargod".to_owned()
}

impl AppManifest {
    /// The manifest that this version of the program needs.
    pub fn embedded() -> Self {
        serde_saphyr::from_str(TEXT).expect("the manifest is part of the program and tested")
    }

    /// The manifest for one registration. Without a public address the webhook is registered switched off, at the file's
    /// placeholder.
    #[must_use]
    pub fn filled(mut self, organisation: Option<&str>, public_url: Option<&str>, redirect_url: String) -> Self {
        if let Some(organisation) = organisation {
            self.name = format!("{}-{organisation}", self.name).chars().take(NAME_MAX_CHARS).collect();
        }
        match public_url {
            Some(public_url) => {
                let public_url = public_url.trim_end_matches('/');
                self.url = public_url.to_owned();
                self.hook_attributes = HookAttributes { url: webhook_url(public_url), active: true };
            }
            None => self.hook_attributes.active = false,
        }
        self.redirect_url = Some(redirect_url);
        self
    }
}

/// Where webhooks arrive below a public address.
pub fn webhook_url(public_url: &str) -> String {
    format!("{}/webhook", public_url.trim_end_matches('/'))
}
