use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{Client, ClientHeader, Peer, TrustedProxies};

fn proxies(networks: &[&str], header: ClientHeader) -> TrustedProxies {
    TrustedProxies { networks: networks.iter().map(|one| one.parse().expect("a network")).collect(), header }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn peer(address: &str) -> Option<Peer> {
    Some(Peer(format!("{address}:443").parse().expect("an address with a port")))
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

#[test]
fn without_trusted_proxies_no_header_is_believed() {
    let none = TrustedProxies::default();
    let spoofed = headers(&[("x-forwarded-for", "198.51.100.9"), ("forwarded", "for=198.51.100.9")]);
    assert_eq!(none.client(peer("203.0.113.5"), &spoofed), Client::Known(ip("203.0.113.5")));
    assert_eq!(none.client(peer("127.0.0.1"), &spoofed), Client::Behind(ip("127.0.0.1")), "a proxy, most likely");
    assert_eq!(none.client(peer("127.0.0.1"), &headers(&[])), Client::Near(ip("127.0.0.1")));
    assert_eq!(none.client(peer("10.0.0.3"), &headers(&[])), Client::Near(ip("10.0.0.3")));
}

#[test]
fn a_trusted_proxy_names_the_client_and_the_client_cannot() {
    let trusting = proxies(&["10.0.0.0/8", "2001:db8:1::/48"], ClientHeader::XForwardedFor);
    for (lines, client) in [
        // the left end is the client's own work
        (vec!["1.1.1.1, 198.51.100.9"], "198.51.100.9"),
        (vec!["1.1.1.1", "198.51.100.9, 10.2.3.4"], "198.51.100.9"),
        (vec!["nonsense, 198.51.100.9"], "198.51.100.9"),
        (vec!["198.51.100.9:5123"], "198.51.100.9"),
        (vec!["::ffff:198.51.100.9"], "198.51.100.9"),
        (vec!["2001:db8:7:8:9:a:b:c"], "2001:db8:7:8::"),
        (vec!["[2001:db8:7:8::1]:443, 2001:db8:1::5"], "2001:db8:7:8::"),
    ] {
        let lines: Vec<_> = lines.into_iter().map(|line| ("x-forwarded-for", line)).collect();
        assert_eq!(trusting.client(peer("10.1.1.1"), &headers(&lines)), Client::Known(ip(client)), "{lines:?}");
    }
}

#[test]
fn a_header_that_cannot_be_read_changes_nothing() {
    let trusting = proxies(&["10.0.0.0/8"], ClientHeader::XForwardedFor);
    let many = vec!["10.0.0.1"; 40].join(",");
    for line in ["", "unknown", "198.51.100.9, who", ",", "10.0.0.2", "198.51.100.9,", "999.1.1.1", &many] {
        let headers = headers(&[("x-forwarded-for", line)]);
        assert_eq!(trusting.client(peer("10.1.1.1"), &headers), Client::Behind(ip("10.1.1.1")), "{line:?}");
    }
    assert_eq!(trusting.client(peer("10.1.1.1"), &headers(&[])), Client::Behind(ip("10.1.1.1")));
}

#[test]
fn the_standard_header_is_read_where_the_operator_says_so_and_then_alone() {
    let trusting = proxies(&["10.0.0.0/8"], ClientHeader::Forwarded);
    for (line, client) in [
        ("for=198.51.100.9", "198.51.100.9"),
        ("for=1.1.1.1, For=\"198.51.100.9:80\";proto=https;by=10.0.0.1", "198.51.100.9"),
        ("proto=https; for=\"[2001:db8:7:8::1]:4711\"", "2001:db8:7:8::"),
    ] {
        let headers = headers(&[("forwarded", line), ("x-forwarded-for", "1.1.1.1")]);
        assert_eq!(trusting.client(peer("10.1.1.1"), &headers), Client::Known(ip(client)), "{line}");
    }
    for line in ["for=unknown", "for=_hidden", "by=10.0.0.1", "for=198.51.100.9;for=198.51.100.8", "for="] {
        let headers = headers(&[("forwarded", line), ("x-forwarded-for", "198.51.100.9")]);
        assert_eq!(trusting.client(peer("10.1.1.1"), &headers), Client::Behind(ip("10.1.1.1")), "{line}");
    }
}

#[test]
fn whoever_has_an_address_of_a_64_has_them_all() {
    let none = TrustedProxies::default();
    let of = |address: &str| none.client(peer(address), &HeaderMap::new());
    assert_eq!(of("[2001:db8:7:8::1]"), of("[2001:db8:7:8:ffff::2]"));
    assert_ne!(of("[2001:db8:7:8::1]"), of("[2001:db8:7:9::1]"));
}

proptest! {
    #[test]
    fn no_header_of_a_stranger_makes_it_somebody_else(value in "[ -~]{0,200}", standard in any::<bool>()) {
        let trusting = proxies(&["10.0.0.0/8"], ClientHeader::XForwardedFor);
        let name = if standard { "forwarded" } else { "x-forwarded-for" };
        let client = trusting.client(peer("203.0.113.5"), &headers(&[(name, &value)]));
        prop_assert_eq!(client, Client::Known(ip("203.0.113.5")));
    }

    #[test]
    fn what_a_client_writes_before_its_proxy_changes_nothing(value in "[ -~]{0,200}") {
        let trusting = proxies(&["10.0.0.0/8"], ClientHeader::XForwardedFor);
        let line = format!("{value}, 198.51.100.9");
        let client = trusting.client(peer("10.1.1.1"), &headers(&[("x-forwarded-for", &line)]));
        prop_assert_eq!(client, Client::Known(ip("198.51.100.9")));
    }
}
