//! The measure of latencies.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    HedgeConfig,
    histogram::{Counts, Histogram},
};
use crate::error::Result;

/// How old the delay that is handed out may be: reading it is cheap, measuring it is not.
const FRESH: Duration = Duration::from_millis(100);

/// Measures how long attempts take, and says when a call is slow. See the [module](super).
#[derive(Debug)]
pub struct LatencyTracker {
    config: HedgeConfig,
    /// The window that is being filled and the one before.
    windows: [Histogram; 2],
    /// Which of them is being filled.
    current: AtomicUsize,
    origin: Instant,
    /// Nanoseconds after `origin` from which on the delay is measured anew.
    stale_at: AtomicU64,
    /// Nanoseconds; 0 while there is none.
    delay: AtomicU64,
    /// When the window that is being filled ends.
    window_end: Mutex<Instant>,
}

impl LatencyTracker {
    /// Creates a tracker that has measured nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: HedgeConfig, now: Instant) -> Result<Self> {
        Ok(Self::from_valid(config.validate()?, now))
    }

    /// Creates a tracker from a configuration that has been validated.
    pub(crate) fn from_valid(config: HedgeConfig, now: Instant) -> Self {
        Self {
            windows: [Histogram::new(), Histogram::new()],
            current: AtomicUsize::new(0),
            origin: now,
            stale_at: AtomicU64::new(0),
            delay: AtomicU64::new(0),
            window_end: Mutex::new(now + config.window),
            config,
        }
    }

    /// Counts one attempt that took so long.
    pub fn record(&self, latency: Duration) {
        self.windows[self.current.load(Ordering::Relaxed) & 1].record(latency);
    }

    /// Returns how long a call may take before it is hedged, at most 100 ms out of date; `None`
    /// until `min_samples` attempts of the latest windows were recorded.
    #[must_use]
    pub fn delay(&self, now: Instant) -> Option<Duration> {
        let at = nanos(now.saturating_duration_since(self.origin));
        if at >= self.stale_at.load(Ordering::Relaxed) {
            self.measure(now, at);
        }
        match self.delay.load(Ordering::Relaxed) {
            0 => None,
            delay => Some(Duration::from_nanos(delay)),
        }
    }

    #[cold]
    fn measure(&self, now: Instant, at: u64) {
        // Whoever finds it locked takes the delay as it was.
        let Some(mut window_end) = self.window_end.try_lock() else {
            return;
        };
        if now >= *window_end {
            self.turn_window(now >= *window_end + self.config.window);
            *window_end = now + self.config.window;
        }
        let mut counts = Counts::new();
        self.windows
            .iter()
            .for_each(|window| window.add_to(&mut counts));
        let delay = if counts.samples() < u64::from(self.config.min_samples) {
            0
        } else {
            let slow = counts.percentile(self.config.percentile);
            nanos(slow.clamp(self.config.min_delay, self.config.max_delay))
        };
        self.delay.store(delay, Ordering::Relaxed);
        self.stale_at
            .store(at.saturating_add(nanos(FRESH)), Ordering::Relaxed);
    }

    /// Begins a window in place of the older one. When nobody asked for a whole window, it is not
    /// known what is old, and all is forgotten.
    fn turn_window(&self, overdue: bool) {
        let current = self.current.load(Ordering::Relaxed) & 1;
        if overdue {
            self.windows[current].clear();
        }
        self.windows[1 - current].clear();
        self.current.store(1 - current, Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
