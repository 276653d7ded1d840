//! What an application is told of its connections.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use integration_core::Result;
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    connection::{ConnectionKey, ReauthReason},
    scopes::Scopes,
    tokens::TokenSet,
};

/// Takes events of connections.
///
/// It is asked once for each event, in the order of the versions of a connection, and only after
/// the change is in the store. It may take as long as
/// [`event_timeout`](super::LifeConfig::event_timeout); no caller that wants a token waits for it.
/// What it refuses is logged and gone, and so is the event of a process that dies between the
/// change and the event: who must not miss one compares with [`OAuth::list`](super::OAuth::list).
///
/// To have them delivered like webhooks, write each into the inbox of integration-events with
/// [`ConnectionEvent::id`] as the key by which doubles are known, and the event as JSON as the body.
#[async_trait]
pub trait EventSink: Debug + Send + Sync + 'static {
    /// Takes an event.
    async fn send(&self, event: &ConnectionEvent) -> Result<()>;
}

/// What became of a connection. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionEvent {
    /// The same for the same change, wherever it is seen.
    pub id: String,
    /// Whose connection it is.
    pub tenant: String,
    /// At which provider.
    pub provider: String,
    /// For which account.
    pub account: String,
    /// The version of the connection that came of it.
    pub version: u64,
    /// When it was, in seconds since the Unix epoch.
    pub at: u64,
    /// What it was.
    #[serde(flatten)]
    pub change: ConnectionChange,
}

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum ConnectionChange {
    /// It was made by a login.
    #[serde(rename = "connection.created")]
    Created,
    /// It has new tokens.
    #[serde(rename = "connection.refreshed")]
    Refreshed {
        /// When the access token expires, in seconds since the Unix epoch.
        expires_at: Option<u64>,
    },
    /// Only a new login helps.
    #[serde(rename = "connection.needs_reauth")]
    NeedsReauth {
        /// Why.
        reason: ReauthReason,
    },
    /// It works again, after a login or with tokens that were thought lost.
    #[serde(rename = "connection.recovered")]
    Recovered,
    /// Its tokens may do something else than before.
    #[serde(rename = "connection.scopes_changed")]
    ScopesChanged {
        /// What they may do now.
        granted: Scopes,
        /// What they may do no longer.
        lost: Scopes,
        /// What they may do beyond what they could.
        gained: Scopes,
    },
    /// The provider took it back.
    #[serde(rename = "connection.revoked")]
    Revoked,
    /// It was ended on our side.
    #[serde(rename = "connection.disconnected")]
    Disconnected,
}

impl ConnectionChange {
    /// Returns the type of the event, such as `connection.created`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "connection.created",
            Self::Refreshed { .. } => "connection.refreshed",
            Self::NeedsReauth { .. } => "connection.needs_reauth",
            Self::Recovered => "connection.recovered",
            Self::ScopesChanged { .. } => "connection.scopes_changed",
            Self::Revoked => "connection.revoked",
            Self::Disconnected => "connection.disconnected",
        }
    }

    /// The change that new tokens are.
    pub(super) fn refreshed(tokens: &TokenSet) -> Self {
        Self::Refreshed {
            expires_at: tokens.expires_at.map(|at| at.as_secs()),
        }
    }

    /// Returns how the scopes of the next tokens differ from those before, if they do.
    pub(super) fn of_scopes(before: Option<&Scopes>, now: Option<&Scopes>) -> Option<Self> {
        let (before, now) = (before?, now?);
        (before != now).then(|| Self::ScopesChanged {
            granted: now.clone(),
            lost: now.missing_of(before),
            gained: before.missing_of(now),
        })
    }
}

/// Where events go.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    pub(super) sink: Option<Arc<dyn EventSink>>,
    pub(super) limit: Duration,
}

impl Events {
    /// Tells the log and the sink.
    pub(super) async fn tell(
        &self,
        key: &ConnectionKey,
        version: u64,
        at: Duration,
        changes: Vec<ConnectionChange>,
    ) {
        for change in changes {
            log(key, version, &change);
            let event = ConnectionEvent {
                id: format!("{}/{key}/{version}", change.name()),
                tenant: key.tenant().to_owned(),
                provider: key.provider().to_owned(),
                account: key.account().to_owned(),
                version,
                at: at.as_secs(),
                change,
            };
            self.deliver(&event).await;
        }
    }

    async fn deliver(&self, event: &ConnectionEvent) {
        let Some(sink) = &self.sink else { return };
        match timeout(self.limit, sink.send(event)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, event = event.change.name(), "event of a connection is lost");
            }
            Err(_) => {
                tracing::error!(
                    event = event.change.name(),
                    "event of a connection is lost: its sink took too long"
                );
            }
        }
    }
}

/// The account is not logged: it may be an address of a person.
fn log(key: &ConnectionKey, version: u64, change: &ConnectionChange) {
    let (tenant, provider, event) = (key.tenant(), key.provider(), change.name());
    match change {
        ConnectionChange::Refreshed { .. } => {
            tracing::debug!(tenant, provider, version, "{event}");
        }
        ConnectionChange::NeedsReauth { reason } => {
            tracing::warn!(tenant, provider, version, ?reason, "{event}");
        }
        _ => tracing::info!(tenant, provider, version, "{event}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_flat_json_without_surprises() {
        let event = ConnectionEvent {
            id: "x".into(),
            tenant: "acme".into(),
            provider: "github".into(),
            account: "42".into(),
            version: 3,
            at: 1_700_000_000,
            change: ConnectionChange::NeedsReauth {
                reason: ReauthReason::RotationInterrupted,
            },
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], event.change.name());
        assert_eq!(json["reason"], "rotation_interrupted");
        assert_eq!(json["account"], "42");
    }

    #[test]
    fn scopes_that_the_server_did_not_tell_have_not_changed() {
        let (ab, bc) = (Scopes::from(["a", "b"]), Scopes::from(["b", "c"]));
        assert_eq!(ConnectionChange::of_scopes(Some(&ab), None), None);
        assert_eq!(ConnectionChange::of_scopes(Some(&ab), Some(&ab)), None);
        let changed = ConnectionChange::of_scopes(Some(&ab), Some(&bc));
        let expected = ConnectionChange::ScopesChanged {
            granted: bc,
            lost: Scopes::from(["a"]),
            gained: Scopes::from(["c"]),
        };
        assert_eq!(changed, Some(expected));
    }
}
