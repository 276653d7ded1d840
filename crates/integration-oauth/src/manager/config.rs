//! When tokens are refreshed, and what that may take.

use std::time::Duration;

use integration_core::{Backoff, Error, ErrorKind, Jitter, Result, config::MAX_DURATION};

use crate::limits::MAX_CACHED;

/// Configures the life of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifeConfig {
    /// The last part of its lifetime in which a token may be refreshed, 1 to 50 of a hundred.
    /// Default: 10.
    pub early_percent: u8,
    /// The shortest such part, but never more than half of a lifetime. Default: 30 s.
    pub min_early: Duration,
    /// The longest such part; how much of it is used is left to chance. Default: 5 min.
    pub max_early: Duration,
    /// How long the right to refresh is held, above [`exchange_timeout`](Self::exchange_timeout)
    /// by at least 1 s. Default: 30 s.
    ///
    /// A process that dies in the middle of a refresh keeps all others waiting for so long.
    pub lease_ttl: Duration,
    /// How long the provider may take for an exchange, above 0. Default: 20 s.
    pub exchange_timeout: Duration,
    /// How long the store and the vault may take for one operation, above 0. Default: 5 s.
    pub store_timeout: Duration,
    /// How long no refresh is made after one that failed. Default: 1 s doubling to 60 s, half of it
    /// by chance.
    pub backoff: Backoff,
    /// How long no refresh is made at a provider that does not accept our client. Default: 30 s
    /// doubling to 10 min, half of it by chance.
    pub config_backoff: Backoff,
    /// The shortest time between two refreshes of a connection because its token was refused.
    /// Default: 10 s.
    pub forced_interval: Duration,
    /// How old what is known of a connection may get while it is used, before the store is asked
    /// whether another process changed it. Default: 60 s.
    pub look_interval: Duration,
    /// How long tokens that could not be stored are kept in memory, and tried to be stored.
    /// Default: 1 h.
    pub keep_unsaved: Duration,
    /// How long the sink of events may take for one. Default: 5 s.
    pub event_timeout: Duration,
    /// Connections that are held in memory, 1 to 1,000,000. Default: [`MAX_CACHED`].
    pub max_cached: usize,
}

impl LifeConfig {
    /// Sets the last part of its lifetime in which a token may be refreshed: of a hundred, the
    /// shortest and the longest.
    #[must_use]
    pub const fn with_early(mut self, percent: u8, min: Duration, max: Duration) -> Self {
        self.early_percent = percent;
        self.min_early = min;
        self.max_early = max;
        self
    }

    /// Sets how long the right to refresh is held, and how long an exchange may take.
    #[must_use]
    pub const fn with_lease(mut self, ttl: Duration, exchange_timeout: Duration) -> Self {
        self.lease_ttl = ttl;
        self.exchange_timeout = exchange_timeout;
        self
    }

    /// Sets how long the store and the vault may take for one operation.
    #[must_use]
    pub const fn with_store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// Sets how long no refresh is made after one that failed.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how long no refresh is made at a provider that does not accept our client.
    #[must_use]
    pub const fn with_config_backoff(mut self, backoff: Backoff) -> Self {
        self.config_backoff = backoff;
        self
    }

    /// Sets the shortest time between two refreshes of a connection because its token was refused.
    #[must_use]
    pub const fn with_forced_interval(mut self, interval: Duration) -> Self {
        self.forced_interval = interval;
        self
    }

    /// Sets after what time the store is asked again about a connection in use.
    #[must_use]
    pub const fn with_look_interval(mut self, interval: Duration) -> Self {
        self.look_interval = interval;
        self
    }

    /// Sets how long tokens that could not be stored are kept in memory.
    #[must_use]
    pub const fn with_keep_unsaved(mut self, time: Duration) -> Self {
        self.keep_unsaved = time;
        self
    }

    /// Sets how many connections are held in memory.
    #[must_use]
    pub const fn with_max_cached(mut self, connections: usize) -> Self {
        self.max_cached = connections;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if !(1..=50).contains(&self.early_percent) {
            return Err(invalid("early_percent", "must be 1 to 50"));
        }
        if self.max_cached == 0 || self.max_cached > 1_000_000 {
            return Err(invalid("max_cached", "must be 1 to 1000000"));
        }
        let above_zero = [
            ("exchange_timeout", self.exchange_timeout),
            ("store_timeout", self.store_timeout),
            ("backoff", self.backoff.base()),
            ("config_backoff", self.config_backoff.base()),
            ("look_interval", self.look_interval),
        ];
        if let Some((field, _)) = above_zero.iter().find(|(_, time)| time.is_zero()) {
            return Err(invalid(field, "must be above 0"));
        }
        let durations = [
            ("min_early", self.min_early),
            ("max_early", self.max_early),
            ("lease_ttl", self.lease_ttl),
            ("store_timeout", self.store_timeout),
            ("backoff", self.backoff.cap()),
            ("config_backoff", self.config_backoff.cap()),
            ("forced_interval", self.forced_interval),
            ("look_interval", self.look_interval),
            ("keep_unsaved", self.keep_unsaved),
            ("event_timeout", self.event_timeout),
        ];
        if let Some((field, _)) = durations.iter().find(|(_, time)| *time > MAX_DURATION) {
            return Err(invalid(field, "must be at most 30 days"));
        }
        if self.lease_ttl < self.exchange_timeout.saturating_add(SAVING) {
            let rule = "must be at least 1 s above the timeout of an exchange";
            return Err(invalid("lease_ttl", rule));
        }
        Ok(self)
    }
}

/// What a lease lasts longer than an exchange, so that its result can be stored within it.
const SAVING: Duration = Duration::from_secs(1);

impl Default for LifeConfig {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        let halves = |base, cap| {
            Backoff::exponential(seconds(base), seconds(cap)).with_jitter(Jitter::Equal)
        };
        Self {
            early_percent: 10,
            min_early: seconds(30),
            max_early: seconds(5 * 60),
            lease_ttl: seconds(30),
            exchange_timeout: seconds(20),
            store_timeout: seconds(5),
            backoff: halves(1, 60),
            config_backoff: halves(30, 600),
            forced_interval: seconds(10),
            look_interval: seconds(60),
            keep_unsaved: seconds(3600),
            event_timeout: seconds(5),
            max_cached: MAX_CACHED,
        }
    }
}

fn invalid(field: &'static str, rule: &'static str) -> Error {
    Error::new(ErrorKind::Config, "oauth.life").with_message(format!("`{field}` {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlasts_an_exchange() {
        let seconds = Duration::from_secs;
        let config = LifeConfig::default();
        assert!(
            config
                .clone()
                .with_lease(seconds(3), seconds(2))
                .validate()
                .is_ok()
        );
        assert!(
            config
                .clone()
                .with_lease(seconds(2), seconds(2))
                .validate()
                .is_err()
        );
        assert!(
            config
                .with_lease(seconds(2), seconds(0))
                .validate()
                .is_err()
        );
    }

    #[test]
    fn the_default_is_valid() {
        assert!(LifeConfig::default().validate().is_ok());
    }
}
