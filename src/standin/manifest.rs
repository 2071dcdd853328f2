//! Registering an App from a manifest: the page's confirmation gives a code, the code gives the App and its key.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use serde_json::{Value, json};

use super::AppRegistration;
use super::auth::random_hex;
use super::refusal::{Outcome, Refusal};
use super::render;
use super::state::State;

/// Checks a manifest as GitHub's page does.
pub(crate) fn check(manifest: &str) -> Outcome<Value> {
    let wrong = |why: &str| Refusal::new(422, format!("Invalid manifest: {why}"));
    let manifest: Value = serde_json::from_str(manifest).map_err(|_| wrong("not JSON"))?;
    for field in ["url", "redirect_url"] {
        let address = manifest[field].as_str();
        let address = address.ok_or_else(|| wrong(&format!("{field} is missing")))?;
        reqwest::Url::parse(address).map_err(|_| wrong(&format!("{field} is no address")))?;
    }
    if manifest["hook_attributes"].is_object() && !manifest["hook_attributes"]["url"].is_string() {
        return Err(wrong("hook_attributes.url is missing"));
    }
    Ok(manifest)
}

/// Remembers a confirmed manifest; returns the address to send the browser to.
pub(crate) fn confirm(state: &mut State, manifest: &str, given: &str) -> Outcome<String> {
    let manifest = check(manifest)?;
    let code = random_hex(20)?;
    let redirect = manifest["redirect_url"].as_str().unwrap_or_default();
    let mut redirect = reqwest::Url::parse(redirect).map_err(|_| Refusal::new(422, "redirect_url is no address"))?;
    redirect.query_pairs_mut().append_pair("code", &code);
    if !given.is_empty() {
        redirect.query_pairs_mut().append_pair("state", given);
    }
    state.world.manifest_codes.insert(code, manifest);
    Ok(redirect.into())
}

/// Exchanges a code, once, for the App with a fresh key and secret.
pub(crate) fn convert(state: &mut State, code: &str) -> Outcome<Value> {
    let manifest = state.world.manifest_codes.remove(code);
    let manifest = manifest.ok_or_else(Refusal::not_found)?;
    let (private_key_pem, public_key_pem) = generate_key()?;
    let webhook_secret = random_hex(20)?;
    let name = manifest["name"].as_str().unwrap_or("app");
    let permissions = manifest["default_permissions"].as_object();
    let permissions: BTreeMap<String, String> = permissions
        .into_iter()
        .flatten()
        .filter_map(|(area, level)| Some((area.clone(), level.as_str()?.to_owned())))
        .collect();
    let events = manifest["default_events"].as_array().into_iter().flatten();
    let events = events.filter_map(|e| e.as_str().map(str::to_owned));
    let registration = AppRegistration {
        id: state.world.next_id(),
        slug: slug(name),
        public_key_pem,
        webhook_secret: webhook_secret.clone(),
        permissions,
        events: events.collect(),
    };
    state.register(&registration);
    let active = manifest["hook_attributes"]["active"] != Value::Bool(false);
    let url = manifest["hook_attributes"]["url"].as_str().filter(|_| active);
    state.deliveries.hook.url = url.map(str::to_owned);
    let app = state.world.app.as_mut().ok_or_else(Refusal::not_found)?;
    name.clone_into(&mut app.name);
    let app = app.clone();
    let mut shown = render::app::app(&state.world, &app);
    shown["client_secret"] = random_hex(20)?.into();
    shown["webhook_secret"] = if url.is_some() { webhook_secret.into() } else { Value::Null };
    shown["pem"] = private_key_pem.into();
    if state.deliveries.hook.url.is_some() {
        let hook = json!({"type": "App", "id": 4711, "active": true, "events": app.events, "app_id": app.id});
        let ping = json!({"zen": "Keep it logically awesome.", "hook_id": 4711, "hook": hook});
        state.world.emit_for_app("ping", None, None, ping);
    }
    Ok(shown)
}

fn slug(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let slug: String = letters.collect();
    let words: Vec<&str> = slug.split('-').filter(|w| !w.is_empty()).collect();
    words.join("-")
}

/// A fresh RSA-2048 pair: private key in PKCS#8 PEM, public key in SPKI PEM.
pub(crate) fn generate_key() -> Outcome<(String, String)> {
    let failed = || Refusal::new(500, "could not make a key");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| failed())?;
    Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref())))
}

/// RFC 7468: base64 in lines of 64 between BEGIN and END.
fn pem(label: &str, der: &[u8]) -> String {
    let whole = base64::engine::general_purpose::STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in whole.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
