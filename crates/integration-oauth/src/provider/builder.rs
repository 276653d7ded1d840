//! How a provider is described.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use integration_core::{
    Error, ErrorKind, Result, SecretString, SharedClock, SystemClock, http::Client, resilience,
};
use integration_jwt::{Algorithm, SigningKey, address};
use parking_lot::Mutex;
use url::Url;

use super::{Guard, Inner, Metadata, Provider, template};
use crate::{
    client_auth::Identity,
    discovery::{self, Discovery},
    introspection::{self, Answers},
    preset::{AuthMethod, Preset},
};

/// Time for one exchange. A lease to refresh lasts longer.
const EXCHANGE: Duration = Duration::from_secs(20);

/// Describes a [`Provider`].
#[derive(Debug)]
#[must_use]
pub struct ProviderBuilder {
    pub(crate) preset: Preset,
    params: BTreeMap<String, String>,
    identity: Identity,
    redirect_uri: Option<String>,
    http: Option<Client>,
    clock: SharedClock,
    hosts: Vec<String>,
    allows_private: bool,
    dpop: Option<Algorithm>,
    id_token_algorithms: Vec<Algorithm>,
    metadata_ttl: Duration,
    introspection_ttl: Duration,
}

impl ProviderBuilder {
    pub(super) fn new(preset: Preset) -> Self {
        Self {
            identity: Identity::new(preset.auth),
            preset,
            params: BTreeMap::new(),
            redirect_uri: None,
            http: None,
            clock: SystemClock::shared(),
            hosts: Vec::new(),
            allows_private: false,
            dpop: None,
            id_token_algorithms: Vec::new(),
            metadata_ttl: discovery::DEFAULT_TTL,
            introspection_ttl: introspection::DEFAULT_TTL,
        }
    }

