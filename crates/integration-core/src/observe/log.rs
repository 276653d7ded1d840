//! Log lines.

use std::time::Duration;

use tracing::{debug, info, trace, warn};

use super::{
    Exchange, Passing,
    shown::{Name, RequestId},
    words,
};
use crate::{
    circuit_breaker::CircuitState,
    observer::{Event, Happening, Observer},
};

/// The target of lines about what happens inside calls.
const CALL: &str = "integration_core::call";

/// The target of lines about requests and answers.
const WIRE: &str = "integration_core::wire";

/// Writes sanitised lines through `tracing`.
///
/// | level | target | what |
/// |---|---|---|
/// | WARN | `integration_core::call` | a circuit opened |
/// | INFO | `integration_core::call` | a circuit closed or tries again; a server asked for a pause |
/// | DEBUG | `integration_core::call` | the end of a call; retries, hedges, refusals, waits, shared and stored answers |
/// | DEBUG | `integration_core::wire` | every request that goes out and what comes back |
/// | TRACE | `integration_core::call` | begin and end of every attempt |
///
/// A failed call is not logged as an error here: whoever handles the error knows how bad it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

impl TracingObserver {
    /// Creates the observer.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Observer for TracingObserver {
    fn on_event(&self, event: &Event<'_>) {
        let (operation, key) = (Name(event.operation), Name(event.key));
        match event.what {
            Happening::AttemptStarted { .. } | Happening::AttemptEnded { .. } => {
                log_attempt(operation, key, event.what);
            }
            Happening::Paused { .. } | Happening::CircuitChanged { .. } => {
                log_change(operation, key, event.what);
            }
            Happening::CallEnded { .. } | Happening::CallDropped { .. } => {
                log_end(operation, key, event.what);
            }
            // The driver warns of it itself, with or without an observer.
            Happening::Nested => {}
            other => log_step(operation, key, other),
        }
    }

    fn on_exchange(&self, exchange: &Exchange<'_>) {
        let Exchange {
            attempt, target, ..
        } = *exchange;
        let (operation, key) = (Name(exchange.operation), Name(exchange.key));
        let method = Name(exchange.method);
        match exchange.what {
            Passing::Request { bytes } => debug!(
                target: WIRE, %operation, %key, attempt, %method, host = %Name(target.host()), port = target.port(),
                path = %target.path(), bytes, "request sent"
            ),
            Passing::Answer {
                status,
                elapsed,
                bytes,
                request_id,
            } => debug!(
                target: WIRE, %operation, %key, attempt, %method, host = %Name(target.host()), port = target.port(),
                path = %target.path(), status, elapsed_ms = millis(elapsed), bytes,
                request_id = request_id.map(|id| tracing::field::display(RequestId(id))),
                "answer received"
            ),
            Passing::Failure { kind, elapsed } => debug!(
                target: WIRE, %operation, %key, attempt, %method, host = %Name(target.host()), port = target.port(),
                path = %target.path(), kind = words::of_kind(kind), elapsed_ms = millis(elapsed),
                "no answer received"
            ),
            Passing::Body { bytes, how } => debug!(
                target: WIRE, %operation, %key, attempt, %method, host = %Name(target.host()), port = target.port(),
                path = %target.path(), bytes, end = words::of_body_end(how), "body ended"
            ),
        }
    }
}

fn log_attempt(operation: Name<'_>, key: Name<'_>, what: Happening) {
    match what {
        Happening::AttemptStarted { attempt } => {
            trace!(target: CALL, %operation, %key, attempt, "attempt started");
        }
        Happening::AttemptEnded {
            attempt,
            kind,
            elapsed,
        } => trace!(
            target: CALL, %operation, %key, attempt, kind = words::of_result(kind),
            elapsed_ms = millis(elapsed), "attempt ended"
        ),
        _ => {}
    }
}

/// What concerns every call of the key.
fn log_change(operation: Name<'_>, key: Name<'_>, what: Happening) {
    match what {
        Happening::Paused { wait } => {
            info!(target: CALL, %operation, %key, wait_ms = millis(wait), "paused by the server");
        }
        Happening::CircuitChanged {
            to: CircuitState::Open,
        } => warn!(target: CALL, %operation, %key, to = "open", "circuit changed"),
        Happening::CircuitChanged { to } => {
            info!(target: CALL, %operation, %key, to = words::of_circuit(to), "circuit changed");
        }
        _ => {}
    }
}

fn log_end(operation: Name<'_>, key: Name<'_>, what: Happening) {
    match what {
        Happening::CallEnded {
            attempts,
            kind,
            gave_up,
            elapsed,
        } => debug!(
            target: CALL, %operation, %key, attempts, kind = words::of_result(kind),
            gave_up = gave_up.map(tracing::field::debug), elapsed_ms = millis(elapsed),
            "call ended"
        ),
        Happening::CallDropped { attempts } => {
            debug!(target: CALL, %operation, %key, attempts, "call dropped");
        }
        _ => {}
    }
}

fn log_step(operation: Name<'_>, key: Name<'_>, what: Happening) {
    match what {
        Happening::Hedged { attempt } => {
            debug!(target: CALL, %operation, %key, attempt, "attempt got a twin");
        }
        Happening::RetryScheduled { attempt, delay } => debug!(
            target: CALL, %operation, %key, attempt, delay_ms = millis(delay), "retry scheduled"
        ),
        Happening::Waiting { delay, kind } => debug!(
            target: CALL, %operation, %key, delay_ms = millis(delay),
            kind = words::of_kind(kind), "call waits"
        ),
        Happening::Refused { kind } => {
            debug!(target: CALL, %operation, %key, kind = words::of_kind(kind), "attempt refused");
        }
        Happening::Joined => debug!(target: CALL, %operation, %key, "equal call joined"),
        Happening::ServedFromCache => {
            debug!(target: CALL, %operation, %key, "answered from the cache");
        }
        other => debug!(target: CALL, %operation, %key, what = ?other, "something happened"),
    }
}

fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1_000.0
}
