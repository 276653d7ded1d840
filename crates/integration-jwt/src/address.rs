//! Which addresses an issuer may send us to.
//!
//! An issuer's document names the addresses of its keys and endpoints. Whoever can change that
//! document shall not make us call into our own network with it.

use std::net::IpAddr;

use integration_core::{Error, ErrorKind, Result, http::is_public_address};
use url::{Host, Url};

/// Parses an address that we were configured with: https, or anything on the loopback.
///
/// # Errors
///
/// [`ErrorKind::Config`] for any other, and for one with credentials or a fragment.
pub fn configured(text: &str) -> Result<Url> {
    let url = parse(text)?;
    let https = url.scheme() == "https";
    match https || (url.scheme() == "http" && is_loopback(&url)) {
        true => Ok(url),
        false => Err(refuse(
            "is not https, which it must be beyond the loopback",
            text,
        )),
    }
}

/// Parses an address that the document of `issuer` names: https and not of a private network,
/// unless the issuer itself is on the loopback.
///
/// A name that merely resolves to a private address is found out by a client that is held to
/// [public addresses](integration_core::http::ClientBuilder::public_addresses_only).
///
/// # Errors
///
/// [`ErrorKind::Config`] for any other.
pub fn named_by(issuer: &Url, text: &str) -> Result<Url> {
    let url = configured(text)?;
    match is_private(&url) && !is_loopback(issuer) {
        true => Err(refuse(
            "is in a private network, where an issuer may not send us",
            text,
        )),
        false => Ok(url),
    }
}

fn parse(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|_| refuse("is no address", text))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    match plain && url.has_host() {
        true => Ok(url),
        false => Err(refuse("holds credentials or a fragment, or no host", text)),
    }
}

fn refuse(what: &str, url: &str) -> Error {
    Error::new(ErrorKind::Config, "jwt.jwks")
        .with_message(format!("address of the issuer or its keys {what}"))
        .with_url(url)
}

/// Whether the host is the loopback, by address or as `localhost`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether the host is written as an address that is not of the public internet, or is local by
/// name. Names that merely resolve to one are not found here.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => !is_public_address(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => !is_public_address(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let local = [".localhost", ".local", ".internal"];
            name == "localhost" || local.iter().any(|end| name.ends_with(end))
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_cannot_send_us_into_a_private_network() {
        let issuer = configured("https://as.example.test").unwrap();
        for host in [
            "169.254.169.254",
            "10.0.0.1",
            "172.16.9.9",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "[::]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
            "db.internal",
            "printer.local.",
            "a.localhost",
        ] {
            let refused = named_by(&issuer, &format!("https://{host}/keys"));
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config, "{host}");
        }
        for host in [
            "as.example.test",
            "keys.example.test",
            "8.8.8.8",
            "[2001:4860::1]",
        ] {
            assert!(
                named_by(&issuer, &format!("https://{host}/keys")).is_ok(),
                "{host}"
            );
        }
    }

    #[test]
    fn only_the_loopback_may_do_without_tls() {
        for text in [
            "http://as.example.test",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://u:p@as.test",
            "https://as.test/#k",
            "as.example.test",
            "",
        ] {
            assert!(configured(text).is_err(), "{text}");
        }
        for text in [
            "http://127.0.0.1:1",
            "http://localhost:2",
            "http://[::1]:3",
            "https://as.test",
        ] {
            assert!(configured(text).is_ok(), "{text}");
        }
    }
}
