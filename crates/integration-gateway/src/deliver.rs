//! From the store to a destination: one HTTP attempt for one durable attempt.
//!
//! The store retries, so the client does not: its part is the deadline, the circuit breaker and
//! the pause that a destination asks for, each by route. What the client refuses locally was not
//! an attempt, and is put off.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use integration_core::{
    Backoff, Error, ErrorKind, Jitter, Result, SharedClock, http::Client, resilience,
};
use integration_events::{Deliver, Lease, Outcome, Route};
use integration_webhooks::{
    Scheme,
    sign::{SignRequest, Signer},
};
use metrics::Counter;

use crate::{
    config::{Config, RouteConfig},
    metrics::Metrics,
};

/// Bytes of a destination's answer that are read; more is a failed attempt.
const ANSWER_BYTES: usize = 64 * 1024;

/// The wait after a local refusal that does not say how long.
const PUT_OFF: Duration = Duration::from_secs(1);

/// How much longer the store waits for an attempt than the client.
const MARGIN: Duration = Duration::from_secs(1);

/// A destination that says so never wants the event again.
const GONE: u16 = 410;

/// Headers of the sender that are not passed on: ours take their place, or they hold for one hop.
const NOT_PASSED_ON: [&str; 13] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Families of headers that are not passed on, for the same reason.
const NOT_PASSED_ON_PREFIXES: [&str; 4] = ["webhook-", "svix-", "integration-", "proxy-"];

/// Posts the events of one route.
struct HttpDelivery {
    client: Client,
    route: Arc<str>,
    url: String,
    timeout: Duration,
    signer: Option<Signer>,
    clock: SharedClock,
    done: Counter,
    failed: Counter,
    put_off: Counter,
}

/// Makes the routes of the dispatcher.
///
/// # Errors
///
/// [`ErrorKind::Config`] for a secret that cannot sign.
pub(crate) fn routes(
    config: &Config,
    clock: &SharedClock,
    metrics: &Metrics,
) -> Result<Vec<Route>> {
    let mut policies = resilience::Config::default().with_max_attempts(1);
    // The dispatcher bounds what is under way, by route and in all.
    policies.bulkhead = None;
    let client = Client::builder()
        .operation_prefix("gateway")
        .policies(policies)
        .clock(clock.clone())
        .build()?;
    let route = |route: &RouteConfig| {
        let delivery = HttpDelivery::new(route, client.clone(), clock.clone(), metrics)?;
        let backoff = Backoff::exponential(route.backoff_base, route.backoff_cap);
        Ok(Route::new(route.name.clone(), Arc::new(delivery))
            .with_backoff(backoff.with_jitter(Jitter::None))
            .with_max_in_flight(route.max_in_flight)
            .with_attempt_timeout(route.timeout.saturating_add(MARGIN)))
    };
    config.routes.iter().map(route).collect()
}

impl HttpDelivery {
    fn new(
        route: &RouteConfig,
        client: Client,
        clock: SharedClock,
        metrics: &Metrics,
    ) -> Result<Self> {
        let signer = route.secret.as_ref();
        let signer = signer.map(|secret| Signer::new(&Scheme::StandardWebhooks, secret));
        Ok(Self {
            client,
            url: route.url.to_string(),
            timeout: route.timeout,
            signer: signer
                .transpose()
                .map_err(|error| error.with_context("route", &*route.name))?,
            clock,
            done: metrics.attempts(&route.name, "done"),
            failed: metrics.attempts(&route.name, "failed"),
            put_off: metrics.deferred(&route.name),
            route: route.name.clone(),
        })
    }

