//! Signatures, checked before anything is parsed.

use std::time::Duration;

use bytes::Bytes;
use integration_core::{
    Error, ErrorKind, Result, SecretString, SharedClock, SystemClock, http::HeaderMap,
};
use integration_webhooks::{
    Scheme, Source,
    sign::{SignRequest, sign},
};

use super::{Event, EventNotification};

/// Verifies what comes to an endpoint and reads it.
///
/// ```
/// use integration_stripe::webhook::Webhooks;
/// # fn main() -> integration_stripe::Result<()> {
/// # let (headers, body) = (Default::default(), Default::default());
/// let webhooks = Webhooks::new(["the signing secret of the endpoint".to_owned().into()])?;
/// // The body as it came, byte for byte.
/// if let Err(error) = webhooks.event(&headers, &body) {
///     println!("answer 400: {error}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Webhooks {
    source: Source,
    clock: SharedClock,
}

impl Webhooks {
    /// Takes the signing secret of the endpoint, or during a rotation the new and the old one. A
    /// signature is valid for 300 s.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for no secret, for one that is empty, and for more than 16.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Result<Self> {
        let secrets = secrets.into_iter().map(Into::into).collect();
        Ok(Self {
            source: Source::new("stripe", Scheme::Stripe, secrets)?,
            clock: SystemClock::shared(),
        })
    }

    /// Sets for how long a signature is valid, in whole seconds. Default: 300 s.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.source = self.source.with_tolerance(tolerance);
        self
    }

    /// Sets the clock that signatures are held against.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Verifies and reads an event of API v1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] when it is not signed by Stripe, or too long ago;
    /// [`ErrorKind::Decode`] when it is no event.
    pub fn event(&self, headers: &HeaderMap, body: &Bytes) -> Result<Event> {
        self.verify(headers, body)?;
        Event::parse(body)
    }

    /// Verifies and reads a notification of API v2.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn notification(&self, headers: &HeaderMap, body: &Bytes) -> Result<EventNotification> {
        self.verify(headers, body)?;
        EventNotification::parse(body)
    }

    fn verify(&self, headers: &HeaderMap, body: &Bytes) -> Result<()> {
        // Not `verify`, which would read the body for an id and a type first.
        let checked = self.source.check(headers, body, self.clock.unix());
        checked.map_err(|rejection| {
            Error::new(ErrorKind::Unauthenticated, "stripe.webhook")
                .with_message("signature was refused")
                .with_source(rejection)
        })
    }
}

/// Returns the `Stripe-Signature` that Stripe would send with this body at this time, since the Unix
/// epoch: for tests of an endpoint.
///
/// # Errors
///
/// [`ErrorKind::Config`] for an empty secret.
pub fn test_header(secret: &SecretString, body: &[u8], at: Duration) -> Result<String> {
    let request = SignRequest {
        id: "",
        timestamp: at,
        body,
    };
    let headers = sign(&Scheme::Stripe, secret, &request)?;
    let header = headers.first().and_then(|(_, value)| value.to_str().ok());
    header
        .map(str::to_owned)
        .ok_or_else(|| Error::new(ErrorKind::Config, "stripe.webhook"))
}
