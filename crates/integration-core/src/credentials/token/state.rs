//! When a token is used, and when a new one is fetched.

use std::time::Duration;

use tokio::time::Instant;

use super::config::TokenConfig;
use crate::{clock::Clock, credentials::Rejection, rng::Rng};

/// A point of time on both clocks of a machine.
///
/// Monotonic time stands still while a machine sleeps, and wall time may be set back: a token has
/// ended as soon as one of the two says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic time.
    pub now: Instant,
    /// Wall time since the Unix epoch.
    pub unix: Duration,
}

impl Moment {
    /// Reads both clocks.
    #[must_use]
    pub fn of(clock: &dyn Clock) -> Self {
        Self {
            now: clock.now(),
            unix: clock.unix(),
        }
    }

    /// Returns the moment after this time, `None` when it is too far away to be told.
    #[must_use]
    pub fn after(self, time: Duration) -> Option<Self> {
        Some(Self {
            now: self.now.checked_add(time)?,
            unix: self.unix.checked_add(time)?,
        })
    }

    /// Returns whether one of the clocks has come to `point`.
    #[must_use]
    pub fn has_reached(self, point: Self) -> bool {
        self.now >= point.now || self.unix >= point.unix
    }

    /// Returns the moment that either clock reaches no later than those of both.
    fn earlier(self, other: Self) -> Self {
        Self {
            now: self.now.min(other.now),
            unix: self.unix.min(other.unix),
        }
    }
}

/// What to do with a request that needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Use the token.
    Use,
    /// Use the token, and fetch the next one behind it.
    UseAndRefresh,
    /// Wait for the fetch that is under way.
    Wait,
    /// Fetch a token, and wait for it.
    Refresh,
    /// Fail: the fetch before failed, and the next is not due until then.
    Refuse {
        /// When the next fetch may begin.
        until: Instant,
    },
}

/// What one token goes through. Synchronous; whoever drives it fetches and waits.
///
/// At most one fetch is under way between [`begin`](Self::begin) and the one of
/// [`succeed`](Self::succeed), [`fail`](Self::fail) and [`abandon`](Self::abandon) that ends it.
#[derive(Debug, Default)]
pub struct TokenState {
    current: Option<Current>,
    /// The number of the last token.
    generation: u64,
    is_refreshing: bool,
    /// Fetches that failed since the last that did not.
    failures: u32,
    /// The back-off before, for jitter that grows from it.
    delay: Duration,
    /// When a fetch may begin after one that failed.
    retry_at: Option<Instant>,
    /// When a token was last given up because a server refused it.
    forced_at: Option<Instant>,
}

/// A token that is held.
#[derive(Clone, Copy, Debug)]
struct Current {
    /// `None` for a token that lasts until it is refused.
    life: Option<Life>,
    is_rejected: bool,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    refresh_at: Moment,
    /// Before the expiry itself, for the way of a request.
    ends_at: Moment,
}

impl TokenState {
    /// Decides about a request that is made at this moment. Changes nothing.
    #[must_use]
    pub fn decide(&self, at: Moment) -> Decision {
        let backing_off = self.retry_at.filter(|until| at.now < *until);
        match (self.usable(at), self.is_refreshing, backing_off) {
            (Some(life), false, None) if is_due(life, at) => Decision::UseAndRefresh,
            (Some(_), ..) => Decision::Use,
            (None, true, _) => Decision::Wait,
            (None, false, Some(until)) => Decision::Refuse { until },
            (None, false, None) => Decision::Refresh,
        }
    }

    /// Notes that a fetch begins.
    pub fn begin(&mut self) {
        self.is_refreshing = true;
    }

    /// Takes in a token that expires at `expires_at`, fetched by a fetch that began at `began`.
    ///
    /// Returns its number, or `None` for a token that has no life left at `at`, which counts as a
    /// failed fetch.
    pub fn succeed(
        &mut self,
        began: Moment,
        at: Moment,
        expires_at: Option<Moment>,
        config: &TokenConfig,
        rng: &dyn Rng,
    ) -> Option<u64> {
        let life = expires_at.map(|end| Life::new(began, end, config, rng));
        if life.is_some_and(|life| at.has_reached(life.ends_at)) {
            self.fail(at.now, config, rng);
            return None;
        }
        self.generation += 1;
        self.current = Some(Current {
            life,
            is_rejected: false,
        });
        self.is_refreshing = false;
        self.failures = 0;
        self.delay = Duration::ZERO;
        self.retry_at = None;
        Some(self.generation)
    }

