//! Events, signed as Stripe signs them.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use integration_core::{
    Clock, Error, ErrorKind, ExposeSecret, Result, SecretString, SystemClock, http,
};
use sha2::Sha256;

use super::{FakeStripe, lock, notifications::delivered, world::World};

impl FakeStripe {
    /// Posts the events of the platform that were not delivered yet to an endpoint, oldest first,
    /// each signed with the secret of the endpoint. Returns the statuses of its answers.
    ///
    /// # Errors
    ///
    /// When the address is none, or cannot be reached.
    pub async fn deliver(&self, url: &str, secret: &SecretString) -> Result<Vec<u16>> {
        let events = taken(&mut lock(&self.service).platform);
        post(url, secret, events).await
    }

    /// As [`deliver`](Self::deliver), the events of all connected accounts, which name their
    /// `account`: for endpoints that listen to those.
    ///
    /// # Errors
    ///
    /// When the address is none, or cannot be reached.
    pub async fn deliver_connected(&self, url: &str, secret: &SecretString) -> Result<Vec<u16>> {
        let events: Vec<String> = {
            let mut service = lock(&self.service);
            service.ledgers_mut().skip(1).flat_map(taken).collect()
        };
        post(url, secret, events).await
    }
}

/// Takes the events that wait.
fn taken(world: &mut World) -> Vec<String> {
    let ids = std::mem::take(&mut world.outbox);
    let events = ids.iter().filter_map(|id| world.get(id));
    events.map(|event| delivered(event).to_string()).collect()
}

async fn post(url: &str, secret: &SecretString, events: Vec<String>) -> Result<Vec<u16>> {
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
