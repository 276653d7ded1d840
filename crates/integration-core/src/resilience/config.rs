//! The defaults of every call, and their rules.

use std::time::Duration;

use crate::{
    adaptive::AdaptiveLimitConfig,
    backoff::Backoff,
    bulkhead::BulkheadConfig,
    circuit_breaker::CircuitBreakerConfig,
    config::{EnvVar, MAX_DURATION, Vars, invalid, process_env},
    error::Result,
    hedge::HedgeConfig,
    keyed::KeyedConfig,
    rate_limit::RateLimitConfig,
    retry_budget::RetryBudgetConfig,
};

/// The variables that [`Config::from_env`] reads.
pub const ENV: &[EnvVar] = &[
    var(
        "INTEGRATION_DEADLINE_MS",
        "time for a whole call, waits included, 1 ms to 30 days",
        "30000",
    ),
    var(
        "INTEGRATION_ATTEMPT_TIMEOUT_MS",
        "time for one attempt, at most the deadline",
        "10000",
    ),
    var(
        "INTEGRATION_MAX_ATTEMPTS",
        "attempts of a call, the first included, 1 to 100",
        "3",
    ),
    var(
        "INTEGRATION_HINT_CAP_MS",
        "longest Retry-After that a call waits for",
        "60000",
    ),
    var(
        "INTEGRATION_MAX_IN_FLIGHT",
        "calls of a key that run at once, at least 1",
        "100",
    ),
];

const fn var(name: &'static str, help: &'static str, default: &'static str) -> EnvVar {
    EnvVar {
        name,
        help,
        default: Some(default),
        required: false,
        secret: false,
    }
}

/// Configures the policies; the default is the `standard` preset, for an interactive API.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Time for a whole call, waits included, above 0 and at most 30 days. Default: 30 s.
    pub deadline: Duration,
    /// Time for one attempt, body included, above 0 and at most `deadline`. Default: 10 s.
    pub attempt_timeout: Duration,
    /// Attempts of a call, the first included, 1 to [`MAX_ATTEMPTS`](Self::MAX_ATTEMPTS). Default: 3.
    pub max_attempts: u32,
    /// Waits after failures. Default: full jitter up to 100 ms, doubling to 20 s.
    pub backoff: Backoff,
    /// Waits after being rate limited without a hint. Default: full jitter up to 1 s, to 20 s.
    pub rate_limited_backoff: Backoff,
    /// The longest hint of a server that a call waits for, if the deadline leaves room for it too.
    /// Default: 60 s.
    pub hint_cap: Duration,
    /// How many retries are affordable.
    pub retry_budget: RetryBudgetConfig,
    /// When a key is not called any more; `None` for always.
    pub circuit_breaker: Option<CircuitBreakerConfig>,
    /// Attempts per time and key. Default: none, as only the provider knows it.
    pub rate_limit: Option<RateLimitConfig>,
    /// Calls of a key at once; `None` for no bound of its own.
    pub bulkhead: Option<BulkheadConfig>,
    /// Attempts of a key at once, as many as the service bears; `None` for no such limit, which is
    /// the default.
    pub adaptive: Option<AdaptiveLimitConfig>,
    /// When a safe call that takes long is sent a second time; `None` for never, which is the
    /// default.
    pub hedge: Option<HedgeConfig>,
    /// How many keys are held, and how long.
    pub keys: KeyedConfig,
}

impl Config {
    /// The most attempts that can be asked for.
    pub const MAX_ATTEMPTS: u32 = 100;

