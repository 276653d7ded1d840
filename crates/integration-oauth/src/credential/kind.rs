//! What a credential is, and how it is sent.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use integration_core::{
    Error, ErrorKind, ExposeSecret, Result, SecretString,
    http::{HeaderMap, HeaderName, HeaderValue},
};

const AUTHORIZATION: &str = "authorization";

/// What a provider wants to see that is no OAuth token. Never shown.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// A key in a header.
    ApiKey {
        /// The header, such as `x-api-key`.
        header: String,
        /// What stands before the key, space included, such as `Token `.
        prefix: String,
        /// The key.
        key: SecretString,
    },
    /// A user and a password (RFC 7617).
    Basic {
        /// The user. Holds no colon.
        user: String,
        /// The password; some providers want none.
        password: SecretString,
    },
    /// Several headers, such as the id and the secret of an application.
    Header {
        /// Values by the name of the header.
        headers: BTreeMap<String, SecretString>,
    },
    /// Fields that are exchanged for a token of some minutes, which is what is sent.
    TwoStep {
        /// Values by the name that the exchange gives them.
        fields: BTreeMap<String, SecretString>,
    },
}

impl Credential {
    /// Creates a key in a header of this name.
    pub fn api_key(header: impl Into<String>, key: impl Into<SecretString>) -> Self {
        Self::ApiKey {
            header: header.into(),
            prefix: String::new(),
            key: key.into(),
        }
    }

    /// Creates a key in `Authorization: Bearer`.
    pub fn bearer(key: impl Into<SecretString>) -> Self {
        Self::ApiKey {
            header: AUTHORIZATION.to_owned(),
            prefix: "Bearer ".to_owned(),
            key: key.into(),
        }
    }

    /// Creates a user and a password.
    pub fn basic(user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self::Basic {
            user: user.into(),
            password: password.into(),
        }
    }

    /// Creates several headers.
    pub fn header<N, V>(headers: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<SecretString>,
    {
        Self::Header {
            headers: named(headers),
        }
    }

    /// Creates fields that are exchanged for a token.
    pub fn two_step<N, V>(fields: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<SecretString>,
    {
        Self::TwoStep {
            fields: named(fields),
        }
    }

    /// Returns the headers that it is sent in, marked as sensitive.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a name or a value fits no header, and for
    /// [`TwoStep`](Self::TwoStep), whose token is sent instead. No value is in the error.
    pub fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        match self {
            Self::ApiKey {
                header,
                prefix,
                key,
            } => put(&mut headers, header, prefix, key.expose_secret())?,
            Self::Basic { user, password } => {
                if user.contains(':') {
                    return Err(refused("a user of Basic must hold no colon"));
                }
                let pair = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
                put(&mut headers, AUTHORIZATION, "Basic ", &pair)?;
            }
            Self::Header { headers: values } => {
                for (name, value) in values {
                    put(&mut headers, name, "", value.expose_secret())?;
                }
            }
            Self::TwoStep { .. } => {
                return Err(refused(
                    "this credential is exchanged for a token: use its source",
                ));
            }
        }
        Ok(headers)
    }

    /// Refuses what could never be sent, before it is stored.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::TwoStep { fields } if fields.is_empty() => {
                Err(refused("a credential of no fields is none"))
            }
            Self::TwoStep { .. } => Ok(()),
            Self::Header { headers } if headers.is_empty() => {
                Err(refused("a credential of no headers is none"))
            }
            _ => self.headers().map(drop),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "ApiKey",
            Self::Basic { .. } => "Basic",
            Self::Header { .. } => "Header",
            Self::TwoStep { .. } => "TwoStep",
        }
    }
}

impl fmt::Debug for Credential {
    /// Shows its kind alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential::{}", self.kind())
    }
}

pub(super) fn named<N: Into<String>, V: Into<SecretString>>(
    pairs: impl IntoIterator<Item = (N, V)>,
) -> BTreeMap<String, SecretString> {
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        values.insert(name.into(), value.into());
    }
    values
}

fn put(headers: &mut HeaderMap, name: &str, prefix: &str, value: &str) -> Result<()> {
    let name = HeaderName::try_from(name);
    let name = name.map_err(|_| refused("the name of a credential is no name of a header"))?;
    // Taken off on the way, white space at an end would make it another value.
    let fits = !value.is_empty() && value.trim() == value && value.is_ascii();
    let value = fits.then(|| HeaderValue::try_from(format!("{prefix}{value}")));
    let Some(Ok(mut value)) = value else {
        return Err(
            refused("the value of a credential fits no header").with_context("header", name)
        );
    };
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, "oauth.credential").with_message(message)
}
