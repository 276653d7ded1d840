//! A request that goes out, or what came back.

use std::{fmt, time::Duration};

use crate::{error::ErrorKind, redact::Path};

/// A request that goes out, or what came back for it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// The operation of the call.
    pub operation: &'a str,
    /// The key whose policies apply.
    pub key: &'a str,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The method of the request.
    pub method: &'a str,
    /// Where the request goes.
    pub target: Target<'a>,
    /// What passes.
    pub what: Passing<'a>,
}

/// What passes between us and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Passing<'a> {
    /// A request goes out.
    Request {
        /// Size of its body; `None` when it is not known before.
        bytes: Option<u64>,
    },
    /// An answer came in.
    Answer {
        /// Its status.
        status: u16,
        /// Time since the request went out.
        elapsed: Duration,
        /// Size of its body; `None` when it has not been read.
        bytes: Option<u64>,
        /// The name that the server gave to the request.
        request_id: Option<&'a str>,
    },
    /// No complete answer came in.
    Failure {
        /// How it failed.
        kind: ErrorKind,
        /// Time since the request went out.
        elapsed: Duration,
    },
    /// The body of a streamed answer is over.
    Body {
        /// How much of it came.
        bytes: u64,
        /// How it ended.
        how: BodyEnd,
    },
}

/// How the body of a streamed answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyEnd {
    /// It was read to its end.
    Complete,
    /// It broke off, took too long or was too large.
    Failed(ErrorKind),
    /// The caller dropped it before its end.
    Dropped,
}

impl<'a> Exchange<'a> {
    /// Describes what passes in the first attempt of a call.
    #[must_use]
    pub fn new(
        operation: &'a str,
        key: &'a str,
        method: &'a str,
        target: Target<'a>,
        what: Passing<'a>,
    ) -> Self {
        Self {
            operation,
            key,
            attempt: 1,
            method,
            target,
            what,
        }
    }

    /// Sets the number of the attempt.
    #[must_use]
    pub const fn with_attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self
    }
}

/// Where a request goes: what may be shown of its address.
///
/// It shows neither credentials nor query nor fragment, and masks the path. The address is read
/// when somebody asks, so that an observer that does not look costs nothing.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    url: &'a str,
}

/// What an address is made of.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    scheme: &'a str,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    path: &'a str,
}

impl<'a> Target<'a> {
    /// Takes an address. Never fails: of what is no address, what is not understood is not shown.
    #[must_use]
    pub const fn new(url: &'a str) -> Self {
        Self { url }
    }

    /// Returns the host, an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.parts().host
    }

    /// Returns the port, that of the scheme if the address names none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.parts().port
    }

    /// Returns the path as it may be shown.
    #[must_use]
    pub fn path(&self) -> impl fmt::Display + use<'a> {
        Path(self.parts().path)
    }

    pub(super) fn parts(&self) -> Parts<'a> {
        let url = self.url;
        let (shown, _) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
        let (scheme, rest) = shown.split_once("://").unwrap_or(("", shown));
        let (authority, path) = if scheme.is_empty() {
            // Without a scheme only a path can be told from a secret.
            ("", if rest.starts_with('/') { rest } else { "" })
        } else {
            rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()))
        };
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let (host, port) = split_port(host);
        let default = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Parts {
            scheme,
            host,
            port: port.or(default),
            path,
        }
    }
}

/// Splits `host:port`, without being misled by the colons of an IPv6 address.
fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, None),
    }
}

impl fmt::Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}://{}", self.scheme, self.host)?;
            if let Some(port) = self.port {
                write!(f, ":{port}")?;
            }
        }
        Path(self.path).fmt(f)
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}
