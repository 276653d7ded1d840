//! One request: read, verified, stored, answered, in this order.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use integration_core::{Error, Result, SharedClock};
use integration_events::{EventId, NewEvent, SqliteStore, Store as _, Stored, UnixMillis};
use integration_webhooks::{IdOrigin, Refusal, Rejection, Source, Verified, WebhookEvent};
use tokio::time::timeout;

use super::reply::{self, Reply};
use crate::{
    config::Config,
    metrics::{Metrics, Received, SourceMetrics},
    routing::Routing,
};

/// Where senders post to, before the name of the source.
const PATH: &str = "/in/";

/// Takes requests in.
pub(crate) struct Receiver {
    inboxes: HashMap<Arc<str>, Inbox>,
    store: SqliteStore,
    clock: SharedClock,
    body_timeout: Duration,
}

/// What is known of one source.
struct Inbox {
    source: Source,
    routing: Routing,
    metrics: SourceMetrics,
}

/// Why a body was not read.
enum Unread {
    TooLarge,
    TooSlow,
    Broken,
}

impl Receiver {
    pub(crate) fn new(
        config: &Config,
        store: SqliteStore,
        clock: SharedClock,
        metrics: &Arc<Metrics>,
    ) -> Result<Self> {
        let inbox = |known: &crate::config::SourceConfig| {
            let source = Source::new(
                known.name.clone(),
                known.scheme.clone(),
                known.secrets.clone(),
            )?;
            let inbox = Inbox {
                source: source
                    .with_tolerance(known.tolerance)
                    .with_body_limit(config.limits.body_bytes),
                routing: Routing::new(&known.name, &config.routes)?,
                metrics: SourceMetrics::new(metrics.clone(), &known.name),
            };
            Ok((known.name.clone(), inbox))
        };
        Ok(Self {
            inboxes: config.sources.iter().map(inbox).collect::<Result<_>>()?,
            store,
            clock,
            body_timeout: config.limits.body_timeout,
        })
    }

    pub(super) async fn receive(&self, request: Request<Incoming>) -> Reply {
        let name = request.uri().path().strip_prefix(PATH);
        let Some(inbox) = name.and_then(|name| self.inboxes.get(name)) else {
            return reply::text(StatusCode::NOT_FOUND, "no such source");
        };
        if request.method() != Method::POST {
            return reply::method_not_allowed();
        }
        let (head, body) = request.into_parts();
        let body = match self.read(body, inbox.source.body_limit()).await {
            Ok(body) => body,
            Err(unread) => return inbox.unread(&unread),
        };
        let now = self.clock.unix();
        match inbox.source.verify(&head.headers, &body, now) {
            Ok(Verified::Event(event)) => self.store(inbox, event, now).await,
            Ok(Verified::Handshake(answer)) => {
                inbox.metrics.count(Received::Handshake);
                reply::answer(answer)
            }
            // A kind of verified delivery that this version knows nothing of.
            Ok(_) => reply::overload(&inbox.source.contract()),
            Err(rejection) => inbox.reject(&rejection, &head.headers, now),
        }
    }

    /// Reads the whole body; nothing of one that is too large is kept.
    async fn read(&self, body: Incoming, limit: usize) -> Result<Bytes, Unread> {
        let least = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if least > limit {
            return Err(Unread::TooLarge);
        }
        match timeout(self.body_timeout, Limited::new(body, limit).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
            Ok(Err(_)) => Err(Unread::Broken),
            Err(_) => Err(Unread::TooSlow),
        }
    }

    /// Answers once the event is on disk, and not before.
    async fn store(&self, inbox: &Inbox, event: WebhookEvent, now: Duration) -> Reply {
        let contract = inbox.source.contract();
        let event = inbox.new_event(event, now);
        // Longer than the sender waits is no use; what is committed then is a duplicate later.
        let (received, reply) = match timeout(contract.answer_within, self.store.append(event))
            .await
        {
            Ok(Ok(Stored::New)) => (Received::Stored, reply::status(contract.success)),
            Ok(Ok(Stored::Duplicate)) => (Received::Duplicate, reply::status(contract.duplicate)),
            Ok(Err(error)) => {
                inbox.not_stored(&error, now);
                (Received::NotStored, reply::overload(&contract))
            }
            Err(_) => (Received::NotStored, reply::overload(&contract)),
        };
        inbox.metrics.count(received);
        reply
    }
}

impl Inbox {
    fn new_event(&self, event: WebhookEvent, now: Duration) -> NewEvent {
        let kind = event.event_type.as_deref();
        let headers = event.headers.iter();
        NewEvent {
            id: EventId::from_key(event.dedup.as_bytes()),
            deliveries: self.routing.deliveries(kind, &event.body),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            source: event.source,
            id_signed: event.id_origin == IdOrigin::Signed,
            provider_id: event.id,
            event_type: event.event_type,
            occurred_at: event.timestamp.map(UnixMillis::from_duration),
            received_at: UnixMillis::from_duration(now),
            body: event.body,
        }
    }

    fn unread(&self, unread: &Unread) -> Reply {
        let refusal = match unread {
            Unread::TooLarge => Refusal::TooLarge,
            Unread::Broken => Refusal::Unreadable,
            Unread::TooSlow => {
                self.metrics.count(Received::TooSlow);
                return reply::text(StatusCode::REQUEST_TIMEOUT, "body too slow");
            }
        };
        self.metrics.count(match unread {
            Unread::TooLarge => Received::TooLarge,
            _ => Received::Unreadable,
        });
        reply::answer(refusal.answer(&self.source.contract()))
    }

    /// Says no without a reason that would help a forger; the log has it, but not for each.
    fn reject(&self, rejection: &Rejection, headers: &HeaderMap, now: Duration) -> Reply {
        self.metrics.rejected(rejection.name());
        if self.metrics.is_time_to_log(now) {
            let agent = headers.get(header::USER_AGENT).map(|agent| agent.len());
            let source = self.source.name();
            tracing::warn!(%source, reason = %rejection, user_agent_bytes = agent, "refused a delivery");
        }
        let refusal = Refusal::Rejected(rejection.clone());
        reply::answer(refusal.answer(&self.source.contract()))
    }

    fn not_stored(&self, error: &Error, now: Duration) {
        if self.metrics.is_time_to_log(now) {
            let source = self.source.name();
            tracing::error!(%source, %error, "an event was not stored; its sender is asked to come again");
        }
    }
}
