//! Signs deliveries as each sender does: for outgoing deliveries, samples and tests.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use integration_core::{Error, ErrorKind, Result, SecretString};

use crate::scheme::Scheme;

/// What to sign.
#[derive(Debug, Clone, Copy)]
pub struct SignRequest<'a> {
    /// Identifier; schemes without an id header ignore it.
    pub id: &'a str,
    /// Time of sending since the Unix epoch; whole seconds are signed.
    pub timestamp: Duration,
    /// Body, byte for byte as it will be sent.
    pub body: &'a [u8],
}

/// Signs a delivery and returns the headers to send with it.
///
/// # Errors
///
/// [`ErrorKind::Config`] for a secret or an id the scheme cannot sign with.
pub fn sign(
    scheme: &Scheme,
    secret: &SecretString,
    request: &SignRequest<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let _ = (secret, request);
    Err(Error::new(ErrorKind::Config, "webhooks.sign")
        .with_message(format!("{} is not built yet", scheme.name())))
}
