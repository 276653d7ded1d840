//! How long keys are kept.

use std::time::Duration;

use integration_core::{Error, ErrorKind, Result};

/// Configures a [`JwksCache`](super::JwksCache).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwksConfig {
    /// Age from which keys are renewed in the background; 1 min to 24 h. Default: 10 min.
    pub ttl: Duration,
    /// How much longer keys are used while the issuer cannot be reached; at most 7 days. Default:
    /// 24 h.
    pub max_stale: Duration,
    /// Time for one fetch, discovery included; above 0, at most 30 s. Default: 5 s.
    pub fetch_timeout: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for JwksConfig {
    fn default() -> Self {
        Self {
            ttl: 10 * MINUTE,
            max_stale: DAY,
            fetch_timeout: Duration::from_secs(5),
        }
    }
}

impl JwksConfig {
    /// Sets from which age keys are renewed.
    #[must_use]
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Sets how much longer keys are used while the issuer cannot be reached.
    #[must_use]
    pub const fn with_max_stale(mut self, max: Duration) -> Self {
        self.max_stale = max;
        self
    }

    /// Sets the time for one fetch.
    #[must_use]
    pub const fn with_fetch_timeout(mut self, timeout: Duration) -> Self {
        self.fetch_timeout = timeout;
        self
    }

    pub(super) fn validate(self) -> Result<Self> {
        let refuse = |rule| Err(Error::new(ErrorKind::Config, "jwt.jwks").with_message(rule));
        if !(MINUTE..=DAY).contains(&self.ttl) {
            return refuse("ttl is not between 1 min and 24 h: set one that is");
        }
        if self.max_stale > 7 * DAY {
            return refuse("max_stale is more than 7 days: set at most that");
        }
        if self.fetch_timeout.is_zero() || self.fetch_timeout > Duration::from_secs(30) {
            return refuse("fetch_timeout is 0 or more than 30 s: set one between");
        }
        Ok(self)
    }
}
