//! The gateway as a whole, which its owner writes.

use std::net::{Ipv4Addr, SocketAddr};

use integration_core::{Error, ErrorKind, Result, SharedClock};

use crate::Config;

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    unknown: SocketAddr,
}

impl Gateway {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// Always, until it is written.
    #[expect(clippy::unused_async, reason = "it will wait")]
    pub async fn start(_config: Config, _clock: SharedClock) -> Result<Self> {
        let _ = Self {
            unknown: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        Err(Error::new(ErrorKind::Other, "gateway.start").with_message("is not written yet"))
    }

    /// Returns where senders post.
    #[must_use]
    pub fn public_addr(&self) -> SocketAddr {
        self.unknown
    }

    /// Returns where operators look.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.unknown
    }

    /// Stops it.
    ///
    /// # Errors
    ///
    /// None, until it is written.
    #[expect(clippy::unused_async, reason = "it will wait")]
    pub async fn stop(self) -> Result<()> {
        Ok(())
    }
}
