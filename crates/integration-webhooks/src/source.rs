//! One place webhooks come from.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use integration_core::{Error, ErrorKind, ExposeSecret as _, Result};
use sha2::{Digest as _, Sha256};

use crate::{
    claim::{Claim, HeaderId},
    contract::SenderContract,
    encoding::hex,
    event::{DedupKey, IdOrigin, MAX_ID_BYTES, MAX_TYPE_BYTES, Verified, WebhookEvent},
    headers,
    key::Key,
    rejection::Rejection,
    scheme::Scheme,
    schemes::{Facts, Plan},
    secret::Secret,
};

/// How far a signed time may lie from ours, to either side and inclusive, if nothing else is said.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Largest body the axum and tower adapters read if nothing else is said, in bytes.
pub const DEFAULT_BODY_LIMIT: usize = 1 << 20;

/// Most secrets of a source.
pub const MAX_SECRETS: usize = 16;

/// One place webhooks come from: a name, a scheme and the secrets that may sign.
///
/// Cheap to clone. Secrets are decoded once, in [`new`](Self::new).
#[derive(Clone)]
pub struct Source {
    name: Arc<str>,
    scheme: Arc<Scheme>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) ring: Arc<[(Secret, Key)]>,
    tolerance: Duration,
    body_limit: usize,
}

impl Source {
    /// Checks the secrets against the scheme and makes a source.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an empty name, for no secret or more than [`MAX_SECRETS`], for a
    /// secret the scheme cannot use and for a generic scheme whose parts do not go together.
    pub fn new(name: impl Into<Arc<str>>, scheme: Scheme, secrets: Vec<Secret>) -> Result<Self> {
        let name = name.into();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(fault("a source needs a name without control characters"));
        }
        let in_source = |error: Error| error.with_context("source", &name);
        if secrets.is_empty() || secrets.len() > MAX_SECRETS {
            return Err(in_source(fault("a source needs 1 to 16 secrets")));
        }
        let plan = Plan::new(&scheme).map_err(in_source)?;
        let read = |(number, secret): (usize, Secret)| {
            let key = ready(&plan, &secret).map_err(|why| {
                in_source(fault(why))
                    .with_context("scheme", scheme.name())
                    .with_context("secret_no", number)
            })?;
            Ok((secret, key))
        };
        let ring = secrets
            .into_iter()
            .enumerate()
            .map(read)
            .collect::<Result<_>>()?;
        Ok(Self {
            name,
            scheme: Arc::new(scheme),
            plan: Arc::new(plan),
            ring,
            tolerance: DEFAULT_TOLERANCE,
            body_limit: DEFAULT_BODY_LIMIT,
        })
    }

    /// Sets how far a signed time may lie from ours, to either side, inclusive, in whole seconds.
    /// Default 300 s.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets the largest body the axum and tower adapters read, in bytes. Default 1 MiB.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
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

    /// Returns the tolerance for signed times.
    #[must_use]
    pub fn tolerance(&self) -> Duration {
        self.tolerance
    }

    /// Returns the largest body the adapters read, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.body_limit
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
        let (claim, secret_no) = self.signed(headers, body, now)?;
        let facts = self.plan.facts(headers, body)?;
        if let Some(answer) = facts.answer {
            return Ok(Verified::Handshake(answer));
        }
        Ok(Verified::Event(
            self.event(headers, body, &claim, facts, secret_no),
        ))
    }

    /// Checks signature and time as [`verify`](Self::verify) does, and reads nothing of the body: for
    /// a caller that parses it anyway. It tells no handshake from an event.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] that says why.
    pub fn check(&self, headers: &HeaderMap, body: &[u8], now: Duration) -> Result<(), Rejection> {
        self.signed(headers, body, now).map(drop)
    }

    fn signed<'h>(
        &self,
        headers: &'h HeaderMap,
        body: &[u8],
        now: Duration,
    ) -> Result<(Claim<'h>, usize), Rejection> {
        let claim = self.plan.claim(headers)?;
        claim.check_time(now, self.tolerance)?;
        let secret_no = self.matching(&claim, body, now)?;
        Ok((claim, secret_no))
    }

    /// Finds the secret that fits, among those in force.
    fn matching(&self, claim: &Claim<'_>, body: &[u8], now: Duration) -> Result<usize, Rejection> {
        let mut tried = 0;
        for (number, (secret, key)) in self.ring.iter().enumerate() {
            if !secret.is_in_force(now) {
                continue;
            }
            tried += 1;
            if claim.fits(key, body) {
                return Ok(number);
            }
        }
        Err(if tried == 0 {
            Rejection::NoUsableSecret
        } else {
            Rejection::SignatureMismatch { tried }
        })
    }

    fn event(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        claim: &Claim<'_>,
        facts: Facts<'_>,
        secret_no: usize,
    ) -> WebhookEvent {
        let in_body = facts.id.filter(|id| is_word(id, MAX_ID_BYTES));
        let (id, id_origin) = match (in_body, self.plan.header_id(claim)) {
            (Some(id), _) => (id.into_owned(), IdOrigin::Signed),
            (None, Some(HeaderId::Signed(id))) => (id.to_owned(), IdOrigin::Signed),
            (None, Some(HeaderId::Unsigned(id))) if is_word(id, MAX_ID_BYTES) => {
                (id.to_owned(), IdOrigin::Header)
            }
            _ => (hex(&Sha256::digest(body)), IdOrigin::ContentHash),
        };
        let dedup = match id_origin {
            IdOrigin::Signed => DedupKey::from_signed_id(&self.name, &id),
            IdOrigin::Header | IdOrigin::ContentHash => DedupKey::from_body(&self.name, body),
        };
        let event_type = facts
            .event_type
            .filter(|word| is_word(word, MAX_TYPE_BYTES));
        WebhookEvent {
            source: Arc::clone(&self.name),
            id,
            id_origin,
            dedup,
            event_type: event_type.map(Into::into),
            timestamp: claim.timestamp.map(Duration::from_secs),
            body: body.clone(),
            headers: headers::kept(headers, |name| self.plan.keeps(name)),
            secret_no,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("scheme", &self.scheme.name())
            .field("secrets", &self.ring.len())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

fn ready(plan: &Plan, secret: &Secret) -> Result<Key, &'static str> {
    if let (Some(start), Some(end)) = (secret.not_before, secret.not_after)
        && start > end
    {
        return Err("the secret's time ends before it starts");
    }
    Key::read(plan.key_form(), secret.value.expose_secret())
}

fn fault(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, "webhooks.source").with_message(why)
}

/// Says whether a sender's text is fit to be an id or a type: something, bounded, printable.
fn is_word(text: &str, max_bytes: usize) -> bool {
    !text.is_empty() && text.len() <= max_bytes && !text.chars().any(char::is_control)
}
