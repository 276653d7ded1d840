//! The variables that hold our client at a provider.

use integration_core::{EnvVar, Error, ErrorKind, Result, SecretString, config::process_env};

use crate::provider::ProviderBuilder;

/// The variables that [`ProviderBuilder::from_env`] reads. `PROVIDER` stands for the name of the
/// provider in upper case.
pub const ENV: &[EnvVar] = &[
    EnvVar {
        name: "PROVIDER_CLIENT_ID",
        help: "The id of our client at a provider, whose name stands in front: `GITHUB_CLIENT_ID`.",
        default: None,
        required: false,
        secret: false,
    },
    EnvVar {
        name: "PROVIDER_CLIENT_SECRET",
        help: "Its secret: `GITHUB_CLIENT_SECRET`. Not set for a client that can keep none.",
        default: None,
        required: false,
        secret: true,
    },
];

impl ProviderBuilder {
    /// Takes our client from the environment: for a provider named `github` from
    /// `GITHUB_CLIENT_ID` and, where it has one, `GITHUB_CLIENT_SECRET`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the variable, when the id is not set.
    pub fn from_env(self) -> Result<Self> {
        self.from_vars(process_env)
    }

    /// Takes our client from variables that `lookup` finds.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(self, lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let name = variable(&self.preset.name);
        let get = |end: &str| {
            let name = format!("{name}_CLIENT_{end}");
            let value = lookup(&name).filter(|value| !value.is_empty());
            (name, value)
        };
        let (variable, id) = get("ID");
        let id = id.ok_or_else(|| {
            Error::new(ErrorKind::Config, "config").with_message(format!("{variable} is not set"))
        })?;
        let (_, secret) = get("SECRET");
        let builder = self.client_id(id);
        Ok(match secret {
            Some(secret) => builder.client_secret(SecretString::from(secret)),
            None => builder,
        })
    }
}

/// `stripe-connect` reads `STRIPE_CONNECT_..`.
fn variable(provider: &str) -> String {
    let upper = provider.to_ascii_uppercase();
    upper.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}
