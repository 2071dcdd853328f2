//! Deliveries in a form (`application/x-www-form-urlencoded`, WHATWG URL Standard, section 5.1): GitHub's other content
//! type, with the payload in the field `payload`.
//!
//! The payload is decoded in place: a form may be 25 MiB, and each intermediate copy would cost as much again.

use zeroize::Zeroize;

const FIELD: &[u8] = b"payload=";

/// The first payload of a form, decoded into the memory that the form was in; `None` where there is none. What is no
/// valid escape stands for itself; bytes that are no UTF-8 stay as they are, for the caller to refuse.
pub fn payload(form: impl Into<Vec<u8>>) -> Option<Vec<u8>> {
    let mut form = form.into();
    let begin = begin_of_payload(&form)?;
    let length = form[begin..].iter().position(|byte| *byte == b'&').unwrap_or(form.len() - begin);
    form.truncate(begin + length);
    form.drain(..begin);
    let decoded = decode(&mut form);
    // The rest is a copy that nobody would wipe.
    form[decoded..].zeroize();
    form.truncate(decoded);
    Some(form)
}

fn begin_of_payload(form: &[u8]) -> Option<usize> {
    let mut begin = 0;
    for field in form.split(|byte| *byte == b'&') {
        if field.starts_with(FIELD) {
            return Some(begin + FIELD.len());
        }
        begin += field.len() + 1;
    }
    None
}

/// Decodes `+` and `%XX` to the front of `bytes`; returns how many bytes are left.
fn decode(bytes: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(&byte) = bytes.get(from) {
        let (decoded, length) = match byte {
            b'+' => (b' ', 1),
            b'%' => escaped(&bytes[from + 1..]).map_or((b'%', 1), |decoded| (decoded, 3)),
            other => (other, 1),
        };
        bytes[to] = decoded;
        from += length;
        to += 1;
    }
    to
}

/// The byte that two hexadecimal digits stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    let mut byte = [0];
    hex::decode_to_slice(digits.get(..2)?, &mut byte).ok()?;
    Some(byte[0])
}

#[cfg(test)]
mod tests;
