//! Headers: signatures, content types, events, delivery ids; and methods and paths.

use super::{Hostile, MALFORMED, Sign, TAKEN, TAKEN_OR_MALFORMED, UNSIGNED, valid_body};

pub fn requests() -> Vec<Hostile> {
    [signatures(), content_types(), events(), deliveries(), doors()].concat()
}

fn valid(name: impl Into<String>) -> Hostile {
    Hostile::delivery(name, valid_body())
}

fn signatures() -> Vec<Hostile> {
    // A right value in another notation may be taken: nobody can make it without the secret.
    const RIGHT_IN_ANOTHER_NOTATION: &[u16] = &[202, 401];
    const TWICE: &[u16] = &[202, 400, 401];
    let cases = [
        (Sign::WrongSecret, UNSIGNED),
        (Sign::OtherBody, UNSIGNED),
        (Sign::Sha1Only, UNSIGNED),
        (Sign::WrongHeader, UNSIGNED),
        (Sign::None, UNSIGNED),
        (Sign::PrefixInCapitals, RIGHT_IN_ANOTHER_NOTATION),
        (Sign::DigitsInCapitals, RIGHT_IN_ANOTHER_NOTATION),
        (Sign::Truncated, UNSIGNED),
        (Sign::Longer, UNSIGNED),
        (Sign::NoPrefix, UNSIGNED),
        (Sign::Empty, UNSIGNED),
        (Sign::NotHex, UNSIGNED),
        (Sign::Zeros, UNSIGNED),
        (Sign::Base64, UNSIGNED),
        (Sign::WrongThenValid, TWICE),
        (Sign::ValidThenWrong, TWICE),
        (Sign::NotAscii, &[400, 401]),
        (Sign::VeryLong, UNSIGNED),
    ];
    cases
        .into_iter()
        .map(|(sign, expect)| valid(format!("signature: {sign:?}")).signed(sign).expecting(expect))
        .chain([
            Hostile::delivery("signature: none, and the body is no JSON", *b"]]]")
                .signed(Sign::None)
                .expecting(UNSIGNED),
            Hostile::delivery("signature: none, and the body is empty", *b"").signed(Sign::None).expecting(UNSIGNED),
        ])
        .collect()
}

