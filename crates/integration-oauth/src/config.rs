//! The one place that reads the environment.

use integration_core::{
    EnvVar, ExposeSecret, Result,
    config::{Vars, process_env},
};

use crate::seal::{KeyRing, key_error};

/// The variables that [`KeyRing::from_env`] reads.
pub const ENV: &[EnvVar] = &[
    EnvVar {
        name: "INTEGRATION_OAUTH_KEYS",
        help: "Keys that seal tokens, `id:base64` of 32 bytes, parted by commas; the first seals, all open.",
        default: None,
        required: false,
        secret: true,
    },
    EnvVar {
        name: "INTEGRATION_OAUTH_KEYS_FILE",
        help: "File of the same, one a line, mode 0600. Not beside `INTEGRATION_OAUTH_KEYS`.",
        default: None,
        required: false,
        secret: false,
    },
];

impl KeyRing {
    /// Reads the keys from the environment, or from the file that it names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config), naming the variable, when neither
    /// is set, both are, or a key is not of its form. There is no way to go without.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(process_env)
    }

    /// Reads the variables of [`ENV`] through `lookup`.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let vars = Vars::new(ENV, &lookup);
        let keys = vars.secret("INTEGRATION_OAUTH_KEYS")?;
        let file = vars.get("INTEGRATION_OAUTH_KEYS_FILE")?;
        match (keys, file) {
            (Some(keys), None) => Self::from_text(keys.expose_secret())
                .map_err(|error| error.with_context("variable", "INTEGRATION_OAUTH_KEYS")),
            (None, Some(file)) => Self::from_file(file)
                .map_err(|error| error.with_context("variable", "INTEGRATION_OAUTH_KEYS_FILE")),
            (None, None) => Err(key_error(
                "INTEGRATION_OAUTH_KEYS is not set, nor is INTEGRATION_OAUTH_KEYS_FILE",
            )),
            (Some(_), Some(_)) => Err(key_error(
                "INTEGRATION_OAUTH_KEYS and INTEGRATION_OAUTH_KEYS_FILE are both set: keep one",
            )),
        }
    }
}
