//! Configuration, and the one place that reads the environment.

use std::time::Duration;

use integration_core::{
    EnvVar, Error, ErrorKind, ExposeSecret, Result, SecretString,
    config::{Vars, process_env},
};

const OPERATION: &str = "stripe.config";

/// The variables that [`Config::from_env`] reads.
pub const ENV: &[EnvVar] = &[
    EnvVar {
        name: "STRIPE_SECRET_KEY",
        help: "Secret or restricted key of the account.",
        default: None,
        required: true,
        secret: true,
    },
    EnvVar {
        name: "STRIPE_BASE_URL",
        help: "Address of the API, for tests and proxies.",
        default: Some("https://api.stripe.com"),
        required: false,
        secret: false,
    },
];

/// How Stripe is reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The API key; never shown.
    pub api_key: SecretString,
    /// The address that paths are joined to. Default: `https://api.stripe.com`.
    pub base_url: String,
    /// The time for a whole call, waits included. Default: 60 s.
    pub deadline: Duration,
    /// The time for one attempt. At most the deadline. Default: 25 s.
    pub attempt_timeout: Duration,
    /// Attempts including the first. At least 1. Default: 3.
    pub max_attempts: u32,
    /// Calls a second that are started at most. At least 1. Default: 25.
    pub rate_limit: u32,
}

impl Config {
    /// Creates a configuration with the defaults.
    #[must_use]
    pub fn new(api_key: SecretString) -> Self {
        Self {
            api_key,
            base_url: "https://api.stripe.com".to_owned(),
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(25),
            max_attempts: 3,
            rate_limit: 25,
        }
    }

    /// Reads the variables of [`ENV`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the variable that is not set or wrong.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(process_env)
    }

    /// Reads the variables of [`ENV`] through `lookup`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the variable that is not set or wrong.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let vars = Vars::new(ENV, &lookup);
        let key = vars.secret("STRIPE_SECRET_KEY")?;
        let mut config = Self::new(key.unwrap_or_default());
        if let Some(base_url) = vars.get("STRIPE_BASE_URL")? {
            config = config.with_base_url(base_url);
        }
        config.validate()?;
        Ok(config)
    }

    /// Sets the address that paths are joined to.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field that is wrong.
    pub fn validate(&self) -> Result<()> {
        if self.api_key.expose_secret().is_empty() {
            return Err(invalid("`api_key` is empty"));
        }
        if self.attempt_timeout > self.deadline {
            return Err(invalid("`attempt_timeout` is longer than `deadline`"));
        }
        if self.max_attempts == 0 || self.rate_limit == 0 {
            return Err(invalid(
                "`max_attempts` and `rate_limit` must be at least 1",
            ));
        }
        Ok(())
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, OPERATION).with_message(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_named() {
        let error = Config::from_vars(|_| None).unwrap_err();
        assert!(error.to_string().contains("STRIPE_SECRET_KEY is not set"));
    }

    #[test]
    fn the_key_is_never_shown() {
        let canary = "canary-3b1f";
        let config = Config::new(canary.to_owned().into());
        assert!(!format!("{config:?}").contains(canary));
    }

    #[test]
    fn an_attempt_is_no_longer_than_the_call() {
        let mut config = Config::new("k".to_owned().into());
        config.attempt_timeout = config.deadline;
        assert!(config.validate().is_ok());
        config.attempt_timeout += Duration::from_millis(1);
        assert!(config.validate().is_err());
    }
}
