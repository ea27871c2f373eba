//! Whose word on the client's address and scheme is believed: anybody can write a header, so only that of proxies which
//! the administrator has named.

use hyper::header::{HeaderMap, HeaderName};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// An address, or a network of them, that proxies call from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

/// A text that is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be an address such as 10.1.2.3, or a network such as 10.1.0.0/16")]
pub struct InvalidProxy;

impl FromStr for TrustedProxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        text.parse().map(Self).map_err(|_| InvalidProxy)
    }
}

impl TrustedProxy {
    fn holds(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

/// How a client's own connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// As URLs begin.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            _ if text.eq_ignore_ascii_case("https") => Some(Self::Https),
            _ if text.eq_ignore_ascii_case("http") => Some(Self::Http),
            _ => None,
        }
    }
}

/// The connection that a request came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Our end of it.
    pub(crate) local: SocketAddr,
    /// Who is at the other end.
    pub(crate) peer: IpAddr,
    /// Whether that end speaks TLS to us.
    pub(crate) scheme: Scheme,
}

/// Who calls, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address.
    pub(crate) address: IpAddr,
    /// How it called.
    pub(crate) scheme: Scheme,
}

impl Arrival {
    /// Who calls: the peer, or whom a trusted peer says that it speaks for.
    pub(crate) fn client(&self, headers: &HeaderMap, trusted: &[TrustedProxy]) -> Client {
        let peer = self.peer.to_canonical();
        let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.holds(address));
        let direct = Client { address: peer, scheme: self.scheme };
        if !is_trusted(peer) {
            return direct;
        }
        let forwarded = forwarded(headers);
        if !forwarded.is_empty() {
            let (address, proto) = outermost(&forwarded, is_trusted);
            return Client { address: address.unwrap_or(peer), scheme: proto.unwrap_or(self.scheme) };
        }
        let chain: Vec<_> = list(headers, "x-forwarded-for").map(|it| Hop { address: node(it), proto: None }).collect();
        let (mut address, _) = outermost(&chain, is_trusted);
        if chain.is_empty() {
            address = list(headers, "x-real-ip").last().and_then(node);
        }
        // The last is what our own peer wrote.
        let proto = list(headers, "x-forwarded-proto").last().and_then(Scheme::parse);
        Client { address: address.unwrap_or(peer), scheme: proto.unwrap_or(self.scheme) }
    }
}

/// What one proxy says of whom it was called by.
struct Hop {
    address: Option<IpAddr>,
    proto: Option<Scheme>,
}

/// The first hop, from ours outwards, that is no trusted proxy: whatever stands beyond it may be invented.
fn outermost(hops: &[Hop], is_trusted: impl Fn(IpAddr) -> bool) -> (Option<IpAddr>, Option<Scheme>) {
    let (mut address, mut proto) = (None, None);
    for hop in hops.iter().rev() {
        // An obfuscated or broken address: what is known up to here is all that is known.
        let Some(found) = hop.address else { return (address, hop.proto.or(proto)) };
        (address, proto) = (Some(found), hop.proto.or(proto));
        if !is_trusted(found) {
            break;
        }
    }
    (address, proto)
}

/// The elements of a header that may be given as one list or in several lines.
fn list<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> + use<'a> {
    let lines = headers.get_all(HeaderName::from_static(name)).into_iter();
    let texts = lines.map(|line| line.to_str().unwrap_or_default());
    texts.flat_map(|text| text.split(',')).map(str::trim).filter(|element| !element.is_empty())
}

/// The hops of `Forwarded` (RFC 7239). Quoted commas do not occur in what is read of it.
fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let hop = |element: &str| {
        let mut hop = Hop { address: None, proto: None };
        for pair in element.split(';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("for") => hop.address = node(value),
                name if name.eq_ignore_ascii_case("proto") => hop.proto = Scheme::parse(value),
                _ => {}
            }
        }
        hop
    };
    list(headers, "forwarded").map(hop).collect()
}

/// An address with or without a port; IPv6 may stand in brackets.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> (String, Scheme) {
        let arrival =
            Arrival { local: "10.0.0.1:80".parse().unwrap(), peer: peer.parse().unwrap(), scheme: Scheme::Http };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let trusted = ["10.9.0.0/16", "127.0.0.1", "fd00::/8"].map(|it| it.parse().unwrap());
        let client = arrival.client(&map, &trusted);
        (client.address.to_string(), client.scheme)
    }

    #[test]
    fn nobody_else_is_believed() {
        let headers = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https"), ("forwarded", "for=2.2.2.2")];
        assert_eq!(client("192.0.2.7", &headers), ("192.0.2.7".to_owned(), Scheme::Http));
        assert_eq!(client("::ffff:127.0.0.1", &headers[..2]), ("1.1.1.1".to_owned(), Scheme::Https));
    }

    #[test]
    fn the_first_hop_beyond_the_trusted_ones_is_the_client() {
        let of = |value: &str| client("10.9.0.1", &[("x-forwarded-for", value)]).0;
        assert_eq!(of("6.6.6.6, 192.0.2.7, 10.9.3.3"), "192.0.2.7");
        assert_eq!(of("192.0.2.7:4711"), "192.0.2.7");
        assert_eq!(of("[2001:db8::1]:4711"), "2001:db8::1");
        assert_eq!(of("10.9.3.4, 10.9.3.3"), "10.9.3.4");
        assert_eq!(of("6.6.6.6, unknown, 10.9.3.3"), "10.9.3.3");
        assert_eq!(of("garbage"), "10.9.0.1");
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(client("10.9.0.1", &lines).0, "192.0.2.7");
        assert_eq!(client("10.9.0.1", &[("x-real-ip", "192.0.2.8")]).0, "192.0.2.8");
    }

    #[test]
    fn the_standard_header_is_read() {
        let value = "for=6.6.6.6;proto=http, For=\"[2001:db8::7]:80\";Proto=https;by=x, for=10.9.1.1";
        assert_eq!(client("fd00::1", &[("forwarded", value)]), ("2001:db8::7".to_owned(), Scheme::Https));
        assert_eq!(client("fd00::1", &[("forwarded", "for=_hidden;proto=https")]).1, Scheme::Https);
        assert_eq!(client("fd00::1", &[("forwarded", "=;;for;proto=gopher")]), ("fd00::1".to_owned(), Scheme::Http));
    }

    #[test]
    fn addresses_and_networks_are_read() {
        for text in ["", "10.0.0.0/33", "host", "10.0.0.1:80"] {
            assert_eq!(text.parse::<TrustedProxy>(), Err(InvalidProxy), "{text}");
        }
        assert!("::1".parse::<TrustedProxy>().unwrap().holds("::1".parse().unwrap()));
    }
}