    /// Sets the short name, which is the provider part of a connection's key. Default: that of the
    /// preset.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.preset.name = name.into();
        self
    }

    /// Sets the id of our client.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.identity.id = id.into();
        self
    }

    /// Sets the secret of our client. Default: none, for a client that can keep no secret.
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.identity.secret = Some(secret.into());
        self
    }

    /// Sets the secret that is being replaced: while the new one may not be in force yet, or the old
    /// one still is, the one that is not taken is followed by the other. Default: none.
    pub fn previous_client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.identity.previous = Some(secret.into());
        self
    }

    /// Sets the key that our client signs assertions with.
    pub fn private_key(mut self, key: SigningKey) -> Self {
        self.identity.key = Some(key);
        self
    }

    /// Sets how our client says who it is. Default: as the preset has it; else a signed assertion
    /// with a private key, `basic` with a secret, `none` without.
    ///
    /// For [`AuthMethod::Mtls`] the certificate is that of the connection: give a
    /// [`http`](Self::http) client that [presents
    /// it](integration_core::http::ClientBuilder::client_certificate_pem). Endpoints that the server has
    /// for such clients (RFC 8705, 5) are called then, and by no other client. Tokens that are bound to
    /// the certificate are sent through a client with the same one.
    pub fn auth(mut self, method: AuthMethod) -> Self {
        self.identity.method = Some(method);
        self
    }

    /// Sets whom signed assertions are for. Default: the issuer, else the token endpoint.
    pub fn assertion_audience(mut self, audience: impl Into<String>) -> Self {
        self.identity.audience = Some(audience.into());
        self
    }

    /// Fills in a part of the addresses, such as the host of a shop.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// Sets where the browser comes back to.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Binds tokens to a key of each login (`DPoP`, RFC 9449), signed with this algorithm; most
    /// servers take [`Algorithm::Es256`]. Default: bearer tokens.
    pub const fn dpop(mut self, algorithm: Algorithm) -> Self {
        self.dpop = Some(algorithm);
        self
    }

    /// Accepts ID tokens that are signed with one of these. Default: RS256 as the standard has it,
    /// or what the metadata lists if that is not among them.
    pub fn id_token_algorithms(mut self, of: impl IntoIterator<Item = Algorithm>) -> Self {
        self.id_token_algorithms = of.into_iter().collect();
        self
    }

    /// Lets discovered endpoints have this host, beside that of the issuer and those of the preset.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Lets a server that is not on this machine be in a private network, and send us to addresses
    /// there. Default: its names must resolve to public addresses, so that a server that a tenant of
    /// yours named does not lead into your own network.
    pub const fn allow_private_addresses(mut self) -> Self {
        self.allows_private = true;
        self
    }

    /// Sets the age from which what the server says of itself is asked for again, in the background;
    /// it is used on for a day while the server is down. Default: an hour.
    pub const fn metadata_ttl(mut self, ttl: Duration) -> Self {
        self.metadata_ttl = ttl;
        self
    }

    /// Sets how long an answer about a token is used again; a token that is revoked meanwhile is
    /// taken for so long. Default: 30 s.
    pub const fn introspection_ttl(mut self, ttl: Duration) -> Self {
        self.introspection_ttl = ttl;
        self
    }

    /// Calls through this client. Default: one of its own, with the standard policies, whose calls
    /// end after 20 s, and which connects to [public addresses](
    /// integration_core::http::ClientBuilder::public_addresses_only) alone.
    pub fn http(mut self, client: Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The same server, for a client that has no id yet.
    pub(crate) fn for_registration(&self) -> Result<Provider> {
        let mut builder = Self::new(self.preset.clone()).client_id("unregistered");
        builder.identity.method = Some(AuthMethod::None);
        builder.params.clone_from(&self.params);
        builder.hosts.clone_from(&self.hosts);
        builder.allows_private = self.allows_private;
        builder.http.clone_from(&self.http);
        builder.clock = Arc::clone(&self.clock);
        builder.build()
    }

    /// Builds the provider; nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the name or client id is missing, the method of authentication has
    /// no secret or key, a part of the addresses is missing or not of its form, or an address is
    /// neither https nor on the loopback.
    pub fn build(self) -> Result<Provider> {
        let mut preset = self.preset;
        if preset.name.is_empty() {
            return Err(mistake(
                "name is missing: set it in the preset or with `name`",
            ));
        }
        template::fill(&mut preset, &self.params)?;
        let mut identity = self.identity;
        identity.team = self.params.get("team_id").cloned();
        identity.check()?;
        let guard = Guard::new(&preset, self.hosts, self.allows_private)?;
        if let Some(uri) = &self.redirect_uri {
            check_redirect(uri)?;
        }
        let endpoints = Metadata::of_preset(&preset)?;
        if endpoints.issuer.is_none() && endpoints.token.is_none() {
            return Err(mistake("preset has neither an issuer nor a token endpoint"));
        }
        let is_public = !self.allows_private && !is_local(&endpoints);
        let http = match self.http {
            Some(http) => http,
            None => default_client(is_public)?,
        };
        Ok(Provider {
            inner: Arc::new(Inner {
                preset,
                identity,
                redirect_uri: self.redirect_uri,
                http,
                clock: self.clock,
                guard,
                endpoints: Arc::new(endpoints),
                discovery: Discovery::new(self.metadata_ttl),
                keys: Mutex::default(),
                introspected: Answers::default(),
                introspection_ttl: self.introspection_ttl,
                dpop: self.dpop,
                nonce: Mutex::default(),
                id_token_algorithms: self.id_token_algorithms,
            }),
        })
    }
}

/// Whether the server is on this machine, as in tests.
fn is_local(endpoints: &Metadata) -> bool {
    let issuer = endpoints.issuer.as_deref();
    let issuer = issuer.and_then(|issuer| Url::parse(issuer).ok());
    let mut known = issuer.iter().chain(&endpoints.token);
    known.any(address::is_loopback)
}

fn default_client(is_public: bool) -> Result<Client> {
    let mut policies = resilience::Config::default();
    policies.deadline = EXCHANGE;
    policies.attempt_timeout = EXCHANGE;
    let client = Client::builder()
        .operation_prefix("oauth")
        .policies(policies);
    match is_public {
        true => client.public_addresses_only().build(),
        false => client.build(),
    }
}

/// Schemes of our own are those of apps on phones; everything else has https or the loopback.
fn check_redirect(uri: &str) -> Result<()> {
    let url = Url::parse(uri).map_err(|_| mistake("redirect_uri is no address"))?;
    let is_plain = url.scheme() == "http" && !address::is_loopback(&url);
    if is_plain || url.fragment().is_some() {
        let rule = "redirect_uri must be https beyond the loopback, without a fragment";
        return Err(mistake(rule));
    }
    Ok(())
}

pub(super) fn mistake(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, "oauth.provider").with_message(what)
}
