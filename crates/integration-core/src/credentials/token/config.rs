//! When a token is refreshed.

use std::time::Duration;

use ::http::{HeaderName, header::AUTHORIZATION};

use crate::{
    backoff::{Backoff, Jitter},
    config::{MAX_DURATION, invalid},
    error::Result,
};

/// Configures a [`CachedToken`](super::CachedToken).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenConfig {
    /// The header that carries the token. Default: `authorization`.
    pub header: HeaderName,
    /// What stands before the token, space included. Default: `Bearer `.
    pub prefix: &'static str,
    /// The last part of its lifetime in which a token is refreshed, 1 to 90 of a hundred.
    /// Default: 20.
    pub early_percent: u8,
    /// The longest such part. Default: 10 min.
    pub max_early: Duration,
    /// How much of that part is left to chance, 0 to 100 of a hundred. Default: 50.
    ///
    /// It keeps processes that started together from refreshing together.
    pub jitter_percent: u8,
    /// So long before its expiry a token is no longer sent, at most a tenth of its lifetime.
    /// Default: 5 s.
    pub margin: Duration,
    /// How long one fetch may take, above 0. Default: 20 s.
    pub fetch_timeout: Duration,
    /// How long no fetch is made after one that failed. Default: 1 s doubling to 60 s, half of it
    /// by chance.
    pub backoff: Backoff,
    /// The shortest time between two refreshes because a server refused the token. Default: 10 s.
    pub forced_interval: Duration,
}

impl TokenConfig {
    /// Sets the header and what stands before the token in it.
    #[must_use]
    pub fn with_header(mut self, header: HeaderName, prefix: &'static str) -> Self {
        self.header = header;
        self.prefix = prefix;
        self
    }

    /// Sets the last part of its lifetime in which a token is refreshed, of a hundred, and the
    /// longest such part.
    #[must_use]
    pub const fn with_early(mut self, percent: u8, max: Duration) -> Self {
        self.early_percent = percent;
        self.max_early = max;
        self
    }

    /// Sets how much of that part is left to chance, of a hundred.
    #[must_use]
    pub const fn with_jitter(mut self, percent: u8) -> Self {
        self.jitter_percent = percent;
        self
    }

    /// Sets how long before its expiry a token is no longer sent.
    #[must_use]
    pub const fn with_margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// Sets how long one fetch may take.
    #[must_use]
    pub const fn with_fetch_timeout(mut self, timeout: Duration) -> Self {
        self.fetch_timeout = timeout;
        self
    }

    /// Sets how long no fetch is made after one that failed.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the shortest time between two refreshes because a server refused the token.
    #[must_use]
    pub const fn with_forced_interval(mut self, interval: Duration) -> Self {
        self.forced_interval = interval;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if !(1..=90).contains(&self.early_percent) {
            return Err(invalid("token.early_percent", "must be 1 to 90"));
        }
        if self.jitter_percent > 100 {
            return Err(invalid("token.jitter_percent", "must be at most 100"));
        }
        if self.fetch_timeout.is_zero() {
            return Err(invalid("token.fetch_timeout", "must be above 0"));
        }
        if self.backoff.base().is_zero() {
            return Err(invalid("token.backoff", "must begin above 0"));
        }
        let durations = [
            ("token.max_early", self.max_early),
            ("token.margin", self.margin),
            ("token.fetch_timeout", self.fetch_timeout),
            ("token.backoff", self.backoff.cap()),
            ("token.forced_interval", self.forced_interval),
        ];
        match durations.iter().find(|(_, time)| *time > MAX_DURATION) {
            Some((field, _)) => Err(invalid(field, "must be at most 30 days")),
            None => Ok(self),
        }
    }
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            header: AUTHORIZATION,
            prefix: "Bearer ",
            early_percent: 20,
            max_early: Duration::from_secs(10 * 60),
            jitter_percent: 50,
            margin: Duration::from_secs(5),
            fetch_timeout: Duration::from_secs(20),
            backoff: Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60))
                .with_jitter(Jitter::Equal),
            forced_interval: Duration::from_secs(10),
        }
    }
}
