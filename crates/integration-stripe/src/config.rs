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
        help: "Address of the API and of its other hosts, for tests and proxies.",
        default: Some("https://api.stripe.com"),
        required: false,
        secret: false,
    },
    EnvVar {
        name: "STRIPE_ACCOUNT",
        help: "Connected account to act for.",
        default: None,
        required: false,
        secret: false,
    },
];

/// How Stripe is reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The secret or restricted API key; never shown.
    pub api_key: SecretString,
    /// The address that paths are joined to. Default: `https://api.stripe.com`.
    pub base_url: String,
    /// The address of uploads and downloads. Default: `https://files.stripe.com`.
    pub files_url: String,
    /// The address of `OAuth`. Default: `https://connect.stripe.com`.
    pub connect_url: String,
    /// The address of streams of meter events. Default: `https://meter-events.stripe.com`.
    pub meter_events_url: String,
    /// The version of the API. Default: [`API_VERSION`](crate::API_VERSION).
    pub version: String,
    /// The connected account to act for; excludes `context`. Default: none.
    pub account: Option<String>,
    /// The context to act in, such as `acct_1/acct_2`; excludes `account`. Default: none.
    pub context: Option<String>,
    /// The time for a whole call, waits included. Default: 60 s.
    pub deadline: Duration,
    /// The time for one attempt. At most the deadline. Default: 25 s.
    pub attempt_timeout: Duration,
    /// Attempts including the first, 1 to 100. Default: 3.
    pub max_attempts: u32,
    /// Calls a second that are started at most, above 0. Default: what Stripe takes, 100 with a
    /// live key and 25 with any other. Searches and files have at most 20 of them.
    pub rate_limit: Option<u32>,
}

/// Whose money a key moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMode {
    /// Real money.
    Live,
    /// None: a key of a sandbox.
    Test,
    /// The key does not say.
    Unknown,
}

impl Config {
    /// Creates a configuration with the defaults.
    #[must_use]
    pub fn new(api_key: SecretString) -> Self {
        Self {
            api_key,
            base_url: "https://api.stripe.com".to_owned(),
            files_url: "https://files.stripe.com".to_owned(),
            connect_url: "https://connect.stripe.com".to_owned(),
            meter_events_url: "https://meter-events.stripe.com".to_owned(),
            version: crate::API_VERSION.to_owned(),
            account: None,
            context: None,
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(25),
            max_attempts: 3,
            rate_limit: None,
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
        config.account = vars.get("STRIPE_ACCOUNT")?;
        config.validate()?;
        Ok(config)
    }

    /// Sets the address that paths are joined to, for all hosts of Stripe: what stands in for the
    /// API in a test must get uploads too.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.files_url.clone_from(&self.base_url);
        self.connect_url.clone_from(&self.base_url);
        self.meter_events_url.clone_from(&self.base_url);
        self
    }

    /// Sets the version of the API, such as one before a preview.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the connected account to act for.
    #[must_use]
    pub fn with_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets the context to act in.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets the time for a whole call and for one attempt of it.
    #[must_use]
    pub fn with_timeouts(mut self, deadline: Duration, attempt: Duration) -> Self {
        self.deadline = deadline;
        self.attempt_timeout = attempt;
        self
    }

    /// Sets the attempts of a call, the first included.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the calls a second.
    #[must_use]
    pub fn with_rate_limit(mut self, calls_per_second: u32) -> Self {
        self.rate_limit = Some(calls_per_second);
        self
    }

    /// Returns whose money the key moves.
    #[must_use]
    pub fn key_mode(&self) -> KeyMode {
        let key = self.api_key.expose_secret();
        match key {
            _ if key.contains("_live_") => KeyMode::Live,
            _ if key.contains("_test_") => KeyMode::Test,
            _ => KeyMode::Unknown,
        }
    }

