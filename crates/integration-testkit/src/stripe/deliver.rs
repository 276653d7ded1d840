//! Events, signed as Stripe signs them.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use integration_core::{
    Clock, Error, ErrorKind, ExposeSecret, Result, SecretString, SystemClock, http,
};
use sha2::Sha256;

use super::{FakeStripe, lock};

impl FakeStripe {
    /// Posts the events that were not delivered yet to an endpoint, oldest first, each signed with
    /// the secret of the endpoint. Returns the statuses of its answers.
    ///
    /// # Errors
    ///
    /// When the address is none, or cannot be reached.
    pub async fn deliver(&self, url: &str, secret: &SecretString) -> Result<Vec<u16>> {
        let events: Vec<String> = {
            let mut world = lock(&self.world);
            let done = world.delivered;
            let events: Vec<_> = world
                .of_kind("event")
                .skip(done)
                .map(ToString::to_string)
                .collect();
            world.delivered += events.len();
            events
        };
        let client = http::Client::builder()
            .operation_prefix("stripe.webhook")
            .build()?;
        let mut statuses = Vec::with_capacity(events.len());
        for body in events {
            let now = SystemClock.unix().as_secs();
            let answer = client
                .post(url)
                .header("content-type", "application/json")
                .header("stripe-signature", signature(secret, now, &body)?)
                .body(body)
                .any_status()
                .send()
                .await?;
            statuses.push(answer.status().as_u16());
        }
        Ok(statuses)
    }
}

fn signature(secret: &SecretString, now: u64, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| Error::new(ErrorKind::Config, "stripe.webhook"))?;
    mac.update(format!("{now}.{body}").as_bytes());
    let mut header = format!("t={now},v1=");
    for byte in mac.finalize().into_bytes() {
        // Writing to a string cannot fail.
        let _ = write!(header, "{byte:02x}");
    }
    Ok(header)
}
