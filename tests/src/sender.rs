//! Signed webhooks, as their senders make them.

use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use integration_core::{Clock as _, ExposeSecret as _, SecretString, SystemClock};
use integration_webhooks::{
    Scheme,
    sign::{SignRequest, Signer},
};

/// A webhook ready to be posted.
#[derive(Debug, Clone)]
pub struct Post {
    /// Path on the gateway.
    pub path: String,
    /// Headers, signature included.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body.
    pub body: Bytes,
}

impl Post {
    /// Sets a header, in place of what the signer may have put there.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let name = HeaderName::from_static(name);
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.parse().unwrap()));
        self
    }
}

/// A provider that signs for one source of the gateway.
pub struct Sender {
    source: &'static str,
    secret: SecretString,
    signer: Signer,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Sender {
    /// Creates a sender with a secret of this run.
    #[must_use]
    pub fn new(source: &'static str, scheme: &Scheme) -> Self {
        let secret = SecretString::from(format!("e2e_{:032x}", fastrand::u128(..)));
        let signer = Signer::new(scheme, &secret).unwrap();
        Self {
            source,
            secret,
            signer,
        }
    }

    /// Returns the secret, for the gateway's environment.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Signs a body with the time of now.
    #[must_use]
    pub fn post(&self, id: &str, body: impl Into<Bytes>) -> Post {
        let body = body.into();
        let request = SignRequest {
            id,
            timestamp: SystemClock.unix(),
            body: &body,
        };
        let headers = self.signer.sign(&request).unwrap();
        let post = Post {
            path: format!("/in/{}", self.source),
            headers,
            body: body.clone(),
        };
        post.with_header("content-type", "application/json")
    }
}

/// Returns the body of a small payment event, about half a kilobyte.
#[must_use]
pub fn payment(id: &str, customer: &str) -> String {
    let note = "x".repeat(300);
    format!(
        r#"{{"id":"{id}","object":"event","type":"payment_intent.succeeded","data":{{"object":{{"id":"pi_1","customer":"{customer}","note":"{note}"}}}}}}"#
    )
}

/// Returns the `id` of a payment event's body.
#[must_use]
pub fn payment_id(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).expect("body is JSON");
    body["id"].as_str().expect("body has an id").to_owned()
}
