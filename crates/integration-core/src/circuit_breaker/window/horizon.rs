//! How far a good result may wait until the window takes it in.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::Window;
use crate::circuit_breaker::CircuitWindow;

/// The time up to which only the order of the results matters, readable without a lock.
///
/// By count and in a row it is for ever; in a time window, it is the end of the newest bucket. It
/// changes only under the lock of the window.
#[derive(Debug)]
pub(in crate::circuit_breaker) enum Horizon {
    Never,
    At {
        origin: OnceLock<Instant>,
        /// In nanoseconds after `origin`; 0 when every result must be taken in at once.
        nanos: AtomicU64,
    },
}

impl Horizon {
    pub(in crate::circuit_breaker) const fn new(window: CircuitWindow) -> Self {
        match window {
            CircuitWindow::Time(_) => Self::At {
                origin: OnceLock::new(),
                nanos: AtomicU64::new(0),
            },
            CircuitWindow::Count(_) | CircuitWindow::Consecutive(_) => Self::Never,
        }
    }

    /// Tells whether a good result of `now` may wait.
    #[inline]
    pub(in crate::circuit_breaker) fn is_after(&self, now: Instant) -> bool {
        match self {
            Self::Never => true,
            Self::At { origin, nanos } => origin
                .get()
                .is_some_and(|origin| since(*origin, now) < nanos.load(Ordering::Acquire)),
        }
    }

    /// Follows the window, to which a result of `now` was added.
    #[inline]
    pub(in crate::circuit_breaker) fn follow(&self, window: &Window, now: Instant) {
        if let Self::At { origin, nanos } = self {
            let origin = *origin.get_or_init(|| now);
            let end = window.end().map_or(0, |end| since(origin, end));
            nanos.store(end, Ordering::Release);
        }
    }

    /// Lets no result wait any more.
    pub(in crate::circuit_breaker) fn close(&self) {
        if let Self::At { nanos, .. } = self {
            nanos.store(0, Ordering::Release);
        }
    }
}

/// Saturates after 584 years, where everything is taken in at once.
#[inline]
fn since(origin: Instant, at: Instant) -> u64 {
    let elapsed: Duration = at.saturating_duration_since(origin);
    elapsed
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(elapsed.subsec_nanos().into())
}
