//! Between which bounds the limit moves, and how.

use std::time::Duration;

use crate::{
    config::{MAX_DURATION, invalid},
    error::Result,
};

/// The highest limit that a configuration may allow.
const MAX_LIMIT: u32 = 1_000_000;

/// Configures an [`AdaptiveLimit`](super::AdaptiveLimit).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdaptiveLimitConfig {
    /// How the limit moves. Default: [`Gradient2`].
    pub algorithm: Adaptive,
    /// Attempts that may always run at once, at least 1. Default: 4.
    pub min: u32,
    /// Attempts that may run at once at most, `min` to 1,000,000. Default: 1,000.
    pub max: u32,
    /// Attempts that may run at once at first, `min` to `max`. Default: 20.
    pub initial: u32,
    /// Attempts that wait for a place; 0 refuses at once. Default: 1,000.
    pub max_queue: u32,
}

/// How the limit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adaptive {
    /// By what is turned away.
    Aimd(Aimd),
    /// By latency.
    Gradient2(Gradient2),
}

/// Adds one place a round trip, takes a part away when the service gives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Aimd {
    /// What is left of the limit after a decrease, in percent, 10 to 99. Default: 90.
    pub backoff_percent: u8,
    /// An attempt that takes longer counts as turned away. Default: none does.
    pub max_rtt: Option<Duration>,
}

/// Compares the latency of the latest round trip with that of the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gradient2 {
    /// By how much latency may exceed that of the long run, in percent of it, 100 to 1,000.
    /// Default: 150.
    pub tolerance_percent: u16,
    /// How much of a change takes effect each round trip, in percent, 1 to 100. Default: 20.
    pub smoothing_percent: u8,
    /// Places above what the latency suggests, so that the limit finds room when there is some,
    /// 1 to 1,000. Default: 4.
    pub headroom: u16,
    /// Round trips that the long run remembers, 10 to 100,000. Default: 600.
    pub long_window: u32,
    /// Round trips between two looks at a third of the limit, 10 to 100,000. Default: 100.
    pub probe_every: u32,
}

impl Adaptive {
    /// Moves by what is turned away, with the defaults of [`Aimd`].
    #[must_use]
    pub fn aimd() -> Self {
        Self::Aimd(Aimd::default())
    }

    /// Moves by latency, with the defaults of [`Gradient2`].
    #[must_use]
    pub fn gradient2() -> Self {
        Self::Gradient2(Gradient2::default())
    }
}

impl AdaptiveLimitConfig {
    /// Sets how the limit moves.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Adaptive) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets how many attempts may always run at once.
    #[must_use]
    pub const fn with_min(mut self, attempts: u32) -> Self {
        self.min = attempts;
        self
    }

    /// Sets how many attempts may run at once at most.
    #[must_use]
    pub const fn with_max(mut self, attempts: u32) -> Self {
        self.max = attempts;
        self
    }

    /// Sets how many attempts may run at once at first.
    #[must_use]
    pub const fn with_initial(mut self, attempts: u32) -> Self {
        self.initial = attempts;
        self
    }

    /// Sets how many attempts wait for a place.
    #[must_use]
    pub const fn with_max_queue(mut self, attempts: u32) -> Self {
        self.max_queue = attempts;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.min == 0 {
            return Err(invalid("adaptive.min", "must be at least 1"));
        }
        if self.max < self.min || self.max > MAX_LIMIT {
            return Err(invalid("adaptive.max", "must be `min` to 1000000"));
        }
        if self.initial < self.min || self.initial > self.max {
            return Err(invalid("adaptive.initial", "must be `min` to `max`"));
        }
        match self.algorithm {
            Adaptive::Aimd(aimd) => aimd.check()?,
            Adaptive::Gradient2(gradient) => gradient.check()?,
        }
        Ok(self)
    }
}

impl Default for AdaptiveLimitConfig {
    fn default() -> Self {
        Self {
            algorithm: Adaptive::gradient2(),
            min: 4,
            max: 1_000,
            initial: 20,
            max_queue: 1_000,
        }
    }
}

impl Aimd {
    /// Sets what is left of the limit after a decrease, in percent.
    #[must_use]
    pub const fn with_backoff_percent(mut self, percent: u8) -> Self {
        self.backoff_percent = percent;
        self
    }

    /// Sets the longest time that an attempt may take without counting as turned away.
    #[must_use]
    pub const fn with_max_rtt(mut self, rtt: Duration) -> Self {
        self.max_rtt = Some(rtt);
        self
    }

    fn check(self) -> Result<()> {
        if !(10..=99).contains(&self.backoff_percent) {
            return Err(invalid("adaptive.backoff_percent", "must be 10 to 99"));
        }
        if self
            .max_rtt
            .is_some_and(|rtt| rtt.is_zero() || rtt > MAX_DURATION)
        {
            let rule = "must be above 0 and at most 30 days";
            return Err(invalid("adaptive.max_rtt", rule));
        }
        Ok(())
    }
}

impl Default for Aimd {
    fn default() -> Self {
        Self {
            backoff_percent: 90,
            max_rtt: None,
        }
    }
}

impl Gradient2 {
    /// Sets by how much latency may exceed that of the long run, in percent of it.
    #[must_use]
    pub const fn with_tolerance_percent(mut self, percent: u16) -> Self {
        self.tolerance_percent = percent;
        self
    }

    /// Sets how much of a change takes effect each round trip, in percent.
    #[must_use]
    pub const fn with_smoothing_percent(mut self, percent: u8) -> Self {
        self.smoothing_percent = percent;
        self
    }

    /// Sets the places above what the latency suggests.
    #[must_use]
    pub const fn with_headroom(mut self, places: u16) -> Self {
        self.headroom = places;
        self
    }

    /// Sets how many round trips the long run remembers.
    #[must_use]
    pub const fn with_long_window(mut self, round_trips: u32) -> Self {
        self.long_window = round_trips;
        self
    }

    /// Sets the round trips between two looks at a third of the limit.
    #[must_use]
    pub const fn with_probe_every(mut self, round_trips: u32) -> Self {
        self.probe_every = round_trips;
        self
    }

    fn check(self) -> Result<()> {
        if !(100..=1_000).contains(&self.tolerance_percent) {
            return Err(invalid("adaptive.tolerance_percent", "must be 100 to 1000"));
        }
        if !(1..=100).contains(&self.smoothing_percent) {
            return Err(invalid("adaptive.smoothing_percent", "must be 1 to 100"));
        }
        if !(1..=1_000).contains(&self.headroom) {
            return Err(invalid("adaptive.headroom", "must be 1 to 1000"));
        }
        if !(10..=100_000).contains(&self.long_window) {
            return Err(invalid("adaptive.long_window", "must be 10 to 100000"));
        }
        if !(10..=100_000).contains(&self.probe_every) {
            return Err(invalid("adaptive.probe_every", "must be 10 to 100000"));
        }
        Ok(())
    }
}

impl Default for Gradient2 {
    fn default() -> Self {
        Self {
            tolerance_percent: 150,
            smoothing_percent: 20,
            headroom: 4,
            long_window: 600,
            probe_every: 100,
        }
    }
}
