//! Who waits for a change is told of it.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use tokio::{sync::broadcast, task::AbortHandle, time::sleep};

use super::connect::Connect;
use crate::connection::ConnectionKey;

/// The channel of all notifications. The payload says which connection of which schema.
pub(super) const CHANNEL: &str = "integration_oauth";

/// Notifications that wait for a slow waiter; one that missed some looks for itself.
const BACKLOG: usize = 256;

/// How long after a failure to connect anew.
const PAUSE: Duration = Duration::from_secs(1);

/// How often to see whether the connection still stands.
const CHECK: Duration = Duration::from_secs(5);

/// Tells of changes by the name of the connection; an empty name means that any may have changed.
#[derive(Clone, Debug)]
pub(super) struct Changes(broadcast::Sender<Arc<str>>);

impl Changes {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    pub(super) fn notified(&self, name: &str) {
        // An error says that nobody waits.
        let _ = self.0.send(name.into());
    }

    pub(super) fn subscribe(&self) -> Subscription {
        Subscription(self.0.subscribe())
    }
}

#[derive(Debug)]
pub(super) struct Subscription(broadcast::Receiver<Arc<str>>);

impl Subscription {
    /// Waits until this connection may have changed.
    pub(super) async fn changed(&mut self, name: &str) {
        loop {
            match self.0.recv().await {
                Ok(changed) if !changed.is_empty() && *changed != *name => {}
                // Missed some, or told: the caller looks.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// The name of a connection in notifications, which has no more than 8,000 bytes and shows nothing.
pub(super) fn name(schema: &str, key: &ConnectionKey) -> String {
    // No part holds a control character, so none runs into the next.
    let parts = [schema, key.tenant(), key.provider(), key.account()].join("\0");
    let hash = digest(&SHA256, parts.as_bytes());
    let hex = |byte: &u8| format!("{byte:02x}");
    hash.as_ref().iter().take(16).map(hex).collect()
}

pub(super) fn start(connector: Arc<dyn Connect>, changes: Changes) -> AbortHandle {
    tokio::spawn(listen(connector, changes)).abort_handle()
}

async fn listen(connector: Arc<dyn Connect>, changes: Changes) {
    loop {
        if let Ok(client) = connector.connect().await
            && client
                .batch_execute(&format!("LISTEN {CHANNEL}"))
                .await
                .is_ok()
        {
            // Whatever was said before went unheard.
            changes.notified("");
            while client.check_connection().await.is_ok() {
                sleep(CHECK).await;
            }
        }
        tracing::debug!("not told of changes just now; looking for them instead");
        sleep(PAUSE).await;
    }
}