    /// Reads [`ENV`] from the environment of the process, over the defaults.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the variable or the field.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(process_env)
    }

    /// Reads [`ENV`] through `lookup`, over the defaults.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let vars = Vars::new(ENV, &lookup);
        let mut config = Self::default();
        if let Some(deadline) = vars.millis("INTEGRATION_DEADLINE_MS")? {
            config.deadline = deadline;
        }
        if let Some(timeout) = vars.millis("INTEGRATION_ATTEMPT_TIMEOUT_MS")? {
            config.attempt_timeout = timeout;
        }
        if let Some(attempts) = vars.parse("INTEGRATION_MAX_ATTEMPTS")? {
            config.max_attempts = attempts;
        }
        if let Some(cap) = vars.millis("INTEGRATION_HINT_CAP_MS")? {
            config.hint_cap = cap;
        }
        if let Some(calls) = vars.parse("INTEGRATION_MAX_IN_FLIGHT")? {
            config.bulkhead = config
                .bulkhead
                .map(|bulkhead| bulkhead.with_max_in_flight(calls));
        }
        config.validate()
    }

    /// Sets the time for a whole call and for one attempt of it.
    #[must_use]
    pub const fn with_timeouts(mut self, deadline: Duration, attempt: Duration) -> Self {
        self.deadline = deadline;
        self.attempt_timeout = attempt;
        self
    }

    /// Sets the attempts of a call, the first included.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the waits after failures.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the waits after being rate limited without a hint.
    #[must_use]
    pub const fn with_rate_limited_backoff(mut self, backoff: Backoff) -> Self {
        self.rate_limited_backoff = backoff;
        self
    }

    /// Sets the longest hint that a call waits for.
    #[must_use]
    pub const fn with_hint_cap(mut self, cap: Duration) -> Self {
        self.hint_cap = cap;
        self
    }

    /// Sets how many retries are affordable.
    #[must_use]
    pub const fn with_retry_budget(mut self, budget: RetryBudgetConfig) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Sets when a key is not called any more, or with `None` that it always is.
    #[must_use]
    pub fn with_circuit_breaker(
        mut self,
        breaker: impl Into<Option<CircuitBreakerConfig>>,
    ) -> Self {
        self.circuit_breaker = breaker.into();
        self
    }

    /// Sets the attempts per time and key.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: impl Into<Option<RateLimitConfig>>) -> Self {
        self.rate_limit = limit.into();
        self
    }

    /// Sets the calls of a key at once.
    #[must_use]
    pub fn with_bulkhead(mut self, bulkhead: impl Into<Option<BulkheadConfig>>) -> Self {
        self.bulkhead = bulkhead.into();
        self
    }

    /// Lets the attempts of a key at once be as many as the service bears.
    #[must_use]
    pub fn with_adaptive(mut self, adaptive: impl Into<Option<AdaptiveLimitConfig>>) -> Self {
        self.adaptive = adaptive.into();
        self
    }

    /// Sends safe calls that take long a second time.
    #[must_use]
    pub fn with_hedge(mut self, hedge: impl Into<Option<HedgeConfig>>) -> Self {
        self.hedge = hedge.into();
        self
    }

    /// Sets how many keys are held, and how long.
    #[must_use]
    pub const fn with_keys(mut self, keys: KeyedConfig) -> Self {
        self.keys = keys;
        self
    }

    /// Checks every field against its range and the others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(mut self) -> Result<Self> {
        if self.deadline.is_zero() || self.deadline > MAX_DURATION {
            return Err(invalid("deadline", "must be above 0 and at most 30 days"));
        }
        if self.attempt_timeout.is_zero() || self.attempt_timeout > self.deadline {
            return Err(invalid(
                "attempt_timeout",
                "must be above 0 and at most `deadline`",
            ));
        }
        if self.max_attempts == 0 || self.max_attempts > Self::MAX_ATTEMPTS {
            return Err(invalid("max_attempts", "must be 1 to 100"));
        }
        if self.backoff.cap() > MAX_DURATION || self.rate_limited_backoff.cap() > MAX_DURATION {
            return Err(invalid("backoff.cap", "must be at most 30 days"));
        }
        if self.hint_cap > MAX_DURATION {
            return Err(invalid("hint_cap", "must be at most 30 days"));
        }
        if let Some(wait) = self
            .bulkhead
            .as_ref()
            .and_then(|bulkhead| bulkhead.max_wait)
            && wait > self.deadline
        {
            return Err(invalid("bulkhead.max_wait", "must be at most `deadline`"));
        }
        self.retry_budget = self.retry_budget.validate()?;
        self.circuit_breaker = self
            .circuit_breaker
            .map(CircuitBreakerConfig::validate)
            .transpose()?;
        self.rate_limit = self.rate_limit.map(RateLimitConfig::validate).transpose()?;
        self.bulkhead = self.bulkhead.map(BulkheadConfig::validate).transpose()?;
        self.adaptive = self
            .adaptive
            .map(AdaptiveLimitConfig::validate)
            .transpose()?;
        self.hedge = self.hedge.map(HedgeConfig::validate).transpose()?;
        self.keys = self.keys.validate()?;
        Ok(self)
    }
}

impl Default for Config {
    fn default() -> Self {
        let cap = Duration::from_secs(20);
        Self {
            deadline: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(10),
            max_attempts: 3,
            backoff: Backoff::exponential(Duration::from_millis(100), cap),
            rate_limited_backoff: Backoff::exponential(Duration::from_secs(1), cap),
            hint_cap: Duration::from_secs(60),
            retry_budget: RetryBudgetConfig::default(),
            circuit_breaker: Some(CircuitBreakerConfig::default()),
            rate_limit: None,
            bulkhead: Some(BulkheadConfig::default()),
            adaptive: None,
            hedge: None,
            keys: KeyedConfig::default(),
        }
    }
}
