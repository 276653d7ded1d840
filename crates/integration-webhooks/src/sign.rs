//! Signs deliveries as each sender does: for outgoing deliveries, samples and tests.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use integration_core::{Error, ErrorKind, ExposeSecret as _, Result, SecretString};

use crate::{encoding::Tag, key::Key, scheme::Scheme, schemes::Plan};

/// What to sign.
#[derive(Debug, Clone, Copy)]
pub struct SignRequest<'a> {
    /// Identifier; schemes without an id header ignore it. The Standard Webhooks family takes
    /// visible ASCII without full stops, at most 256 bytes.
    pub id: &'a str,
    /// Time of sending since the Unix epoch; whole seconds are signed.
    pub timestamp: Duration,
    /// Body, byte for byte as it will be sent.
    pub body: &'a [u8],
}

/// A scheme and a secret made ready, for who signs more than once.
#[derive(Debug)]
pub struct Signer {
    plan: Plan,
    key: Key,
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
    Signer::new(scheme, secret)?.sign(request)
}

impl Signer {
    /// Checks and decodes the secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a secret the scheme cannot use.
    pub fn new(scheme: &Scheme, secret: &SecretString) -> Result<Self> {
        let plan = Plan::new(scheme)?;
        let key = Key::read(plan.key_form(), secret.expose_secret())
            .map_err(|why| fault(why).with_context("scheme", scheme.name()))?;
        Ok(Self { plan, key })
    }

    /// Signs one delivery and returns the headers to send with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an id the scheme cannot sign and for a key that only verifies.
    pub fn sign(&self, request: &SignRequest<'_>) -> Result<Vec<(HeaderName, HeaderValue)>> {
        self.plan.sign(&self.key, request)
    }
}

/// Computes a MAC, for schemes whose keys are all symmetric.
pub(crate) fn mac(key: &Key, parts: [&[u8]; 3]) -> Result<Tag> {
    key.tag(parts)
        .ok_or_else(|| fault("the scheme needs a symmetric secret"))
}

/// Makes a header value of what was just built.
pub(crate) fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| fault("the id does not fit a header"))
}

fn fault(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, "webhooks.sign").with_message(why)
}