    /// Refuses a live key: for tests and whatever else must never move money.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a live key.
    pub fn test_mode_only(self) -> Result<Self> {
        match self.key_mode() {
            KeyMode::Live => Err(invalid(
                "`api_key` is a live key: use one of a sandbox here",
            )),
            KeyMode::Test | KeyMode::Unknown => Ok(self),
        }
    }

    pub(crate) fn calls_per_second(&self) -> u32 {
        self.rate_limit.unwrap_or(match self.key_mode() {
            KeyMode::Live => 100,
            KeyMode::Test | KeyMode::Unknown => 25,
        })
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field that is wrong.
    pub fn validate(&self) -> Result<()> {
        if let Some(rule) = fault_of_key(self.api_key.expose_secret()) {
            return Err(invalid(rule));
        }
        if self.attempt_timeout > self.deadline {
            return Err(invalid("`attempt_timeout` is longer than `deadline`"));
        }
        if self.max_attempts == 0 || self.rate_limit == Some(0) {
            return Err(invalid(
                "`max_attempts` and `rate_limit` must be at least 1",
            ));
        }
        if self.version.is_empty() {
            return Err(invalid("`version` is empty"));
        }
        match (self.account.as_deref(), self.context.as_deref()) {
            (Some(_), Some(_)) => Err(invalid(
                "`account` and `context` exclude each other: set one",
            )),
            (Some(""), _) | (_, Some("")) => Err(invalid(
                "`account` or `context` is empty: leave it out to act for your own account",
            )),
            _ => Ok(()),
        }
    }
}

/// What is wrong with a key, told from its first letters.
fn fault_of_key(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("`api_key` is empty");
    }
    if key.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("`api_key` holds white space: was a newline read with it?");
    }
    if key.starts_with("pk_") {
        return Some(
            "`api_key` is a publishable key, which is for browsers: use a secret key (`sk_`) or a \
             restricted one (`rk_`)",
        );
    }
    key.starts_with("whsec_").then_some(
        "`api_key` is the signing secret of a webhook: use a secret key (`sk_`) or a restricted \
         one (`rk_`)",
    )
}

/// Tells whether an address is on this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
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

    #[test]
    fn a_key_that_is_none_is_refused_with_the_reason() {
        for (key, reason) in [
            ("pk_live_1", "publishable"),
            ("whsec_1", "webhook"),
            ("sk_test_1\n", "white space"),
            ("", "empty"),
        ] {
            let error = Config::new(key.to_owned().into()).validate().unwrap_err();
            assert!(error.to_string().contains(reason), "{key:?}: {error}");
        }
        for key in ["sk_test_1", "rk_live_1", "sk_org_live_1"] {
            assert!(Config::new(key.to_owned().into()).validate().is_ok());
        }
    }

    #[test]
    fn a_live_key_is_told_from_one_of_a_sandbox() {
        for (key, mode, calls) in [
            ("rk_live_1", KeyMode::Live, 100),
            ("sk_test_1", KeyMode::Test, 25),
            ("other", KeyMode::Unknown, 25),
        ] {
            let config = Config::new(key.to_owned().into());
            assert_eq!(
                (config.key_mode(), config.calls_per_second()),
                (mode, calls)
            );
            assert_eq!(config.test_mode_only().is_err(), mode == KeyMode::Live);
        }
    }

    #[test]
    fn account_and_context_exclude_each_other() {
        let config = Config::new("sk_test_1".to_owned().into()).with_account("acct_1");
        assert!(config.validate().is_ok());
        assert!(config.clone().with_context("acct_2").validate().is_err());
        assert!(config.with_account("").validate().is_err());
    }

    #[test]
    fn what_stands_in_for_the_api_stands_in_for_all_hosts() {
        let config = Config::new("k".to_owned().into()).with_base_url("http://127.0.0.1:1");
        for url in [
            &config.files_url,
            &config.connect_url,
            &config.meter_events_url,
        ] {
            assert_eq!(url, &config.base_url);
        }
        assert!(is_loopback(&config.base_url));
        assert!(!is_loopback("https://api.stripe.com"));
    }
}
