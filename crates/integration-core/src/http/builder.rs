//! How a client is put together.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::RwLock;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    ReqwestTransport, StandardClassifier,
    client::{Client, Host, IdempotencyKeys, Inner, Naming},
    coalesce::Flights,
    config::HttpConfig,
    response::Answer,
    tls,
    transport::{Transport, TransportError, Wire},
};
use crate::{
    classify::Classify,
    clock::SharedClock,
    credentials::Credentials,
    driver::Shared,
    error::{Error, ErrorKind, Result},
    observer::Observer,
    quota::QuotaParser,
    resilience::{Config, Parts},
    rng::Rng,
    shared_store::Fleet,
};

/// The operation under which mistakes in building a client are reported.
const OPERATION: &str = "http.client";

/// Builds a [`Client`].
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    base: Option<Host>,
    operation_prefix: String,
    policies: Config,
    http: HttpConfig,
    coalesce: bool,
    #[cfg(feature = "cache")]
    cache: Option<super::CacheConfig>,
    naming: Naming,
    headers: HeaderMap,
    roots: Vec<tls::Root>,
    identity: Option<tls::Identity>,
    is_public_only: bool,
    #[cfg(feature = "gzip")]
    gzip: bool,
    classify: Option<Arc<dyn Classify<Answer, TransportError>>>,
    credentials: Option<Credentials>,
    quotas: Option<Arc<dyn QuotaParser>>,
    transport: Option<Wire>,
    parts: Parts,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            base: None,
            operation_prefix: "http".to_owned(),
            policies: Config::default(),
            http: HttpConfig::default(),
            coalesce: false,
            #[cfg(feature = "cache")]
            cache: None,
            naming: Naming::default(),
            headers: HeaderMap::new(),
            roots: Vec::new(),
            identity: None,
            is_public_only: false,
            #[cfg(feature = "gzip")]
            gzip: false,
            classify: None,
            credentials: None,
            quotas: None,
            transport: None,
            parts: Parts::default(),
        }
    }

    /// Sets the address that paths of calls are joined to. It may have a path itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is not an `http` or `https` address, or holds credentials, a
    /// query or a fragment.
    pub fn base(mut self, base: &str) -> Result<Self> {
        let refuse = |rule: &'static str| {
            Error::new(ErrorKind::Config, OPERATION)
                .with_message(rule)
                .with_url(base)
        };
        let url = Url::parse(base).map_err(|e| refuse("base is not an address").with_source(e))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("base must have no query and no fragment"));
        }
        self.base = Some(Host::new(url).map_err(refuse)?);
        Ok(self)
    }

    /// Sets the first word of the operation of calls that name none. Default: `http`.
    pub fn operation_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.operation_prefix = prefix.into();
        self
    }

    /// Sets the policies. Default: [`Config::default`].
    pub fn policies(mut self, policies: Config) -> Self {
        self.policies = policies;
        self
    }

    /// Sets what concerns connections and bodies. Default: [`HttpConfig::default`].
    pub fn http(mut self, http: HttpConfig) -> Self {
        self.http = http;
        self
    }

    /// Sets the policies and what concerns connections and bodies. The base and the credentials are
    /// given where they always are.
    #[cfg(feature = "settings")]
    pub fn settings(self, settings: &crate::settings::ServiceSettings) -> Self {
        self.policies(settings.policies().clone())
            .http(settings.http().clone())
    }

    /// Lets equal reads share one call while it is under way. Default: each makes its own.
    ///
    /// Equal are `GET` and `HEAD` with the same address, headers and limits. Whoever comes first
    /// makes the call; if its future is dropped, another of the waiting ones makes it.
    pub fn coalesce(mut self, coalesce: bool) -> Self {
        self.coalesce = coalesce;
        self
    }

    /// Keeps answers that may be used again, as RFC 9111 says for a private cache. Default: none.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: super::CacheConfig) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Adds a header that every call to the host of the base carries, such as a version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when name or value is no header; the value is not shown.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a secret header that every call to the host of the base carries, such as a key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when name or value is no header; the value is not shown.
    pub fn secret_header(mut self, name: &str, value: &SecretString) -> Result<Self> {
        let (name, mut value) = header(name, value.expose_secret())?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Trusts the certificates of this PEM text beside those of the platform, for services that
    /// have an authority of their own. Not used by a [`transport`](Self::transport) of yours.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it holds no certificate, or one that cannot be read.
    pub fn root_certificate_pem(mut self, pem: &[u8]) -> Result<Self> {
        let roots = tls::roots(pem)
            .map_err(|rule| Error::new(ErrorKind::Config, OPERATION).with_message(rule))?;
        self.roots.extend(roots);
        Ok(self)
    }

    /// Presents a certificate to servers that ask for one (mutual TLS): a chain in PEM, our own
    /// certificate first, and its private key in PEM. Whoever the client calls and asks for it sees the
    /// certificate; nobody sees the key. Not used by a [`transport`](Self::transport) of yours.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when one of them cannot be read, or the key is not that of the
    /// certificate; neither is shown.
    pub fn client_certificate_pem(mut self, chain: &[u8], key: &SecretString) -> Result<Self> {
        let identity = tls::Identity::from_pem(chain, key.expose_secret().as_bytes())
            .map_err(|rule| Error::new(ErrorKind::Config, OPERATION).with_message(rule))?;
        self.identity = Some(identity);
        Ok(self)
    }

    /// Connects to addresses of the public internet alone, for hosts that somebody else names: a name
    /// that resolves to this machine or a private network is an error of kind
    /// [`ErrorKind::Config`]. Not used by a [`transport`](Self::transport) of yours, nor by a proxy.
    pub fn public_addresses_only(mut self) -> Self {
        self.is_public_only = true;
        self
    }

    /// Says in which header the provider tells how it calls a request, such as `x-amzn-requestid`.
    ///
    /// Default: the first of `request-id`, `x-request-id` and `x-correlation-id`, which are looked at
    /// after this one too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no name of a header.
    pub fn request_id_header(mut self, name: &'static str) -> Result<Self> {
        header(name, "")?;
        self.naming.request_id = Some(name);
        Ok(self)
    }

    /// Says in which header the provider takes idempotency keys. Default: `Idempotency-Key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no name of a header.
    pub fn idempotency_header(mut self, name: &'static str) -> Result<Self> {
        (self.naming.idempotency, _) = header(name, "")?;
        Ok(self)
    }

    /// Gives every `POST` and `PATCH` an idempotency key of its own, a random UUID, so that it can
    /// be sent again. A key that a call brings is not touched.
    ///
    /// Only for providers that obey such keys: others would execute a call twice.
    pub fn automatic_idempotency_keys(mut self) -> Self {
        self.naming.keys = IdempotencyKeys::OnEveryWrite;
        self
    }

    /// Asks for gzip and unpacks it; the limit of a body is on what comes out. Default: answers come
    /// as they are. Not used by a [`transport`](Self::transport) of yours.
    #[cfg(feature = "gzip")]
    pub fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Sets who judges answers. Default: [`StandardClassifier`].
    pub fn classify(mut self, classify: impl Classify<Answer, TransportError> + 'static) -> Self {
        self.classify = Some(Arc::new(classify));
        self
    }

    /// Adds credentials to every call to the host of the base that brings none of its own.
    ///
    /// They are asked for at each attempt, so a token or secret that changes needs no restart. After
    /// a 401 they are renewed and the attempt is made once more.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Reads what answers say of quotas, so that calls slow down before they are refused.
    ///
    /// Default: nothing is read, as only the provider knows whether the quotas of a host are one.
    pub fn quotas(mut self, parser: impl QuotaParser + 'static) -> Self {
        self.quotas = Some(Arc::new(parser));
        self
    }

    /// Sets what sends requests. Default: [`ReqwestTransport`].
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Wire::Other(Box::new(transport)));
        self
    }

    /// Sets who is told what happens inside calls. Default: nobody.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.parts = self.parts.with_observer(observer);
        self
    }

    /// Sets the clock. Default: [`SystemClock`](crate::SystemClock).
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.parts = self.parts.with_clock(clock);
        self
    }

    /// Sets where jitter is drawn. Default: [`FastRng`](crate::FastRng).
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.parts = self.parts.with_rng(rng);
        self
    }

    /// Shares quotas, pauses and the retry budget with other processes. Default: with none.
    pub fn fleet(mut self, fleet: Arc<Fleet>) -> Self {
        self.parts = self.parts.with_fleet(fleet);
        self
    }

    /// Builds the client. Opens no connection; an `https` base loads the certificates.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field, when a value is out of its range or contradicts
    /// another, and when headers are given without a base to send them to.
    pub fn build(self) -> Result<Client> {
        if self.base.is_none() && !(self.headers.is_empty() && self.credentials.is_none()) {
            let rule = "headers and credentials need a base, the only host they are sent to";
            return Err(Error::new(ErrorKind::Config, OPERATION).with_message(rule));
        }
        let policies = self.policies.validate()?;
        let http = self.http.validate(&policies)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let transport = ReqwestTransport::with_roots(http.clone(), self.roots);
                let transport = transport.with_identity(self.identity);
                let transport = if self.is_public_only {
                    transport.with_public_addresses_only()
                } else {
                    transport
                };
                #[cfg(feature = "gzip")]
                let transport = if self.gzip {
                    transport.with_gzip()
                } else {
                    transport
                };
                default_transport(transport, self.base.as_ref())?
            }
        };
        let clock = Arc::clone(&self.parts.clock);
        let classify = self
            .classify
            .unwrap_or_else(|| Arc::new(StandardClassifier::new(clock)));
        let driver = Shared::new(policies, self.parts)?;
        Ok(Client {
            inner: Arc::new(Inner {
                driver,
                transport,
                classify,
                credentials: self.credentials,
                quotas: self.quotas,
                base: self.base,
                headers: self.headers,
                operation_prefix: self.operation_prefix,
                naming: self.naming,
                http: RwLock::new(Arc::new(http)),
                flights: self.coalesce.then(Flights::default),
                #[cfg(feature = "cache")]
                cache: self
                    .cache
                    .map(super::cache::ResponseCache::new)
                    .transpose()?,
            }),
        })
    }
}

fn default_transport(transport: ReqwestTransport, base: Option<&Host>) -> Result<Wire> {
    if base.is_some_and(|base| base.url.scheme() == "https") {
        transport.load_certificates()?;
    }
    Ok(Wire::Reqwest(transport))
}

/// Parses a header; its value is in no error.
pub(super) fn header(name: &str, value: impl AsRef<[u8]>) -> Result<(HeaderName, HeaderValue)> {
    let refuse = |what: &'static str| {
        Error::new(ErrorKind::Config, OPERATION)
            .with_message(what)
            .with_context("header", name.escape_debug())
    };
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse("no header name"))?;
    let value = HeaderValue::from_bytes(value.as_ref())
        .map_err(|_| refuse("header value holds a control character"))?;
    Ok((parsed, value))
}

impl fmt::Debug for ClientBuilder {
    /// Shows names of headers, never values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base", &self.base)
            .field("operation_prefix", &self.operation_prefix)
            .field("policies", &self.policies)
            .field("http", &self.http)
            .field("coalesce", &self.coalesce)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