fn content_types() -> Vec<Hostile> {
    const REFUSED: &[u16] = &[415];
    let cases: [(&str, &'static [u16]); 20] = [
        ("application/json; charset=utf-8", TAKEN),
        ("application/json;charset=UTF-8", TAKEN),
        ("APPLICATION/JSON", TAKEN),
        ("application/json; charset=\"utf-8\"", TAKEN),
        ("application/json ; x=\"a;b\"", TAKEN),
        ("application/json; charset=utf-16", &[202, 415]),
        ("application/vnd.github+json", &[202, 415]),
        ("application/json;", &[202, 400, 415]),
        ("application/json, text/plain", &[202, 400, 415]),
        ("text/json", &[202, 415]),
        ("text/plain", REFUSED),
        ("text/html", REFUSED),
        ("application/xml", REFUSED),
        ("application/octet-stream", REFUSED),
        ("multipart/form-data; boundary=x", REFUSED),
        ("multipart/form-data", REFUSED),
        ("application/jsonp", REFUSED),
        ("json", REFUSED),
        ("*/*", REFUSED),
        ("", &[400, 415]),
    ];
    let mut all: Vec<Hostile> = cases
        .into_iter()
        .map(|(value, expect)| {
            valid(format!("content type: `{value}`")).header("content-type", value).expecting(expect)
        })
        .collect();
    all.extend([
        valid("content type: missing").without("content-type").expecting(&[400, 415]),
        valid("content type: not ASCII").header("content-type", *b"\xff\xfe").expecting(&[400, 415]),
        valid("content type: twice").second_header("content-type", "text/plain").expecting(&[202, 400, 415]),
        valid("content encoding: gzip, and it is not").header("content-encoding", "gzip").expecting(&[202, 400, 415]),
        valid("content encoding: unknown").header("content-encoding", "rot13").expecting(&[202, 400, 415]),
        valid("content encoding: identity").header("content-encoding", "identity").expecting(&[202, 415]),
        Hostile::delivery(
            "content encoding: gzip, and it is",
            // `{}` as gzip makes it
            [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0],
        )
        .header("content-encoding", "gzip")
        .expecting(&[400, 415]),
    ]);
    all
}

fn events() -> Vec<Hostile> {
    let named = |name: &str, event: &[u8], expect| {
        valid(format!("event: {name}")).header("x-github-event", event).expecting(expect)
    };
    let mut all = vec![
        valid("event: missing").without("x-github-event").expecting(MALFORMED),
        valid("event: twice").second_header("x-github-event", "push").expecting(TAKEN_OR_MALFORMED),
        named("empty", b"", MALFORMED),
        named("not ASCII", b"iss\xfcs", MALFORMED),
        named("a tab inside", b"iss\tues", TAKEN_OR_MALFORMED),
        named("300 letters", &[b'e'; 300], TAKEN_OR_MALFORMED),
        named("8 KiB", &[b'e'; 8 * 1024], TAKEN_OR_MALFORMED),
        named("our own prefix", b"embargod.poll", TAKEN_OR_MALFORMED),
        named("a path", b"../../issues", TAKEN_OR_MALFORMED),
        named("SQL", b"issues'; --", TAKEN_OR_MALFORMED),
        named("capitals", b"ISSUES", TAKEN_OR_MALFORMED),
    ];
    // The payload of an issue under another event's name: the fields that are looked for are not there.
    for event in [
        "ping",
        "push",
        "installation",
        "repository_advisory",
        "discussion_comment",
        "pull_request_review",
        "commit_comment",
        "marketplace_purchase",
        "an_event_of_the_future",
    ] {
        all.push(named(&format!("an issue's payload as {event}"), event.as_bytes(), TAKEN));
    }
    all
}

fn deliveries() -> Vec<Hostile> {
    let with = |name: &str, guid: &[u8]| {
        valid(format!("delivery id: {name}")).header("x-github-delivery", guid).expecting(TAKEN_OR_MALFORMED)
    };
    vec![
        valid("delivery id: missing").without("x-github-delivery").expecting(MALFORMED),
        valid("delivery id: twice")
            .second_header("x-github-delivery", "00000000-0000-4000-8000-000000000000")
            .expecting(TAKEN_OR_MALFORMED),
        with("empty", b"").expecting(MALFORMED),
        with("not ASCII", b"\xc3\xa4\xc3\xb6").expecting(MALFORMED),
        with("a word", b"tomorrow"),
        with("in capitals", b"AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"),
        with("in braces", b"{00000000-0000-4000-8000-00000000000a}"),
        with("a tab inside", b"0000\t0000"),
        with("SQL", b"0'; DROP TABLE deliveries; --"),
        with("a path", b"../../../etc/passwd"),
        with("5,000 letters", &[b'd'; 5_000]),
        with("nil", b"00000000-0000-0000-0000-000000000000"),
    ]
}

/// Methods and paths.
fn doors() -> Vec<Hostile> {
    let mut all = Vec::new();
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let mut request = valid(format!("method: {method} /webhook")).expecting(&[405]);
        request.method = method;
        all.push(request);
    }
    let doors: [(&str, &str, &'static [u16]); 12] = [
        ("POST", "/", &[404, 405]),
        ("POST", "/webhook/", &[404]),
        ("POST", "/Webhook", &[404]),
        ("POST", "//webhook", &[404]),
        ("POST", "/webhook/../webhook", &[404]),
        ("POST", "/webhook%00", &[400, 404]),
        ("POST", "/webhook%2f", &[400, 404]),
        ("POST", "/%2e%2e/%2e%2e/etc/passwd", &[400, 404]),
        ("POST", "/healthz", &[405]),
        ("POST", "/readyz", &[405]),
        ("GET", "/metrics", &[404]),
        ("GET", "/.env", &[404]),
    ];
    for (method, path, expect) in doors {
        let mut request = valid(format!("path: {method} {path}")).expecting(expect);
        request.method = method;
        request.path = path.to_owned();
        all.push(request);
    }
    let mut query = valid("path: a query behind the door");
    query.path = "/webhook?secret=guess&x=%00%ff".to_owned();
    all.push(query);
    let mut long = valid("path: 7,000 letters").expecting(&[400, 404, 414]);
    long.path = format!("/webhook/{}", "p".repeat(7_000));
    all.push(long);
    all
}
