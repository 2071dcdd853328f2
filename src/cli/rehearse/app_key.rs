//! A key pair for an App that exists only on this machine, for as long as the rehearsal lasts.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;

/// Both halves, PEM.
pub struct AppKey {
    /// PKCS#8.
    pub private_pem: SecretString,
    /// SPKI.
    pub public_pem: String,
}

/// Makes a new pair.
///
/// # Errors
/// When the machine has no randomness, in words for a person.
pub fn generate() -> Result<AppKey, String> {
    let failed = |_| "no RSA key could be made".to_owned();
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(failed)?;
    Ok(AppKey {
        private_pem: SecretString::from(pem("PRIVATE KEY", private.as_ref())),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = (0..encoded.len()).step_by(64).map(|at| &encoded[at..encoded.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
