//! The public internet alone: for addresses that somebody else named.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
};

use ::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::transport::TransportError;
use crate::error::{Delivery, ErrorKind, Retriability};

/// Tells whether an address is one of the public internet: not of this machine, a private network,
/// a link, a group, or reserved.
#[must_use]
pub fn is_public_address(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let reserved = first == 0 || first >= 224;
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared || reserved)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let embeds_private = ip.to_ipv4().is_some_and(|ip| !is_public_v4(ip));
    // 64:ff9b::/96 leads to the IPv4 address in its last 32 bits.
    let translates_private = first == 0x64 && second == 0xff9b && {
        let [.., a, b, c, d] = ip.octets();
        !is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    let local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || first & 0xff00 == 0xff00;
    !(ip.is_loopback() || ip.is_unspecified() || local || embeds_private || translates_private)
}

/// Refuses an address that is written as one of no public network. Names are judged when they are
/// resolved.
pub(super) fn check(url: &Url) -> Result<(), TransportError> {
    let is_public = match url.host() {
        Some(Host::Ipv4(ip)) => is_public_v4(ip),
        Some(Host::Ipv6(ip)) => is_public_v6(ip),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    match is_public {
        true => Ok(()),
        false => Err(refusal()),
    }
}

/// The failure of a request to a host that has no public address. It was not sent.
pub(super) fn refusal() -> TransportError {
    TransportError::new(ErrorKind::Config)
        .with_message("host has no address of the public internet, and no other is allowed")
        .with_delivery(Delivery::NotSent)
        .with_retriability(Retriability::Never)
}

/// Resolves names to their public addresses. What is connected to is what was judged: nobody
/// resolves the name a second time.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let lookup = move || -> io::Result<Vec<SocketAddr>> {
                Ok((name.as_str(), 0).to_socket_addrs()?.collect())
            };
            let mut found = tokio::task::spawn_blocking(lookup).await??;
            found.retain(|address| is_public_address(address.ip()));
            match found.is_empty() {
                true => Err(NotPublic.into()),
                false => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// A name that has no public address.
#[derive(Debug)]
pub(super) struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name has no address of the public internet")
    }
}

impl std::error::Error for NotPublic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_public_internet_is_told_in_every_spelling() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.127.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(!is_public_address(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "8.8.8.8",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1",
            "64:ff9b::808:808",
        ] {
            assert!(is_public_address(ip.parse().unwrap()), "{ip}");
        }
    }
}
