//! Held against the `form_urlencoded` crate, which decodes by copying.

use proptest::prelude::*;

use super::payload;

fn by_copying(form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form).find(|(name, _)| name == "payload").map(|(_, value)| value.into_owned())
}

fn decoded(form: &str) -> Option<String> {
    payload(form).map(|payload| String::from_utf8(payload).expect("these hold text"))
}

#[test]
fn the_first_payload_is_taken_wherever_it_stands() {
    assert_eq!(decoded("payload=%7B%7D").as_deref(), Some("{}"));
    assert_eq!(decoded("a=1&payload=a+b&c=2").as_deref(), Some("a b"));
    assert_eq!(decoded("payload=1&payload=2").as_deref(), Some("1"));
    assert_eq!(decoded("payload=").as_deref(), Some(""));
    assert_eq!(decoded("payload=a=b").as_deref(), Some("a=b"));
    for none in ["", "&", "payload", "payloads=1", "xpayload=1", "PAYLOAD=1", "a=payload=1"] {
        assert_eq!(decoded(none), None, "{none:?}");
    }
}

#[test]
fn what_is_no_escape_stands_for_itself() {
    for text in ["%", "%4", "%zz", "100%", "%%41", "%+1"] {
        let form = format!("payload={text}");
        assert_eq!(decoded(&form), by_copying(form.as_bytes()), "{text:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_left_as_they_are() {
    assert_eq!(payload("payload=%FF%FE").as_deref(), Some(&[0xff, 0xfe][..]));
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(text in ".*", before in "[a-z]{0,5}", after in "[a-z]{0,5}") {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair(&format!("x{before}"), &before)
            .append_pair("payload", &text)
            .append_pair("payload", &after)
            .finish();
        prop_assert_eq!(decoded(&form), Some(text));
    }

    // Names are as GitHub writes them; that one would decode those, too.
    #[test]
    fn it_agrees_with_decoding_by_copying(
        form in "((payload|payloads|a|)=([+=%0-9a-fA-F]|%[0-9a-fA-F]{2}){0,8}&{1,2}){0,5}"
    ) {
        let ours = payload(form.as_str());
        let ours = ours.map(|payload| String::from_utf8_lossy(&payload).into_owned());
        prop_assert_eq!(ours, by_copying(form.as_bytes()));
    }

    #[test]
    fn any_bytes_are_answered(form in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(decoded) = payload(form.as_slice()) {
            prop_assert!(decoded.len() < form.len());
        }
    }
}
