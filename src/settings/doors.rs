//! Settings of the doors: who stands before them, and how much they bear.

use std::{net::IpAddr, num::NonZeroU32};

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;

/// How the doors tell clients apart, and how much they bear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorSettings {
    /// Networks of proxies whose word about a client's address is believed; none by default.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they write it.
    pub client_address_header: ClientAddressHeader,
    /// Connections that may stand open at a time at each door, 16 to 65,536; default 512.
    pub most_connections: u32,
    /// Requests without a right signature that one client may send at once, 1 to 1,000,000; default 1,000.
    pub failing_burst: NonZeroU32,
    /// The same a second in the long run, 1 to 100,000; default 10.
    pub failing_per_s: NonZeroU32,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            client_address_header: ClientAddressHeader::default(),
            most_connections: 512,
            failing_burst: NonZeroU32::new(1_000).expect("positive"),
            failing_per_s: NonZeroU32::new(10).expect("positive"),
        }
    }
}

/// Where trusted proxies write a client's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAddressHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// One text, several separated by commas, or a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Texts {
    /// `"a, b"`
    Text(String),
    /// `["a", "b"]`
    List(Vec<String>),
}

/// The keys of the doors as they stand in the file.
#[derive(Debug, Default)]
pub(super) struct FileDoors {
    pub trusted_proxies: Option<Spanned<Texts>>,
    pub client_address_header: Option<Spanned<String>>,
    pub most_connections: Option<Spanned<i64>>,
    pub failing_burst: Option<Spanned<i64>>,
    pub failing_per_s: Option<Spanned<i64>>,
}

impl Reader<'_> {
    pub(super) fn doors(&mut self, file: FileDoors) -> DoorSettings {
        let default = DoorSettings::default();
        DoorSettings {
            trusted_proxies: self.networks("EMBARGOD_TRUSTED_PROXIES", file.trusted_proxies),
            client_address_header: self.client_address_header(file.client_address_header),
            most_connections: self.within(
                "EMBARGOD_MOST_CONNECTIONS",
                file.most_connections,
                default.most_connections,
                16,
                65_536,
            ),
            failing_burst: self.positive(
                "EMBARGOD_FAILING_BURST",
                file.failing_burst,
                1_000_000,
                default.failing_burst,
            ),
            failing_per_s: self.positive("EMBARGOD_FAILING_PER_S", file.failing_per_s, 100_000, default.failing_per_s),
        }
    }

    fn positive(&mut self, name: &str, from_file: Option<Spanned<i64>>, most: u32, default: NonZeroU32) -> NonZeroU32 {
        NonZeroU32::new(self.within(name, from_file, default.get(), 1, most)).unwrap_or(default)
    }

    fn client_address_header(&mut self, from_file: Option<Spanned<String>>) -> ClientAddressHeader {
        let Some(found) = self.text("EMBARGOD_CLIENT_ADDRESS_HEADER", from_file) else {
            return ClientAddressHeader::default();
        };
        match found.value.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => ClientAddressHeader::XForwardedFor,
            "forwarded" => ClientAddressHeader::Forwarded,
            _ => {
                let remedy = "write x-forwarded-for or forwarded, whichever your proxy sets by itself";
                self.problem(found.place, "is no header that names a client's address", remedy);
                ClientAddressHeader::default()
            }
        }
    }

    fn networks(&mut self, name: &str, from_file: Option<Spanned<Texts>>) -> Vec<IpNet> {
        let split = |text: &str| text.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>();
        let environment = self.of_environment(name);
        let place = match (&environment, &from_file) {
            (None, Some(value)) => self.place_of(&value.span()),
            _ => name.to_owned(),
        };
        let texts = match (environment, from_file.map(Spanned::into_inner)) {
            (Some(text), _) | (None, Some(Texts::Text(text))) => split(&text),
            (None, Some(Texts::List(list))) => list,
            (None, None) => Vec::new(),
        };
        let mut networks = Vec::new();
        for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            let place = place.clone();
            match network(text) {
                Some(network) if network.prefix_len() == 0 => {
                    let remedy = "name the addresses of your own proxies only";
                    self.problem(place, format!("{text:?} would trust everybody"), remedy);
                }
                Some(network) => networks.push(network),
                None => {
                    let remedy = "write addresses or networks, for example 127.0.0.1, 10.0.0.0/8, 2001:db8::/32";
                    self.problem(place, format!("{text:?} is no network"), remedy);
                }
            }
        }
        networks
    }
}

/// A network, or a single address.
fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().map(|network| network.trunc()).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
