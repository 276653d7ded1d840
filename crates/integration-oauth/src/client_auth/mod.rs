//! How our client says who it is.

mod assertion;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use integration_core::{Error, ErrorKind, ExposeSecret as _, Result, SecretString};
use integration_jwt::SigningKey;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::{
    preset::AuthMethod,
    provider::{Form, Metadata},
};

/// Which secret of a client that has two for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    Current,
    Previous,
}

/// Our client at one server.
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) secret: Option<SecretString>,
    /// The secret that is being replaced, while the new one may not be in force yet.
    pub(crate) previous: Option<SecretString>,
    /// Which of them was taken last.
    takes_previous: AtomicBool,
    pub(crate) key: Option<SigningKey>,
    /// As configured; else it follows from what there is.
    pub(crate) method: Option<AuthMethod>,
    /// Whom assertions are for, as configured.
    pub(crate) audience: Option<String>,
    /// Who signs a secret that is an assertion, where that is not the client.
    pub(crate) team: Option<String>,
}

impl Identity {
    pub(crate) fn new(method: Option<AuthMethod>) -> Self {
        Self {
            id: String::new(),
            secret: None,
            previous: None,
            takes_previous: AtomicBool::new(false),
            key: None,
            method,
            audience: None,
            team: None,
        }
    }

    /// Checks that there is what the method needs.
    pub(crate) fn check(&self) -> Result<()> {
        use AuthMethod::{Basic, BasicRaw, ClientSecretJwt, Post, PrivateKeyJwt, SignedSecret};
        let mistake = match self.method {
            _ if self.id.is_empty() => "client_id is missing",
            Some(Basic | BasicRaw | Post | ClientSecretJwt) if self.secret.is_none() => {
                "client_secret is missing, which this method of authentication needs"
            }
            Some(PrivateKeyJwt | SignedSecret) if self.key.is_none() => {
                "private_key is missing, which this method of authentication needs"
            }
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::Config, "oauth.provider").with_message(mistake))
    }

    /// The method, by configuration, else by what there is and what the server takes.
    fn method(&self, known: &Metadata) -> AuthMethod {
        let takes = |name: &str| known.auth_methods.iter().any(|of| of == name);
        match self.method {
            Some(method) => method,
            None if self.key.is_some() => AuthMethod::PrivateKeyJwt,
            None if self.secret.is_none() => AuthMethod::None,
            None if takes("client_secret_post") && !takes("client_secret_basic") => {
                AuthMethod::Post
            }
            None => AuthMethod::Basic,
        }
    }

    /// The secret to begin with: the one that was taken last.
    pub(crate) fn last_secret(&self) -> Secret {
        match self.takes_previous.load(Ordering::Relaxed) {
            true => Secret::Previous,
            false => Secret::Current,
        }
    }

    /// The other secret, if there is one.
    pub(crate) fn other_secret(&self, than: Secret) -> Option<Secret> {
        self.previous.as_ref().map(|_| match than {
            Secret::Current => Secret::Previous,
            Secret::Previous => Secret::Current,
        })
    }

    pub(crate) fn use_secret(&self, which: Secret) {
        let is_previous = which == Secret::Previous;
        self.takes_previous.store(is_previous, Ordering::Relaxed);
    }

    fn secret(&self, which: Secret) -> Option<&SecretString> {
        match which {
            Secret::Current => self.secret.as_ref(),
            Secret::Previous => self.previous.as_ref(),
        }
    }

    /// Whether each request carries something that the server takes once only.
    pub(crate) fn is_asserted(&self, known: &Metadata) -> bool {
        use AuthMethod::{ClientSecretJwt, PrivateKeyJwt};
        matches!(self.method(known), ClientSecretJwt | PrivateKeyJwt)
    }

    /// Adds who we are to a request: fields, or the header that is returned.
    pub(crate) fn sign_in(
        &self,
        form: &mut Form,
        endpoint: &Url,
        known: &Metadata,
        which: Secret,
        now: Duration,
    ) -> Result<Option<SecretString>> {
        let secret = || {
            let secret = self.secret(which).map(|secret| secret.expose_secret());
            secret.unwrap_or_default()
        };
        match self.method(known) {
            AuthMethod::Basic => {
                // RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
                let encode = |text: &str| -> Zeroizing<String> {
                    Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect())
                };
                return Ok(Some(basic(&encode(&self.id), &encode(secret()))));
            }
            AuthMethod::BasicRaw => return Ok(Some(basic(&self.id, secret()))),
            AuthMethod::Post => {
                form.set("client_id", self.id.as_str());
                form.set("client_secret", secret());
            }
            AuthMethod::None if form.is_unnamed() => {}
            AuthMethod::None | AuthMethod::Mtls => form.set("client_id", self.id.as_str()),
            AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt => {
                let assertion = self.assertion(endpoint, known, which, now)?;
                form.set("client_id", self.id.as_str());
                form.set("client_assertion_type", assertion::TYPE);
                form.set("client_assertion", assertion);
            }
            AuthMethod::SignedSecret => {
                form.set("client_id", self.id.as_str());
                form.set("client_secret", self.signed_secret(known, now)?);
            }
        }
        Ok(None)
    }
}

fn basic(id: &str, secret: &str) -> SecretString {
    let pair = Zeroizing::new(format!("{id}:{secret}"));
    format!("Basic {}", STANDARD.encode(pair.as_bytes())).into()
}

impl fmt::Debug for Identity {
    /// Shows the id and the method, never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("id", &self.id)
            .field("has_secret", &self.secret.is_some())
            .field("key", &self.key)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
