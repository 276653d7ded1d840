//! A provider that does not accept our client is left alone for a while.

use std::time::Duration;

use integration_core::{Error, Rng};
use tokio::time::Instant;

use super::config::LifeConfig;

/// What is known of our client at one provider. One wrong secret concerns all its connections: each
/// would ask for itself, and some providers lock a client out for that.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    delay: Duration,
    /// No exchange before this time, but for one after it.
    until: Option<Instant>,
    error: Option<Error>,
}

impl Circuit {
    /// Lets an exchange pass, or says why not and for how long.
    ///
    /// When the time is over one exchange passes, and the others wait for what it finds.
    pub(super) fn admit(&mut self, now: Instant, config: &LifeConfig) -> Result<(), Error> {
        let (Some(until), Some(error)) = (self.until, &self.error) else {
            return Ok(());
        };
        if now < until {
            return Err(error.clone().with_retry_after(until - now));
        }
        self.until = Some(now + config.lease_ttl);
        Ok(())
    }

    /// Notes that the provider did not accept our client, and returns whether that is news.
    pub(super) fn trip(
        &mut self,
        now: Instant,
        error: Error,
        config: &LifeConfig,
        rng: &dyn Rng,
    ) -> bool {
        let is_new = self.until.is_none();
        self.failures = self.failures.saturating_add(1);
        self.delay = config.config_backoff.delay(self.failures, self.delay, rng);
        self.until = Some(now + self.delay);
        self.error = Some(error);
        is_new
    }

    /// Notes that the provider accepted our client.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use integration_core::{Clock as _, ErrorKind, SeededRng, SystemClock};

    use super::*;

    #[test]
    fn one_exchange_passes_after_each_wait_until_one_is_accepted() {
        let (config, rng) = (LifeConfig::default(), SeededRng::new(1));
        let (mut circuit, now) = (Circuit::default(), SystemClock.now());
        assert!(circuit.admit(now, &config).is_ok());
        let error = || Error::new(ErrorKind::Config, "oauth.refresh");
        assert!(circuit.trip(now, error(), &config, &rng), "it is news");
        let refused = circuit.admit(now, &config).unwrap_err();
        let wait = refused.retry_after().unwrap();
        assert!((Duration::from_secs(15)..=Duration::from_secs(30)).contains(&wait));
        let later = now + wait;
        assert!(circuit.admit(later, &config).is_ok());
        assert!(circuit.admit(later, &config).is_err(), "a second one");
        assert!(!circuit.trip(later, error(), &config, &rng));
        let longer = circuit.admit(later, &config).unwrap_err().retry_after();
        assert!(longer.unwrap() >= Duration::from_secs(30));
        circuit.reset();
        assert!(circuit.admit(later, &config).is_ok());
    }
}
