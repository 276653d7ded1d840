//! The quotas of a limit, and how far a server may change them.

use super::Quota;
use crate::{config::invalid, error::Result};

/// What a limit makes of a server's word about its quotas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Learn {
    /// Nothing: only what was configured counts, and penalties.
    Ignore,
    /// The server's word can only make calls slower than configured, never faster.
    #[default]
    SlowDown,
    /// A limit that the server states replaces the configured one, also where it is higher.
    Follow,
}

/// Configures a [`RateLimit`](super::RateLimit): up to [`MAX_QUOTAS`](Self::MAX_QUOTAS) quotas, all
/// of which a call must fit.
///
/// Without any quota the limit waits only when a server says so.
///
/// ```
/// use integration_core::rate_limit::{Quota, RateLimitConfig};
///
/// let config = RateLimitConfig::default()
///     .with_quota(Quota::per_second(10))
///     .with_quota(Quota::per_minute(500))
///     .with_quota(Quota::per_minute(90_000).of("tokens"));
/// assert_eq!(config.quotas().len(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitConfig {
    /// What a server's word changes. Default: [`Learn::SlowDown`].
    pub learn: Learn,
    quotas: [Quota; Self::MAX_QUOTAS],
    /// Above `MAX_QUOTAS` when more were given than fit, which `validate` refuses.
    len: usize,
}

impl RateLimitConfig {
    /// The most quotas of one limit.
    pub const MAX_QUOTAS: usize = 8;

    /// Starts without any quota.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            learn: Learn::SlowDown,
            quotas: [Quota::per_second(1); Self::MAX_QUOTAS],
            len: 0,
        }
    }

    /// Adds a quota beside the present ones.
    #[must_use]
    pub const fn with_quota(mut self, quota: Quota) -> Self {
        if self.len < Self::MAX_QUOTAS {
            self.quotas[self.len] = quota;
        }
        self.len = self.len.saturating_add(1);
        self
    }

    /// Sets what a server's word changes.
    #[must_use]
    pub const fn with_learn(mut self, learn: Learn) -> Self {
        self.learn = learn;
        self
    }

    /// Returns the quotas.
    #[must_use]
    pub fn quotas(&self) -> &[Quota] {
        self.quotas.get(..self.len).unwrap_or(&self.quotas)
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule. Two quotas
    /// of one unit and one time are refused: the looser one would say nothing.
    pub fn validate(self) -> Result<Self> {
        if self.len > Self::MAX_QUOTAS {
            return Err(invalid("rate_limit.quotas", "must be at most 8"));
        }
        for (place, quota) in self.quotas().iter().enumerate() {
            let quota = quota.validate()?;
            let same = |other: &&Quota| other.unit() == quota.unit() && other.per() == quota.per();
            if self
                .quotas()
                .iter()
                .skip(place + 1)
                .any(|other| same(&other))
            {
                return Err(invalid(
                    "rate_limit.quotas",
                    "must differ in `unit` or in `per`",
                ));
            }
        }
        Ok(self)
    }
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Quota> for RateLimitConfig {
    fn from(quota: Quota) -> Self {
        Self::new().with_quota(quota)
    }
}

impl From<Quota> for Option<RateLimitConfig> {
    fn from(quota: Quota) -> Self {
        Some(quota.into())
    }
}

impl<const N: usize> From<[Quota; N]> for RateLimitConfig {
    fn from(quotas: [Quota; N]) -> Self {
        quotas.into_iter().fold(Self::new(), Self::with_quota)
    }
}
