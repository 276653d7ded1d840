//! Clients that register themselves (RFC 7591), and change that later (RFC 7592).

use std::{fmt, time::Duration};

use integration_core::{Error, ErrorKind, Result, SecretString, http::Method};
use serde_json::{Map, Value, json};

use crate::{
    preset::AuthMethod,
    provider::{Provider, ProviderBuilder, needed},
    tokens::answer::{self, Answer},
};

const OPERATION: &str = "oauth.register";
const MANAGE: &str = "oauth.registration";

/// Where a registration is read, changed and removed, and the token for that.
const ADDRESS: &str = "registration_client_uri";
const TOKEN: &str = "registration_access_token";

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
    /// All that the server says, secrets included, such as `registration_access_token`. What is kept
    /// of a registration is this, [sealed](crate::seal) or otherwise out of sight.
    pub all: Map<String, Value>,
}

impl Registered {
    /// Takes up a registration that was kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there is no `client_id` in it.
    pub fn restore(all: Map<String, Value>) -> Result<Self> {
        Self::read(all).ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION).with_message("registration has no client_id")
        })
    }

    fn read(all: Map<String, Value>) -> Option<Self> {
        let text = |name: &str| text(&all, name);
        let expiry = all.get("client_secret_expires_at").and_then(Value::as_u64);
        Some(Self {
            client_id: text("client_id")?.to_owned(),
            client_secret: text("client_secret").map(SecretString::from),
            secret_expires_at: expiry.filter(|at| *at > 0).map(Duration::from_secs),
            auth_method: text("token_endpoint_auth_method").map(str::to_owned),
            all,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        text(&self.all, name)
    }
}

fn text<'a>(all: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let text = all.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty() && !text.contains(char::is_control))
}

impl ProviderBuilder {
    /// Registers a client at this server, which must describe itself.
    ///
    /// `POST` to the registration endpoint. Sent once: each time would be a client more.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `invalid_redirect_uri`, `invalid_client_metadata` and
    /// others; [`ErrorKind::Config`] when the server takes no registrations; those of the call.
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
        Registered::read(all)
            .ok_or_else(|| answer::unreadable(OPERATION, &came, "answer has no `client_id`"))
    }

    /// Asks what the server has of a client that was registered. Its secret may be another by now.
    ///
    /// `GET` of the address that the registration brought. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the registration brought no address and token for this, or the
    /// address is not one of the server's; those of the call, of which
    /// [`ErrorKind::Unauthenticated`] means that the client is gone.
    ///
    /// [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592)
    pub async fn registration(&self, client: &Registered) -> Result<Registered> {
        self.manage(client, Method::GET, None).await
    }

    /// Says something else of a client that was registered. What the new metadata leave out, the
    /// server may forget. Keep what comes back: the token for further changes may be a new one.
    ///
    /// `PUT` to the address that the registration brought. Sent once.
    ///
    /// # Errors
    ///
    /// As [`registration`](Self::registration), and [`OAuthError`](crate::OAuthError)
    /// `invalid_client_metadata`.
    pub async fn update_registration(
        &self,
        client: &Registered,
        registration: &Registration,
    ) -> Result<Registered> {
        let mut metadata = registration.metadata.clone();
        metadata.insert("client_id".to_owned(), client.client_id.as_str().into());
        self.manage(client, Method::PUT, Some(metadata)).await
    }

    /// Removes a client that was registered, and with it, at most servers, its tokens.
    ///
    /// `DELETE` of the address that the registration brought.
    ///
    /// # Errors
    ///
    /// As [`registration`](Self::registration).
    pub async fn unregister(&self, client: &Registered) -> Result<()> {
        let provider = self.for_registration()?;
        let inner = &*provider.inner;
        let came = self.ask(&provider, client, Method::DELETE, None).await?;
        answer::nothing(MANAGE, &came, &inner.preset, inner.clock.unix())
    }

    async fn manage(
        &self,
        client: &Registered,
        method: Method,
        body: Option<Map<String, Value>>,
    ) -> Result<Registered> {
        let provider = self.for_registration()?;
        let inner = &*provider.inner;
        let came = self.ask(&provider, client, method, body).await?;
        let mut all = answer::members(MANAGE, &came, &inner.preset, inner.clock.unix())?;
        for name in [ADDRESS, TOKEN] {
            if let (None, Some(held)) = (all.get(name), client.all.get(name)) {
                all.insert(name.to_owned(), held.clone());
            }
        }
        let same = Registered::read(all).filter(|read| read.client_id == client.client_id);
        same.ok_or_else(|| answer::unreadable(MANAGE, &came, "answer is of another client"))
    }

    async fn ask(
        &self,
        provider: &Provider,
        client: &Registered,
        method: Method,
        body: Option<Map<String, Value>>,
    ) -> Result<Answer> {
        let (Some(address), Some(token)) = (client.text(ADDRESS), client.text(TOKEN)) else {
            return Err(Error::new(ErrorKind::Config, MANAGE)
                .with_message("registration brought no address and token to change it with"));
        };
        let inner = &*provider.inner;
        let url = inner.guard.named(address)?;
        let is_once = method == Method::PUT;
        let mut request = inner.http.request(method, url.as_str());
        request = request.bearer(&SecretString::from(token));
        if let Some(body) = &body {
            request = request.json(body);
        }
        inner.send(MANAGE, request, is_once).await
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
