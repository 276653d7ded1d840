//! What happens inside a call, told as it happens.

use std::time::Duration;

use crate::{
    circuit_breaker::CircuitState,
    error::{ErrorKind, GaveUp},
    observe::Exchange,
};

/// Is told what the driver does; a log, a trace or a metric is made of it elsewhere.
///
/// It is called inside the call, so it must be quick and must not block. Events hold numbers and
/// names, never a header, a body or an address; an [`Exchange`] knows where a request goes, and
/// shows of that only what may be shown.
pub trait Observer: Send + Sync {
    /// Takes notice of an event. Does nothing by default.
    fn on_event(&self, event: &Event<'_>) {
        let _ = event;
    }

    /// Takes notice of a request that goes out or of what came back. Does nothing by default.
    fn on_exchange(&self, exchange: &Exchange<'_>) {
        let _ = exchange;
    }
}

/// Takes notice of nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// Something that happened in a call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The operation of the call.
    pub operation: &'a str,
    /// The key whose policies apply.
    pub key: &'a str,
    /// What happened.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// An attempt begins.
    AttemptStarted {
        /// Its number, from 1.
        attempt: u32,
    },
    /// An attempt ended.
    AttemptEnded {
        /// Its number, from 1.
        attempt: u32,
        /// How it failed; `None` for success.
        kind: Option<ErrorKind>,
        /// How long it took.
        elapsed: Duration,
    },
    /// An attempt that takes longer than most got a twin.
    Hedged {
        /// The number of the twin.
        attempt: u32,
    },
    /// Another attempt will be made.
    RetryScheduled {
        /// The number of the attempt that failed.
        attempt: u32,
        /// How long the call sleeps before the next.
        delay: Duration,
    },
    /// The call waits for its own rate limit or for the end of a pause.
    Waiting {
        /// How long.
        delay: Duration,
        /// For what.
        kind: ErrorKind,
    },
    /// A local policy refused an attempt.
    Refused {
        /// Which, as the kind of the error.
        kind: ErrorKind,
    },
    /// The server asked every caller of the key to wait.
    Paused {
        /// How long.
        wait: Duration,
    },
    /// The circuit of the key changed.
    CircuitChanged {
        /// To this state.
        to: CircuitState,
    },
    /// A call that may retry was made inside an attempt of another one, whose retries multiply
    /// with its own. Told once in the life of a client.
    Nested,
    /// The call waited for an equal one and took its result.
    Joined,
    /// The call was answered without asking the server.
    ServedFromCache,
    /// The call ended.
    CallEnded {
        /// Attempts made; 0 when it was refused.
        attempts: u32,
        /// How it failed; `None` for success.
        kind: Option<ErrorKind>,
        /// Why no further attempt was made.
        gave_up: Option<GaveUp>,
        /// How long it took, waits included.
        elapsed: Duration,
    },
    /// The future of the call was dropped before its end.
    CallDropped {
        /// Attempts begun.
        attempts: u32,
    },
}
