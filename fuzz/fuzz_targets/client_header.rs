//! A header that claims to say whom a proxy serves: nobody is told apart by a trusted proxy's own address, and whoever is
//! no proxy is who it is, whatever it writes.
#![no_main]

use embargod::receiver::{Client, ClientHeader, Peer, TrustedProxies};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|lines: &[u8]| {
    let trusted = "10.0.0.0/8".parse().expect("a network");
    for (header, name) in [(ClientHeader::XForwardedFor, "x-forwarded-for"), (ClientHeader::Forwarded, "forwarded")] {
        let proxies = TrustedProxies { networks: vec![trusted], header };
        let mut headers = HeaderMap::new();
        for line in lines.split(|byte| *byte == b'\n').take(8) {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append(name, value);
            }
        }
        let proxy = Some(Peer("10.0.0.1:443".parse().expect("an address")));
        if let Client::Known(client) = proxies.client(proxy, &headers) {
            assert!(!trusted.contains(&client), "counted as its own proxy");
        }
        let stranger = Some(Peer("198.51.100.7:443".parse().expect("an address")));
        assert_eq!(proxies.client(stranger, &headers), proxies.client(stranger, &HeaderMap::new()));
    }
});
