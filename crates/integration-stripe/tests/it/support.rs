//! A client without real waits, before a server that is scripted.

use std::time::Duration;

use integration_core::{Backoff, rate_limit::Quota, resilience::Preset};
use integration_stripe::{Client, Config};
use integration_testkit::ScriptedServer;

pub(crate) fn config(server: &ScriptedServer) -> Config {
    Config::new("sk_test_1".to_owned().into()).with_base_url(server.url(""))
}

/// A client whose waits are of a millisecond.
pub(crate) fn quick(config: Config) -> Client {
    let soon = || Backoff::exponential(Duration::from_millis(1), Duration::from_millis(2));
    let policies = Preset::Payments
        .policies()
        .with_timeouts(config.deadline, config.attempt_timeout)
        .with_max_attempts(config.max_attempts)
        .with_rate_limit(integration_core::rate_limit::RateLimitConfig::from(
            Quota::per_second(100_000),
        ))
        .with_backoff(soon())
        .with_rate_limited_backoff(soon());
    Client::customized(config, move |builder| builder.policies(policies.clone())).unwrap()
}
