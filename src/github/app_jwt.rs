//! The short-lived token by which the App itself is known.
//!
//! GitHub, "Generating a JSON Web Token (JWT) for a GitHub App": RS256, `iat` 60 s in the past against clock drift, `exp`
//! at most 10 minutes ahead, `iss` the App's number.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::settings::SettingsProblem;

const BACKDATED_S: i64 = 60;
const LIFETIME_S: i64 = 9 * 60;

/// Signs the App's tokens.
pub(super) struct AppKey {
    app_id: u64,
    key: EncodingKey,
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

impl AppKey {
    /// Reads the key and signs once with it, so that a wrong one is found at start and not at the first delivery.
    pub(super) fn new(app_id: u64, pem: &SecretString) -> Result<Self, SettingsProblem> {
        let pem = pem.expose_secret();
        if pem.trim().is_empty() {
            return Err(SettingsProblem::PrivateKey("the file is empty"));
        }
        if pem.contains("ENCRYPTED") {
            return Err(SettingsProblem::PrivateKey("the key is protected by a pass phrase"));
        }
        let key = EncodingKey::from_rsa_pem(pem.trim().as_bytes())
            .map_err(|_| SettingsProblem::PrivateKey("not an RSA private key in PEM form (PKCS#1 or PKCS#8)"))?;
        let app_key = Self { app_id, key };
        app_key
            .token(Timestamp::UNIX_EPOCH)
            .map_err(|_| SettingsProblem::PrivateKey("the RSA key is damaged, or not a private key"))?;
        Ok(app_key)
    }

    /// A token that is good from a minute before `now` (in GitHub's time) for nine minutes.
    pub(super) fn token(&self, now: Timestamp) -> Result<SecretString, jsonwebtoken::errors::Error> {
        let now = now.as_second();
        let claims = Claims { iat: now - BACKDATED_S, exp: now + LIFETIME_S, iss: self.app_id.to_string() };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key).map(SecretString::from)
    }
}