    /// Notes that a fetch failed, and returns until when none is made.
    pub fn fail(&mut self, now: Instant, config: &TokenConfig, rng: &dyn Rng) -> Instant {
        self.is_refreshing = false;
        self.failures = self.failures.saturating_add(1);
        self.delay = config.backoff.delay(self.failures, self.delay, rng);
        let until = now + self.delay;
        self.retry_at = Some(until);
        until
    }

    /// Notes that a fetch was broken off without a result of its own: the next may begin at once.
    pub fn abandon(&mut self) {
        self.is_refreshing = false;
    }

    /// Notes that a server refused the token of this number.
    ///
    /// Only the current one is given up for it, and not more often than
    /// [`TokenConfig::forced_interval`]: a server that refuses every token would else have one
    /// fetched for every call.
    pub fn reject(&mut self, generation: u64, now: Instant, config: &TokenConfig) -> Rejection {
        let Some(current) = self.current.as_mut() else {
            return Rejection::TryAgain;
        };
        if generation != self.generation || current.is_rejected {
            return Rejection::TryAgain;
        }
        let next = self.forced_at.map(|at| at + config.forced_interval);
        if next.is_some_and(|next| now < next) {
            return Rejection::Final;
        }
        current.is_rejected = true;
        self.forced_at = Some(now);
        Rejection::TryAgain
    }

    /// Returns until when [`decide`](Self::decide) says [`Decision::Use`] unless something else
    /// happens, or `None` when it does not say so now.
    #[must_use]
    pub fn settled_until(&self, at: Moment) -> Option<Settled> {
        if self.decide(at) != Decision::Use {
            return None;
        }
        let Some(life) = self.current.and_then(|current| current.life) else {
            return Some(Settled::ForGood);
        };
        if self.is_refreshing {
            return Some(Settled::Until(life.ends_at));
        }
        if !is_due(Some(life), at) {
            return Some(Settled::Until(life.refresh_at.earlier(life.ends_at)));
        }
        let now = self.retry_at?;
        let unix = life.ends_at.unix;
        Some(Settled::Until(Moment { now, unix }.earlier(life.ends_at)))
    }

    /// Returns the number of the last token, 0 before the first.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns whether a fetch is under way.
    #[must_use]
    pub fn is_refreshing(&self) -> bool {
        self.is_refreshing
    }

    /// The life of a token that may be sent.
    fn usable(&self, at: Moment) -> Option<Option<Life>> {
        let current = self.current.filter(|current| !current.is_rejected)?;
        let has_ended = current
            .life
            .is_some_and(|life| at.has_reached(life.ends_at));
        (!has_ended).then_some(current.life)
    }
}

/// Until when nothing has to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Until one of the clocks gets there.
    Until(Moment),
    /// Until the token is refused.
    ForGood,
}

impl Settled {
    /// Returns whether this still holds.
    #[must_use]
    pub fn holds(self, at: Moment) -> bool {
        match self {
            Self::Until(end) => !at.has_reached(end),
            Self::ForGood => true,
        }
    }
}

impl Life {
    fn new(began: Moment, end: Moment, config: &TokenConfig, rng: &dyn Rng) -> Self {
        let lifetime = end.unix.saturating_sub(began.unix);
        // A short token would be all margin.
        let margin = config.margin.min(lifetime / 10);
        let early = (lifetime * u32::from(config.early_percent) / 100).min(config.max_early);
        let jitter = early.mul_f64(f64::from(config.jitter_percent) / 100.0 * rng.fraction());
        let before = |time| Moment {
            now: end.now.checked_sub(time).unwrap_or(end.now),
            unix: end.unix.saturating_sub(time),
        };
        Self {
            refresh_at: before((early - jitter).max(margin)),
            ends_at: before(margin),
        }
    }
}

fn is_due(life: Option<Life>, at: Moment) -> bool {
    life.is_some_and(|life| at.has_reached(life.refresh_at))
}
