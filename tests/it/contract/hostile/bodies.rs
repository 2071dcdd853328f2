//! Bodies: JSON at and beyond its edges, forms, sizes.

use super::{
    Body, Framing, Hostile, MALFORMED, MOST_BYTES, Sign, TAKEN, TAKEN_OR_MALFORMED, UNSIGNED, valid_body, valid_payload,
};

const FORM: &[u8] = b"application/x-www-form-urlencoded";

pub fn requests() -> Vec<Hostile> {
    [broken_json(), odd_json(), forms(), sizes(), bombs(), injections()].concat()
}

/// Signed rightly, and no JSON.
fn broken_json() -> Vec<Hostile> {
    let valid = valid_body();
    let with_bytes_in_title = |bytes: &[u8]| {
        let mut body = br#"{"action":"opened","issue":{"title":""#.to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(br#""}}"#);
        body
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty body", Vec::new()),
        ("only spaces", b"   \r\n\t ".to_vec()),
        ("one NUL byte", vec![0]),
        ("thousand NUL bytes", vec![0; 1_000]),
        ("truncated in the middle", valid[..valid.len() / 2].to_vec()),
        ("truncated by one byte", valid[..valid.len() - 1].to_vec()),
        ("bytes after the end", [valid.as_slice(), b"}"].concat()),
        ("two documents", [valid.as_slice(), &valid].concat()),
        ("invalid UTF-8 in a string", with_bytes_in_title(&[0xff, 0xfe])),
        ("overlong UTF-8 in a string", with_bytes_in_title(&[0xc0, 0xaf])),
        ("UTF-8 of a surrogate in a string", with_bytes_in_title(&[0xed, 0xa0, 0x80])),
        ("cut UTF-8 in a string", with_bytes_in_title(&[0xe2, 0x82])),
        ("bare NUL in a string", with_bytes_in_title(&[0])),
        ("bare line feed in a string", with_bytes_in_title(b"a\nb")),
        ("unknown escape", with_bytes_in_title(br"\x41")),
        ("cut escape", with_bytes_in_title(br"\u12")),
        ("UTF-16", "{\"action\":\"opened\"}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("single quotes", b"{'action':'opened'}".to_vec()),
        ("comment", b"{/* hi */\"action\":\"opened\"}".to_vec()),
        ("trailing comma", b"{\"action\":\"opened\",}".to_vec()),
        ("unquoted name", b"{action:\"opened\"}".to_vec()),
        ("NaN", b"{\"action\":NaN}".to_vec()),
        ("Infinity", b"{\"action\":Infinity}".to_vec()),
        ("hexadecimal number", b"{\"action\":0x10}".to_vec()),
        ("leading zeros", b"{\"action\":007}".to_vec()),
        ("100,000 open brackets", vec![b'['; 100_000]),
        ("100,000 open objects", b"{\"a\":".repeat(100_000)),
        ("XML", b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>".to_vec()),
        ("YAML", b"action: opened\nissue: &a [*a]\n".to_vec()),
        ("gzip of JSON, unannounced", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0]),
    ];
    cases
        .into_iter()
        .map(|(name, body)| Hostile::delivery(format!("body: {name}"), body).expecting(MALFORMED))
        .collect()
}

/// Signed rightly, and JSON, of a sort that GitHub does not send.
fn odd_json() -> Vec<Hostile> {
    let nested = |depth: usize| {
        let mut body = br#"{"action":"opened","deep":"#.to_vec();
        body.extend(std::iter::repeat_n(b'[', depth));
        body.extend(std::iter::repeat_n(b']', depth));
        body.push(b'}');
        body
    };
    let with = |extra: &str| {
        let valid = valid_payload().to_string();
        format!("{},{extra}}}", &valid[..valid.len() - 1]).into_bytes()
    };
    let wide: String = (0..50_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let cases: Vec<(&str, Vec<u8>, &'static [u16])> = vec![
        ("empty object", b"{}".to_vec(), TAKEN),
        ("array", b"[]".to_vec(), TAKEN_OR_MALFORMED),
        ("array of payloads", [b"[", valid_body().as_slice(), b"]"].concat(), TAKEN_OR_MALFORMED),
        ("string", b"\"opened\"".to_vec(), TAKEN_OR_MALFORMED),
        ("number", b"42".to_vec(), TAKEN_OR_MALFORMED),
        ("true", b"true".to_vec(), TAKEN_OR_MALFORMED),
        ("null", b"null".to_vec(), TAKEN_OR_MALFORMED),
        ("byte order mark", [b"\xef\xbb\xbf".as_slice(), &valid_body()].concat(), TAKEN_OR_MALFORMED),
        ("spaces around", [b"\n\n  ".as_slice(), &valid_body(), b"  \r\n"].concat(), TAKEN),
        ("nested 100 deep", nested(100), TAKEN),
        ("nested 100,000 deep and closed", nested(100_000), TAKEN_OR_MALFORMED),
        ("50,000 names", with(&wide[..wide.len() - 1]), TAKEN),
        ("unknown names", with(r#""__proto__":{"admin":true},"constructor":1"#), TAKEN),
        ("empty name", with(r#""":1"#), TAKEN),
        ("name of 100,000 letters", with(&format!("\"{}\":1", "n".repeat(100_000))), TAKEN),
        ("duplicate action", with(r#""action":"deleted""#), TAKEN_OR_MALFORMED),
        ("duplicate repository", with(r#""repository":{"id":1}"#), TAKEN_OR_MALFORMED),
        ("number of 10,000 digits", with(&format!("\"n\":{}", "9".repeat(10_000))), TAKEN_OR_MALFORMED),
        ("number 1e999", with(r#""n":1e999"#), TAKEN_OR_MALFORMED),
        ("number -0", with(r#""n":-0"#), TAKEN),
        ("number 1e-999", with(r#""n":1e-999"#), TAKEN_OR_MALFORMED),
        ("escaped NUL in a string", with(r#""s":"a\u0000b""#), TAKEN),
        ("lone high surrogate, unused name", with(r#""s":"\ud800""#), TAKEN_OR_MALFORMED),
        ("lone low surrogate, unused name", with(r#""s":"\udc00x""#), TAKEN_OR_MALFORMED),
        ("right-to-left override", with("\"s\":\"\u{202e}gnp.exe\""), TAKEN),
        ("a million combining marks", with(&format!("\"s\":\"a{}\"", "\u{0301}".repeat(1_000_000))), TAKEN),
    ];
    cases
        .into_iter()
        .map(|(name, body, expect)| Hostile::delivery(format!("json: {name}"), body).expecting(expect))
        .collect()
}

fn forms() -> Vec<Hostile> {
    let payload = valid_payload().to_string();
    let encoded: String = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
    let cases: Vec<(&str, Vec<u8>, &'static [u16])> = vec![
        ("as GitHub sends it", encoded.clone().into_bytes(), TAKEN),
        ("other fields around it", format!("a=1&{encoded}&b=2").into_bytes(), TAKEN),
        ("no payload", b"a=1&b=2".to_vec(), MALFORMED),
        ("empty", Vec::new(), MALFORMED),
        ("empty payload", b"payload=".to_vec(), MALFORMED),
        ("payload without value", b"payload".to_vec(), MALFORMED),
        ("two payloads", format!("{encoded}&{encoded}").into_bytes(), TAKEN_OR_MALFORMED),
        ("harmless payload, then another", format!("{encoded}&payload=%7B%7D").into_bytes(), TAKEN_OR_MALFORMED),
        ("name in capitals", encoded.replacen("payload", "PAYLOAD", 1).into_bytes(), MALFORMED),
        ("payload is no JSON", b"payload=hello".to_vec(), MALFORMED),
        ("payload in brackets", b"payload[]=%7B%7D".to_vec(), MALFORMED),
        ("percent garbage", b"payload=%7B%ZZ%".to_vec(), MALFORMED),
        ("percent-encoded invalid UTF-8", b"payload=%7B%22a%22%3A%22%FF%FE%22%7D".to_vec(), TAKEN_OR_MALFORMED),
        ("percent-encoded NUL", b"payload=%00".to_vec(), MALFORMED),
        ("JSON under the name of a form", payload.clone().into_bytes(), MALFORMED),
        ("100,000 fields", b"a=1&".repeat(100_000), MALFORMED),
    ];
    let mut all: Vec<Hostile> = cases
        .into_iter()
        .map(|(name, body, expect)| {
            Hostile::delivery(format!("form: {name}"), body).header("content-type", FORM).expecting(expect)
        })
        .collect();
    all.push(
        Hostile::delivery("form: wrongly signed", encoded.clone())
            .header("content-type", FORM)
            .signed(Sign::WrongSecret)
            .expecting(UNSIGNED),
    );
    all.push(Hostile::delivery("form: under the name of JSON", encoded).expecting(MALFORMED));
    all
}

fn sizes() -> Vec<Hostile> {
    let sized = |name: &str, length: usize, sign: Sign, framing: Framing, expect| {
        let mut request = Hostile::delivery(format!("size: {name}"), Vec::new());
        request.body = Body::PaddedTo(length);
        request.framing = framing;
        request.signed(sign).expecting(expect)
    };
    vec![
        sized("exactly the cap", MOST_BYTES, Sign::Valid, Framing::Length, TAKEN),
        sized("exactly the cap, chunked", MOST_BYTES, Sign::Valid, Framing::Chunked, TAKEN),
        sized("one byte over", MOST_BYTES + 1, Sign::Valid, Framing::Length, &[413]),
        sized("one byte over, chunked", MOST_BYTES + 1, Sign::Valid, Framing::Chunked, &[413]),
        sized("far over, chunked", MOST_BYTES + 4 * 1024 * 1024, Sign::Valid, Framing::Chunked, &[413]),
        sized("one byte over, unsigned", MOST_BYTES + 1, Sign::None, Framing::Length, &[401, 413]),
        sized("exactly the cap, unsigned", MOST_BYTES, Sign::None, Framing::Length, UNSIGNED),
        sized("exactly the cap, wrongly signed", MOST_BYTES, Sign::WrongSecret, Framing::Length, UNSIGNED),
        sized("26 MiB", 26 * 1024 * 1024, Sign::Valid, Framing::Length, &[413]),
        sized("26 MiB, chunked", 26 * 1024 * 1024, Sign::Valid, Framing::Chunked, &[413]),
        sized("small, chunked", 4_000, Sign::Valid, Framing::Chunked, TAKEN),
    ]
}

/// Small bodies that would be large if anybody unpacked them.
fn bombs() -> Vec<Hostile> {
    let bomb = gzip_of_zeros(26 * 1024 * 1024);
    vec![
        Hostile::delivery("bomb: 26 MiB of zeros, announced", bomb.clone())
            .header("content-encoding", "gzip")
            .expecting(&[400, 415]),
        Hostile::delivery("bomb: 26 MiB of zeros, not announced", bomb).expecting(MALFORMED),
    ]
}

/// At least so many zeros as gzip (RFC 1951, 3.2.6: one zero, then copies of 258 of the byte before), without its
/// checksum, which nobody is to come to.
fn gzip_of_zeros(bytes: usize) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let (mut held, mut count) = (0_u64, 0);
    let mut put = |bits: u64, length: u32| {
        held |= bits << count;
        count += length;
        while count >= 8 {
            packed.push(held as u8);
            held >>= 8;
            count -= 8;
        }
    };
    // the last block, with the fixed codes; the literal 0 is 00110000
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..bytes.div_ceil(258) {
        // length 258 is 11000101, distance 1 is 00000; codes stand with their first bit lowest
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 16);
    packed
}

/// Texts that would do harm if they were ever taken for code: SQL, logs, terminals, templates, Markdown, paths.
fn injections() -> Vec<Hostile> {
    let texts = [
        ("SQL", "'); DROP TABLE deliveries; --"),
        ("SQL with NUL", "' OR 1=1\u{0}--"),
        ("a forged log line", "x\nINFO embargod: ready listen=0.0.0.0:1"),
        ("terminal escapes", "\u{1b}[2J\u{1b}]0;owned\u{7}"),
        ("a template", "{{ 7 * 7 }} ${7*7} <%= 7*7 %> {% include '/etc/passwd' %}"),
        ("a format string", "%s%s%s%n {} {0} {:?}"),
        ("HTML", "<img src=x onerror=alert(1)><script>alert(1)</script>"),
        ("our own marker", "<!-- embargod:redirect:v1 --> <!-- embargod -->"),
        ("a command", "/not-security\n/publish\r\n/not-security"),
        ("mentions", "@acme/everyone @mona @[x](javascript:alert(1))"),
        ("a path", "../../../../etc/passwd\u{0}.yml"),
        ("a lookup", "${jndi:ldap://127.0.0.1/a}"),
        ("slow for backtracking patterns", &format!("{}!", "a".repeat(50_000))),
        ("nested Markdown", &"[".repeat(50_000)),
    ]
    .map(|(name, text)| (name, text.to_owned()));
    let mut all = Vec::new();
    for (name, text) in texts {
        let mut payload = valid_payload();
        for place in ["/issue/title", "/issue/body", "/issue/user/login", "/repository/full_name", "/action"] {
            *payload.pointer_mut(place).expect("a field of the payload") = text.clone().into();
        }
        all.push(Hostile::delivery(format!("injection: {name}"), payload.to_string()));
    }
    all
}
