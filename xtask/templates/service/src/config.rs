//! Configuration, and the one place that reads the environment.

use integration_core::{
    EnvVar, Result, SecretString,
    config::{Vars, process_env},
};

/// The variables that [`Config::from_env`] reads.
pub const ENV: &[EnvVar] = &[EnvVar {
    name: "{{NAME}}_API_KEY",
    help: "API key of the account.",
    default: None,
    required: true,
    secret: true,
}];

/// How {{Name}} is reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The API key; never shown.
    pub api_key: SecretString,
    /// The address that paths are joined to. Default: `https://api.example.com`.
    pub base_url: String,
}

impl Config {
    /// Takes the API key.
    #[must_use]
    pub fn new(api_key: SecretString) -> Self {
        let base_url = "https://api.example.com".to_owned();
        Self { api_key, base_url }
    }

    /// Reads the variables of [`ENV`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the variable that is not set.
    pub fn from_env() -> Result<Self> {
        let key = Vars::new(ENV, &process_env).secret("{{NAME}}_API_KEY")?;
        Ok(Self::new(key.unwrap_or_default()))
    }

    /// Sets the address that paths are joined to.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_never_shown() {
        let canary = "canary-3b1f";
        let config = Config::new(canary.to_owned().into());
        assert!(!format!("{config:?}").contains(canary));
    }
}
