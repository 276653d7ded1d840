//! An authorization server, and our client there.

mod builder;
mod call;
mod guard;
mod id_tokens;
mod metadata;
mod template;

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Result, SharedClock, http::Client};
use integration_jwt::Algorithm;
use parking_lot::Mutex;

pub use self::{builder::ProviderBuilder, metadata::Metadata};
pub(crate) use self::{
    call::{Form, Spends, needed},
    guard::{Guard, configured},
};
use crate::{
    client_auth::Identity,
    discovery::Discovery,
    introspection::Answers,
    preset::{Pkce, Preset},
};

/// An authorization server, and our client there. Clones are cheap and share what was discovered.
///
/// It is made without any I/O. Each method is one call, or none; who keeps tokens, and who refreshes
/// them once for many, is not decided here.
///
/// ```
/// use integration_oauth::{Provider, SecretString, preset::Preset};
///
/// # fn example(secret: SecretString) -> integration_oauth::Result<Provider> {
/// let mut preset = Preset::default();
/// preset.name = "demo".to_owned();
/// preset.authorize = Some("https://demo.example.com/authorize".to_owned());
/// preset.token = Some("https://demo.example.com/token".to_owned());
/// Provider::builder(preset)
///     .client_id("my-app")
///     .client_secret(secret)
///     .redirect_uri("https://app.example.com/callback/demo")
///     .build()
/// # }
/// ```
#[derive(Clone)]
pub struct Provider {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) preset: Preset,
    pub(crate) identity: Identity,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) http: Client,
    pub(crate) clock: SharedClock,
    pub(crate) guard: Guard,
    /// What the preset says.
    pub(crate) endpoints: Arc<Metadata>,
    /// What the server says.
    pub(crate) discovery: Discovery,
    pub(crate) keys: Mutex<Option<id_tokens::Keys>>,
    pub(crate) introspected: Answers,
    pub(crate) introspection_ttl: Duration,
    /// How tokens are bound to a key; `None` for bearer tokens.
    pub(crate) dpop: Option<Algorithm>,
    /// The nonce that the server wants in the next proof.
    pub(crate) nonce: Mutex<Option<String>>,
    /// What ID tokens are signed with; empty for what the metadata says.
    pub(crate) id_token_algorithms: Vec<Algorithm>,
}

impl Provider {
    /// Starts a provider of this preset, yours or one of ours.
    pub fn builder(preset: Preset) -> ProviderBuilder {
        ProviderBuilder::new(preset)
    }

    /// Starts a provider that is built in, such as `github`: one of
    /// [`Preset::names`](crate::preset::Preset::names).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is none of this name; the nearest
    /// one is named.
    #[cfg(feature = "presets")]
    pub fn preset(name: &str) -> integration_core::Result<ProviderBuilder> {
        Preset::named(name).map(Self::builder)
    }

    /// Starts a provider that describes itself at its issuer, such as `https://as.example.com`, by
    /// OpenID Connect Discovery or RFC 8414.
    ///
    /// Its name is the host of the issuer, unless [`ProviderBuilder::name`] says otherwise. What it
    /// says is fetched when it is first needed, and again every hour while it is used.
    pub fn discover(issuer: impl Into<String>) -> ProviderBuilder {
        let issuer = issuer.into();
        let url = url::Url::parse(&issuer).ok();
        let host = url.as_ref().and_then(url::Url::host_str);
        let mut preset = Preset {
            name: host.unwrap_or_default().to_owned(),
            ..Preset::default()
        };
        preset.issuer = Some(issuer);
        ProviderBuilder::new(preset)
    }

    /// Returns the short name, which is the provider part of a connection's key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.preset.name
    }

    /// Returns what is particular about the provider, with its addresses filled in.
    #[must_use]
    pub fn preset_data(&self) -> &Preset {
        &self.inner.preset
    }

    /// Returns the id of our client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.inner.identity.id
    }

    /// Returns where the browser comes back to.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&str> {
        self.inner.redirect_uri.as_deref()
    }

    /// Whether codes are bound to the login that asked for them (PKCE).
    #[must_use]
    pub fn uses_pkce(&self) -> bool {
        self.inner.preset.pkce != Pkce::Off
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// Returns what is known of the server: the addresses of the preset, and what it says of itself
    /// where some are left out.
    ///
    /// # Errors
    ///
    /// Those of the call; [`ErrorKind::Decode`](crate::ErrorKind::Decode) when its document is of
    /// another issuer or no such document, [`ErrorKind::Config`](crate::ErrorKind::Config) when it
    /// sends us to a host that is not its own, a private network or without TLS.
    pub async fn metadata(&self) -> Result<Arc<Metadata>> {
        let inner = &self.inner;
        match inner.endpoints.is_complete() {
            true => Ok(Arc::clone(&inner.endpoints)),
            false => inner.discovery.get(inner).await,
        }
    }
}

impl fmt::Debug for Provider {
    /// Shows names and addresses, nothing secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.inner.preset.name)
            .field("identity", &self.inner.identity)
            .field("redirect_uri", &self.inner.redirect_uri)
            .finish_non_exhaustive()
    }
}
