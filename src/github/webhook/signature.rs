//! Is a delivery GitHub's? HMAC-SHA256 over the raw bytes (GitHub, "Validating webhook deliveries").

use std::fmt;

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};

const PREFIX: &str = "sha256=";

/// The secrets with which deliveries may be signed: several while one is being replaced.
pub struct WebhookSecrets(Vec<hmac::Key>);

/// Why a delivery is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureProblem {
    /// There is no `X-Hub-Signature-256`. The older SHA-1 header alone counts as missing.
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    Malformed,
    /// None of our secrets made it.
    Wrong,
}

impl fmt::Display for SignatureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "X-Hub-Signature-256 is missing; set a webhook secret in the App's settings",
            Self::Malformed => "X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits",
            Self::Wrong => {
                "X-Hub-Signature-256 does not fit; github.webhook_secrets must hold the App's webhook secret"
            }
        })
    }
}

impl std::error::Error for SignatureProblem {}

impl WebhookSecrets {
    /// Takes the secrets over. Empty ones are left out: everybody knows the empty secret.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        Self(
            secrets
                .into_iter()
                .map(|secret| secret.expose_secret().as_bytes())
                .filter(|secret| !secret.is_empty())
                .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret))
                .collect(),
        )
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none, so that nothing can be accepted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the value of `X-Hub-Signature-256` against the raw `body`, in constant time per secret.
    ///
    /// # Errors
    /// Unless one of the secrets made the signature.
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8]) -> Result<(), SignatureProblem> {
        let header = header.ok_or(SignatureProblem::Missing)?;
        let digits = std::str::from_utf8(header)
            .ok()
            .and_then(|header| header.trim().strip_prefix(PREFIX))
            .ok_or(SignatureProblem::Malformed)?;
        let mut tag = [0; 32];
        hex::decode_to_slice(digits, &mut tag).map_err(|_| SignatureProblem::Malformed)?;
        // all of them, so that the time does not tell which one is in use
        let mut fits = false;
        for key in &self.0 {
            fits |= hmac::verify(key, body, &tag).is_ok();
        }
        if fits { Ok(()) } else { Err(SignatureProblem::Wrong) }
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecrets({})", self.0.len())
    }
}
