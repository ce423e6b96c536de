//! Addresses of the open internet, and the others: this machine, the network it is in, the links between.
//!
//! A server on the open internet may redirect to another. To one that only this machine reaches it may not: what
//! that says would come out in a sidecar, and be had by whoever made the file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether everyone reaches the same at an address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_for_protocols = a == 192 && b == 0 && c == 0;
    let is_for_measuring = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 240
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_for_protocols
        || is_for_measuring)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, .., g, h] = address.segments();
    let [high, low] = [g, h].map(u16::to_be_bytes);
    let last = Ipv4Addr::from([high[0], high[1], low[0], low[1]]);
    match (a, b, c, d) {
        // Translated to and from the old addresses.
        (0x64, 0xff9b, 0, 0) => is_public_v4(last),
        // All that is given out; of it, what is for documentation and for tunnels.
        _ => a & 0xe000 == 0x2000 && !matches!((a, b), (0x2001, 0xdb8 | 0) | (0x2002, _)),
    }
}

/// Whether a URL names an address that is not public. One that names a host may: [`PublicOnly`] asks for its
/// addresses.
pub(super) fn names_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Finds only addresses that are public.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            match public.is_empty() {
                true => Err("redirected from the open internet into a private network".into()),
                false => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_public_or_not() {
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn urls_that_name_an_address_tell() {
        for (url, private) in [
            ("http://2130706433/x", true),
            ("http://[::1]/x", true),
            ("http://1.1.1.1/x", false),
            ("http://localhost/x", false),
        ] {
            assert_eq!(names_private(&Url::parse(url).unwrap()), private, "{url}");
        }
    }

    #[tokio::test]
    async fn this_machine_is_not_found() {
        let found = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(found.is_err_and(|error| error.to_string().contains("private")));
    }
}
