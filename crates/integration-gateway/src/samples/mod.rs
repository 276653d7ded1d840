//! Made-up webhooks of every scheme, as small as they can be and still look like their sender's.

mod bodies;
mod draw;
mod generic;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use integration_core::{Error, ErrorKind, Result, Rng};
use integration_webhooks::{
    Scheme,
    sign::{SignRequest, Signer},
};

use self::bodies::Maker;

/// Longest event type a sample takes, in bytes.
const MAX_TYPE_BYTES: usize = 128;

/// One made-up webhook, not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The id its sender gives it, no two alike; in the body or a header, as the scheme has it.
    pub id: String,
    /// What happened, as a route's `events` names it.
    pub event_type: String,
    /// Headers its sender adds, without the signature.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Sample {
    /// Makes up a webhook; without a type, the scheme's commonest.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a type that is no word of letters, digits and `._-:/`, or longer
    /// than 128 bytes, and for a generic scheme whose headers or pointers cannot be used.
    pub fn new(
        scheme: &Scheme,
        event_type: Option<&str>,
        rng: &dyn Rng,
        now: Duration,
    ) -> Result<Self> {
        let event_type = event_type.unwrap_or_else(|| default_type(scheme));
        check_type(event_type)?;
        Maker { rng, now }.make(scheme, event_type)
    }

    /// Replaces the body, by one of the caller's own.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Signs it and returns all headers to send with the body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an id the scheme cannot sign.
    pub fn sign(&self, signer: &Signer, at: Duration) -> Result<HeaderMap> {
        let mut headers = self.headers.clone();
        headers.extend(signer.sign(&SignRequest {
            id: &self.id,
            timestamp: at,
            body: &self.body,
        })?);
        Ok(headers)
    }
}

/// Returns event types worth trying with a scheme, the default first; others are taken too.
#[must_use]
pub fn types(scheme: &Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::Stripe => &[
            "payment_intent.succeeded",
            "invoice.paid",
            "customer.created",
        ],
        Scheme::GitHub | Scheme::GitHubSha1 => {
            &["push", "pull_request.opened", "issues.opened", "ping"]
        }
        Scheme::Slack => &["app_mention", "message", "url_verification"],
        Scheme::Clerk => &["user.created", "user.updated", "session.created"],
        Scheme::Loops => &["contact.created", "email.delivered"],
        Scheme::SupabaseAuthHook => &["before-user-created", "send-email"],
        _ => &["order.created", "order.shipped"],
    }
}

fn default_type(scheme: &Scheme) -> &'static str {
    types(scheme).first().copied().unwrap_or_default()
}

/// A type ends up in a header of some schemes, and on a terminal.
fn check_type(event_type: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    let fits = (1..=MAX_TYPE_BYTES).contains(&event_type.len());
    if fits && event_type.bytes().all(is_plain) {
        return Ok(());
    }
    Err(fault("an event type is 1 to 128 letters, digits and ._-:/"))
}

fn fault(what: &'static str) -> Error {
    Error::new(ErrorKind::Config, "gateway.sample").with_message(what)
}

/// The headers every sender of JSON has.
fn json_headers(agent: &'static str) -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (http::header::USER_AGENT, HeaderValue::from_static(agent)),
    ])
}

/// Makes a header of a word that was checked, or that was drawn.
fn header(name: &'static str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let value = HeaderValue::from_str(value).map_err(|_| fault("it does not fit a header"))?;
    Ok((HeaderName::from_static(name), value))
}

#[cfg(test)]
mod tests;
