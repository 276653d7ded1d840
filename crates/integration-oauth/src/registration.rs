//! Clients that register themselves (RFC 7591).

use std::{fmt, time::Duration};

use integration_core::{Result, SecretString};
use serde_json::{Map, Value, json};

use crate::{
    preset::AuthMethod,
    provider::{ProviderBuilder, needed},
    tokens::answer,
};

const OPERATION: &str = "oauth.register";

/// What a client says of itself when it registers.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Registration {
    /// What it says, by the names of RFC 7591, such as `client_name`.
    pub metadata: Map<String, Value>,
    /// The token that lets it register, where the server wants one.
    pub initial_access_token: Option<SecretString>,
}

impl Registration {
    /// Creates a client for logins in a browser that comes back here.
    #[must_use]
    pub fn new<U: Into<String>>(redirect_uris: impl IntoIterator<Item = U>) -> Self {
        let uris: Vec<String> = redirect_uris.into_iter().map(Into::into).collect();
        Self::default()
            .with("redirect_uris", json!(uris))
            .with(
                "grant_types",
                json!(["authorization_code", "refresh_token"]),
            )
            .with("response_types", json!(["code"]))
    }

    /// Says one thing more, or something else.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Sets the token that lets it register.
    #[must_use]
    pub fn with_initial_access_token(mut self, token: impl Into<SecretString>) -> Self {
        self.initial_access_token = Some(token.into());
        self
    }
}

/// A client that is registered. Keep it: it cannot be asked for again.
#[derive(Clone)]
#[non_exhaustive]
pub struct Registered {
    /// Its id.
    pub client_id: String,
    /// Its secret, unless it is public.
    pub client_secret: Option<SecretString>,
    /// When the secret expires, since the Unix epoch; `None` for never.
    pub secret_expires_at: Option<Duration>,
    /// How it says who it is, as the server calls it.
    pub auth_method: Option<String>,
    /// All that the server says, secrets included, such as `registration_access_token`.
    pub all: Map<String, Value>,
}

impl ProviderBuilder {
    /// Registers a client at this server, which must describe itself.
    ///
    /// `POST` to the registration endpoint. Sent once: each time would be a client more.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `invalid_redirect_uri`, `invalid_client_metadata` and
    /// others; [`ErrorKind::Config`](crate::ErrorKind::Config) when the server takes no registrations; those of the call.
    ///
    /// [RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)
    pub async fn register(&self, registration: &Registration) -> Result<Registered> {
        let provider = self.for_registration()?;
        let inner = &*provider.inner;
        let known = provider.metadata().await?;
        let url = needed(OPERATION, known.register.as_ref(), "registration endpoint")?;
        let mut request = inner.http.post(url.as_str()).json(&registration.metadata);
        if let Some(token) = &registration.initial_access_token {
            request = request.bearer(token);
        }
        let came = inner.send(OPERATION, request, true).await?;
        let all = answer::members(OPERATION, &came, &inner.preset, inner.clock.unix())?;
        let text = |name: &str| {
            let text = all.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty() && !text.contains(char::is_control))
        };
        let Some(id) = text("client_id") else {
            return Err(answer::unreadable(
                OPERATION,
                &came,
                "answer has no `client_id`",
            ));
        };
        let expiry = all.get("client_secret_expires_at").and_then(Value::as_u64);
        Ok(Registered {
            client_id: id.to_owned(),
            client_secret: text("client_secret").map(SecretString::from),
            secret_expires_at: expiry.filter(|at| *at > 0).map(Duration::from_secs),
            auth_method: text("token_endpoint_auth_method").map(str::to_owned),
            all,
        })
    }

    /// Takes the id, the secret and the method of a client that was registered.
    pub fn registered(mut self, client: &Registered) -> Self {
        self = self.client_id(client.client_id.as_str());
        if let Some(secret) = &client.client_secret {
            self = self.client_secret(secret.clone());
        }
        let method = match client.auth_method.as_deref() {
            Some("client_secret_basic") => AuthMethod::Basic,
            Some("client_secret_post") => AuthMethod::Post,
            Some("client_secret_jwt") => AuthMethod::ClientSecretJwt,
            Some("private_key_jwt") => AuthMethod::PrivateKeyJwt,
            Some("none") => AuthMethod::None,
            _ => return self,
        };
        self.auth(method)
    }
}

impl fmt::Debug for Registration {
    /// Shows what is said, without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("metadata", &self.metadata.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Registered {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered")
            .field("client_id", &self.client_id)
            .field("secret_expires_at", &self.secret_expires_at)
            .field("auth_method", &self.auth_method)
            .finish_non_exhaustive()
    }
}