    async fn post(&self, lease: &Lease) -> Result<u16> {
        let id = lease.event_id.to_string();
        let mut call = self
            .client
            .post(&self.url)
            .operation("gateway.deliver")
            .key(&*self.route)
            .deadline(self.timeout)
            .attempt_timeout(self.timeout)
            .body_limit(ANSWER_BYTES);
        for (name, value) in lease.headers.iter().filter(|(name, _)| is_passed_on(name)) {
            call = call.header(name, value);
        }
        call = call
            .header("integration-source", lease.source.as_bytes())
            .header("integration-attempt", lease.attempt.to_string());
        if let Some(event_type) = &lease.event_type {
            call = call.header("integration-event-type", event_type);
        }
        let timestamp = self.clock.unix();
        if let Some(signer) = &self.signer {
            let request = SignRequest {
                id: &id,
                timestamp,
                body: &lease.body,
            };
            for (name, value) in signer.sign(&request)? {
                call = call.header(name, value);
            }
        } else {
            call = call
                .header("webhook-id", &id)
                .header("webhook-timestamp", timestamp.as_secs().to_string());
        }
        let answer = call.body(lease.body.clone()).send().await?;
        Ok(answer.status().as_u16())
    }
}

#[async_trait]
impl Deliver for HttpDelivery {
    async fn deliver(&self, lease: &Lease) -> Outcome {
        let outcome = match self.post(lease).await {
            Ok(status) => Outcome::Done {
                status: Some(status),
            },
            Err(error) => outcome(&error),
        };
        match &outcome {
            Outcome::Done { .. } => self.done.increment(1),
            Outcome::Defer { .. } => self.put_off.increment(1),
            _ => self.failed.increment(1),
        }
        outcome
    }
}

/// Says what follows from a failure.
///
/// Everything is tried again but 410: a destination answers 400 or 401 while it is being set up or
/// its secret rotated, and an event that was given up then is lost to its owner.
fn outcome(error: &Error) -> Outcome {
    let (text, status) = (error.to_string(), error.status());
    match error.kind() {
        ErrorKind::CircuitOpen
        | ErrorKind::Paused
        | ErrorKind::LimitedLocally
        | ErrorKind::BulkheadFull => Outcome::Defer {
            after: error.retry_after().unwrap_or(PUT_OFF),
            why: text,
        },
        _ if status == Some(GONE) => Outcome::Dead {
            error: text,
            status,
        },
        _ => Outcome::Retry {
            error: text,
            status,
            after: error.retry_after(),
        },
    }
}

fn is_passed_on(name: &str) -> bool {
    !NOT_PASSED_ON.contains(&name)
        && !NOT_PASSED_ON_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_failure_depends_on_who_refused() {
        let wait = Duration::from_secs(7);
        for (kind, status, after, follows) in [
            (ErrorKind::CircuitOpen, None, Some(wait), "defer 7s"),
            (ErrorKind::Paused, None, None, "defer 1s"),
            (
                ErrorKind::RateLimited,
                Some(429),
                Some(wait),
                "retry Some(7s)",
            ),
            (ErrorKind::Unavailable, Some(503), None, "retry None"),
            (ErrorKind::Validation, Some(400), None, "retry None"),
            (ErrorKind::Connect, None, None, "retry None"),
            (ErrorKind::NotFound, Some(410), None, "dead"),
        ] {
            let mut error = Error::new(kind, "gateway.deliver");
            if let Some(status) = status {
                error = error.with_status(status);
            }
            if let Some(after) = after {
                error = error.with_retry_after(after);
            }
            let told = match outcome(&error) {
                Outcome::Defer { after, .. } => format!("defer {after:?}"),
                Outcome::Retry { after, .. } => format!("retry {after:?}"),
                Outcome::Dead { .. } => "dead".to_owned(),
                other => format!("{other:?}"),
            };
            assert_eq!(told, follows, "{kind:?}");
        }
    }

    #[test]
    fn signatures_and_secrets_of_the_sender_are_not_passed_on() {
        for (name, is) in [
            ("content-type", true),
            ("x-github-event", true),
            ("webhook-id", false),
            ("svix-signature", false),
            ("authorization", false),
            ("cookie", false),
            ("host", false),
            ("content-length", false),
            ("integration-attempt", false),
        ] {
            assert_eq!(is_passed_on(name), is, "{name}");
        }
    }
}
