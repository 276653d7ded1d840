//! How a client is put together.

use std::{fmt, sync::Arc};

use super::client::{Client, Shared};
use crate::{
    clock::{SharedClock, SystemClock},
    error::{Error, ErrorKind, Result},
    rng::{FastRng, Rng},
};

/// Builds a [`Client`].
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    base: Option<url::Url>,
    operation_prefix: String,
    clock: SharedClock,
    rng: Arc<dyn Rng>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            base: None,
            operation_prefix: "http".to_owned(),
            clock: SystemClock::shared(),
            rng: Arc::new(FastRng),
        }
    }

    /// Sets the address that paths of calls are joined to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is not an `http` or `https` address, or holds credentials, a
    /// query or a fragment.
    pub fn base(mut self, base: &str) -> Result<Self> {
        let url = url::Url::parse(base)
            .map_err(|e| Error::new(ErrorKind::Config, "http.client").with_source(e))?;
        self.base = Some(url);
        Ok(self)
    }

    /// Sets the first word of the operation of calls that name none. Default: `http`.
    pub fn operation_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.operation_prefix = prefix.into();
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where jitter is drawn. Default: [`FastRng`].
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field, when the policies contradict each other.
    pub fn build(self) -> Result<Client> {
        let Self {
            operation_prefix, ..
        } = self;
        Ok(Client {
            shared: Arc::new(Shared { operation_prefix }),
        })
    }
}
