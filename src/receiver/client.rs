//! Who is asking: the address that a request came from, as far as it can be believed.
//!
//! What a header says of a client is believed only where the connection comes from a trusted proxy, and only the one header
//! that the operator says this proxy writes. From its right end, entries of trusted proxies are passed over; the first
//! other one was written by a trusted proxy and is the client. What stands left of it, anybody may have written. A header
//! that cannot be read so far changes nothing: then the connection's own address counts.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Where a connection comes from; the accept loop puts it into each request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// More proxies than this between a client and us are none.
const MOST_HOPS: usize = 16;

/// The header in which a proxy writes whom it serves. Only this one is read: the other may be the client's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientHeader {
    /// `X-Forwarded-For`, what most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Proxies whose word about a client is believed. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Networks of which every host is one.
    pub networks: Vec<IpNet>,
    /// Where they write the client's address.
    pub header: ClientHeader,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// One address (IPv4) or one /64 (IPv6: whoever has one address of it has all).
    Known(IpAddr),
    /// Somebody at this machine or in its private network who names no other client.
    Near(IpAddr),
    /// Anybody behind a proxy whose word is not believed, or who says nothing.
    Behind(IpAddr),
    /// Everybody beyond the number of clients that are told apart.
    Crowd,
}

impl Client {
    /// Whether it may stand for many, GitHub among them: then one of them must not spoil it for the others.
    pub fn may_be_many(self) -> bool {
        matches!(self, Self::Near(_) | Self::Behind(_))
    }
}

impl TrustedProxies {
    /// Whose request this is.
    pub fn client(&self, peer: Option<Peer>, headers: &HeaderMap) -> Client {
        let Some(Peer(peer)) = peer else {
            return Client::Near(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        };
        let peer = peer.ip().to_canonical();
        if self.trusts(peer) {
            let named = match self.header {
                ClientHeader::XForwardedFor => self.nearest_stranger(headers, "x-forwarded-for", x_forwarded_for),
                ClientHeader::Forwarded => self.nearest_stranger(headers, "forwarded", forwarded),
            };
            return named.map_or(Client::Behind(peer), |named| Client::Known(counted_as(named)));
        }
        if !is_near(peer) {
            // It may write headers as it likes.
            return Client::Known(counted_as(peer));
        }
        let proxied = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
        if proxied { Client::Behind(peer) } else { Client::Near(peer) }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The right-most address in all lines of the header that is no trusted proxy's.
    fn nearest_stranger(
        &self,
        headers: &HeaderMap,
        name: &str,
        address_in: fn(&str) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().ok()).collect::<Option<_>>()?;
        let entries = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for entry in entries.take(MOST_HOPS) {
            let address = address_in(entry.trim())?.to_canonical();
            if !self.trusts(address) {
                return Some(address);
            }
        }
        None
    }
}

/// Loopback, private and link-local networks, and the carriers' own (RFC 6598): addresses behind which a proxy or a
/// translation of addresses is likely.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The address, or the /64 that it is in.
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// An entry of `X-Forwarded-For`: an address, by some proxies with a port.
fn x_forwarded_for(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// An element of `Forwarded`: pairs, of which `for` names the client: `for=192.0.2.7`, `for="[2001:db8::1]:4711"`. Names
/// such as `unknown` and `_hidden` are no addresses. (A comma or semicolon within quotes makes an element unreadable,
/// which no address does.)
fn forwarded(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let (Some(node), None) = (named.next(), named.next()) else {
        return None;
    };
    let quoted = node.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    x_forwarded_for(quoted.unwrap_or(node))
}

#[cfg(test)]
mod tests;
