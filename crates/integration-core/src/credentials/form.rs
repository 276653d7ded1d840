//! How a secret is written into a header.

use ::http::HeaderValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};

/// What stands in the header beside the secret.
#[derive(Clone)]
pub(super) enum Form {
    /// This, then the secret.
    Prefixed(String),
    /// RFC 7617: the user, a colon and the secret, as base64.
    Basic { user: String },
    /// The same with the secret as user and no password.
    BasicKey,
}

impl Form {
    pub(super) fn prefixed(prefix: &str) -> Self {
        Self::Prefixed(prefix.to_owned())
    }

    /// Returns the value, which shows nothing of itself, or the rule that the secret breaks.
    pub(super) fn value(&self, secret: &SecretString) -> Result<HeaderValue, &'static str> {
        let secret = secret.expose_secret();
        if secret.is_empty() {
            return Err("is empty");
        }
        let text = match self {
            // A space at either end would be taken off on the way and the secret refused.
            Self::Prefixed(_) if secret.trim() != secret => return Err("is framed by white space"),
            Self::Prefixed(prefix) => format!("{prefix}{secret}"),
            Self::BasicKey if secret.contains(':') => return Err("holds a colon"),
            Self::Basic { .. } | Self::BasicKey if secret.contains(char::is_control) => {
                return Err("holds a control character");
            }
            Self::Basic { user } => basic(&format!("{user}:{secret}")),
            Self::BasicKey => basic(&format!("{secret}:")),
        };
        if !text.is_ascii() {
            return Err("holds a letter outside ASCII");
        }
        let Ok(mut value) = HeaderValue::try_from(text) else {
            return Err("holds a control character");
        };
        value.set_sensitive(true);
        // The first clone of its bytes allocates, all later ones count: not in the middle of a call.
        drop(value.clone());
        Ok(value)
    }
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}
