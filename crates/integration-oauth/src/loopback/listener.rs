//! The sockets that a browser is sent back to.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use integration_core::{Error, ErrorKind, Result};
use tokio::net::TcpListener;

use crate::login::unguessable;

/// Ports that are tried until one is free in both families.
const MAX_TRIES: u32 = 16;

/// The host of the redirect address, as it is registered with the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoopbackHost {
    /// `127.0.0.1`.
    #[default]
    V4,
    /// `[::1]`.
    V6,
    /// `localhost`, for providers that take no address. Listens in both families, since browsers
    /// resolve the name to either.
    Name,
}

/// Where a program listens for the browser.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoopbackConfig {
    /// The host of the redirect address. Default: `127.0.0.1`.
    pub host: LoopbackHost,
    /// The port; 0 takes a free one, which providers must allow for programs (RFC 8252, 7.3).
    /// Default: 0.
    pub port: u16,
    /// The path; `None` makes one up that nobody can guess, for providers that check no path.
    /// Default: `/cb`.
    pub path: Option<String>,
}

impl Default for LoopbackConfig {
    fn default() -> Self {
        Self {
            host: LoopbackHost::V4,
            port: 0,
            path: Some("/cb".to_owned()),
        }
    }
}

/// Sockets on the loopback interface that nothing is taken from yet.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) sockets: Vec<TcpListener>,
    /// As the `Host` header must be.
    pub(super) authority: String,
    pub(super) path: String,
}

impl Listener {
    pub(super) async fn bind(config: &LoopbackConfig) -> Result<Self> {
        let path = match &config.path {
            Some(path) => checked(path)?,
            None => format!("/{}", *unguessable()?),
        };
        let (sockets, port) = bind(config).await.map_err(|error| {
            Error::new(ErrorKind::Config, "oauth.loopback")
                .with_message("cannot listen on the loopback interface")
                .with_context("port", config.port)
                .with_source(error)
        })?;
        let host = match config.host {
            LoopbackHost::V4 => "127.0.0.1",
            LoopbackHost::V6 => "[::1]",
            LoopbackHost::Name => "localhost",
        };
        Ok(Self {
            sockets,
            authority: format!("{host}:{port}"),
            path,
        })
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }
}

async fn bind(config: &LoopbackConfig) -> std::io::Result<(Vec<TcpListener>, u16)> {
    let v4 = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let v6 = |port| TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    match config.host {
        LoopbackHost::V4 => one(v4(config.port).await?),
        LoopbackHost::V6 => one(v6(config.port).await?),
        LoopbackHost::Name => {
            let mut last = None;
            for _ in 0..MAX_TRIES {
                let (first, port) = one(v4(config.port).await?)?;
                match v6(port).await {
                    Ok(second) => return Ok((first.into_iter().chain([second]).collect(), port)),
                    // Somebody else has that port: another one of ours may be free in both.
                    Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                        last = Some(error);
                    }
                    // A machine without IPv6.
                    Err(_) => return Ok((first, port)),
                }
            }
            Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
        }
    }
}

fn one(socket: TcpListener) -> std::io::Result<(Vec<TcpListener>, u16)> {
    let port = socket.local_addr()?.port();
    Ok((vec![socket], port))
}

fn checked(path: &str) -> Result<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    if path.starts_with('/') && !path.contains("//") && path.bytes().all(is_plain) {
        return Ok(path.to_owned());
    }
    Err(Error::new(ErrorKind::Config, "oauth.loopback")
        .with_message("the path must begin with `/` and have letters, digits, `-`, `_`, `.`"))
}
