//! What a request must look like before its body is believed.

use axum::http::{HeaderMap, StatusCode, header};
use memchr::memchr2;

use super::form;
use crate::github::webhook::lane_if_json;

const DELIVERY: &str = "x-github-delivery";
const EVENT: &str = "x-github-event";
const SIGNATURE: &str = "x-hub-signature-256";

/// How the payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// The body is the payload.
    Json,
    /// The payload is the form field `payload`.
    Form,
}

/// The names that a delivery goes by.
pub(super) struct Names {
    pub guid: String,
    pub event: String,
}

/// The packing that the content type names; 415 for any other, and for compressed bodies, which GitHub never sends.
pub(super) fn packing(headers: &HeaderMap) -> Result<Packing, StatusCode> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    };
    let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    match essence.trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(Packing::Json),
        "application/x-www-form-urlencoded" => Ok(Packing::Form),
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

/// The one SHA-256 signature header; 401 where there is none (SHA-1 alone is none) or more than one.
pub(super) fn signature(headers: &HeaderMap) -> Result<&[u8], StatusCode> {
    let mut all = headers.get_all(SIGNATURE).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one.as_bytes()),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

/// GUID and event name; 400 where they are missing, doubled or not made of the characters that GitHub uses.
pub(super) fn names(headers: &HeaderMap) -> Result<Names, StatusCode> {
    let one = |name: &str, most: usize| {
        let mut all = headers.get_all(name).iter();
        match (all.next().and_then(|value| value.to_str().ok()), all.next()) {
            (Some(value), None) if is_name(value, most) => Ok(value.to_owned()),
            _ => Err(StatusCode::BAD_REQUEST),
        }
    };
    Ok(Names { guid: one(DELIVERY, 128)?, event: one(EVENT, 64)? })
}

/// Our own queue entries begin with `embargod.`, so a dot is not for strangers.
fn is_name(value: &str, most: usize) -> bool {
    !value.is_empty()
        && value.len() <= most
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Deepest nesting of a payload: the limit of the parser that reads it later. GitHub's own stay below 20.
const MOST_NESTED: usize = 128;

/// Longest name in a payload, in bytes.
const MOST_NAME_BYTES: usize = 256 * 1024;

/// Whether a payload can be parsed without much memory: parsers keep something for each bracket that is open, and copy
/// names that hold escapes.
fn is_modest(payload: &[u8]) -> bool {
    let (mut depth, mut string_bytes, mut at) = (0_usize, 0, 0);
    while let Some(byte) = payload.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let began = at;
                at = end_of_string(payload, at);
                string_bytes = at - began;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            // A string before a colon is a name.
            b':' if string_bytes > MOST_NAME_BYTES => return false,
            _ => {}
        }
        if depth > MOST_NESTED {
            return false;
        }
    }
    true
}

/// Place behind the quotation mark that ends the string whose text begins at `at`; the end where there is none. Most of a
/// payload is strings, so they are skipped by a search for two bytes.
fn end_of_string(payload: &[u8], mut at: usize) -> usize {
    while let Some(found) = payload.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if payload[at - 1] == b'"' {
            return at;
        }
        // whatever was escaped
        at += 1;
    }
    payload.len()
}

/// The payload of a body, and its lane: a JSON object in UTF-8, or 400.
pub(super) fn payload(packing: Packing, body: Vec<u8>) -> Result<(Vec<u8>, String), StatusCode> {
    let payload = match packing {
        Packing::Json => body,
        Packing::Form => form::payload(body).ok_or(StatusCode::BAD_REQUEST)?,
    };
    let is_object = payload.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let is_fit = is_object && is_modest(&payload) && std::str::from_utf8(&payload).is_ok();
    let lane = is_fit.then(|| lane_if_json(&payload)).flatten().ok_or(StatusCode::BAD_REQUEST)?;
    Ok((payload, lane))
}
